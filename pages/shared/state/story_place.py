"""The step of a story from which the lab was opened, so that every page can lead back to it."""

from dataclasses import dataclass

import streamlit as st

_KEY = "story_place"


@dataclass(frozen=True)
class StoryPlace:
    """A step of a story: its ``title``, the ``parameters`` of its address, and the person who became the visitor, if
    there is one.
    """

    title: str
    parameters: dict[str, str]
    visitor: str = ""


def note(place: StoryPlace) -> None:
    """Remember a place until the story goes on there."""
    st.session_state[_KEY] = place


def noted() -> StoryPlace | None:
    """Return the place that is remembered."""
    return st.session_state.get(_KEY)


def forget() -> None:
    """Lead back no more."""
    st.session_state.pop(_KEY, None)
