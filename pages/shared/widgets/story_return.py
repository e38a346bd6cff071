"""The way back to the story from which the lab was opened, above the title of every page."""

import streamlit as st

from pages.shared import pages
from pages.shared.format import escape_markdown
from pages.shared.state import story_place, visitor_state
from pages.shared.widgets import page_frame


def render(page: str) -> None:
    """Draw it, if the lab was opened from a story. ``page``: the URL path of the page."""
    if page in pages.OWN_ADDRESS:  # back already, by whatever way
        story_place.forget()
    place = story_place.noted()
    if place is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="story_return"):
        back = st.button(
            escape_markdown(f"Back to “{place.title}”"), key="story_return_back", icon=":material/slideshow:"
        )
        if place.visitor and visitor_state.source_note():  # empty once the visitor is another one
            st.markdown(escape_markdown(f"{place.visitor} is now the visitor; Undo on Recommend brings yours back."))
        with st.container(width="content", key=f"{page_frame.ICONS_ONLY}story_return"):
            st.button(
                "Close",
                key="story_return_close",
                icon=":material/close:",
                type="tertiary",
                help="Close: no way back to the story is needed",
                on_click=story_place.forget,
            )
    if back:
        st.switch_page(pages.STORY, query_params=place.parameters)
