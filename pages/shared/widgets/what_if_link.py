"""To the What if page: with a changed copy of the visitor beside the visitor, or with a search for a change."""

from typing import NoReturn

import streamlit as st

from bst.schema import Visitor
from pages.shared import pages
from pages.shared.state import page_request, settings, visitor_state


def compare_with(copy: Visitor) -> None:
    """Make ``copy`` the visitor's copy, and What if show both side by side. For callbacks on that page."""
    visitor_state.replace(copy, "b")
    settings.update(what_if_view="compare")


def go(copy: Visitor) -> NoReturn:
    """Go to What if with ``copy`` as the visitor's copy."""
    compare_with(copy)
    st.switch_page(pages.WHAT_IF, query_params={})


def request_search(movie_id: int, top: int) -> None:
    """Ask to go to What if and search for what brings a movie into the first ``top`` of the list. For callbacks."""
    settings.update(what_if_view="find", goal_movie=movie_id, goal_kind="top", goal_above=True, goal_top=top)
    page_request.request(pages.WHAT_IF)


def follow() -> None:
    """Go to the page if a callback has requested it. Call it before a page, or a fragment, is drawn."""
    if page_request.take(pages.WHAT_IF):
        st.switch_page(pages.WHAT_IF, query_params={})
