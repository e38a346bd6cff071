"""Downloads from a server on this machine: the good one, and the many bad ones."""

import hashlib
import os
import stat
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from handmade import ONE_M, changed, write, zip_of

from bst import datasets
from bst.datasets import read
from bst.datasets.download import RETRIES
from bst.errors import DatasetError
from bst.files import draft_of


class Server(ThreadingHTTPServer):
    """Serves one file, complete or cut off, and records its requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = b""
        self.sends = None  # bytes sent before the connection breaks, one entry a request; None for all
        self.length = True
        self.speaks = threading.Event()  # cleared while the server is not to answer
        self.speaks.set()
        self.asked: list[str] = []

    def handle_error(self, *_):
        """Keep quiet about connections that the client closed first."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        if self.path not in ("/ml-1m.zip", "/ml-10m.zip"):
            self.send_error(404)
            return
        server.speaks.wait(5)
        self.send_response(200)
        if server.length:
            self.send_header("Content-Length", str(len(server.content)))
        self.end_headers()
        sends = server.sends.pop(0) if server.sends else None
        self.wfile.write(server.content[:sends])

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)
    with Server() as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        yield serving
        serving.shutdown()


@pytest.fixture
def good(server, tmp_path):
    """The bytes of a sound release, on the server."""
    server.content = zip_of(tmp_path / "good.zip", "ml-1m", ONE_M).read_bytes()
    return server.content


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def fetch(server, into, **how):
    how = {"base_url": server.url, "known_hash": sha256(server.content), **how}
    return datasets.download("ml-1m", into=into, **how)


def refused(server, into, **how):
    """Return the message of a download that fails and leaves nothing behind."""
    before = {p: p.read_bytes() for p in into.rglob("*") if p.is_file()}
    with pytest.raises(DatasetError) as caught:
        fetch(server, into, **how)
    message = str(caught.value)
    assert {p: p.read_bytes() for p in into.rglob("*") if p.is_file()} == before
    assert before or not list(into.iterdir())
    assert "\n" not in message
    return message


def test_download_gives_a_valid_folder(server, good, into):
    steps = []
    folder = fetch(server, into, on_progress=lambda done, total: steps.append((done, total)))
    assert folder == into / "ml-1m"
    assert len(read(folder).ratings) == 5
    assert [p.name for p in into.iterdir()] == ["ml-1m"]
    assert steps[-1] == (len(good), len(good))
    assert steps == sorted(steps)
    assert {total for _, total in steps} == {len(good)}
    assert stat.S_IMODE(folder.stat().st_mode) & 0o500 == 0o500


def test_progress_is_reported_in_steps(server, into, tmp_path):
    with zipfile.ZipFile(zip_of(tmp_path / "big.zip", "ml-1m", ONE_M), "a") as zipped:
        zipped.writestr("ml-1m/README", os.urandom(500_000))
    server.content = (tmp_path / "big.zip").read_bytes()
    steps = []
    fetch(server, into, on_progress=lambda done, _: steps.append(done))
    assert len(steps) > 5
    assert steps == sorted(steps)
    assert steps[-1] == len(server.content)


def test_mirror_may_come_from_the_settings(server, good, into, override_settings):
    override_settings(download_url=server.url + "/")
    fetch(server, into, base_url=None)
    assert server.asked == ["/ml-1m.zip"]


def test_checksum_of_the_source_holds_for_a_mirror(server, good, into):
    message = refused(server, into, known_hash=None)
    assert hashlib.sha256(good).hexdigest() in message
    assert "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20" in message


def test_wrong_checksum_is_not_downloaded_again(server, good, into):
    message = refused(server, into, known_hash="md5:" + "0" * 32)
    assert hashlib.md5(good).hexdigest() in message
    assert "https://files.grouplens.org/datasets/movielens/ml-1m.zip" in message
    assert f"unzip it into {into}" in message
    assert len(server.asked) == 1


@pytest.mark.fault("network: the connection breaks twice while downloading", "tried three times; the third brings it")
def test_broken_connection_is_retried(server, good, into):
    server.sends = [100, 200]
    steps = []
    fetch(server, into, on_progress=lambda done, _: steps.append(done))
    assert len(server.asked) == 3
    assert max(steps) == len(good)


@pytest.mark.fault("network: the connection breaks each time", "one line after three tries; nothing is left")
def test_retries_are_limited(server, good, into):
    server.sends = [len(good) // 2] * 10
    assert "broke off" in refused(server, into)
    assert len(server.asked) == 1 + RETRIES


@pytest.mark.fault("network: it breaks, and the server never said the length", "the checksum tells; nothing is left")
def test_broken_connection_without_a_stated_length(server, good, into):
    server.sends, server.length = [len(good) // 2] * 10, False
    assert "checksum" in refused(server, into, known_hash=sha256(good))


def test_not_found(server, into):
    with pytest.raises(DatasetError, match=r"ml-20m could not be downloaded: the server answered 404 .*with a browser"):
        datasets.download("ml-20m", into=into, base_url=server.url)
    assert not list(into.iterdir())


@pytest.mark.fault("network: none", "“the server cannot be reached; check the network connection”")
def test_no_network(server, into):
    server.server_close()
    server.shutdown()
    assert "cannot be reached" in refused(server, into)


@pytest.mark.fault("network: the server is silent for 30 s", "tried three times, then one line")
def test_silent_server(server, good, into, monkeypatch):
    monkeypatch.setattr(sys.modules["bst.datasets.download"], "SILENCE_SECONDS", 0.05)
    server.speaks.clear()
    message = refused(server, into)
    server.speaks.set()
    assert "did not answer within 0.05 seconds" in message
    assert len(server.asked) == 1 + RETRIES


@pytest.mark.fault("network: so slow that it takes hours", "given up after four")
def test_download_has_a_time_limit(server, good, into, monkeypatch):
    monkeypatch.setattr(sys.modules["bst.datasets.download"], "TOTAL_SECONDS", -1)
    assert "took longer" in refused(server, into)


@pytest.mark.parametrize("url", ["file:///etc", "nonsense", "http://"])
def test_invalid_mirror_address(server, into, url):
    assert "could not be downloaded" in refused(server, into, base_url=url)


def bad_zip(tmp_path, *members):
    path = zip_of(tmp_path / "bad.zip", "ml-1m", ONE_M)
    with zipfile.ZipFile(path, "a") as zipped:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            zipped.writestr(info, content)
    return path.read_bytes()


@pytest.mark.parametrize(
    "name",
    ["../escaped.txt", "ml-1m/../../escaped.txt", "/tmp/escaped.txt", "..\\escaped.txt", "C:\\escaped.txt", "C:x"],
)
def test_member_outside_of_the_folder(server, into, tmp_path, name):
    server.content = bad_zip(tmp_path, (name, b"escaped", 0o644))
    message = refused(server, into)
    assert "not safe" in message
    assert repr(name) in message
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o666, stat.S_IFCHR | 0o666])
def test_link_or_device(server, into, tmp_path, mode):
    server.content = bad_zip(tmp_path, ("ml-1m/passwd", b"/etc/passwd", mode))
    assert "'ml-1m/passwd' is a link or a device" in refused(server, into)


def test_zip_bomb(server, into, tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("ml-1m/ratings.dat", bytes(20_000_000))
    server.content = path.read_bytes()
    assert "20,000,000 bytes" in refused(server, into)


def test_too_many_members(server, into, tmp_path):
    server.content = bad_zip(tmp_path, *((f"ml-1m/{n}", b"", 0o644) for n in range(1_001)))
    assert "files" in refused(server, into)


def test_repeated_member(server, into, tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        server.content = bad_zip(tmp_path, ("ml-1m/ratings.dat", b"7::10::5::978300760\n", 0o644))
    assert "could not be downloaded" in refused(server, into)


@pytest.mark.fault("network: the file ends early", "“the zip is damaged or cut off”; nothing is left")
def test_truncated_zip(server, good, into):
    server.content = good[: len(good) // 2]
    assert "the zip is damaged or cut off" in refused(server, into)


def test_damaged_member(server, good, into):
    at = good.index(b"ml-1m/ratings.dat") + 30
    server.content = good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]
    assert "the zip is damaged or cut off" in refused(server, into)


@pytest.mark.fault("network: a log-in page instead of the file", "“the zip is damaged or cut off”; nothing is left")
def test_a_web_page_instead_of_a_zip(server, into):
    server.content = b"<html>Log in to this network first</html>"
    assert "the zip is damaged or cut off" in refused(server, into)


def test_a_damaged_member_that_is_packed_otherwise(server, into, tmp_path):
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_LZMA) as zipped:
        zipped.writestr("ml-1m/ratings.dat", b"7::10::5::978300760\n" * 5)
    content = bytearray((tmp_path / "packed.zip").read_bytes())
    at = content.index(b"ml-1m/ratings.dat") + 30
    content[at : at + 8] = bytes(8)
    server.content = bytes(content)
    assert "the zip cannot be unpacked" in refused(server, into)


def test_encrypted_member(server, good, into):
    at = good.index(b"PK\x01\x02", good.index(b"PK\x01\x02") + 1)
    server.content = good[: at + 8] + b"\x01" + good[at + 9 :]  # the flag in the directory of the zip
    assert "encrypted" in refused(server, into)


def test_another_folder_in_the_zip(server, into, tmp_path):
    server.content = zip_of(tmp_path / "other.zip", "ml-100k", ONE_M).read_bytes()
    assert "holds no folder 'ml-1m'" in refused(server, into)


def test_members_outside_the_folder_are_not_extracted(server, into, tmp_path):
    server.content = bad_zip(tmp_path, ("__MACOSX/ml-1m/._ratings.dat", b"x", 0o644), ("ml-1m2/x", b"x", 0o644))
    fetch(server, into)
    assert sorted(p.relative_to(into).as_posix() for p in into.rglob("*")) == [
        "ml-1m",
        "ml-1m/movies.dat",
        "ml-1m/ratings.dat",
        "ml-1m/users.dat",
    ]


def test_invalid_release(server, into, tmp_path):
    files = changed(ONE_M, "ratings.dat", 2, "7::40::6::978302109")
    server.content = zip_of(tmp_path / "unsound.zip", "ml-1m", files).read_bytes()
    assert "ratings.dat, line 2: rating 6" in refused(server, into)


def test_valid_folder_is_kept_without_a_request(server, good, into):
    write(into / "ml-1m", ONE_M)
    assert fetch(server, into) == into / "ml-1m"
    assert server.asked == []


def test_invalid_folder_is_left_alone(server, good, into):
    write(into / "ml-1m", changed(ONE_M, "ratings.dat", 2, "7::40::6::978302109"))
    assert "move" in refused(server, into)
    assert server.asked == []


def test_empty_folder_is_filled(server, good, into):
    (into / "ml-1m").mkdir()
    assert len(read(fetch(server, into)).ratings) == 5


def test_file_instead_of_a_folder(server, good, into):
    (into / "ml-1m").write_text("a note")
    assert "is a file" in refused(server, into)


def test_file_instead_of_the_data_folder(server, good, into):
    (into / "data").write_text("a note")
    with pytest.raises(DatasetError, match="could not be downloaded"):
        fetch(server, into / "data")
    assert (into / "data").read_text() == "a note"


def test_data_folder_is_created_and_removed(server, good, into):
    with pytest.raises(DatasetError):
        fetch(server, into / "new", known_hash="md5:" + "0" * 32)
    assert not (into / "new").exists()
    assert fetch(server, into / "new") == into / "new" / "ml-1m"


def test_full_disk(server, good, into, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    assert "no space left on device" in refused(server, into)


@pytest.mark.parametrize("reason", [KeyboardInterrupt, RuntimeError])
def test_cancelling_leaves_nothing(server, good, into, reason):
    def cancel(*_):
        raise reason

    with pytest.raises(reason):
        fetch(server, into, on_progress=cancel)
    assert not list(into.iterdir())


def test_a_zip_whose_folder_has_another_name(server, into, tmp_path):
    files = {name: lines for name, lines in ONE_M.items() if name != "users.dat"}
    server.content = zip_of(tmp_path / "ten.zip", "ml-10M100K", files).read_bytes()
    folder = datasets.download("ml-10m", into=into, base_url=server.url, known_hash=sha256(server.content))
    assert folder == into / "ml-10m"
    assert len(read(folder).ratings) == 5


@pytest.mark.fault("kill -9 while downloading (a real process)", "the next download removes what it left")
def test_remains_of_a_killed_download_are_removed(server, good, into):
    server.speaks.clear()  # the download waits for its first byte
    code = f"from bst import datasets; datasets.download('ml-1m', into={str(into)!r}, base_url={server.url!r})"
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}) as process:
        while not server.asked:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    server.speaks.set()
    assert sorted(p.name for p in into.iterdir()) == [".ml-1m.bst-draft", ".ml-1m.bst-lock"]
    (into / ".ml-100k.bst-draft").mkdir()  # of another release
    (into / ".notes.bst-draft").mkdir()  # somebody's own
    with draft_of(into / "ml-10m") as under_way:
        fetch(server, into)
        assert sorted(p.name for p in into.iterdir()) == [
            under_way.name,
            ".ml-10m.bst-lock",
            ".notes.bst-draft",
            "ml-1m",
        ]
    assert sorted(p.name for p in into.iterdir()) == [".notes.bst-draft", "ml-1m"]


@pytest.mark.fault("two programs download the same dataset", "the second says so; the first ends well")
def test_a_second_download_of_the_same_is_refused_and_leaves_the_first_alone(server, good, into):
    server.speaks.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(fetch, server, into)
        while not server.asked:
            time.sleep(0.01)
        message = "ml-1m is being downloaded by another program; wait until it is in"
        with pytest.raises(DatasetError, match=message):
            fetch(server, into)
        server.speaks.set()
        assert len(read(first.result(60)).ratings) == 5
    assert len(server.asked) == 1
    assert [p.name for p in into.iterdir()] == ["ml-1m"]


def test_demo_is_not_downloaded(into):
    with pytest.raises(DatasetError, match="python -m bst simulate"):
        datasets.download("demo", into=into)


def test_unknown_name(into):
    with pytest.raises(DatasetError, match="did you mean ml-1m"):
        datasets.download("ml-1mm", into=into)


def test_default_folder_is_the_data_folder(server, good, into, override_settings):
    override_settings(data=into)
    assert fetch(server, None) == Path(into) / "ml-1m"
