"""All that the app needs of Streamlit beyond its public API.

Checked with the version in ``CHECKED_VERSION``: after an update, run ``tests/unit/test_private_apis.py`` and read
Streamlit's notes on these names before you change the version here.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit.logger
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

if TYPE_CHECKING:  # charts are slow to import
    import altair as alt

CHECKED_VERSION = "1.67.0"


def query_string() -> str:
    """Return the query of the address as the browser sent it; ``st.query_params`` is empty for a very long one."""
    context = get_script_run_ctx()
    return context.query_string if context else ""


def is_history_navigation() -> bool:
    """Whether this run was caused by the browser's Back or Forward."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)


def drop_uploaded_files() -> None:
    """Give back the memory of all files that this session uploaded: Streamlit keeps them as long as the session."""
    context = get_script_run_ctx()
    if context:
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def pages_are_registered() -> None:
    """Tell Streamlit, before the first session, that ``st.navigation`` names the pages, not the folder ``pages``.

    It takes a folder of that name for its older way of having many pages until ``st.navigation`` was called once, and
    would show "Page not found" to the first session if its address names a page.
    """
    PagesManager.uses_pages_directory = False


def vega_lite_spec(chart: "alt.TopLevelMixin") -> dict[str, Any]:
    """Return a chart as ``st.altair_chart`` sends it, with its tables; ``st.vega_lite_chart`` takes that too."""
    from streamlit.elements.vega_charts import _convert_altair_to_vega_lite_spec

    return _convert_altair_to_vega_lite_spec(chart)


def page_name() -> str | None:
    """Return the name of the page whose script, part or callback runs in this thread, such as "why"."""
    context = get_script_run_ctx(suppress_warning=True)
    page = context and context.pages_manager.get_pages().get(context.page_script_hash)
    return Path(page["script_path"]).stem if page else None


def is_callback_of_part() -> bool:
    """Whether a callback runs after which only a part of the page (a fragment) runs again."""
    context = get_script_run_ctx(suppress_warning=True)
    return bool(context and context.fragment_ids_this_run and not context._has_script_started)


def use_root_logger() -> None:
    """Let Streamlit and its server log as everything else does: through the handlers of the root logger.

    Both give their loggers handlers of their own, whose lines hold what errors say of themselves.
    """
    streamlit.logger.setup_formatter = _propagate
    streamlit.logger.update_formatter()


def _propagate(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True
