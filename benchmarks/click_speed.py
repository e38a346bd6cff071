"""From a click to the updated list: milliseconds on the real server, in a real browser.

    python benchmarks/click_speed.py --bundle ml-1m

Starts ``streamlit run app.py``, opens a visitor with a long history by a share link, and clicks stars, moves, removals
and undo. "Click to list" goes from the click to the first frame with the new list; "click to end of script" from the
message that the browser sends to the message that the script has ended. Needs Chromium and Playwright.
"""

import argparse
import itertools
import json
import random
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.live_app import Server, Traffic, chromium, load_of_machine, served

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
WARM_UP = 4
KINDS = ("star", "move", "remove", "undo")


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
    visitor = Visitor({"sex": "F", "age": 25}, tuple(Event(movie, float(stars)) for movie, stars in ratings.items()))
    return f"?s={encode(State(bundle.name, visitor))}", ratings


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
            return self._row(movie).locator(".stars label").nth(level - 1)
        return self._row(movie).locator('[data-control="remove"]')

    def _row(self, movie: int):
        return self.page.locator(f'.history li[data-movie="{movie}"]')

    def _move(self, movie: int):
        order = list(self.ratings)
        at = order.index(movie)
        order[at], order[at + 1] = order[at + 1], order[at]
        self.ratings = {movie: self.ratings[movie] for movie in order}
        return self._row(movie).locator('[data-control="later"]')


# when the mouse button came up, and when the list was drawn anew after that, which a change without effect does not
WATCH = """
(() => {
  window.clicked = window.listed = 0
  addEventListener('click', () => { window.clicked = performance.now(); window.listed = 0 }, true)
  const replace = Element.prototype.replaceChildren
  Element.prototype.replaceChildren = function (...children) {
    replace.apply(this, children)
    if (this.classList.contains('list')) requestAnimationFrame(() => { window.listed ||= performance.now() })
  }
})()
"""


def settle(page) -> None:
    """Wait until the script has run to its end and nothing more is drawn."""
    page.wait_for_selector(IDLE, timeout=120_000)
    page.wait_for_timeout(250)
    page.wait_for_selector(IDLE, timeout=120_000)


def measure(page, server: Server, options: argparse.Namespace) -> list[dict]:
    """Click and return one row a click: its kind, and its times in milliseconds."""
    query, ratings = link_to(options.bundle, options.events, options.seed)
    traffic = Traffic(page)
    page.add_init_script(WATCH)
    page.goto(server.address + "/" + query)
    page.wait_for_selector(".list li", timeout=120_000)
    settle(page)
    show_all = page.locator(".st-key-show_whole_history button")
    if options.whole_history and show_all.count():
        show_all.click()
        settle(page)
    rows = page.locator(".history li").count()
    clicks = Clicks(page, ratings, rows, random.Random(options.seed))
    rows = []
    for index, kind in zip(range(options.clicks + WARM_UP), itertools.cycle(KINDS), strict=False):
        button = clicks.target(kind)
        button.scroll_into_view_if_needed()
        page.wait_for_timeout(100)
        traffic.forget()
        before = server.processor_s
        button.click()
        for _ in range(600):
            if traffic.ended:
                break
            page.wait_for_timeout(50)
        else:
            sys.exit(f"error: a click ({kind}) led to nothing")
        settle(page)
        drawn, clicked = page.evaluate("[window.listed, window.clicked]")
        if index >= WARM_UP:
            rows.append(
                {
                    "kind": kind,
                    "run_ms": 1000 * (traffic.ended[-1] - traffic.sent[0]),
                    "processor_ms": 1000 * (server.processor_s - before),
                    "list_ms": drawn - clicked if drawn else float("nan"),
                    "messages": traffic.messages,
                    "received_bytes": traffic.received_bytes,
                    "requests": traffic.requests,
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

    with served() as server, chromium() as browser:
        server.wait()
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        report(options, measure(page, server, options))


def report(options: argparse.Namespace, rows: list[dict]) -> None:
    """Print what was measured: medians, and what 95% of the clicks are within."""

    def spread(what: str) -> tuple[float, float]:
        values = [row[what] for row in rows if row[what] == row[what]]
        return statistics.median(values), statistics.quantiles(values, n=20)[-1]

    def by_kind(what: str) -> dict[str, float]:
        return {
            kind: statistics.median(row[what] for row in rows if row["kind"] == kind and row[what] == row[what])
            for kind in KINDS
        }

    result = {"bundle": options.bundle, "events": options.events, "whole_history": options.whole_history}
    result |= {"clicks": len(rows), "load": load_of_machine()}
    for what in ("list_ms", "run_ms", "processor_ms", "messages", "received_bytes", "requests"):
        result[what], result[f"{what}_p95"] = spread(what)
    result |= {f"{what}_by_kind": by_kind(what) for what in ("list_ms", "processor_ms")}
    if options.json:
        print(json.dumps(result))
        return
    print(f"{options.bundle}, a history of {options.events} movies, {len(rows)} clicks; median (95% within):")
    for what, label in (
        ("list_ms", "click to list"),
        ("run_ms", "click to end of script"),
        ("processor_ms", "processor time of the server"),
    ):
        print(f"{label}: {result[what]:.0f} ms ({result[f'{what}_p95']:.0f})")
    for what, label in (("list_ms", "click to list"), ("processor_ms", "processor time")):
        print(f"{label} by kind: " + ", ".join(f"{kind} {ms:.0f} ms" for kind, ms in by_kind(what).items()))
    print(f"{result['messages']:.0f} messages, {result['received_bytes'] / 1024:.0f} KB", end=", ")
    print(f"{result['requests']:.0f} requests; load of the machine {result['load']:.1f}")


if __name__ == "__main__":
    main()
