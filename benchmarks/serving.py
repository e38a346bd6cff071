"""The model server under load: latency, requests a second, processor time a request, and a replica that is killed.

    python benchmarks/serving.py --bundle ml-1m                # one client, several clients, uvicorn with two processes
    python benchmarks/serving.py --bundle ml-1m --ray          # and Ray Serve with two replicas, one killed three times

Histories have 50 events, drawn at random; each request is another visitor. Clients are processes of their own, so that
they take nothing from the server but its machine's processors. Processor time is that of the server's process tree
between the first and the last request, so it says what a request costs on a machine that does nothing else.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import urllib3

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import results
from bst.bundles.bundle import open_bundle
from bst.datasets import load_movies

EVENTS, WARM_UP = 50, 20
KILLED_AFTER_S = 1.0
# seconds: until a replica must have been replaced; for how long a new one computes little once it has started
REPLACED_S, SETTLED_S = 180.0, 4.0


def questions(bundle: str, count: int, seed: int, order: str | None) -> list[bytes]:
    """Bodies of requests for lists, each of another visitor."""
    opened = open_bundle(bundle)
    movies, rng = load_movies(opened.dataset)["movie_id"].to_numpy(), np.random.default_rng(seed)
    bodies = []
    for _ in range(count):
        rated = zip(rng.choice(movies, EVENTS, False).tolist(), rng.choice(opened.levels, EVENTS).tolist(), strict=True)
        visitor = {"history": [{"item_id": movie, "rating": rating} for movie, rating in rated]}
        bodies.append(json.dumps({"bundle": opened.name, "visitor": visitor, "order": order, "k": 10}).encode())
    return bodies


def client(url: str, bodies: list[bytes], start: Any, answers: Any) -> None:
    """Ask one question after the other; report when each was answered, how long it took and how it ended."""
    pool = urllib3.PoolManager(retries=False, headers={"Content-Type": "application/json"})
    for body in bodies[:1]:
        pool.request("POST", f"{url}/v1/recommend", body=body)
    start.wait()
    found = []
    for body in bodies:
        before = time.perf_counter()
        try:
            status: int | str = pool.request("POST", f"{url}/v1/recommend", body=body, timeout=30).status
        except urllib3.exceptions.HTTPError as error:
            status = type(error).__name__
        found.append((time.time(), (time.perf_counter() - before) * 1000, status))
    answers.put(found)


def tree_seconds(process: psutil.Process) -> float:
    """Processor seconds of a process and all that it started, those that have ended included."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def tree_mb(process: psutil.Process) -> float:
    """Memory of a process tree, what is shared counted once."""
    parts = [process, *process.children(recursive=True)]
    return sum(one.memory_full_info().pss for one in parts if one.is_running()) / 1e6


def load(
    process: psutil.Process,
    url: str,
    bundle: str,
    clients: int,
    count: int,
    order: str | None,
    meanwhile: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Let several clients ask at once. ``meanwhile`` is called when they have begun."""
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(clients + 1), context.Queue()
    bodies = [questions(bundle, count // clients, seed, order) for seed in range(clients)]
    people = [context.Process(target=client, args=(url, bodies[i], start, answers)) for i in range(clients)]
    for one in people:
        one.start()
    before_waiting = os.getloadavg()[0]
    start.wait()
    before, began = tree_seconds(process), time.time()
    meanwhile()
    found = [answer for _ in people for answer in answers.get()]
    seconds = max(end for end, _, _ in found) - began
    processor = tree_seconds(process) - before
    for one in people:
        one.join()
    took = np.array([ms for _, ms, _ in found])
    return {
        "clients": clients,
        "order": order or "default",
        "requests": len(found),
        "failed": sum(status != 200 for _, _, status in found),
        "p50_ms": round(float(np.percentile(took, 50)), 1),
        "p95_ms": round(float(np.percentile(took, 95)), 1),
        "max_ms": round(float(took.max()), 1),
        "requests_per_s": round(len(found) / seconds, 1),
        "processor_ms_per_request": round(processor / len(found) * 1000, 1),
        "load_average": [round(before_waiting, 1), round(os.getloadavg()[0], 1)],
    }


class Server:
    """``python -m bst serve`` with options."""

    def __init__(self, *options: str):
        command = [sys.executable, "-m", "bst", "serve", "--port", "0", "--no-request-log", *options]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
        assert self._process.stderr
        lines = []
        while not (found := re.search(r"http://[\d.]+:\d+", "".join(lines))):
            line = self._process.stderr.readline()
            assert line, "".join(lines)
            lines.append(line)
        self.url, self.tree = found[0], psutil.Process(self._process.pid)
        while not self._ready():
            assert self._process.poll() is None, self._process.stderr.read()
            time.sleep(0.2)

    def _ready(self) -> bool:
        try:
            return urllib3.request("GET", f"{self.url}/v2/health/ready", retries=False, timeout=2).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGTERM)
        _, self.log = self._process.communicate(timeout=60)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the local server."""
    bundle, found = arguments.bundle, []
    server = Server("--bundle", bundle, "--workers", str(arguments.workers))
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        load(server.tree, server.url, bundle, 2, WARM_UP, None)
        megabytes = tree_mb(server.tree)
        for clients in (1, *arguments.clients):
            for order in (None, "rating"):
                found.append(load(server.tree, server.url, bundle, clients, arguments.requests, order))
                print(found[-1], file=sys.stderr, flush=True)
    return {
        "bundle": bundle,
        "events": EVENTS,
        "workers": arguments.workers,
        "memory_mb": round(megabytes),
        "runs": found,
    }


def measure_replicas(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure Ray Serve with two replicas, of which one is killed while four clients ask; as often as is asked for."""
    bundle, killed = arguments.bundle, []
    server = Server("--bundle", bundle, "--engine", "ray", "--replicas", "2")
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        load(server.tree, server.url, bundle, 2, WARM_UP, None)
        megabytes = tree_mb(server.tree)
        before = load(server.tree, server.url, bundle, 4, arguments.requests, None)
        print(before, file=sys.stderr, flush=True)
        for _ in range(arguments.kills):
            victim = replicas(server.tree)[0]

            def kill(victim: psutil.Process = victim) -> None:
                time.sleep(KILLED_AFTER_S)
                victim.kill()

            found = load(server.tree, server.url, bundle, 4, arguments.requests, None, kill)
            del found["processor_ms_per_request"]  # what the victim has used is no longer known
            killed.append(found)
            print(killed[-1], file=sys.stderr, flush=True)
            wait_for_replicas(server.tree)
    asked_again = server.log.count("another one is asked")
    return {"memory_mb": round(megabytes), "before": before, "one_killed": killed, "asked_again": asked_again}


def wait_for_replicas(process: psutil.Process) -> None:
    """Wait until there are two replicas, and the younger has loaded its models, after which it computes little."""
    end = time.time() + REPLACED_S
    while time.time() < end:
        found = replicas(process)
        used = sum(found[-1].cpu_times()[:2]) if len(found) == 2 else 0.0
        time.sleep(SETTLED_S)
        with contextlib.suppress(psutil.NoSuchProcess):
            if len(found) == 2 and sum(found[-1].cpu_times()[:2]) - used < SETTLED_S / 10:
                return
    raise SystemExit("the replica was not replaced")


def replicas(process: psutil.Process) -> list[psutil.Process]:
    """The processes of replicas, the oldest first."""
    found = []
    for one in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "ServeReplica:bst:bst" in " ".join(one.cmdline()):
                found.append(one)
    return sorted(found, key=lambda one: one.create_time())


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", default="ml-1m")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--clients", type=int, nargs="*", default=[4, 16])
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/serving.json")
    parser.add_argument("--ray", action="store_true", help="Ray Serve, too: one of two replicas is killed under load")
    parser.add_argument("--kills", type=int, default=3, help="with --ray: how often; each time under --requests more")
    arguments = parser.parse_args()
    answer: dict[str, Any] = {"local": measure(arguments)}
    if arguments.ray:
        answer["ray"] = measure_replicas(arguments)
    answer |= {"command": " ".join(["python", "benchmarks/serving.py", *sys.argv[1:]]), "cores": os.cpu_count()}
    text = json.dumps(answer, indent=2)
    print(text)
    if arguments.keep:
        (results.FOLDER / "serving.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
