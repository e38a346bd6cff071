"""Killed, or out of room, before any single change of a file: nothing is lost, and nothing half-written is believed.

``interrupted.py`` tries every change of an operation; a kill leaves the old or the new state, and the next start cleans
up. Where there is no room for a file at all is tried on a real small disk by ``test_disk.py``.
"""

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from handmade import ONE_M, zip_of

from tests.conftest import some_now

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
ROOT = Path(__file__).parents[2]

# what gives way, and what is left of it
KILLS = {
    "bundle": ("saving a bundle over another", "the old or the new model, whole"),
    "first bundle": ("saving a new bundle", "no model or the new one, whole"),
    "evaluation": ("keeping an evaluation", "the old or the new record"),
    "insights": ("keeping insights", "the old or the new record"),
    "download": ("downloading a dataset", "no dataset or the whole"),
    "demo world": ("simulating the demo world", "the old, the new or none, which is then made"),
    "registry": ("registering a dataset's folder", "no entry is lost"),
    "run": ("starting and deleting a run", "a run that can be resumed or deleted, or none"),
}


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """Run a scenario of ``interrupted.py`` in a process without TensorFlow, and return what it reports."""
    release = zip_of(tmp_path / "ml-1m.zip", "ml-1m", ONE_M)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=release.parent))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def run(scenario: str, action: str) -> dict:
        (tmp_path / "work").mkdir()
        checksum = f"sha256:{sha256(release.read_bytes()).hexdigest()}"
        address = f"http://127.0.0.1:{server.server_address[1]}"
        command = [sys.executable, "tests/unit/interrupted.py", scenario, action, tmp_path / "work", address, checksum]
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        environment = os.environ | {"PYTHONPATH": path, "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert not report["problems"], "\n".join(report["problems"])
        return report

    yield run
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("scenario", some_now(KILLS, ("bundle", "run")))
def test_killed_at_any_change(scenario, interrupted, fault):
    what, left = KILLS[scenario]
    report = interrupted(scenario, "kill")
    assert report["changes"] >= 4
    fault(f"kill -9 while {what}", f"killed before each of {report['changes']} changes of files: {left}; cleaned up")


def test_an_import_changes_no_file(interrupted, fault):
    """Whatever ends it, there is nothing to lose."""
    assert interrupted("import", "kill")["changes"] == 0
    fault("kill -9 while importing ratings", "it writes nothing: the history is as it was")


@pytest.mark.parametrize("scenario", some_now(["bundle", "evaluation", "insights", "download", "run"], ("bundle",)))
def test_a_full_disk_is_told(scenario, interrupted, fault):
    report = interrupted(scenario, "full")
    assert report["messages"]
    for message in report["messages"]:
        assert "No space left on device" in message or "no space left on device" in message
        assert "make room" in message
        assert "\n" not in message
    fault(f"disk full while {KILLS[scenario][0]}", f"full from each of {report['changes']} changes on: the old stays")


@pytest.mark.parametrize("scenario", ["demo world", "registry"])
def test_what_can_be_made_again_needs_no_room(scenario, interrupted, fault):
    report = interrupted(scenario, "full")
    assert not report["messages"]
    fault(f"disk full while {KILLS[scenario][0]}", f"full from each of {report['changes']} changes on: works without")
