"""Replicas under Ray Serve: one that is killed costs no request, and is replaced."""

import json
import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
pytest.importorskip("fastapi", reason="needs requirements-scale.txt")
pytest.importorskip("ray.serve", reason="needs requirements-scale.txt")
BODY = {"bundle": "demo", "visitor": {"history": [{"title": "Alien (1979)", "rating": 5}]}, "k": 3}


def replica_processes() -> set[int]:
    """The processes of all replicas that this process has started."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "ServeReplica:bst:bst" in " ".join(process.cmdline()):
                found.add(process.pid)
    return found


def ask(url: str) -> dict:
    request = urllib.request.Request(f"{url}/v1/recommend", json.dumps(BODY).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wait_for(found: Callable[[], object], what: str) -> None:
    until = time.monotonic() + 240
    while not found():
        assert time.monotonic() < until, f"no {what}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def url(ray_cluster):
    from bst.serving import models, replicas
    from bst.serving.limits import Limits

    with replicas.running(models.check(["demo"]), "127.0.0.1", 0, 2, Limits(), log_requests=False) as url:
        yield url


@pytest.fixture
def small_answer(capsys) -> dict:
    """What the command line answers."""
    from bst.cli import main

    assert main(["recommend", "--bundle", "demo", "--watched", "Alien (1979)=5", "-k", "3", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.fault("kill -9 of one of two replicas of a model server", "no request fails, and it is replaced")
def test_a_killed_replica_costs_no_request(url, small_answer):
    assert ask(url) == small_answer
    before = replica_processes()
    assert len(before) == 2
    answers, problems, end = [], [], threading.Event()

    def client() -> None:
        while not end.is_set():
            try:
                answers.append(ask(url))
            except Exception as error:  # any is a failed request
                problems.append(error)

    clients = [threading.Thread(target=client) for _ in range(4)]
    for one in clients:
        one.start()
    try:
        wait_for(lambda: len(answers) >= 40 or problems, "answers")
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        asked = len(answers)
        wait_for(lambda: len(answers) >= asked + 100 or problems, "answers of the other replica")
        wait_for(lambda: len(replica_processes() - {victim}) == 2 or problems, "another replica")
    finally:
        end.set()
        for one in clients:
            one.join()
    assert not problems
    assert all(answer == small_answer for answer in answers)


def test_a_port_that_is_taken_is_said_at_once(ray_cluster):
    from bst.errors import ConfigError
    from bst.serving import models, replicas
    from bst.serving.limits import Limits

    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = replicas.running(models.check(["demo"]), "127.0.0.1", taken.getsockname()[1], 1, Limits())
        with pytest.raises(ConfigError, match="cannot listen"), running:
            pass
