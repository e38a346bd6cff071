"""Why: what moved one prediction, what the model looked at meanwhile, and how far the two agree."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.errors import BSTError
from bst.explanation.measures import LOGITS, Measure
from bst.explanation.sentences import (
    Contribution,
    Explanation,
    cause,
    demographic_text,
    explain,
    sentence,
    signed,
    top_contributions,
)
from bst.inference.recommender import Recommender
from pages.shared import pages, recommenders, turns
from pages.shared.format import escape_markdown, message, stars, whole_stars
from pages.shared.state import settings
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view, film_strip, why_link
from pages.shared.wording import say, say_around, say_labels
from pages.why import agreement, contributions, controls, global_view, ground_truth, heads, ratings, suggested_edits
from pages.why.controls import Subject

QUESTION = "Why does the model expect this?"
# by the names that links have for them
PARTS = {"ratings": ratings, "trust": agreement, "heads": heads, "general": global_view}
# parts that explain the expected rating, whatever is explained above them
ABOUT_RATINGS = ("ratings", "trust")


def render() -> None:
    """Draw the page: the sentence, the bars, what could be changed, and the part that is chosen below them."""
    recommenders.need_ratings()
    place = st.empty()
    recommender = recommenders.get(place, QUESTION)
    headline = place.container()
    subject = controls.subject()
    try:
        _draw_explanation(recommender, subject, headline)
    except BSTError as error:
        st.error(message(error), icon=":material/error:")


def _draw_explanation(recommender: Recommender, subject: Subject, headline: DeltaGenerator) -> None:
    explanation = _explain(recommender, subject)
    measure, title = controls.measure(explanation), recommender.catalogue.title
    with headline:
        st.title(whole_stars(escape_markdown(say_around(partial(sentence, explanation, measure), title))), anchor=False)
        st.caption(whole_stars(escape_markdown(say_around(partial(_second_sentence, explanation, measure), title))))
    controls.draw_subject(subject)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        controls.draw_movie(recommender, explanation.movie_id)
        controls.draw_measure(explanation)
    if explanation.events:
        st.header("Where it looked", anchor=False)
        film_strip.render(recommender, explanation, measure, key="why_strip")
    if explanation.events or explanation.demographic_scores:
        _draw_contributions(recommender, subject, explanation, measure)
    else:
        _draw_nothing_known()
    parts = [name for name in PARTS if recommender.domain.rated or name not in ABOUT_RATINGS]
    if settings.get("why_part") not in parts:
        settings.update(why_part=parts[0])
    st.segmented_control(
        "Look closer",
        parts,
        required=True,
        format_func=say_labels(lambda part: PARTS[part].TITLE),
        key=settings.key("why_part"),
        persist_state="session",
    )
    if measure in LOGITS and settings.get("why_part") in ABOUT_RATINGS:
        other = say(controls.MEASURES[measure])
        st.caption(f"What follows is about the expected rating: another tower predicts that than “{other}”.")
    PARTS[settings.get("why_part")].render(recommender, subject, explanation)


def _explain(recommender: Recommender, subject: Subject) -> Explanation:
    movie_id = controls.movie(recommender, subject.visitor)
    return cached(
        "explained",
        model_key(recommender, subject.visitor, movie_id),
        lambda: explain(recommender, subject.visitor, movie_id),
        in_turn=turns.is_long(subject.visitor),
    )


def _second_sentence(explanation: Explanation, measure: Measure, title: Callable[[int], str]) -> str:
    """Return what moves the prediction most after the reason that the headline names, if it names one."""
    contributions = top_contributions(explanation, measure)
    named = int(cause(explanation, measure) is not None)
    parts = [
        f"{_contribution_text(explanation, contribution, title)} ({signed(measure, contribution.effect)})"
        for contribution in contributions[named : named + 2]
    ]
    if parts:
        return f"{'Next strongest' if named else 'Strongest'}: {' and '.join(parts)}."
    return f"Nothing {'else ' * named}about this visitor makes a noticeable difference."


def _contribution_text(explanation: Explanation, contribution: Contribution, title: Callable[[int], str]) -> str:
    if contribution.event:
        rated = f", rated {stars(contribution.event.rating)}" if explanation.domain.rated else ""
        return f"{title(contribution.event.movie_id)}{rated}"
    assert contribution.demographic is not None  # a contribution without an event
    return demographic_text(explanation.visitor, contribution.demographic)


def _draw_nothing_known() -> None:
    st.info(
        say(
            "Nothing is known about this visitor, so nothing about them can have moved the prediction. Add movies, or "
            "say who they are, on the Recommend page."
        ),
        icon=":material/info:",
    )
    st.page_link(pages.RECOMMEND, label="Go to Recommend", icon=":material/recommend:")


def _draw_contributions(recommender: Recommender, subject: Subject, explanation: Explanation, measure: Measure) -> None:
    causes = ground_truth.causes(recommender, explanation)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        contributions.render(recommender, explanation, measure, controls.order(), causes)
        controls.draw_order(explanation)
        st.caption(escape_markdown(contributions.legend(recommender, explanation, measure, causes)))
    with right, st.container(border=True):
        suggested_edits.render(recommender, subject, explanation, measure)
    if explanation.events and measure not in LOGITS:
        st.markdown(f":material/balance: {escape_markdown(say(agreement.sentence(recommender, explanation)))}")


why_link.follow()
with chart_view.savable():
    render()
