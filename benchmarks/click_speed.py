"""From a click to the updated list: milliseconds on the real server, in a real browser.

    python benchmarks/click_speed.py --bundle ml-1m

Starts ``streamlit run app.py``, opens a visitor with a long history by a share link, and clicks stars, moves, removals
and undo. A click's time goes from the message that the browser sends to the message that the script has ended, as the
browser has them; "on screen" is until the page says that it is idle again. Needs Chromium and Playwright.
"""

import argparse
import base64
import itertools
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
WARM_UP = 4
KINDS = ("star", "move", "remove", "undo")


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """Serve the app on a free port; yield its address and its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            if server.poll() is not None:
                sys.exit("error: the app did not start; try: streamlit run app.py")
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait(20)


def processor_ms(process: int) -> float:
    """Return the processor time that a process has used, all its threads together; not a number but on Linux."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def link_to(bundle_name: str, events: int, seed: int) -> tuple[str, dict[int, int]]:
    """Return a share link's query to a visitor with random ratings, and those ratings by movie id, oldest first."""
    from bst.bundles.bundle import open_bundle
    from bst.datasets import load_movies
    from bst.schema import Event, Visitor
    from pages.shared.state.link import State, encode

    chance = random.Random(seed)
    bundle = open_bundle(bundle_name)
    movies = chance.sample(load_movies(bundle.dataset)["movie_id"].tolist(), events)
    ratings = {movie: chance.randint(1, 5) for movie in movies}
    visitor = Visitor("F", 25, None, tuple(Event(movie, float(stars)) for movie, stars in ratings.items()))
    return f"?s={encode(State(bundle.name, visitor))}", ratings


class Messages:
    """Messages between browser and server, with the browser's own clock (seconds)."""

    def __init__(self, page):
        self.sent: list[float] = []
        self.ended: list[float] = []
        self.received = 0
        session = page.context.new_cdp_session(page)
        session.on("Network.webSocketFrameSent", lambda event: self.sent.append(event["timestamp"]))
        session.on("Network.webSocketFrameReceived", self._receive)
        session.send("Network.enable")

    def _receive(self, event: dict) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        payload = base64.b64decode(event["response"]["payloadData"])
        self.received += len(payload)
        if ForwardMsg.FromString(payload).WhichOneof("type") == "script_finished":
            self.ended.append(event["timestamp"])

    def forget(self) -> None:
        """Drop what was recorded."""
        self.sent.clear()
        self.ended.clear()
        self.received = 0


class Clicks:
    """Chooses the next click, and keeps the ratings as they will be after it."""

    def __init__(self, page, ratings: dict[int, int], rows: int, chance: random.Random):
        self.page, self.ratings, self.rows, self.chance = page, dict(ratings), rows, chance

    def target(self, kind: str):
        """Return the button to click next, and update the ratings that this click will leave."""
        movie = self.chance.choice(list(self.ratings)[-self.rows : -1])
        if kind == "undo":
            self.ratings = self.before
            return self.page.locator(".st-key-undo button").first
        self.before = dict(self.ratings)
        if kind == "remove":
            del self.ratings[movie]
        if kind == "move":
            return self._move(movie)
        if kind == "star":
            level = self.chance.choice([level for level in range(1, 6) if level != self.ratings[movie]])
            self.ratings[movie] = level
            return self.page.locator(f".st-key-stars_{movie} button").nth(level - 1)
        return self.page.locator(f".st-key-{kind}_{movie} button").first

    def _move(self, movie: int):
        order = list(self.ratings)
        at = order.index(movie)
        order[at], order[at + 1] = order[at + 1], order[at]
        self.ratings = {movie: self.ratings[movie] for movie in order}
        return self.page.locator(f".st-key-later_{movie} button").first


# when the mouse button came up, and when the page last became idle after that
WATCH = """
(() => {
  window.clicked = window.idle = 0
  addEventListener('click', () => { window.clicked = performance.now(); window.idle = 0 }, true)
  new MutationObserver(() => {
    if (document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning')
      window.idle ||= performance.now()
  }).observe(document, {attributes: true, subtree: true, attributeFilter: ['data-test-script-state']})
})()
"""


def settle(page) -> None:
    """Wait until the script has run to its end and nothing more is drawn."""
    page.wait_for_selector(IDLE, timeout=120_000)
    page.wait_for_timeout(250)
    page.wait_for_selector(IDLE, timeout=120_000)


def measure(page, address: str, server: int, options: argparse.Namespace) -> list[dict]:
    """Click and return one row a click: its kind, and its times in milliseconds."""
    query, ratings = link_to(options.bundle, options.events, options.seed)
    messages = Messages(page)
    page.add_init_script(WATCH)
    page.goto(address + "/" + query)
    page.wait_for_selector(".st-key-event_0", timeout=120_000)
    page.wait_for_function("!document.body.innerText.includes('Loading TensorFlow')", timeout=120_000)
    settle(page)
    show_all = page.locator(".st-key-show_whole_history button")
    if options.whole_history and show_all.count():
        show_all.click()
        settle(page)
    rows = page.locator("[class*='st-key-event_']").count()
    clicks = Clicks(page, ratings, rows, random.Random(options.seed))
    rows = []
    for index, kind in zip(range(options.clicks + WARM_UP), itertools.cycle(KINDS), strict=False):
        button = clicks.target(kind)
        button.scroll_into_view_if_needed()
        page.wait_for_timeout(100)
        messages.forget()
        before = processor_ms(server)
        button.click()
        page.wait_for_function("window.idle > window.clicked", timeout=60_000)
        settle(page)
        if not messages.sent or not messages.ended:
            sys.exit(f"error: a click ({kind}) led to nothing")
        if index >= WARM_UP:
            rows.append(
                {
                    "kind": kind,
                    "run_ms": 1000 * (messages.ended[-1] - messages.sent[0]),
                    "processor_ms": processor_ms(server) - before,
                    "screen_ms": page.evaluate("window.idle - window.clicked"),
                    "received_bytes": messages.received,
                }
            )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name (default: %(default)s)")
    parser.add_argument("--events", type=int, default=50, help="length of the history (default: %(default)s)")
    parser.add_argument("--clicks", type=int, default=40, help="how many are measured (default: %(default)s)")
    parser.add_argument("--whole-history", action="store_true", help="with all events drawn, not only the newest 20")
    parser.add_argument("--seed", type=int, default=0, help="seed of history and clicks (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import FLAGS, chromium_path

    with served() as (address, server), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        rows = measure(page, address, server, options)
        browser.close()
    report(options, rows)


def report(options: argparse.Namespace, rows: list[dict]) -> None:
    """Print what was measured."""
    run, screen, received = ([row[what] for row in rows] for what in ("run_ms", "screen_ms", "received_bytes"))

    def spread(values: list[float]) -> tuple[float, float]:
        return statistics.median(values), statistics.quantiles(values, n=20)[-1]

    result = {
        "bundle": options.bundle,
        "events": options.events,
        "whole_history": options.whole_history,
        "clicks": len(rows),
        "median_ms": spread(run)[0],
        "p95_ms": spread(run)[1],
        "screen_median_ms": spread(screen)[0],
        "screen_p95_ms": spread(screen)[1],
        "median_bytes": statistics.median(received),
        "processor_median_ms": statistics.median(row["processor_ms"] for row in rows),
        "by_kind": {k: statistics.median(row["run_ms"] for row in rows if row["kind"] == k) for k in KINDS},
        "load": os.getloadavg()[0],
    }
    if options.json:
        print(json.dumps(result))
        return
    print(f"{options.bundle}, a history of {options.events} movies, {len(rows)} clicks:")
    print(f"click to end of script: median {result['median_ms']:.0f} ms, 95% within {result['p95_ms']:.0f} ms")
    print(f"click to idle on screen: median {result['screen_median_ms']:.0f} ms", end=", ")
    print(f"95% within {result['screen_p95_ms']:.0f} ms")
    print(f"processor time of the server for a click: median {result['processor_median_ms']:.0f} ms")
    print("by kind: " + ", ".join(f"{kind} {ms:.0f} ms" for kind, ms in result["by_kind"].items()), end="; ")
    print(f"{result['median_bytes'] / 1024:.0f} KB received; load of the machine {result['load']:.1f}")


if __name__ == "__main__":
    main()
