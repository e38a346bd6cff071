"""Which page a callback has asked for: a callback cannot go to another page itself."""

import streamlit as st


def request(page: str) -> None:
    """Ask to go to a page, one of ``pages.shared.pages``. For callbacks."""
    st.session_state["requested_page"] = page


def take(page: str) -> bool:
    """Tell, once, whether this page was asked for."""
    if st.session_state.get("requested_page") != page:
        return False
    del st.session_state["requested_page"]
    return True
