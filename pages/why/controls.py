"""What the page explains: whose prediction, of which movie, and by what it is measured."""

from dataclasses import dataclass

import streamlit as st

from bst.explanation.sentences import Explanation
from bst.inference.recommender import Filters, RankOptions, Recommender
from bst.schema import Visitor
from pages.shared.format import escape_markdown
from pages.shared.state import explained, settings, visitor_state
from pages.shared.state.controlled import controlled

MEASURES = {"expected": "Expected rating", "liked": "Chance of 4–5 ★", "next_logit": "Watch next"}
ORDERS = {"strength": "Strongest first", "time": "As watched"}


@dataclass(frozen=True)
class Whose:
    """Whose prediction is explained: ``slot`` "a" or "b", or "guest" for somebody else, with ``words`` for them."""

    visitor: Visitor
    slot: str
    words: str = ""


def whose() -> Whose:
    """Return whose prediction it is; the copy only as long as it differs from the visitor."""
    if found := explained.guest():
        return Whose(found[0], "guest", found[1])
    copy = visitor_state.current("b")
    if st.session_state[settings.key("why_of")] == "b" and copy != visitor_state.current():
        return Whose(copy, "b", "B: the changed copy")
    return Whose(visitor_state.current(), "a")


def draw_whose(who: Whose) -> None:
    """Draw who it is about where there is a choice."""
    if who.slot == "guest":
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":material/person_search: This is about {escape_markdown(who.words)}.", width="content")
            st.button("Back to the visitor", key="why_back", on_click=explained.forget_guest)
    elif visitor_state.current("b") != visitor_state.current():
        st.segmented_control(
            "Whose prediction",
            ["a", "b"],
            required=True,
            format_func={"a": "A: the visitor", "b": "B: the changed copy"}.get,
            label_visibility="collapsed",
            **controlled("why_of_choice", who.slot, lambda slot: settings.update(why_of=slot)),
        )


def movie(recommender: Recommender, visitor: Visitor) -> int:
    """Return the movie that was asked about, else the one that leads the list."""
    wanted = explained.movie()
    if wanted is None or wanted not in recommender.catalogue:
        best = recommender.rank(visitor, 1) or recommender.rank(visitor, 1, RankOptions(Filters(include_seen=True)))
        wanted = best[0].movie_id
    return wanted


def draw_movie(recommender: Recommender, movie_id: int) -> None:
    """Draw the choice of the movie."""
    st.selectbox(
        "Movie to explain",
        recommender.catalogue.titles,
        format_func=recommender.catalogue.titles.get,
        help="Any movie of the catalogue. “Why?” in any list leads here, too.",
        **controlled("why_choice", movie_id, explained.set_movie),
    )


def measure(told: Explanation) -> str:
    """Return what the page measures, of what the model has."""
    chosen = st.session_state[settings.key("why_measure")]
    return chosen if chosen in told.measures else told.measures[0]


def draw_measure(told: Explanation) -> None:
    """Draw the choice of what is measured."""
    if len(told.measures) < 2:
        return
    st.segmented_control(
        "What is explained",
        told.measures,
        required=True,
        format_func=MEASURES.get,
        label_visibility="collapsed",
        **controlled("why_measure_choice", measure(told), lambda name: settings.update(why_measure=name)),
    )


def draw_order(told: Explanation) -> None:
    """Draw the choice in which order the events stand."""
    if len(told.events) < 2:
        return
    st.segmented_control(
        "Order of the movies",
        list(ORDERS),
        required=True,
        format_func=ORDERS.get,
        key=settings.key("why_order"),
        persist_state="session",
        label_visibility="collapsed",
    )
