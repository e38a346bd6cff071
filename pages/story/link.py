"""The button on other pages that tells the first story."""

import streamlit as st

from pages.shared import pages


def render() -> None:
    """Draw the button; a press of it opens the story in place of the page."""
    if st.button(
        "Show me in two minutes",
        key="show_story",
        icon=":material/slideshow:",
        help="A story for an audience, full screen: a person, one change, and what it does to their list.",
    ):
        st.switch_page(pages.STORY, query_params={})
