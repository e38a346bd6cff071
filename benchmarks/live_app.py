"""The real server and a real browser, for the benchmarks that measure what a visitor waits for.

Needs Chromium and Playwright.
"""

import base64
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

START_TIMEOUT_S = 60
POLL_S = 0.02
MEGABYTE = 2**20


class Server:
    """A process that serves the app. ``started`` and ``answered``: ``time.perf_counter()`` of its start, its health.

    ``environment``: variables besides those of this process.
    """

    def __init__(self, port: int, script: str = "app.py", environment: Mapping[str, str] | None = None):
        command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
        command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
        self.address = f"http://127.0.0.1:{port}"
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict(environment or {}),
        )
        self._usage = psutil.Process(self.process.pid)

    def wait(self) -> None:
        """Return when it answers. Ends the program if it does not."""
        while time.perf_counter() < self.started + START_TIMEOUT_S and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=2).close()
                self.answered = time.perf_counter()
                return
            except OSError:
                time.sleep(POLL_S)
        sys.exit("error: the app did not start; try: streamlit run app.py")

    @property
    def processor_s(self) -> float:
        """The processor time that it has used, all its threads together."""
        times = self._usage.cpu_times()
        return times.user + times.system

    @property
    def resident_mb(self) -> float:
        """The memory that it occupies."""
        return self._usage.memory_info().rss / MEGABYTE


def free_port() -> int:
    """Return a port that no process listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(script: str = "app.py") -> Iterator[Server]:
    """Serve the app, or another script, on a free port, from before it answers."""
    server = Server(free_port(), script)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(20)


@contextmanager
def chromium() -> Iterator:
    """Start a headless browser."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import FLAGS, chromium_path

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


class Traffic:
    """What a page loads and what goes over its socket, with the browser's own clock (seconds)."""

    def __init__(self, page):
        self.forget()
        session = page.context.new_cdp_session(page)
        session.on("Network.responseReceived", self._answer)
        session.on("Network.loadingFinished", self._loaded)
        session.on("Network.webSocketFrameSent", lambda event: self.sent.append(event["timestamp"]))
        session.on("Network.webSocketFrameReceived", self._receive)
        session.send("Network.enable")

    def _answer(self, event: dict) -> None:
        self.requests += 1
        if event["response"]["status"] >= 400:
            self.refused.append(event["response"]["url"])

    def _loaded(self, event: dict) -> None:
        self.loaded_bytes += event["encodedDataLength"]

    def _receive(self, event: dict) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        payload = base64.b64decode(event["response"]["payloadData"])
        self.messages += 1
        self.received_bytes += len(payload)
        if ForwardMsg.FromString(payload).WhichOneof("type") == "script_finished":
            self.ended.append(event["timestamp"])

    def forget(self) -> None:
        """Drop what was recorded."""
        self.requests, self.loaded_bytes, self.refused = 0, 0, []
        self.messages, self.received_bytes, self.sent, self.ended = 0, 0, [], []


def load_of_machine() -> float:
    """Return how many processes wanted the processors in the last minute."""
    return os.getloadavg()[0]
