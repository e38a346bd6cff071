"""To the What if page, with a changed copy of the visitor beside the visitor."""

from typing import NoReturn

import streamlit as st

from bst.schema import Visitor
from pages.shared import pages
from pages.shared.state import settings, visitor_state


def compare_with(copy: Visitor) -> None:
    """Make ``copy`` the visitor's copy, and What if show both side by side. For callbacks on that page."""
    visitor_state.replace(copy, "b")
    settings.update(what_if_view="compare")


def go(copy: Visitor) -> NoReturn:
    """Go to What if with ``copy`` as the visitor's copy."""
    compare_with(copy)
    st.switch_page(pages.WHAT_IF, query_params={})
