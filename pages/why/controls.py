"""What the page explains: whose prediction, of which movie, and which measure of it."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from bst.explanation.measures import Measure
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Filters, RankOptions, Recommender
from bst.schema import Visitor
from pages.shared.format import escape_markdown
from pages.shared.state import explained, settings, visitor_state
from pages.shared.state.controlled import controlled
from pages.shared.widgets import movie_box
from pages.shared.widgets.choice import choice
from pages.shared.wording import say, say_labels

MEASURES: dict[Measure, str] = {
    "expected": "Expected rating",
    "like_logit": "Would come to like",
    "liked": "Chance of 4–5 ★",
    "next_logit": "Watch next",
}
ORDERS = {"strength": "Strongest first", "time": "As watched"}
SLOTS = {"a": "A: the visitor", "b": "B: the changed copy"}


@dataclass(frozen=True)
class Subject:
    """Whose prediction is explained: the visitor ("a"), their copy ("b") or a guest, who has a ``description``."""

    visitor: Visitor
    slot: Literal["a", "b", "guest"]
    description: str = ""


def subject() -> Subject:
    """Return whose prediction is explained; the copy only as long as it differs from the visitor."""
    if guest := explained.guest():
        return Subject(guest.visitor, "guest", guest.description)
    copy = visitor_state.current("b")
    if settings.get("why_of") == "b" and copy != visitor_state.current():
        return Subject(copy, "b")
    return Subject(visitor_state.current(), "a")


def draw_subject(subject: Subject) -> None:
    """Draw whose prediction is explained where there is a choice."""
    if subject.slot == "guest":
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            description = escape_markdown(subject.description)
            st.markdown(f":material/person_search: This is about {description}.", width="content")
            st.button("Back to the visitor", key="why_back", on_click=explained.forget_guest)
    elif visitor_state.current("b") != visitor_state.current():
        st.segmented_control(
            "Whose prediction",
            list(SLOTS),
            required=True,
            format_func=SLOTS.__getitem__,
            label_visibility="collapsed",
            **controlled("why_of_choice", subject.slot, lambda slot: settings.update(why_of=slot)),
        )


def movie(recommender: Recommender, visitor: Visitor) -> int:
    """Return the movie that was asked about, or else the first of the visitor's list."""
    movie_id = explained.movie()
    if movie_id is None or movie_id not in recommender.catalogue:
        best = recommender.rank(visitor, 1) or recommender.rank(visitor, 1, RankOptions(Filters(include_seen=True)))
        movie_id = best[0].movie_id
    return movie_id


def draw_movie(recommender: Recommender, movie_id: int) -> None:
    """Draw the choice of the movie."""
    movie_box.selectbox(
        recommender.catalogue,
        say("Movie to explain"),
        help=say("Any movie of the catalogue. “Why?” in any list leads here, too."),
        **controlled("why_choice", movie_id, explained.set_movie),
    )


def measure(explanation: Explanation) -> Measure:
    """Return the chosen measure, or the first if the model does not have it."""
    chosen = settings.get("why_measure")
    return chosen if chosen in explanation.measures else explanation.measures[0]


def draw_measure(explanation: Explanation) -> None:
    """Draw the choice of the measure."""
    if len(explanation.measures) <= 1:
        return
    st.segmented_control(
        "What is explained",
        list(explanation.measures),
        required=True,
        format_func=say_labels(lambda name: MEASURES[name]),
        label_visibility="collapsed",
        **controlled("why_measure_choice", measure(explanation), lambda name: settings.update(why_measure=name)),
    )


def order() -> str:
    """Return the chosen order of the bars, one of ``ORDERS``."""
    return settings.get("why_order")


def draw_order(explanation: Explanation) -> None:
    """Draw the choice of the order of the bars."""
    if len(explanation.events) <= 1:
        return
    choice(
        say("Order of the movies"), list(ORDERS), say_labels(lambda name: ORDERS[name]), key=settings.key("why_order")
    )
