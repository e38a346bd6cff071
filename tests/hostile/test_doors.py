"""What a stranger tries at a public address, and what must go on working there."""

import io
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState, FileURLsRequest, UploadedFileInfo
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.hostile.stranger import Stranger, click, dial
from tests.proxies import PUBLIC_NAME

MIB = 2**20
# of Streamlit's own pages and of ours: what no answer may hold
SECRETS = (b"starts the server", b"root:x:0", b"[server]", b"import streamlit")
# none of them is asked for by a page
CLOSED = (
    "/_stcore/metrics",
    "/_stcore/metrics?families=cache_memory_bytes",
    "//_stcore//metrics",
    "/_stcore/../_stcore/metrics",
    "/%5fstcore/metrics",
    "/_stcore%2fmetrics",
    "/_stcore/script-health-check",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/why/_stcore/metrics",
)
TRAVERSALS = (
    "/static/../app.py",
    "/static/..%2f..%2fapp.py",
    "/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%5c..%5capp.py",
    "/media/../../app.py",
    "/media/..%2f..%2fapp.py",
    "/app/static/../app.py",
    "/component/x/../../../app.py",
    "/_stcore/bidi-components/history/..%2f..%2f..%2fapp.py",
    "/_stcore/bidi-components/history/%2fetc%2fpasswd",
    "/.streamlit/config.toml",
    "//etc/passwd",
    "/static//etc/passwd",
    "/app.py%00.js",
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 and so on are not this computer's")
RATINGS = b"Name,Year,Rating\nJaws,1975,4\nAlien,1979,5\nCasablanca,1942,3\n"


def get(address: str, path: str, **more) -> requests.Response:
    """Ask for a path as it is written: what is to be normalised, the server must normalise."""
    with requests.Session() as session:
        request = session.prepare_request(requests.Request("GET", address, **more))
        request.url = address + path
        return session.send(request, timeout=60, allow_redirects=False)


def client(source: str = "127.0.0.1") -> requests.Session:
    """Return a client at one of this computer's addresses."""
    session = requests.Session()
    session.get_adapter("http://").init_poolmanager(1, 1, source_address=(source, 0))
    return session


def put(address: str, session_id: str, data: bytes, source: str = "127.0.0.1") -> int:
    """Upload a file with the token that the server gave, as a page does; returns the status."""
    with client(source) as session:
        session.get(f"{address}/_stcore/health", timeout=60)
        where = f"{address}/_stcore/upload_file/{session_id}/{uuid.uuid4()}"
        file = {"file": ("ratings.csv", data)}
        return session.put(where, files=file, headers=token(session), timeout=60).status_code


def token(session: requests.Session) -> dict[str, str]:
    return {"X-Xsrftoken": session.cookies.get("_streamlit_xsrf", "")}


def open_import(stranger: Stranger) -> str:
    """Open the dialog that asks for a file; returns the id of its widget."""
    stranger.open()
    button = next(each.id for each in stranger.drawn("button") if each.id.endswith("-import_history"))
    stranger.open(forged=[click(button)])
    return stranger.drawn("file_uploader")[0].id


# ---- what must go on working


def test_a_page_is_drawn_and_the_health_is_told(proxy):
    with Stranger(proxy) as visitor:
        visitor.open()
        assert len(visitor.drawn("bidi_component")) >= 2, "the history and the ranked list"
    assert get(proxy, "/_stcore/health").text == "ok"
    assert get(proxy.replace("localhost", "127.0.0.1"), "/_stcore/health").text == "ok", "a monitor asks by address"
    assert get(proxy, "/_stcore/host-config").status_code == 200
    page = get(proxy, "/why?bundle=demo")
    assert page.status_code == 200
    script = page.text.split('src="./static/js/')[1].split('"')[0]
    assert get(proxy, f"/static/js/{script}").status_code == 200


def test_a_file_that_was_asked_for_is_imported(proxy):
    with Stranger(proxy) as visitor:
        widget = open_import(visitor)
        request = FileURLsRequest(request_id="1", file_names=["ratings.csv"], session_id=visitor.session_id)
        visitor.say(BackMsg(file_urls_request=request))
        answer = visitor.hears("file_urls_response")
        place = answer.file_urls_response.file_urls[0]
        with requests.Session() as session:
            session.get(f"{proxy}/_stcore/health", timeout=60)
            where, file = proxy + place.upload_url, {"file": ("ratings.csv", RATINGS)}
            assert session.put(where, files=file, headers=token(session), timeout=60).status_code == 204
        info = UploadedFileInfo(file_id=place.file_id, name="ratings.csv", size=len(RATINGS), file_urls=place)
        state = FileUploaderState(uploaded_file_info=[info])
        visitor.open(forged=[WidgetState(id=widget, file_uploader_state_value=state)])
        buttons = [each.label for each in visitor.drawn("button")]
        assert "Import 3 movies" in buttons


# ---- Streamlit's messages


def operation(**payload: dict) -> BackMsg:
    return BackMsg(backend_operation_request=BackendOperationRequest(request_id="1", **payload))


def test_messages_for_developers_are_not_read(proxy):
    with Stranger(proxy) as stranger:
        open_import(stranger)
        stranger.say(BackMsg(set_run_on_save=True))
        stranger.say(BackMsg(clear_cache=True))
        stranger.say(BackMsg(debug_shutdown_runtime=True))
        stranger.say(operation(install_skills={}))
        stranger.say(operation(dismiss_skills_nudge={}))
        # all messages are read in turn: what comes before this answer is theirs
        stranger.say(BackMsg(app_heartbeat=True))
        assert stranger.heard_until("heartbeat_ack") == ["heartbeat_ack"]
        stranger.open()
        assert stranger.drawn("file_uploader"), "the state of the session would have gone with the caches"


@pytest.mark.parametrize("names", [["a.csv"], ["a.csv"] * 1000])
def test_no_place_for_a_file_that_no_page_asked_for(app, names):
    with Stranger(app) as stranger:
        stranger.open("about")
        stranger.say(BackMsg(file_urls_request=FileURLsRequest(request_id="1", file_names=names)))
        stranger.say(BackMsg(app_heartbeat=True))
        assert stranger.heard_until("heartbeat_ack") == ["heartbeat_ack"]


JUNK = (b"", b"\xff" * 1000, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b" * 100_000, "text", "x" * MIB)


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk_ends_its_own_conversation_at_most(proxy, junk):
    with Stranger(proxy) as stranger, dial(proxy) as line:
        stranger.open("about")
        line.send(junk)
        stranger.say(BackMsg(app_heartbeat=True))
        assert stranger.heard_until("heartbeat_ack") == ["heartbeat_ack"]


@pytest.mark.parametrize("mebibytes", [2, 40])
def test_a_message_of_megabytes_is_not_taken(proxy, mebibytes):
    with dial(proxy) as line:
        with suppress(ConnectionClosed):
            line.send(b"\x0a" * (mebibytes * MIB))
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=60)


# ---- what the pages offer to the operator alone

# page, model, and what has to be pressed to see all of it; the keys of what only the operator is offered
OFFERS = {
    ("training", "demo", None): {"train_button", "cancel_going", "resume_failed", "discard_failed"},
    ("training", "demo", "train_button"): {"train_button", "train_start"},
    ("evaluation", "demo", None): {"measure_again"},
    ("", "real", None): {"real_user"},
    ("replay", "real", None): {"replay_play", "replay_another"},
    ("", "absent", None): {None},  # to download its dataset; it has no key
}


def key_of(widget_id: str) -> str | None:
    key = widget_id.split("-", 2)[2]
    return None if key == "None" else key


@contextmanager
def idle(root: Path, wanted: bool) -> Iterator[None]:
    """Hide the run that is under way, if that is wanted: beside it no other can be started."""
    run, hidden = root / "runs" / "going", root / "runs-hidden"
    if wanted:
        run.rename(hidden)
    yield
    if wanted:
        hidden.rename(run)


@pytest.fixture(scope="module")
def offers(operator, root) -> dict[tuple, dict[str, str | None]]:
    """For each of ``OFFERS`` the ids of all buttons, and their keys."""
    found = {}
    for page, model, opener in OFFERS:
        with Stranger(operator) as session, idle(root, bool(opener)):
            session.open(page, bundle=model)
            if opener:
                pressed = next(each.id for each in session.drawn("button") if key_of(each.id) == opener)
                session.open(page, [click(pressed)], model)
            found[page, model, opener] = {each.id: key_of(each.id) for each in session.drawn("button")}
    return found


def contents(root: Path) -> dict[str, int]:
    """Return all files below a folder, and when each was written."""
    files = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in files}


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: "-".join(filter(None, offer)))
def test_what_only_the_operator_is_offered_cannot_be_pressed(proxy, root, app_process, offers, offer):
    page, model, opener = offer
    with Stranger(proxy) as stranger, idle(root, bool(opener)):
        stranger.open(page, bundle=model)
        before, drawn = contents(root), {each.id for each in stranger.drawn("button")}
        progress = len(stranger.drawn("progress"))
        only_there = {widget: key for widget, key in offers[offer].items() if widget not in drawn}
        assert OFFERS[offer] <= set(only_there.values()), "they are there, and not here"
        for _ in range(2):
            stranger.open(page, [click(widget) for widget in only_there], model)
            assert {each.id for each in stranger.drawn("button")}.isdisjoint(only_there)
            assert len(stranger.drawn("progress")) == progress, "nothing was begun"
            assert not stranger.drawn("exception")
        assert contents(root) == before
    assert not app_process.children()


def test_ids_learnt_from_ones_own_server_are_those_of_the_public_one(proxy, offers):
    with Stranger(proxy) as stranger:
        stranger.open("", bundle="real")
        assert {each.id for each in stranger.drawn("button")} & set(offers["", "real", None])


def test_no_film_of_a_real_user_is_shown(proxy):
    with Stranger(proxy) as visitor:
        visitor.open("replay")
        assert "film_strip" in {component.component_name for component in visitor.drawn("bidi_component")}
    with Stranger(proxy) as stranger:
        stranger.open("replay", bundle="real")
        assert "film_strip" not in {component.component_name for component in stranger.drawn("bidi_component")}


# ---- uploads


def test_uploads_that_no_page_asked_for_are_refused(app, app_process):
    before = app_process.memory_info().rss
    with Stranger(app) as stranger:
        stranger.open("about")
        file = b"x" * int(4.9 * MIB)
        assert {put(app, stranger.session_id, file) for _ in range(40)} == {403}
        assert put(app, str(uuid.uuid4()), file) == 403, "nor for a session that is not there"
    assert app_process.memory_info().rss - before < 100 * MIB


def test_where_a_page_asks_for_a_file_one_is_kept(app, app_process):
    before = app_process.memory_info().rss
    with Stranger(app) as stranger:
        open_import(stranger)
        assert {put(app, stranger.session_id, b"x" * int(4.9 * MIB)) for _ in range(40)} == {204}
        assert put(app, stranger.session_id, b"x" * (6 * MIB)) == 413
    assert app_process.memory_info().rss - before < 100 * MIB


@linux
def test_uploads_are_few_a_minute(proxy):
    with Stranger(proxy, source="127.0.0.8") as stranger:
        open_import(stranger)
        taken = [put(proxy, stranger.session_id, RATINGS, source="127.0.0.8") for _ in range(30)]
        assert 0 < taken.count(204) <= 15
        assert set(taken) == {204, 429}


# ---- the proxy


@pytest.mark.parametrize("path", CLOSED)
def test_closed_doors(app, proxy, path):
    for address in (app, proxy):
        answer = get(address, path)
        assert b"TYPE" not in answer.content
        assert answer.status_code in (400, 404), (address, answer.text[:200])


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_file_outside_of_what_is_served(app, proxy, path):
    for address in (app, proxy):
        content = get(address, path).content
        assert not [secret for secret in SECRETS if secret in content]


@pytest.mark.parametrize("path", ["/", "/why", "/static/nothing.js", "/_stcore/metrics", "/_stcore/health"])
def test_headers(proxy, path):
    headers = get(proxy, path).headers
    policy = dict(rule.strip().partition(" ")[::2] for rule in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "data:"} & set(policy["script-src"].split())
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert not [digit for digit in headers["Server"] if digit.isdigit()], "which version it is"


def test_a_page_opens_under_the_operators_own_name(proxy):
    """Streamlit trusts localhost whatever host the proxy names, and any other name only if the proxy passes it on."""
    with dial(proxy, host=f"{PUBLIC_NAME}:{urlsplit(proxy).port}") as line:
        assert line.response.status_code == 101


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1", ""])
def test_another_host_is_not_answered(proxy, host):
    assert get(proxy, "/", headers={"Host": host}).status_code in (400, 421)
    with pytest.raises(InvalidHandshake), dial(proxy, host=host or "x"):
        pass


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost.evil.example", "http://localhost:1"]
)
def test_another_page_cannot_speak_for_a_visitor(proxy, origin):
    with pytest.raises(InvalidHandshake), dial(proxy, origin=origin):
        pass
    where = f"{proxy}/_stcore/upload_file/{uuid.uuid4()}/{uuid.uuid4()}"
    assert requests.put(where, files={"file": RATINGS}, headers={"Origin": origin}, timeout=60).status_code == 403


def test_an_upload_needs_the_token_that_only_the_apps_own_page_can_read(app):
    with Stranger(app) as stranger:
        open_import(stranger)
        where = f"{app}/_stcore/upload_file/{stranger.session_id}/{uuid.uuid4()}"
        assert requests.put(where, files={"file": RATINGS}, timeout=60).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_only_reading(app, proxy, method):
    for address in (app, proxy):
        for path in ("/", "/why", "/static/x", "/media/x"):
            assert requests.request(method, address + path, data=b"x", timeout=60).status_code in (403, 405)


def test_a_body_that_is_too_large_is_not_read(proxy):
    where = f"{proxy}/_stcore/upload_file/{uuid.uuid4()}/{uuid.uuid4()}"
    for data in (b"x" * (7 * MIB), io.BytesIO(b"x" * (7 * MIB)), (b"x" * MIB for _ in range(7))):
        with suppress(requests.ConnectionError):  # it hung up while we were still sending
            assert requests.put(where, data=data, timeout=60).status_code == 413
    assert requests.get(proxy, headers={"X": "x" * 100_000}, timeout=60).status_code in (400, 431)


@linux
def test_connections_of_one_address_are_bounded_and_others_go_on(proxy):
    with ExitStack() as lines:
        for _ in range(30):
            lines.enter_context(dial(proxy, source="127.0.0.9"))
        with pytest.raises(InvalidHandshake), dial(proxy, source="127.0.0.9"):
            pass
        with dial(proxy, source="127.0.0.10"):
            pass


@linux
def test_requests_of_one_address_are_bounded_and_others_go_on(proxy):
    with client("127.0.0.11") as greedy, client("127.0.0.12") as other:
        # what nginx refuses by itself counts too, and is refused fast even where the app is slow
        assert {greedy.post(proxy, timeout=60).status_code for _ in range(400)} == {403, 429}
        assert other.get(proxy, timeout=60).status_code == 200
