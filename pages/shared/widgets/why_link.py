""" "Why this?": from any list of movies to the page that explains the prediction of one of them."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.shared import pages
from pages.shared.state import explained, page_request

CELL = ":material/visibility:"
COLUMN_WIDTH = 50


def follow() -> None:
    """Go to the page if a callback has requested it. Call it before a page, or a fragment, is drawn."""
    if page_request.take(pages.WHY):
        st.switch_page(pages.WHY, query_params={})


def column(key: str, movie_ids: Sequence[int], on_why: Callable[[int], None] = explained.request) -> Any:
    """Return the configuration of a table's column of buttons, whose cells hold ``CELL``."""

    def on_click() -> None:
        row = st.session_state[key].row
        if row < len(movie_ids):
            on_why(movie_ids[row])

    return st.column_config.ButtonColumn("Why?", on_click=on_click, key=key, width=COLUMN_WIDTH, type="tertiary")
