"""The page that a callback requests, as a callback cannot switch pages itself."""

import streamlit as st


def request(page: str) -> None:
    """Ask to go to a page, one of ``pages.shared.pages``. For callbacks."""
    st.session_state["requested_page"] = page


def take(page: str) -> bool:
    """Return, once, whether this page was requested."""
    if st.session_state.get("requested_page") != page:
        return False
    del st.session_state["requested_page"]
    return True
