"""All that the app needs of Streamlit beyond its public API.

Checked with the version in ``CHECKED_VERSION``: after an update, run ``tests/unit/test_private_apis.py`` and read
Streamlit's notes on these names before you change the version here.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
import streamlit.logger
import streamlit.net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import get_instance
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bst.errors import InstallationError

if TYPE_CHECKING:  # charts are slow to import
    import altair as alt

CHECKED_VERSION = "1.67.0"
# the kind of value that st.file_uploader, st.camera_input and st.audio_input have
_UPLOADER = "file_uploader_state_value"


def query_string() -> str:
    """Return the query of the address as the browser sent it; ``st.query_params`` is empty for a very long one."""
    context = get_script_run_ctx()
    return context.query_string if context else ""


def is_history_navigation() -> bool:
    """Whether this run was caused by the browser's Back or Forward."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)


def forget_uploads(session_id: str | None = None) -> None:
    """Give back the memory of all files that were uploaded in a session: Streamlit keeps them as long as the session.

    Without an id it is the one whose script runs in this thread, if any does.
    """
    if session_id is not None:
        get_instance().uploaded_file_mgr.remove_session_files(session_id)
    elif context := get_script_run_ctx():
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


def ask_nobody_for_our_address() -> None:
    """Let Streamlit do without the address that this computer has on the internet: it asks a server there for it.

    It does so, and answers no browser meanwhile, for each websocket that another site's page tries to open; its
    settings only keep it from asking at the start.
    """
    streamlit.net_util.get_external_ip = _no_address


def _no_address() -> None:
    return None


def use_root_logger() -> None:
    """Let Streamlit and its server log as everything else does: through the handlers of the root logger.

    Both give their loggers handlers of their own, whose lines hold what errors say of themselves.
    """
    streamlit.logger.setup_formatter = _propagate
    streamlit.logger.update_formatter()


def _propagate(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True


# ---- for an app that strangers may open: see ``public_guard``


def require_checked_version() -> None:
    """Raise ``InstallationError`` unless Streamlit is the version with which the doors of public mode were checked."""
    if st.__version__ != CHECKED_VERSION:
        raise InstallationError(
            f"Streamlit {st.__version__} is installed, but public mode (BST_PUBLIC) closes doors of {CHECKED_VERSION}, "
            f"which may have moved. Install streamlit=={CHECKED_VERSION}, or start without BST_PUBLIC"
        )


def intercept(accepts: Callable[[str, BackMsg], bool], on_disconnect: Callable[[str], None]) -> None:
    """Stand between the browsers and the sessions of the server that is running in this process.

    A browser's message reaches its session only if ``accepts(session_id, message)``; a session whose browser has gone
    is reported to ``on_disconnect(session_id)``. Both are called by the server's event loop.
    """
    runtime = get_instance()
    handle, disconnect = runtime.handle_backmsg, runtime.disconnect_session

    def handle_backmsg(session_id: str, msg: BackMsg, **client: object) -> None:
        if accepts(session_id, msg):
            handle(session_id, msg, **client)  # type: ignore[arg-type]

    def disconnect_session(session_id: str, **client: object) -> None:
        disconnect(session_id, **client)  # type: ignore[arg-type]
        on_disconnect(session_id)

    runtime.handle_backmsg = handle_backmsg  # type: ignore[method-assign]
    runtime.disconnect_session = disconnect_session  # type: ignore[method-assign]


def shows_uploader(session_id: str) -> bool:
    """Whether a connected session shows a widget that takes a file."""
    session = get_instance().get_app_session(session_id)
    if session is None:
        return False
    state = session.session_state
    # a widget leaves the states when it is no longer drawn, but not the metadata; copies, as the script may be running
    drawn = {*list(state._new_widget_state.states), *list(state._old_state)}
    widgets = dict(state._new_widget_state.widget_metadata)
    return any(widget.value_type == _UPLOADER for name, widget in widgets.items() if name in drawn)


def is_connected(session_id: str) -> bool:
    """Whether a browser is connected to the session."""
    return get_instance().is_active_session(session_id)


def uploaded_bytes() -> int:
    """Return the size of all uploaded files that the server holds, in bytes."""
    storage = get_instance().uploaded_file_mgr.file_storage  # type: ignore[attr-defined]
    return sum(len(file.data) for files in list(storage.values()) for file in list(files.values()))
