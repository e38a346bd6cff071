"""The connection to a model server, and a process that has neither weights nor TensorFlow."""

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from bst.errors import ConfigError, ModelServerAwayError, ModelServerError
from bst.scoring.remote import client
from bst.scoring.remote.client import ModelServer
from bst.settings import PROJECT, Settings, get_settings


@contextmanager
def answering(*answers):
    """A server that answers with these, one after the other: (status, headers, body), or None to hang up."""
    left, asked = list(answers), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            answer = left.pop(0)
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield ModelServer(f"http://127.0.0.1:{server.server_port}"), asked
        server.shutdown()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Do not wait between two tries."""
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)


GOOD = (200, {}, json.dumps({"parameters": {"weights_sha256": "abc"}}).encode())


def test_a_connection_that_breaks_is_tried_once_more():
    with answering(None, GOOD) as (server, asked):
        server.check_served("demo", "abc")
        assert asked == ["/v2/models/demo"] * 2
    with answering(None, None, GOOD) as (server, asked):
        with pytest.raises(ModelServerAwayError, match="is away"):
            server.check_served("demo", "abc")
        assert len(asked) == 2


def test_a_server_that_is_busy_is_asked_once_more():
    busy = (503, {"Retry-After": "1"}, b"")
    with answering(busy, GOOD) as (server, _):
        server.check_served("demo", "abc")
    with answering(busy, busy) as (server, _), pytest.raises(ModelServerAwayError, match="is busy"):
        server.check_served("demo", "abc")


def test_nothing_listens():
    server = ModelServer("http://127.0.0.1:9")
    assert not server.is_ready()
    with pytest.raises(ModelServerAwayError, match=r"the model server at http://127.0.0.1:9 is away"):
        server.transport("demo", "abc")("ratings", b"")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {}, b"<html>a router's page</html>"), "is no model server of BST Studio"),
        ((200, {}, b'{"parameters": 7}'), "is no model server of BST Studio"),
        ((200, {}, b'{"parameters": {"weights_sha256": "other"}}'), "has another training of bundle demo"),
        ((404, {}, b'{"error": {"message": "this server has no bundle"}}'), "refuses: this server has no bundle"),
        ((404, {}, b"\xff"), "refuses: HTTP status 404"),
        ((500, {}, b'{"error": 7}'), "refuses: HTTP status 500"),
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), "refuses: HTTP status 302"),
        ((200, {"Content-Encoding": "gzip"}, b"no gzip"), "cannot be asked"),
    ],
)
def test_what_cannot_be_used_is_one_line(answer, words):
    with answering(answer) as (server, _), pytest.raises(ModelServerError) as refused:
        server.check_served("demo", "abc")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_answer_that_is_too_large(monkeypatch):
    monkeypatch.setattr(client, "MOST_BYTES", 10)
    with answering(GOOD) as (server, _), pytest.raises(ModelServerError, match="more than 10 bytes"):
        server.check_served("demo", "abc")


@pytest.mark.parametrize(
    "address", ["x", "ftp://a", "http://", "http://[::1", "http://a:b", "http://a/?q", "http://u@a"]
)
def test_addresses_that_mean_nothing(monkeypatch, address):
    monkeypatch.setenv("BST_MODEL_URL", address)
    with pytest.raises(ConfigError, match="BST_MODEL_URL must be an address such as"):
        Settings.from_environment()


def test_addresses(monkeypatch):
    for given, kept in (("", None), ("http://a:8600/", "http://a:8600"), ("https://a/models", "https://a/models")):
        monkeypatch.setenv("BST_MODEL_URL", given)
        assert Settings.from_environment().model_url == kept


PROBE = """
import resource, sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from bst.inference.recommender import Recommender
from bst.schema import Visitor
from bst.settings import override_settings
from pathlib import Path
with override_settings(bundles=Path(sys.argv[1])):
    recommender = Recommender.load("demo")
    visitor = Visitor().watched(387, 5).watched(69, 3)
    titles = [row.title for row in recommender.rank(visitor)]
    recommender.integrated_gradients(visitor, 143)
assert recommender.engine == ("remote" if sys.argv[2] else "numpy")
print("|".join(titles))
print(any(name.endswith("weights.npz") for name in opened), "tensorflow" in sys.modules, "autograd" in sys.modules)
"""


@pytest.mark.slow
def test_a_process_with_a_model_server_has_no_weights_and_no_tensorflow(server, tmp_path):
    """Not even the file needs to be there."""
    shutil.copytree(get_settings().bundles / "demo", tmp_path / "demo")

    def probe(url):
        environment = os.environ | {"BST_MODEL_URL": url, "PYTHONPATH": str(PROJECT)}
        command = [sys.executable, "-c", PROBE, str(tmp_path), url]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=PROJECT, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    here = probe("")
    assert here[1] == "True False True"
    (tmp_path / "demo" / "weights.npz").unlink()
    there = probe(server.url)
    assert there[1] == "False False False"
    assert there[0] == here[0]
