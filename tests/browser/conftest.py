"""A real server and a real Chromium.

The browser is the one named by BST_CHROMIUM, or found on the PATH, or Playwright's own. Without any, these tests are
skipped with a hint on how to get one; with BST_REQUIRE_BROWSER set they fail instead.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
# what a copy of the project needs to run
BUNDLES = ("data/bundles/demo", "data/bundles/demo-compact")
NEEDED = ("app.py", "studio.py", "bst", "pages", ".streamlit", "data/demo", *BUNDLES)
# by name, as a newcomer meets another model where MovieLens is at hand
DEMO = "/?bundle=demo"
# the first one is made for tests, and takes the least of the processor
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# no sandbox: CI runs as root; the rest keeps the browser from looking for a network
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--font-render-hinting=none",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# a busy machine is slow, not broken
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items):
    """Mark all of them, and run them first: they take longest, and the others fill what time is left."""
    for item in items:
        if "tests/browser" in Path(item.fspath).as_posix():
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: "tests/browser" not in Path(item.fspath).as_posix())


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """The address of a server that all tests share."""
    with serving(tmp_path_factory.mktemp("server") / "log") as address:
        yield address


def clone(root: Path) -> Path:
    """Copy what git has of the project and what it needs to run, without anything that was made since."""
    for name in NEEDED:
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "world"))
        else:
            shutil.copy2(source, target)
    return root


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(
    log: Path,
    root: Path = ROOT,
    script: str | Path = "app.py",
    environment: dict[str, str] | None = None,
    port: int | None = None,
) -> Iterator[str]:
    """Serve an app as ``streamlit run app.py`` in the folder ``root`` does, on a port that is free unless one is given.

    ``log`` is for what the server says.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    command += ["--server.headless", "true"]
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=root, stdout=file, stderr=subprocess.STDOUT, env=os.environ | (environment or {})
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except OSError:
                assert process.poll() is None, f"the app did not start: {log.read_text()}"
                time.sleep(0.2)
        else:
            pytest.fail("the app did not answer within 30 s")
        yield address
    finally:
        process.terminate()
        process.wait(20)


def chromium_path() -> str | None:
    """Return the browser's path; None leaves it to Playwright."""
    return os.environ.get("BST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; without one, the test is skipped or fails, see above."""
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        except Error as error:
            message = "no Chromium: install one (apt-get install chromium, or playwright install chromium)"
            if os.environ.get("BST_REQUIRE_BROWSER"):
                pytest.fail(f"{message}; {error}")
            pytest.skip(message)
        yield launched
        launched.close()


@pytest.fixture
def page(browser, server) -> Iterator[Page]:
    """A new visitor's page on a desktop screen, the app open. It must not ask the internet for anything."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, base_url=server)
    outside_requests = []
    page = context.new_page()
    page.on(
        "request", lambda r: None if r.url.startswith((server, "data:", "blob:")) else outside_requests.append(r.url)
    )
    page.goto(DEMO)
    settled(page)
    yield page
    context.close()
    assert not outside_requests, f"the app must work without a network, but asked for {outside_requests}"


# true once the script has rested for some time without a break and nothing is still to be drawn; a rerun or a part of
# the page that the browser has yet to load starts the time anew
RESTED = """([rest, call]) => {
  const app = document.querySelector('[data-testid="stApp"]')
  const busy = app?.dataset.testScriptState !== "notRunning"
    || document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"]')
    || !document.querySelector('[data-testid="stMain"] [data-testid="stElementContainer"]')
  if (busy || window.restedCall !== call) {
    window.restedCall = call
    window.restedSince = performance.now()
  }
  return !busy && performance.now() - window.restedSince > rest
}"""
REST_MS = 500
_calls = count()


def settled(page: Page) -> None:
    """Wait until the script has run to its end and stays there: some clicks run it a second time."""
    page.wait_for_function(RESTED, arg=[REST_MS, next(_calls)], timeout=120_000)
