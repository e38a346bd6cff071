"""Which dialog is open, what the page waits for, and what was tried. The only writer of these session keys."""

from typing import Literal

import streamlit as st

from bst.schema import Event, Visitor
from pages.shared.state import uploads

Dialog = Literal["personas", "import"]


def open_dialog() -> Dialog | None:
    """Return the dialog that is open."""
    return st.session_state.get("recommend_dialog")


def open_personas() -> None:
    """Open the dialog of made-up people when the page is next drawn."""
    st.session_state["recommend_dialog"] = "personas"


def open_import() -> None:
    """Open the import dialog, with no file in it, when the page is next drawn."""
    st.session_state["recommend_dialog"] = "import"
    st.session_state["import_number"] = import_number() + 1


def import_number() -> int:
    """Return how often the import dialog was opened: part of its widgets' keys, so that each time has new widgets."""
    return st.session_state.get("import_number", 0)


def close_dialog() -> None:
    """Close the dialog, and free a file and what was read from it."""
    st.session_state.pop("recommend_dialog", None)
    uploads.drop()


def want_real_user(wanted: bool) -> None:
    """Note whether a user of the dataset is to become the visitor as soon as the dataset is loaded."""
    st.session_state["real_user_wanted"] = wanted


def is_real_user_wanted() -> bool:
    """Tell whether a user of the dataset is to become the visitor."""
    return st.session_state.get("real_user_wanted", False)


def note_tried_rating(movie_id: int, before: float, after: float) -> None:
    """Note that the button that tries another rating changed one, so that it can change it back."""
    st.session_state["tried_rating"] = (movie_id, before, after)


def tried_rating(visitor: Visitor) -> tuple[int, float] | None:
    """Return the movie whose rating was tried, and its rating before, as long as the visitor has the tried one."""
    movie_id, before, after = st.session_state.get("tried_rating", (None, 0.0, 0.0))
    return (movie_id, before) if movie_id is not None and visitor.ratings.get(movie_id) == after else None


def note_telling_event(event: Event | None) -> None:
    """Note the event that moves the list most, as the list has found it."""
    st.session_state["telling_event"] = event


def telling_event(visitor: Visitor) -> Event | None:
    """Return the event that moves the list most; the newest if the list names none; None for an empty history."""
    event = st.session_state.get("telling_event")
    if event in visitor.history:
        return event
    return visitor.history[-1] if visitor.history else None
