"""The guard before Streamlit's own doors: what it lets through, how fast, and only in public mode.

``tests/hostile`` tries the same from outside, against a server.
"""

import asyncio
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.Common_pb2 import FileURLsRequest

from bst.errors import InstallationError
from pages.shared import public_guard, streamlit_private
from tests import asynchronous

KINDS = [field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields]
OPERATIONS = [field.name for field in BackendOperationRequest.DESCRIPTOR.oneofs_by_name["payload"].fields]
NEEDED = {"rerun_script", "stop_script", "app_heartbeat"}


class Runtime:
    """Stands for the server: notes what reaches a session."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.files = {"a": SimpleNamespace(data=b"123"), "b": SimpleNamespace(data=b"45")}
        self.connected: set[str] = set()
        self.uploaded_file_mgr = SimpleNamespace(remove_session_files=self.files.pop)

    def handle_backmsg(self, session_id, msg, *, client=None):
        self.reached.append(msg.WhichOneof("type"))

    def disconnect_session(self, session_id, *, client=None):
        self.connected.discard(session_id)

    def is_active_session(self, session_id):
        return session_id in self.connected


@pytest.fixture
def runtime(monkeypatch, override_settings) -> Runtime:
    """A public server that has started."""
    runtime = Runtime()
    monkeypatch.setattr(streamlit_private, "get_instance", lambda: runtime)
    monkeypatch.setattr(streamlit_private, "shows_uploader", lambda session_id: session_id == "asks")
    override_settings(public=True)
    public_guard.start()
    return runtime


def message(kind: str) -> BackMsg:
    field = BackMsg.DESCRIPTOR.fields_by_name[kind]
    return BackMsg(**{kind: {} if field.message_type else True})


@pytest.mark.parametrize("kind", KINDS)
def test_only_messages_that_a_page_needs_reach_a_session(runtime, kind):
    runtime.handle_backmsg("silent", message(kind), client=None)
    assert runtime.reached == [kind] * (kind in NEEDED)


@pytest.mark.parametrize("name", OPERATIONS)
def test_of_the_operations_only_those_that_write_nothing(runtime, name):
    runtime.handle_backmsg("silent", BackMsg(backend_operation_request=BackendOperationRequest(**{name: {}})))
    assert len(runtime.reached) == (name in ("deferred_file", "dataframe_chunk"))


@pytest.mark.parametrize(("session", "files", "reaches"), [("silent", 1, 0), ("asks", 1, 1), ("asks", 2, 0)])
def test_a_place_for_one_file_where_a_page_asks_for_it(runtime, session, files, reaches):
    runtime.handle_backmsg(session, BackMsg(file_urls_request=FileURLsRequest(file_names=["x"] * files)))
    assert len(runtime.reached) == reaches


def test_in_private_mode_nothing_stands_between(monkeypatch, override_settings):
    runtime = Runtime()
    monkeypatch.setattr(streamlit_private, "get_instance", lambda: runtime)
    override_settings(public=False)
    public_guard.start()
    runtime.handle_backmsg("a", message("clear_cache"))
    assert runtime.reached == ["clear_cache"]
    assert public_guard.middleware() == []


def test_another_version_of_streamlit_does_not_start_in_public(monkeypatch, override_settings):
    override_settings(public=True)
    assert len(public_guard.middleware()) == 1
    monkeypatch.setattr(streamlit_private, "CHECKED_VERSION", "1.0.0")
    with pytest.raises(InstallationError, match=r"public mode .* closes doors of 1\.0\.0, .* streamlit==1\.0\.0"):
        public_guard.middleware()


@pytest.mark.parametrize("returns", [False, True])
def test_a_file_is_forgotten_unless_its_browser_comes_back(monkeypatch, runtime, returns):
    monkeypatch.setattr(public_guard, "FORGET_AFTER_S", 0)

    async def leave() -> None:
        runtime.connected.add("a")
        runtime.disconnect_session("a", client=None)
        if returns:
            runtime.connected.add("a")
        await asyncio.sleep(0.01)

    asynchronous.run(leave())
    assert set(runtime.files) == ({"a", "b"} if returns else {"b"})


# ---- requests


def answer(method: str, path: str, guard: public_guard.RequestGuard | None = None) -> int:
    """Return the status that a request gets; 200 stands for what Streamlit answers."""
    statuses = []

    async def streamlit(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(part):
        statuses.append(part.get("status"))

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    asynchronous.run((guard or public_guard.RequestGuard(streamlit))(scope, None, send))
    return statuses[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/why", 200),
        ("GET", "/static/js/index.js", 200),
        ("GET", "/_stcore/health", 200),
        ("GET", "/below/_stcore/host-config", 200),
        ("PUT", "/_stcore/upload_file/asks/1", 200),
        ("PUT", "/below/_stcore/upload_file/asks/1", 200),
        ("DELETE", "/_stcore/upload_file/asks/1", 200),
        ("PUT", "/_stcore/upload_file/silent/1", 403),
        ("PUT", "/below/_stcore/upload_file/silent/1", 403),
        ("GET", "/_stcore/metrics", 404),
        ("GET", "/below/_stcore/metrics", 404),
        ("GET", "/_stcore/healthy", 404),
        ("POST", "/_stcore/agent/interact", 404),
        ("GET", "/_stcore/", 404),
        ("POST", "/", 405),
        ("PUT", "/why", 405),
        ("POST", "/_stcore/upload_file/asks/1", 405),
    ],
)
def test_requests(monkeypatch, runtime, method, path, status):
    monkeypatch.setattr(streamlit_private, "forget_uploads", lambda session_id: None)
    monkeypatch.setattr(streamlit_private, "uploaded_bytes", lambda: 0)
    assert answer(method, path) == status


def test_uploads_are_refused_while_the_server_holds_enough(monkeypatch, runtime):
    monkeypatch.setattr(streamlit_private, "forget_uploads", lambda session_id: None)
    monkeypatch.setattr(streamlit_private, "uploaded_bytes", lambda: public_guard.MOST_UPLOADED_BYTES)
    assert answer("PUT", "/_stcore/upload_file/asks/1") == 503


def converse(messages: list[dict], monkeypatch) -> tuple[list[dict], list[dict], float]:
    """Return what the app heard of these messages, what was sent back, and the seconds for which they were held up."""
    now, heard, sent = [1000.0], [], []

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async def streamlit(scope, receive, send):
        while not heard or heard[-1]["type"] != "websocket.disconnect":
            heard.append(await receive())

    async def receive():
        return messages.pop(0) if messages else {"type": "websocket.disconnect", "code": 1000}

    async def send(part):
        sent.append(part)

    monkeypatch.setattr(public_guard, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(public_guard, "asyncio", SimpleNamespace(sleep=sleep))
    asynchronous.run(public_guard.RequestGuard(streamlit)({"type": "websocket"}, receive, send))
    return heard, sent, now[0] - 1000


def test_a_flood_of_messages_is_read_at_a_bounded_rate(monkeypatch):
    few = [{"type": "websocket.receive", "bytes": b"x"}] * public_guard.MESSAGES_AT_ONCE
    heard, _, held_up_s = converse([*few], monkeypatch)
    assert len(heard) == len(few) + 1
    # the last is that the browser has gone
    assert held_up_s == pytest.approx(1 / public_guard.MESSAGES_PER_S)
    heard, _, held_up_s = converse(few * 3, monkeypatch)
    assert len(heard) == 3 * len(few) + 1
    assert held_up_s == pytest.approx((2 * len(few) + 1) / public_guard.MESSAGES_PER_S)


def test_a_text_ends_the_conversation(monkeypatch):
    heard, sent, _ = converse([{"type": "websocket.receive", "text": "x"}], monkeypatch)
    assert [each["type"] for each in heard] == ["websocket.disconnect"]
    assert sent == [{"type": "websocket.close", "code": 1003}]
