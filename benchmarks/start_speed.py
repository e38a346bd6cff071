"""From ``streamlit run app.py`` to the first content and the first list, in a real browser: seconds.

    python benchmarks/start_speed.py --bundle ml-1m

Each round starts a fresh server and a browser that has nothing in its cache, and opens the app as soon as the server
answers. "First content" is the headline; "first list" its first row or, with ``--path``, the end of the page's script.
Requests and bytes are those until the page rests. ``--sessions 20`` opens that many tabs, to see how much
memory a session takes. Needs Chromium and Playwright.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.live_app import Server, Traffic, chromium, load_of_machine, served

HEADLINE = '[data-testid="stMain"] h1'
ROW = ".list li"
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
TIMEOUT_MS = 120_000
REST_MS = 500


def open_tab(browser, address: str):
    """Open the app in a browser without a cache; return the page and what it loads."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    traffic = Traffic(page)
    page.goto(address, wait_until="commit")
    return page, traffic


def one_round(browser, server: Server, options: argparse.Namespace) -> dict[str, float]:
    """Return the figures of one start."""
    server.wait()
    page, traffic = open_tab(browser, f"{server.address}/{options.path}?bundle={options.bundle}")
    page.wait_for_selector(HEADLINE, timeout=TIMEOUT_MS)
    content = time.perf_counter()
    page.wait_for_selector(ROW if options.path == "" else IDLE, timeout=TIMEOUT_MS)
    first_list = time.perf_counter()
    page.wait_for_selector(IDLE, timeout=TIMEOUT_MS)
    page.wait_for_timeout(REST_MS)
    figures = {
        "answers_s": server.answered - server.started,
        "content_after_answer_s": content - server.answered,
        "content_s": content - server.started,
        "list_s": first_list - server.started,
        "processor_s": server.processor_s,
        "resident_mb": server.resident_mb,
        "requests": traffic.requests,
        "not_found": len(traffic.refused),
        "loaded_kb": traffic.loaded_bytes / 1024,
        "socket_kb": traffic.received_bytes / 1024,
    }
    if options.verbose:
        print(*traffic.refused, sep="\n", file=sys.stderr)
    for _ in range(options.sessions - 1):
        other, _ = open_tab(browser, f"{server.address}/{options.path}?bundle={options.bundle}")
        other.wait_for_selector(HEADLINE, timeout=TIMEOUT_MS)
        other.wait_for_selector(IDLE, timeout=TIMEOUT_MS)
    if options.sessions > 1:
        figures["resident_all_sessions_mb"] = server.resident_mb
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name (default: %(default)s)")
    parser.add_argument("--path", default="", help="the page to open: a path such as what_if (default: the first page)")
    parser.add_argument("--rounds", type=int, default=5, help="how many starts (default: %(default)s)")
    parser.add_argument("--sessions", type=int, default=1, help="how many tabs to open (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="print the addresses that were refused")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    rounds = []
    for _ in range(options.rounds):
        with chromium() as browser, served() as server:
            rounds.append(one_round(browser, server, options))
    medians = {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}
    result = {"bundle": options.bundle, "rounds": len(rounds), **medians, "load": load_of_machine()}
    if options.json:
        print(json.dumps(result))
        return
    print(f"{options.bundle}, median of {len(rounds)} starts; seconds from the start of the process:")
    print(f"server answers {result['answers_s']:.2f}, first content {result['content_s']:.2f}", end=" ")
    print(f"({result['content_after_answer_s']:.2f} after the answer), first list {result['list_s']:.2f}")
    print(f"the server used {result['processor_s']:.2f} s of the processor and {result['resident_mb']:.0f} MB", end="")
    if options.sessions > 1:
        print(f", with {options.sessions} sessions {result['resident_all_sessions_mb']:.0f} MB", end="")
    print(f"\n{result['requests']:.0f} requests, {result['not_found']:.0f} not found; ", end="")
    print(f"{result['loaded_kb']:.0f} KB of files, {result['socket_kb']:.0f} KB over the socket", end="; ")
    print(f"load of the machine {result['load']:.1f}")


if __name__ == "__main__":
    main()
