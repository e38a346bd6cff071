"""All that the app needs of Streamlit beyond its public API.

Checked with the version in ``CHECKED_VERSION``: after an update, run ``tests/unit/test_private_apis.py`` and read
Streamlit's notes on these names before you change the version here.
"""

from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

CHECKED_VERSION = "1.67.0"


def query_string() -> str:
    """Return the query of the address as the browser sent it; ``st.query_params`` is empty for a very long one."""
    context = get_script_run_ctx()
    return context.query_string if context else ""


def is_history_navigation() -> bool:
    """Whether this run was caused by the browser's Back or Forward."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)


def missed_first_page() -> bool:
    """Whether the first request of a fresh server asked for a page that Streamlit looked for in the wrong place.

    Until ``st.navigation`` was called once, Streamlit takes a folder called ``pages`` for its older way of having many
    pages, and shows "Page not found" over a page that the address names. Only the first session of a server is
    concerned, and loading the address again helps. To be asked before ``st.navigation``.
    """
    context = get_script_run_ctx()
    return bool(context and context.pages_manager.intended_page_name and PagesManager.uses_pages_directory)
