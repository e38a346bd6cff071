"""Many people at once on one server: latency of their clicks, errors, memory, and whether anyone sees another's data.

    python benchmarks/load.py --sessions 50 --minutes 10
    python benchmarks/load.py --sessions 20 --minutes 3 --heavy 4      long work beside the clicks
    python benchmarks/load.py --sessions 50 --minutes 1 --empty        Streamlit alone: a script of one button

Starts ``streamlit run app.py`` and opens sessions that speak Streamlit's protocol, as a browser does. Each has a
visitor of its own and changes something every two seconds: a rating, a demographic, the page, something on What if. A
click's latency goes from sending it to the end of the last run that it led to; what is shown is compared with what that
person did, and the lists with the model's own answers. Alone, before the crowd comes, one session measures what each
kind of click costs the server's processor.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.live_app import Server, load_of_machine, served
from benchmarks.load_people import RECOMMEND, WHAT_IF, WHY, Click, Clicker, Person, Worker, visitors
from benchmarks.streamlit_client import Run, Session

PAUSE_S = 2.0
# a click that takes longer counts as an error
PATIENCE_S = 60.0
WORKER_EVENTS = 150
# of the lists that were shown, this many are compared with the model's answers
CHECKED_LISTS = 300
EMPTY_APP = 'import streamlit as st\n\nst.button("Click", key="click")\n'
# of the time, for what changes meanwhile
PARTS = 10
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass
class Crowd:
    """What happened: clicks of people, long work beside them, and megabytes of the server's memory by second."""

    clicks: list[Click] = field(default_factory=list)
    work: list[Click] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)


async def click(person: Person, kind: str, action: Any) -> Click:
    """Make a click, and check what the page shows after it."""
    made = Click(kind, time.perf_counter(), Run())
    try:
        made.run = await asyncio.wait_for(action(), PATIENCE_S)
        made.wrong = person.check()
    except Exception as error:  # a page without what the click needs: counted, not fatal
        made.run.errors.append(f"{type(error).__name__}: {error}")
        made.run.seconds = time.perf_counter() - made.start
    return made


async def live(person: Clicker | Worker, done: list[Click], first: float, until: float, pause: float) -> None:
    """Click at a steady pace, from a moment to another; one who waits longer than a pause clicks again at once."""
    due = first
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        done.append(await click(person, *person.next()))
        due = max(due + pause, time.perf_counter())


async def watch(server: Server, crowd: Crowd, until: float) -> None:
    """Note the server's memory each second."""
    while time.perf_counter() < until:
        crowd.memory.append((time.perf_counter(), server.resident_mb))
        await asyncio.sleep(1)


async def measure_alone(person: Clicker, server: Server, rounds: int) -> dict[str, dict[str, float]]:
    """Return what each kind of click costs one person alone, in milliseconds: on the clock, and of the processor."""
    costs: dict[str, dict[str, float]] = {}
    if not rounds:
        return costs
    actions = (
        ("star on recommend", RECOMMEND, person.rate),
        ("demographic on recommend", RECOMMEND, person.change_demographic),
        ("star on what_if", WHAT_IF, person.rate),
        ("demographic on what_if", WHAT_IF, person.change_demographic),
    )
    for kind, page, action in actions:
        await person.go(page)
        await click(person, kind, action)  # imports what it needs
        costs[kind] = await _cost(person, server, kind, [action] * rounds)
    for page in (RECOMMEND, WHAT_IF, WHY, "data", "evaluation"):
        await person.go(page)
        actions_of_page = [lambda page=page: person.go(page)] * rounds
        costs[f"open {page or 'recommend'}"] = await _cost(person, server, page, actions_of_page)
    return costs


async def _cost(person: Clicker, server: Server, kind: str, actions: Sequence[Any]) -> dict[str, float]:
    before = server.processor_s
    clicks = [await click(person, kind, action) for action in actions]
    if errors := [error for made in clicks for error in made.run.errors]:
        sys.exit(f"error: {kind or 'recommend'}: {errors[0]}")
    return {
        "ms": 1000 * statistics.median(made.run.seconds for made in clicks),
        "processor_ms": 1000 * (server.processor_s - before) / len(clicks),
        "messages": statistics.fmean(made.run.messages for made in clicks),
        "kb": statistics.fmean(made.run.received_bytes for made in clicks) / 1024,
    }


async def measure(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Open the sessions, let them click, and return all figures."""
    from bst.bundles.bundle import open_bundle
    from bst.datasets import load_movies
    from bst.datasets.catalogue import Catalogue

    address = server.address.removeprefix("http://")
    catalogue = Catalogue(load_movies(open_bundle(options.bundle).dataset))
    own = visitors(catalogue, options.sessions + 1, options.seed)
    people = [Clicker(f"person {i}", visitor, i) for i, visitor in enumerate(own)]
    first = people.pop()
    await first.arrive(address, options.bundle)
    alone = await measure_alone(first, server, options.rounds)
    workers = [
        Worker(f"worker {i}", visitor, i, Worker.KINDS[i % len(Worker.KINDS)], list(catalogue.titles.values()))
        for i, visitor in enumerate(visitors(catalogue, options.heavy, options.seed + 1, WORKER_EVENTS))
    ]
    for person in (*people, *workers):
        await person.arrive(address, options.bundle)
    crowd, start, before = Crowd(), time.perf_counter(), server.processor_s
    until = start + 60 * options.minutes
    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(live(person, crowd.clicks, start + person.chance.uniform(0, PAUSE_S), until, PAUSE_S))
        for worker in workers:
            group.create_task(live(worker, crowd.work, start, until, PAUSE_S))
        group.create_task(watch(server, crowd, until))
    seconds, processor_s = time.perf_counter() - start, server.processor_s - before
    for person in (first, *people, *workers):
        await person.session.close()
    wrong_lists = compare_lists(people, options)
    return {
        "bundle": options.bundle,
        "sessions": options.sessions,
        "minutes": options.minutes,
        "heavy": options.heavy,
        "pause_s": PAUSE_S,
        "rounds": options.rounds,
        "alone": alone,
        **figures(crowd, seconds, processor_s),
        "isolation": isolation(crowd, people, wrong_lists),
        "load_of_machine": load_of_machine(),
    }


def compare_lists(people: Sequence[Person], options: argparse.Namespace) -> list[str]:
    """Return the lists that are not the model's answer to that person's visitor, of those shown last."""
    from bst.inference.recommender import RankOptions, Recommender

    recommender = Recommender.load(options.bundle)
    each = max(1, CHECKED_LISTS // max(1, len(people)))
    rank = RankOptions(order=recommender.orders[0])
    wrong = []
    for person in people:
        for visitor, shown in person.lists[-each:]:
            right = [row.movie_id for row in recommender.rank(visitor, len(shown), rank)]
            if shown != right:
                wrong.append(f"{person.name}: the list {shown}, not {right}")
    return wrong


def isolation(crowd: Crowd, people: Sequence[Person], wrong_lists: list[str]) -> dict[str, Any]:
    """Return how often someone saw what is not theirs, with the first examples."""
    wrong = [text for made in (*crowd.clicks, *crowd.work) for text in made.wrong]
    each = max(1, CHECKED_LISTS // max(1, len(people)))
    return {
        "checked_clicks": len(crowd.clicks) + len(crowd.work),
        "wrong_histories": len(wrong),
        "checked_lists": sum(min(each, len(person.lists)) for person in people),
        "wrong_lists": len(wrong_lists),
        "examples": (wrong + wrong_lists)[:3],
    }


def figures(crowd: Crowd, seconds: float, processor_s: float) -> dict[str, Any]:
    """Return latencies by kind, errors and memory."""
    by_kind: dict[str, list[Click]] = defaultdict(list)
    for made in crowd.clicks:
        by_kind[made.kind].append(made)
    work: dict[str, list[Click]] = defaultdict(list)
    for made in crowd.work:
        work[made.kind].append(made)
    errors = [error for made in (*crowd.clicks, *crowd.work) for error in made.run.errors]
    result = {
        "clicks": len(crowd.clicks),
        "clicks_per_s": len(crowd.clicks) / seconds,
        "latency_s": latencies(crowd.clicks),
        "by_kind": {kind: {"clicks": len(made)} | latencies(made) for kind, made in sorted(by_kind.items())},
        "work": {kind: {"times": len(made)} | latencies(made) for kind, made in sorted(work.items())},
        "processor_ms_per_click": 1000 * processor_s / max(1, len(crowd.clicks) + len(crowd.work)),
        "processor_share": processor_s / seconds,
        "errors": len(errors),
        "error_examples": sorted(set(errors))[:5],
    }
    # of each tenth of the time, by when the click was made: a line that formed once may take long to end
    order = sorted(crowd.clicks, key=lambda made: made.start)
    parts = [order[len(order) * i // PARTS : len(order) * (i + 1) // PARTS] for i in range(PARTS)]
    result["p95_s_by_part"] = [round(latencies(part).get("p95", 0.0), 3) for part in parts]
    if crowd.memory:
        # medians of ten parts of the time: one second may have a peak
        result["memory_mb"] = [
            round(float(np.median(part))) for part in np.array_split([mb for _, mb in crowd.memory], PARTS) if len(part)
        ]
    return result


def latencies(clicks: Iterable[Click]) -> dict[str, float]:
    """Return percentiles of seconds, by nearest rank."""
    seconds = sorted(made.run.seconds for made in clicks)
    if not seconds:
        return {}
    return {name: seconds[min(len(seconds) - 1, int(share * len(seconds)))] for name, share in PERCENTILES.items()} | {
        "most": seconds[-1]
    }


async def measure_empty(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Return what a click costs where the script has one button: Streamlit's own share."""
    address = server.address.removeprefix("http://")
    sessions = [await Session.open(address) for _ in range(options.sessions)]
    for session in sessions:
        await session.go()
    crowd, start, before = Crowd(), time.perf_counter(), server.processor_s
    until = start + 60 * options.minutes

    async def press(session: Session, due: float) -> None:
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            crowd.clicks.append(Click("button", time.perf_counter(), await session.press("click")))
            due = max(due + PAUSE_S, time.perf_counter())

    async with asyncio.TaskGroup() as group:
        for number, session in enumerate(sessions):
            group.create_task(press(session, start + PAUSE_S * number / len(sessions)))
        group.create_task(watch(server, crowd, until))
    result = figures(crowd, time.perf_counter() - start, server.processor_s - before)
    for session in sessions:
        await session.close()
    return {"sessions": options.sessions, "minutes": options.minutes, "heavy": 0, **result}


def report(result: dict[str, Any]) -> None:
    """Print the figures as short tables."""
    if result.get("alone"):
        print(f"One session alone, {result['rounds']} clicks of each kind:")
        print(f"{'click':28}{'ms':>8}{'processor ms':>14}{'messages':>10}{'KB':>7}")
        for kind, cost in result["alone"].items():
            print(f"{kind:28}{cost['ms']:8.0f}{cost['processor_ms']:14.1f}{cost['messages']:10.0f}{cost['kb']:7.0f}")
    print(f"\n{result['sessions']} sessions for {result['minutes']:g} min: {result['clicks']} clicks", end=", ")
    print(f"{result['clicks_per_s']:.1f}/s, {result['processor_ms_per_click']:.1f} ms of the processor each", end=" ")
    print(f"({result['processor_share']:.2f} processors busy)")
    print(f"{'seconds':28}{'number':>8}" + "".join(f"{name:>8}" for name in (*PERCENTILES, "most")))
    _row("all clicks", result["clicks"], result["latency_s"])
    for kind, row in result["by_kind"].items():
        _row(f"  {kind}", row["clicks"], row)
    for kind, row in result["work"].items():
        _row(f"long work: {kind}", row["times"], row)
    print(f"errors: {result['errors']}", *result["error_examples"], sep="\n  ")
    if parts := result.get("p95_s_by_part"):
        print(f"p95 in ten parts of the time: {', '.join(map(str, parts))} s")
    if memory := result.get("memory_mb"):
        growth = memory[-1] / memory[len(memory) > 1] - 1  # in the first part, caches are filled
        print(f"memory in ten parts of the time: {', '.join(map(str, memory))} MB; {growth:+.1%} since the second")
    if seen := result.get("isolation"):
        print(
            f"isolation: {seen['wrong_histories']} wrong in {seen['checked_clicks']} clicks, {seen['wrong_lists']} in "
            f"{seen['checked_lists']} lists",
            *seen["examples"],
            sep="\n  ",
        )


def _row(name: str, number: int, seconds: dict[str, float]) -> None:
    print(f"{name:28}{number:8}" + "".join(f"{seconds[key]:8.3f}" for key in (*PERCENTILES, "most") if key in seconds))


def keep(result: dict[str, Any]) -> Path:
    """Write the figures to ``benchmarks/results/load.json``, beside those of other settings."""
    from benchmarks.results import FOLDER

    path = FOLDER / "load.json"
    runs = json.loads(path.read_text()) if path.is_file() else {}
    runs[f"{result['sessions']} sessions, {result['heavy']} with long work"] = result | {
        "command": "python " + " ".join(sys.argv),
        "made": time.strftime("%Y-%m-%d"),
    }
    path.write_text(json.dumps(runs, indent=2) + "\n")
    return path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name (default: %(default)s)")
    parser.add_argument("--sessions", type=int, default=50, help="people who click (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=10, help="for how long (default: %(default)s)")
    parser.add_argument("--heavy", type=int, default=0, metavar="K", help="sessions beside them that do long work")
    parser.add_argument("--rounds", type=int, default=15, help="clicks of each kind alone (default: %(default)s)")
    parser.add_argument("--empty", action="store_true", help="measure a script of one button instead of the app")
    parser.add_argument("--seed", type=int, default=0, help="of visitors and clicks (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/load.json")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        script = "app.py"
        if options.empty:
            path = Path(folder) / "empty.py"
            path.write_text(EMPTY_APP)
            script = str(path)
        with served(script) as server:
            server.wait()
            result = asyncio.run((measure_empty if options.empty else measure)(server, options))
    if options.json:
        print(json.dumps(result))
    else:
        report(result)
    if options.keep:
        print(f"kept in {keep(result)}", file=sys.stderr)
    if result["errors"] or ((seen := result.get("isolation")) and (seen["wrong_histories"] or seen["wrong_lists"])):
        sys.exit(1)


if __name__ == "__main__":
    main()
