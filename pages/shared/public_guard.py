"""What a stranger's browser may ask of the server itself: an app with ``BST_PUBLIC`` refuses the rest.

Streamlit treats every visitor as the developer of the app: a message empties the caches of everybody, another one reads
the state of its Git repository, and files are accepted from pages without an uploader. What the pages themselves offer
is not decided here.
"""

import asyncio
import logging
import re
import time

from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from bst.settings import get_settings
from pages.shared import streamlit_private

# what a page needs to work; among the rest are clear_cache, load_git_info, set_run_on_save and debug_shutdown_runtime
MESSAGES = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"})
# downloads that are made when they are clicked, and tables that come in parts; not the one that installs files
OPERATIONS = frozenset({"deferred_file", "dataframe_chunk"})
# below /_stcore/; among the rest are metrics, script-health-check and agent/
SERVER_ROUTES = re.compile(r"health|host-config|stream|upload_file/[^/]+/[^/]+|bidi-components/.+")
UPLOAD = re.compile(r"upload_file/([^/]+)/[^/]+")

# one file a session; together this many bytes, and this many files on their way
MOST_UPLOADED_BYTES = 64 * 2**20
MOST_UPLOADS_AT_ONCE = 8
# a browser that comes back within this time finds its file
FORGET_AFTER_S = 60
# rate limit of messages: a browser sends one for each click
MESSAGES_PER_S, MESSAGES_AT_ONCE = 10, 40
UNSUPPORTED_DATA = 1003  # of RFC 6455: a text where bytes were expected

log = logging.getLogger(__name__)


def middleware() -> list[Middleware]:
    """Return what ``st.App`` needs to refuse requests; nothing unless the app is public.

    Raises ``InstallationError`` if Streamlit is not the version whose doors are known.
    """
    if not get_settings().public:
        return []
    streamlit_private.require_checked_version()
    return [Middleware(RequestGuard)]


def start() -> None:
    """Refuse messages from now on if the app is public; call it when the server has started."""
    if get_settings().public:
        streamlit_private.intercept(_accepts, _forget_later)


def _accepts(session_id: str, message: BackMsg) -> bool:
    kind = message.WhichOneof("type")
    accepted = kind in MESSAGES
    if kind == "backend_operation_request":
        accepted = message.backend_operation_request.WhichOneof("payload") in OPERATIONS
    elif kind == "file_urls_request":
        accepted = len(message.file_urls_request.file_names) == 1 and streamlit_private.shows_uploader(session_id)
    if not accepted:
        log.info("refused a browser's message: %s", kind)
    return accepted


def _forget_later(session_id: str) -> None:
    def forget() -> None:
        if not streamlit_private.is_connected(session_id):
            streamlit_private.forget_uploads(session_id)

    asyncio.get_running_loop().call_later(FORGET_AFTER_S, forget)


class RequestGuard:
    """ASGI middleware: refuses requests that no page of this app makes, before anything of them is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._uploads = 0  # on their way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on to Streamlit."""
        if scope["type"] == "websocket":
            await self._app(scope, _paced(receive, send), send)
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope["method"], scope["path"]):
            await refusal(scope, receive, send)
        elif scope["method"] == "PUT":
            self._uploads += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._uploads -= 1
        else:
            await self._app(scope, receive, send)

    def _refusal(self, method: str, path: str) -> PlainTextResponse | None:
        _, is_core, route = path.partition("/_stcore/")
        if is_core and not SERVER_ROUTES.fullmatch(route):
            return PlainTextResponse("Not found\n", 404)
        upload = UPLOAD.fullmatch(route)
        if method not in ("GET", "HEAD", "OPTIONS") and not (upload and method in ("PUT", "DELETE")):
            return PlainTextResponse("Method not allowed\n", 405)
        return self._upload_refusal(upload[1]) if upload and method == "PUT" else None

    def _upload_refusal(self, session_id: str) -> PlainTextResponse | None:
        if not streamlit_private.shows_uploader(session_id):
            return PlainTextResponse("This page asked for no file\n", 403)
        # what was uploaded before has been read, or was not wanted
        streamlit_private.forget_uploads(session_id)
        if self._uploads >= MOST_UPLOADS_AT_ONCE or streamlit_private.uploaded_bytes() >= MOST_UPLOADED_BYTES:
            return PlainTextResponse("Too many uploads; try again in a minute\n", 503)
        return None


def _paced(receive: Receive, send: Send) -> Receive:
    """Return a ``receive`` that waits when messages come too fast, and ends a conversation that is not in bytes."""
    left, last = float(MESSAGES_AT_ONCE), time.monotonic()

    async def paced() -> Message:
        nonlocal left, last
        message = await receive()
        now = time.monotonic()
        left, last = min(left + (now - last) * MESSAGES_PER_S, MESSAGES_AT_ONCE) - 1, now
        if left < 0:
            await asyncio.sleep(-left / MESSAGES_PER_S)
        if message["type"] == "websocket.receive" and message.get("bytes") is None:
            await send({"type": "websocket.close", "code": UNSUPPORTED_DATA})
            return {"type": "websocket.disconnect", "code": UNSUPPORTED_DATA}
        return message

    return paced
