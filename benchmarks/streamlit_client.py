"""A browser's side of Streamlit's protocol, without a browser: opens a session, sends clicks, keeps what is shown.

The messages are those of ``streamlit.proto`` (checked with Streamlit 1.67): a ``BackMsg`` asks for a run with what the
widgets hold, ``ForwardMsg``s bring what the run draws, and ``script_finished`` ends it.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake

# of a run that another one follows at once
EARLY = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
# of a component's events, see ``_make_trigger_id`` in Streamlit's ``components.v2``
EVENTS = "$$STREAMLIT_INTERNAL_KEY_{}__events"
TOKEN = "_streamlit_xsrf"
# after a first attempt to come back; twice as long after each further one, up to the most
OPEN_S = 60.0
RETRY_S, MOST_RETRY_S = 0.5, 4.0


@dataclass(frozen=True)
class Shown:
    """An element of the page: its kind, such as "selectbox", its message, and the fragment that drew it, if one did."""

    kind: str
    message: Any
    fragment: str


@dataclass
class Run:
    """What one request led to: seconds to the last ``script_finished``, messages, bytes, and the errors shown."""

    seconds: float = 0.0
    messages: int = 0
    received_bytes: int = 0
    errors: list[str] = field(default_factory=list)


class Session:
    """One session of a server.

    ``shown``: the elements of the page that have a key, by key. ``query``: that of the address in the browser.
    """

    def __init__(self, socket: ClientConnection, query: str):
        self._socket, self.query = socket, query
        self._http, self._source = requests.Session(), ""
        self._cached: dict[str, ForwardMsg] = {}
        self._page, self._address = "", ""
        self._uploads: list[Any] = []
        self.pages: dict[str, str] = {}
        self.shown: dict[str, Shown] = {}
        self.title, self.session_id = "", ""

    @classmethod
    async def open(cls, address: str, query: str = "") -> "Session":
        """Connect to a server at an address such as "127.0.0.1:8501"; nothing runs before the first request."""
        socket = await connect(
            f"ws://{address}/_stcore/stream", subprotocols=["streamlit"], max_size=None, compression=None
        )
        session = cls(socket, query)
        session._address = f"http://{address}"
        return session

    @classmethod
    async def visit(cls, address: str, query: str = "", source: str = "127.0.0.1") -> "Session":
        """Open the page by HTTP, then connect with the cookies that came with it, as a browser does.

        ``source``: which of this computer's addresses it comes from, as a proxy counts by them.
        """
        http = requests.Session()
        http.get_adapter("http://").init_poolmanager(1, 1, source_address=(source, 0))
        await asyncio.to_thread(_get, http, f"http://{address}/?{query}")
        session = cls(await _dial(address, source, http, ""), query)
        session._address, session._http, session._source = f"http://{address}", http, source
        return session

    async def come_back(self, page: str, patience_s: float) -> Run:
        """Connect again after the connection was lost, and run the page that was open with the address's query.

        Streamlit's page does so by itself: it asks for the server's health until it gets an answer, then names its
        session, which a server that does not know it begins anew. Raises ``TimeoutError``.
        """
        until, wait = time.perf_counter() + patience_s, RETRY_S
        while True:
            try:
                await asyncio.to_thread(_get, self._http, f"{self._address}/_stcore/health")
                where = self._address.removeprefix("http://")
                self._socket = await _dial(where, self._source, self._http, self.session_id)
                break
            except (OSError, InvalidHandshake):
                if time.perf_counter() > until:
                    raise TimeoutError(f"no connection within {patience_s:.0f} s") from None
                await asyncio.sleep(wait)
                wait = min(2 * wait, MOST_RETRY_S)
        self.shown.clear()
        return await self._request([], "", page)

    async def lost(self) -> None:
        """Return when the connection is lost."""
        await self._socket.wait_closed()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies of this browser."""
        return self._http.cookies.get_dict()

    async def close(self) -> None:
        """Disconnect, as a browser does whose tab is closed."""
        await self._socket.close()

    async def go(self, page: str = "") -> Run:
        """Open a page by its path in the address; "" is the first one."""
        self.shown.clear()
        self._page = self.pages.get(page, "")
        return await self._request([], "", page)

    async def press(self, key: str) -> Run:
        """Press a button."""
        return await self._change(key, trigger_value=True)

    async def choose(self, key: str, option: str) -> Run:
        """Choose an option of a selectbox, by its text."""
        return await self._change(key, string_value=option)

    async def choose_in_group(self, key: str, index: int) -> Run:
        """Choose an option of a segmented control, by its place."""
        state = WidgetState(id=self.shown[key].message.id)
        state.string_array_value.data.append(self.shown[key].message.options[index].content)
        return await self._request([state], self.shown[key].fragment)

    async def send_event(self, key: str, event: str, value: Any) -> Run:
        """Send an event of a component, as its JavaScript does."""
        shown = self.shown[key]
        payload = json.dumps([{"event": event, "value": value}])
        event_state = WidgetState(id=EVENTS.format(shown.message.id), json_trigger_value=payload)
        # the state that a component keeps in the browser: none of ours has any
        own_state = WidgetState(id=shown.message.id, json_value="{}")
        return await self._request([own_state, event_state], shown.fragment)

    async def upload(self, key: str, name: str, content: bytes) -> Run:
        """Upload a file to a file uploader, and run with it."""
        message = BackMsg()
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.session_id
        await self._socket.send(message.SerializeToString())
        run = Run()
        while not self._uploads:
            await self._receive(run)
        urls = self._uploads.pop()
        await asyncio.to_thread(self._put, urls.upload_url, name, content)
        state = WidgetState(id=self.shown[key].message.id)
        state.file_uploader_state_value.uploaded_file_info.add(
            file_id=urls.file_id, name=name, size=len(content), file_urls=urls
        )
        return await self._request([state], self.shown[key].fragment)

    def _put(self, url: str, name: str, content: bytes) -> None:
        _get(self._http, f"{self._address}/_stcore/health")  # gives the cookie
        token = self._http.cookies.get(TOKEN, default="")
        answer = self._http.put(
            self._address + url, files={"file": (name, content)}, headers={"X-Xsrftoken": token}, timeout=60
        )
        answer.raise_for_status()

    def data(self, key: str) -> Any:
        """Return what a component was given to draw."""
        return json.loads(self.shown[key].message.json)

    async def _change(self, key: str, **value: Any) -> Run:
        shown = self.shown[key]
        return await self._request([WidgetState(id=shown.message.id, **value)], shown.fragment)

    async def _request(self, states: list[WidgetState], fragment: str, page: str = "") -> Run:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.fragment_id = self.query, fragment
        rerun.page_script_hash, rerun.page_name = self._page, "" if self._page else page
        rerun.widget_states.widgets.extend(states)
        rerun.cached_message_hashes.extend(self._cached)
        rerun.context_info.url = f"{self._address}/"
        run, start = Run(), time.perf_counter()
        await self._socket.send(message.SerializeToString())
        while not await self._receive(run):
            pass
        run.seconds = time.perf_counter() - start
        return run

    async def _receive(self, run: Run) -> bool:
        """Take one message, and return whether it ended the run for good."""
        payload = await self._socket.recv()
        run.messages += 1
        run.received_bytes += len(payload)
        message = ForwardMsg.FromString(payload)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":  # what was sent before and is large
            message, kind = self._cached[message.ref_hash], "delta"
        elif message.metadata.cacheable:
            self._cached[message.hash] = message
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            self.session_id = message.new_session.initialize.session_id
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "file_urls_response":
            self._uploads.extend(message.file_urls_response.file_urls)
        elif kind == "page_not_found":
            run.errors.append(f"page not found: {message.page_not_found.page_name}")
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._show(message, run)
        return kind == "script_finished" and message.script_finished != EARLY

    def _show(self, message: ForwardMsg, run: Run) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        body = getattr(element, kind)
        if kind == "exception":
            run.errors.append(f"{body.type}: {body.message}")
        elif kind == "alert" and body.format == body.ERROR:
            run.errors.append(body.body)
        elif kind == "heading" and body.tag == "h1":
            self.title = body.body
        # an id ends with the key that the page gave the element
        if (key := getattr(body, "id", "").rpartition("-")[2]) and key != "None":
            self.shown[key] = Shown(kind, body, message.delta.fragment_id)


def _get(http: requests.Session, url: str) -> None:
    """Ask for a page or a file; its cookies are kept. Raises ``OSError`` unless there is one."""
    http.get(url, timeout=10).raise_for_status()


async def _dial(address: str, source: str, http: requests.Session, session_id: str) -> ClientConnection:
    """Return a websocket to ``host:port`` from one of this computer's addresses, as the page there opens it."""
    token = http.cookies.get(TOKEN, default="PLACEHOLDER_AUTH_TOKEN")
    socket = await connect(
        f"ws://{address}/_stcore/stream",
        host="127.0.0.1",  # a name may stand for an address of version 6, too
        local_addr=(source, 0),
        origin=f"http://{address}",  # type: ignore[arg-type]
        subprotocols=["streamlit", token, *([session_id] if session_id else [])],  # type: ignore[list-item]
        additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in http.cookies.items())},
        max_size=None,
        compression=None,
        open_timeout=OPEN_S,
    )
    for line in socket.response.headers.get_all("Set-Cookie") if socket.response else ():
        for name, cookie in SimpleCookie(line).items():
            http.cookies.set(name, cookie.value)
    return socket
