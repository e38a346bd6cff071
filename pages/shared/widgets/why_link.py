""" "Why this?": from any list of movies to the page that explains the prediction of one of them."""

from collections.abc import Callable, Sequence

import streamlit as st

from bst.schema import Visitor
from pages.shared import resources
from pages.shared.state import settings, visitor_state
from pages.shared.state.visitor_state import Slot

PAGE = "pages/why/why.py"
CELL = ":material/visibility:"


def ask(movie_id: int, of: Slot = "a") -> None:
    """Ask why a movie was predicted as it was for the visitor, or with "b" for their copy. For callbacks."""
    st.session_state.pop("why_guest", None)
    _ask(movie_id, of)


def ask_of_guest(movie_id: int, guest: Visitor, words: str) -> None:
    """Ask it of somebody who is not the visitor. ``words`` say who, as in "user 12 after 30 movies". For callbacks."""
    st.session_state["why_guest"] = (resources.chosen().dataset, guest, words)
    _ask(movie_id, "a")


def _ask(movie_id: int, of: Slot) -> None:
    visitor_state.ask_about(movie_id)
    st.session_state[settings.key("why_of")] = of
    st.session_state["go_to_why"] = True


def follow() -> None:
    """Go to the page if a callback has asked. To be called before a page, or a part that runs alone, is drawn."""
    if st.session_state.pop("go_to_why", False):
        st.switch_page(PAGE, query_params={})


def guest() -> tuple[Visitor, str] | None:
    """Return whom the page is to explain in the visitor's place, and the words for them."""
    dataset, visitor, words = st.session_state.get("why_guest", (None, None, ""))
    return (visitor, words) if dataset == resources.chosen().dataset else None


def column(key: str, movie_ids: Sequence[int], on_why: Callable[[int], None] = ask) -> dict:
    """Return the configuration of a table's column of buttons, whose cells hold ``CELL``."""

    def clicked() -> None:
        row = st.session_state[key].row
        if row < len(movie_ids):
            on_why(movie_ids[row])

    return st.column_config.ButtonColumn("Why?", on_click=clicked, key=key, width=50, type="tertiary")
