"""From a step of a story into the lab: the page that shows the same with all its controls."""

from typing import Any, NoReturn

import streamlit as st

from bst.errors import BSTError
from bst.stories import Cast, Kind
from bst.stories.telling import measure_of
from pages.shared import pages, resources
from pages.shared.state import chosen_model, settings, visitor_state
from pages.story import answers
from pages.story.state import Shown

PAGES: dict[Kind, str] = {
    "person": pages.RECOMMEND,
    "list": pages.RECOMMEND,
    "change": pages.WHAT_IF,
    "moves": pages.WHAT_IF,
    "why": pages.WHY,
    "attention": pages.WHY,
    "evidence": pages.EVALUATION,
}


def go(shown: Shown) -> NoReturn:
    """Make the story's person the visitor, changed in the copy, and go to the page of the step.

    The visitor that was there before is one Undo away.
    """
    kind = shown.story.steps[shown.index].kind
    recommender = resources.load(chosen_model.bundle())
    try:
        cast = answers.cast(recommender, shown.story)
        values = _settings(recommender, cast, kind)
    except BSTError:  # the page says why the story cannot be told
        st.switch_page(pages.RECOMMEND, query_params={})
    visitor_state.replace(cast.before)
    visitor_state.note_source(f"{shown.story.person.name}, of the story “{shown.story.title}”.")
    if cast.after == cast.before:
        visitor_state.reset_copy()
    else:
        visitor_state.replace(cast.after, "b")
    settings.restore(values)
    st.switch_page(PAGES[kind], query_params={})


def _settings(recommender: Any, cast: Cast, kind: Kind) -> dict[str, Any]:
    """Return the settings of pages under which they show what the step shows."""
    if kind not in ("why", "attention"):
        return {"what_if_view": "compare"}
    movie_id = answers.explained(recommender, cast)
    _, explanation = answers.explanations(recommender, cast)
    measure = measure_of(explanation, recommender.orders[0]) if kind == "why" else "expected"
    part = "heads" if kind == "attention" else "ratings"
    of = "a" if cast.after == cast.before else "b"
    return {"asked_about": movie_id, "why_of": of, "why_measure": measure, "why_part": part}
