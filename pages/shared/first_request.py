"""The very first request to a fresh server: a link to any page but the first must open that page.

Streamlit takes a folder called ``pages`` for its older way of having many pages, until ``st.navigation`` was called
once. So the first session of a server looks for the page's script there, does not find it, and says "Page not found"
over the right page. Only that session is concerned: loading the address once more is all it needs.
"""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

_RELOAD = "export default function () { window.location.reload() }"


def was_misled() -> bool:
    """Whether Streamlit has looked for the asked page in the folder. To be asked before ``st.navigation``."""
    manager = getattr(get_script_run_ctx(), "pages_manager", None)
    by_name = bool(getattr(manager, "intended_page_name", None))
    return by_name and bool(getattr(PagesManager, "uses_pages_directory", False))


def load_once_more() -> None:
    """Let the browser load the address again, and end this run."""
    st.components.v2.component("load_once_more", js=_RELOAD)()
    st.stop()
