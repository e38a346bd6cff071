"""Many people on two replicas of the app behind nginx and HAProxy, one of which is killed in the middle.

    python benchmarks/replicas.py --sessions 50 --minutes 3
    python benchmarks/replicas.py --sessions 8 --minutes 0.5        a quick look

Starts two servers in public mode and both proxies with the files of ``deploy/``. The people are those of ``load.py``:
each has a visitor of their own, keeps cookies as a browser does, comes from an address of this computer of their own
(Linux only), and changes something every two seconds. Half way one replica is killed by SIGKILL, later it is started
again. Told are latency, errors and people by replica, whether anybody saw another's data, who had to connect anew,
whether each came back with what their address held, and after how long; then where ten newcomers are sent.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests
from websockets.exceptions import ConnectionClosed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.live_app import Server, free_port, load_of_machine
from benchmarks.load import PATIENCE_S, PAUSE_S, Crowd, click, compare_lists, isolation, latencies
from benchmarks.load_people import Click, Clicker, visitors
from benchmarks.streamlit_client import Run, Session
from pages.shared.state.link import State, decode, encode
from tests import proxies

COOKIE = "bst_replica"
PUBLIC = {"BST_PUBLIC": "1"}
# of the time, after which the replica is killed and started again
KILLED, STARTED = 0.5, 0.7
NEWCOMERS = 10
# a little more than the interval in ``deploy/haproxy.cfg``
CHECKED_EVERY_S = 2.5


@dataclass
class Return:
    """A connection that was lost: who, from which replica to which, after how many seconds the page was whole again.

    ``undone``: the click under way had not reached the address. ``wrong``: what is not as the address says.
    """

    name: str
    before: str
    after: str
    seconds: float
    undone: bool
    wrong: list[str] = field(default_factory=list)


class Browser(Clicker):
    """A clicker with cookies, whose page connects again by itself when the connection is lost."""

    def __init__(self, name: str, visitor: Any, seed: int):
        super().__init__(name, visitor, seed)
        self.clicks: list[Click] = []
        self.replicas: list[str] = []  # of each click
        self.returns: list[Return] = []

    async def arrive(self, address: str, bundle: str, number: int = 0) -> Run:
        """Open the app by a link to the visitor."""
        query = f"s={encode(State(bundle, self.visitor))}"
        self.session = await Session.visit(address, query, f"127.0.1.{number + 1}")
        return await self.session.go()

    @property
    def replica(self) -> str:
        """The replica that the cookie names."""
        return self.session.cookies.get(COOKIE, "none")

    async def live(self, first: float, until: float, pause: float) -> None:
        """Click at a steady pace, as ``load.live``; come back when the connection is lost, even between two clicks."""
        due = first
        while due < until:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.session.lost(), max(0.0, due - time.perf_counter()))
                await self.come_back()
                continue
            replica = self.replica
            made = await click(self, *self.next())
            if any(ConnectionClosed.__name__ in error for error in made.run.errors):
                await self.come_back()
            else:
                self.clicks.append(made)
                self.replicas.append(replica)
            due = max(due + pause, time.perf_counter())

    async def come_back(self) -> None:
        """Connect again, take the state of the address for what must be shown, and note what came of it."""
        lost, before, expected = time.perf_counter(), self.replica, self.visitor
        address = decode(self.session.query.partition("s=")[2])
        self.visitor, self.copy = address.visitor, address.copy
        try:
            run = await self.session.come_back(self.page, PATIENCE_S)
            wrong = self.check() + run.errors
        except (TimeoutError, ConnectionClosed) as error:
            wrong = [f"{self.name} did not come back: {error}"]
        undone = self.visitor != expected
        self.returns.append(Return(self.name, before, self.replica, time.perf_counter() - lost, undone, wrong))


@contextmanager
def replicated() -> Iterator[tuple[list[Server], str, dict[str, psutil.Process]]]:
    """Start two ready servers and the proxies; yields the servers, the address, and the proxies' processes by name."""
    for name in proxies.PACKAGES:
        if proxies.found(name) is None:
            sys.exit(f"error: no {name}: install it (apt-get install {proxies.PACKAGES[name]})")
    servers = [Server(free_port(), environment=PUBLIC) for _ in range(2)]
    try:
        for server in servers:
            server.wait()
        places = [server.address.removeprefix("http://") for server in servers]
        with ExitStack() as stack:
            address = stack.enter_context(proxies.nginx(stack.enter_context(proxies.haproxy(places))))
            processes = {name: _child(name) for name in proxies.PACKAGES}
            wait_until_ready(servers)
            yield servers, address, processes
    finally:
        for server in servers:
            server.process.kill()
            server.process.wait(20)


def _child(name: str) -> psutil.Process:
    return next(child for child in psutil.Process().children() if child.name() == name)


def wait_until_ready(servers: Sequence[Server], patience_s: float = 120) -> None:
    """Return when all have loaded their model and HAProxy has had the time to see it. Raises ``TimeoutError``."""
    until = time.perf_counter() + patience_s
    while not all(is_ready(server.address) for server in servers):
        if time.perf_counter() > until:
            raise TimeoutError("a replica is not ready")
        time.sleep(0.2)
    time.sleep(CHECKED_EVERY_S)


def is_ready(address: str) -> bool:
    """Whether a server says that visitors may be sent to it."""
    with suppress(OSError):
        return requests.get(f"{address}/ready", timeout=5).status_code == requests.codes.ok
    return False


def processor_s(process: psutil.Process) -> float:
    """Return the processor time of a process and its children."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in family)


@dataclass
class Kill:
    """When (``time.perf_counter``) the first replica was killed, started again, and ready for visitors again."""

    killed: float = 0.0
    started: float = 0.0
    ready: float = 0.0


async def kill_and_start(servers: list[Server], kill: Kill, start: float, seconds: float) -> None:
    """Kill the first replica in the middle of the time; start it again where it was, some time later."""
    await asyncio.sleep(start + KILLED * seconds - time.perf_counter())
    port = int(servers[0].address.rpartition(":")[2])
    kill.killed = time.perf_counter()
    servers[0].process.kill()
    servers[0].process.wait(20)
    await asyncio.sleep(start + STARTED * seconds - time.perf_counter())
    servers[0] = Server(port, environment=PUBLIC)
    kill.started = time.perf_counter()
    await asyncio.to_thread(wait_until_ready, servers[:1])
    kill.ready = time.perf_counter()


async def measure(
    servers: list[Server], address: str, processes: dict[str, psutil.Process], options: argparse.Namespace
) -> dict[str, Any]:
    """Let the people click, kill a replica meanwhile, and return all figures."""
    from bst.bundles.bundle import open_bundle
    from bst.datasets import load_movies
    from bst.datasets.catalogue import Catalogue

    where = address.removeprefix("http://")
    own = visitors(
        Catalogue(load_movies(open_bundle(options.bundle).dataset)), options.sessions + NEWCOMERS, options.seed
    )
    people = [Browser(f"person {i}", visitor, i) for i, visitor in enumerate(own)]
    people, newcomers = people[: options.sessions], people[options.sessions :]
    for number, person in enumerate(people):
        await person.arrive(where, options.bundle, number)
    arrived = Counter(person.replica for person in people)
    costs = {name: processor_s(process) for name, process in processes.items()}
    second = servers[1].processor_s
    kill, crowd, start, seconds = Kill(), Crowd(), time.perf_counter(), 60 * options.minutes
    async with asyncio.TaskGroup() as group:
        for person in people:
            first = start + person.chance.uniform(0, PAUSE_S)
            group.create_task(person.live(first, start + seconds, PAUSE_S))
        group.create_task(kill_and_start(servers, kill, start, seconds))
    spent = {name: processor_s(process) - costs[name] for name, process in processes.items()}
    spent["replica 2"] = servers[1].processor_s - second
    ended = Counter(person.replica for person in people)
    for number, person in enumerate(newcomers):
        await person.arrive(where, options.bundle, options.sessions + number)
    sent = Counter(person.replica for person in newcomers)
    for person in (*people, *newcomers):
        await person.session.close()
    crowd.clicks = [made for person in people for made in person.clicks]
    return {
        "bundle": options.bundle,
        "sessions": options.sessions,
        "minutes": options.minutes,
        "pause_s": PAUSE_S,
        "load_of_machine": load_of_machine(),
        "clicks": len(crowd.clicks),
        "clicks_per_s": len(crowd.clicks) / seconds,
        "errors": sum(len(made.run.errors) for made in crowd.clicks),
        "error_examples": sorted({error for made in crowd.clicks for error in made.run.errors})[:5],
        "latency_s": by_time(people, kill),
        "people_by_replica": {"at first": dict(arrived), "at the end": dict(ended), "newcomers": dict(sent)},
        "returns": returns(people, kill),
        "processor_s": {name: round(value, 1) for name, value in spent.items()},
        "isolation": isolation(crowd, people, compare_lists(people, options)),
    }


def by_time(people: Sequence[Browser], kill: Kill) -> dict[str, Any]:
    """Return latencies and numbers of clicks by replica, before the kill, with one replica, and with both again."""
    parts: dict[str, list[tuple[Click, str]]] = {"two replicas": [], "one left": [], "two again": []}
    for person in people:
        for made, replica in zip(person.clicks, person.replicas, strict=True):
            name = (
                "two replicas" if made.start < kill.killed else "one left" if made.start < kill.ready else "two again"
            )
            parts[name].append((made, replica))
    return {
        name: {"clicks": dict(Counter(replica for _, replica in clicks))} | latencies(made for made, _ in clicks)
        for name, clicks in parts.items()
    }


def returns(people: Sequence[Browser], kill: Kill) -> dict[str, Any]:
    """Return who had to connect anew, and what came of it."""
    made = [each for person in people for each in person.returns]
    seconds = sorted(each.seconds for each in made)
    return {
        "people": len({each.name for each in made}),
        "times": len(made),
        "from_and_to": dict(Counter(f"{each.before} to {each.after}" for each in made)),
        "as_the_address_says": sum(not each.wrong for each in made),
        "examples": [text for each in made for text in each.wrong][:3],
        "clicks_lost": sum(each.undone for each in made),
        "seconds": {"median": seconds[len(seconds) // 2], "most": seconds[-1]} if seconds else {},
        "replica_ready_again_after_s": kill.ready - kill.started,
    }


def report(result: dict[str, Any]) -> None:
    """Print the figures."""
    print(f"{result['sessions']} people, {result['minutes']:g} min: {result['clicks']} clicks", end=", ")
    print(f"{result['clicks_per_s']:.1f}/s; errors: {result['errors']}", *result["error_examples"], sep="\n  ")
    for name, row in result["latency_s"].items():
        times = ", ".join(f"{key} {row[key]:.2f} s" for key in ("p50", "p95", "most") if key in row)
        print(f"{name:14} clicks by replica {row['clicks']}; {times}")
    for name, replicas in result["people_by_replica"].items():
        print(f"people {name}: {replicas}")
    back = result["returns"]
    print(f"connected anew: {back['people']} people, {back['from_and_to']}; as their address says:", end=" ")
    print(f"{back['as_the_address_says']} of {back['times']}; clicks lost: {back['clicks_lost']}; {back['seconds']}")
    print(*back["examples"], sep="\n  ", end="")
    print(f"processor, seconds: {result['processor_s']}")
    seen = result["isolation"]
    print(f"isolation: {seen['wrong_histories']} wrong in {seen['checked_clicks']} clicks,", end=" ")
    print(f"{seen['wrong_lists']} in {seen['checked_lists']} lists", *seen["examples"], sep="\n  ")


def main() -> None:
    """Measure and print; exit code 1 if there was an error, or anything wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name (default: %(default)s)")
    parser.add_argument("--sessions", type=int, default=50, help="people who click (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=3, help="for how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the visitors (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/replicas.json")
    options = parser.parse_args()
    os.environ |= PUBLIC
    with replicated() as (servers, address, processes):
        result = asyncio.run(measure(servers, address, processes, options))
    report(result)
    if options.keep:
        from benchmarks.results import FOLDER

        about = {"command": "python " + " ".join(sys.argv), "made": time.strftime("%Y-%m-%d")}
        (FOLDER / "replicas.json").write_text(json.dumps(result | about, indent=2) + "\n")
    seen, back = result["isolation"], result["returns"]
    if (
        result["errors"]
        or seen["wrong_histories"]
        or seen["wrong_lists"]
        or back["as_the_address_says"] < back["times"]
    ):
        sys.exit(1)


if __name__ == "__main__":
    main()
