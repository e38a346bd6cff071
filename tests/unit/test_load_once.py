"""The cache of what all sessions share."""

import gc
import threading
import weakref

import pytest

from pages.shared.load_once import LoadOnce


def test_a_value_is_loaded_once_and_got_from_then_on():
    cache, loads = LoadOnce(), []
    assert cache.get("a") is None
    for _ in range(2):
        assert cache.load("a", lambda: loads.append("a") or "value of a") == "value of a"
    assert loads == ["a"]
    assert cache.get("a") == "value of a"


def test_the_least_recently_used_value_is_dropped():
    cache = LoadOnce(max_entries=2)
    cache.load("a", lambda: 1)
    cache.load("b", lambda: 2)
    assert cache.get("a") == 1
    cache.load("c", lambda: 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_a_dropped_value_is_freed():
    class Model:
        pass

    cache = LoadOnce(max_entries=1)
    dropped = weakref.ref(cache.load("a", Model))
    cache.load("b", Model)
    gc.collect()
    assert dropped() is None


def test_an_error_is_raised_and_not_cached():
    def fail():
        raise OSError("no such file")

    cache = LoadOnce()
    with pytest.raises(OSError, match="no such file"):
        cache.load("a", fail)
    assert cache.load("a", lambda: 1) == 1


def test_two_sessions_that_ask_at_once_wait_for_one_load():
    cache, loads, started, go_on = LoadOnce(), [], threading.Event(), threading.Event()

    def load():
        loads.append(1)
        started.set()
        go_on.wait(10)
        return "value"

    results = []
    sessions = [threading.Thread(target=lambda: results.append(cache.load("a", load))) for _ in range(2)]
    for session in sessions:
        session.start()
    assert started.wait(10)
    go_on.set()
    for session in sessions:
        session.join(10)
    assert (results, loads) == (["value", "value"], [1])
