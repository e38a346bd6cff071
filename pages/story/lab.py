"""From a step of a story into the lab: the page that shows the same with all its controls."""

from dataclasses import replace
from typing import Any, NoReturn

import streamlit as st

from bst.errors import BSTError
from bst.stories import Cast, Kind
from pages.shared import pages, resources
from pages.shared.state import chosen_model, settings, story_place, visitor_state
from pages.shared.state.story_place import StoryPlace
from pages.story import answers, state
from pages.story.state import Shown

PAGES: dict[Kind, str] = {
    "person": pages.RECOMMEND,
    "list": pages.RECOMMEND,
    "change": pages.WHAT_IF,
    "moves": pages.WHAT_IF,
    "why": pages.WHY,
    "attention": pages.WHY,
    "evidence": pages.EVALUATION,
    "text": pages.RECOMMEND,
}
# what the pages are called
NAMES = {pages.RECOMMEND: "Recommend", pages.WHAT_IF: "What if", pages.WHY: "Why", pages.EVALUATION: "Evaluation"}
# steps that show no visitor, so that the current one stays
WITHOUT_PERSON: tuple[Kind, ...] = ("evidence", "text")


def page_name(shown: Shown) -> str:
    """Return the name of the page that ``go`` leads to."""
    return NAMES[PAGES[_kind(shown)]]


def _kind(shown: Shown) -> Kind:
    return "list" if shown.ended else shown.story.steps[shown.index].kind


def go(shown: Shown) -> NoReturn:
    """Go to the page of the step, with the story's person as the visitor if it shows them, changed in the copy.

    The visitor that was there before is one Undo away; the page says so, and leads back to the step.
    """
    kind, name = _kind(shown), shown.story.person.name
    place = StoryPlace(shown.story.title, state.parameters(shown))
    if kind in WITHOUT_PERSON:
        story_place.note(place)
        st.switch_page(PAGES[kind], query_params={})
    recommender = resources.load(chosen_model.bundle())
    try:
        cast = answers.cast(recommender, shown.story)
        values = _settings(recommender, cast, kind)
    except BSTError:  # the page says why the story cannot be told
        st.switch_page(pages.RECOMMEND, query_params={})
    visitor_state.replace(cast.before)
    visitor_state.note_source(f"{name}, of the story “{shown.story.title}”.")
    story_place.note(replace(place, visitor=name))
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
    measure = answers.measure_explained(recommender, cast)
    part = "heads" if kind == "attention" else "ratings"
    of = "a" if cast.after == cast.before else "b"
    return {"asked_about": movie_id, "why_of": of, "why_measure": measure, "why_part": part}
