"""Long work in turn: everybody comes up, one at a time, and nobody who leaves holds up the others."""

import threading
import time

import pytest

from bst import parallel
from pages.shared import turns
from pages.shared.turns import BusyError, Line

SOON = 30  # seconds within which a thread must have come to its end, however busy the machine


@pytest.fixture(autouse=True)
def short_slices(monkeypatch):
    """Every pause passes the turn on, and who waits looks often."""
    monkeypatch.setattr(turns, "SLICE_S", 0.0)
    monkeypatch.setattr(turns, "POLL_S", 0.005)


def run_side_by_side(*works):
    """Run functions in threads of their own to their ends."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert not any(thread.is_alive() for thread in threads)


def wait_until(condition):
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_one_computes_at_a_time_and_all_get_the_same():
    """At the moment when the first is done, nobody is far behind."""
    line, parts, inside, together = Line(), [], threading.Lock(), threading.Barrier(3)

    def work(name):
        together.wait(SOON)
        with line.take() as turn:
            wait_until(lambda: len(line._turns) == 3 or parts)  # all have come
            for _ in range(20):
                assert inside.acquire(blocking=False), "two compute at once"
                time.sleep(0.002)
                parts.append(name)
                inside.release()
                turn.pause()

    run_side_by_side(*(lambda name=name: work(name) for name in "abc"))
    first_done = min(len(parts) - parts[::-1].index(name) for name in "abc")
    assert all(parts[:first_done].count(name) >= 10 for name in "abc")
    assert len(parts) == 60


def test_who_has_waited_long_comes_before_who_has_computed_less(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(turns.time, "monotonic", lambda: now[0])
    line = Line()
    long, short = (turns.Turn(line, lambda: None) for _ in "ab")
    long._seconds, long._since = 2.0, 0.0
    now[0] = 9.0
    short._since = 9.0
    assert min((long, short), key=turns.Turn.precedence) is short
    now[0] = 11.0
    short._since = 11.0
    assert min((long, short), key=turns.Turn.precedence) is long


def test_short_work_does_not_wait_for_the_end_of_long_work():
    line, done, begun = Line(), [], threading.Event()

    def long():
        with line.take() as turn:
            begun.set()
            wait_until(lambda: len(line._turns) == 2)
            for _ in range(50):
                turn.pause()
            done.append("long")

    def short():
        begun.wait(SOON)
        with line.take():
            done.append("short")

    run_side_by_side(long, short)
    assert done == ["short", "long"]


def test_an_error_gives_the_turn_to_the_next():
    line = Line()
    with pytest.raises(ZeroDivisionError), line.take():
        raise ZeroDivisionError
    with line.take() as turn:
        turn.pause()


def test_who_leaves_while_waiting_holds_up_nobody():
    line, begun, left, done = Line(), threading.Event(), threading.Event(), []

    class GoneError(Exception):
        pass

    def gone():
        raise GoneError

    def first():
        with line.take() as turn:
            begun.set()
            assert left.wait(SOON)
            turn.pause()
            done.append("first")

    def leaver():
        begun.wait(SOON)
        with pytest.raises(GoneError), line.take(end_if_unwanted=gone):
            done.append("the one who left")
        left.set()

    run_side_by_side(first, leaver)
    with line.take():
        done.append("last")
    assert done == ["first", "last"]


def test_who_leaves_in_the_middle_of_the_work_holds_up_nobody():
    line = Line()

    def gone():
        raise InterruptedError

    with pytest.raises(InterruptedError), line.take(end_if_unwanted=gone) as turn:
        turn.pause()
    with line.take():
        pass


def test_it_is_said_once_that_somebody_has_to_wait():
    line, said, begun = Line(), [], threading.Event()

    def first():
        with line.take(lambda: said.append("first")):
            begun.set()
            wait_until(lambda: said)

    def second():
        begun.wait(SOON)
        with line.take(lambda: said.append("second")) as turn:
            turn.pause()

    run_side_by_side(first, second)
    assert said == ["second"]


def test_too_many_do_not_queue_up(monkeypatch):
    monkeypatch.setattr(turns, "MOST_WAITING", 0)
    line = Line()
    with line.take(), pytest.raises(BusyError, match="1 others compute here already; try again"), line.take():
        pass
    with line.take():
        pass


def test_work_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(turns, "LIMIT_S", 0.01)
    line = Line()
    with line.take() as turn:
        time.sleep(0.02)
        with pytest.raises(BusyError, match="was stopped"):
            turn.pause()


def test_waiting_does_not_count_as_computing():
    line, begun, waited, computed, least = Line(), threading.Event(), [], [], 0.3

    def first():
        with line.take():
            begun.set()
            wait_until(lambda: len(line._turns) == 2)
            time.sleep(least)

    def second():
        begun.wait(SOON)
        start = time.monotonic()
        with line.take() as turn:
            computed.append(turn.seconds)
        waited.append(time.monotonic() - start)

    run_side_by_side(first, second)
    assert waited[0] - computed[0] >= least


def test_predictions_look_between_their_parts_whether_to_go_on_and_are_the_same():
    looked = []
    with parallel.checking(lambda: looked.append(1)):
        assert parallel.map_parallel(lambda item: item * item, range(10)) == [item * item for item in range(10)]
    assert len(looked) == -(-10 // parallel.workers())
    parallel.map_parallel(lambda item: item, range(10))
    assert len(looked) == -(-10 // parallel.workers())


def test_a_look_may_end_the_work():
    def gone():
        raise InterruptedError

    done = []
    with pytest.raises(InterruptedError), parallel.checking(gone):
        parallel.map_parallel(done.append, range(100))
    assert len(done) == parallel.workers()
    assert parallel.map_parallel(lambda item: item, range(3)) == [0, 1, 2]


def test_work_within_work_has_the_same_turn():
    with turns.take() as outer, turns.take() as inner:
        assert inner is outer
    with turns.take() as another:
        assert another is not outer


def test_a_shared_lock_that_predictions_hold_stops_nobody():
    line, shared, holding, done = Line(), threading.Lock(), threading.Event(), []

    def predict(name):
        with line.take() as turn, parallel.checking(turn.check):
            with shared:  # as a cached property holds one for all
                holding.set()
                parallel.map_parallel(lambda _: time.sleep(0.001), range(10))
            done.append(name)

    def second():
        holding.wait(SOON)
        predict("second")

    run_side_by_side(lambda: predict("first"), second)
    assert done == ["first", "second"]
