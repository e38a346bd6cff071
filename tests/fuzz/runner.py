"""Many inputs for one door: counted, timed, and every kind of failure kept with its smallest input."""

import contextlib
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning

from tests.fuzz.door import Door
from tests.fuzz.outcome import WrongError

PROJECT = Path(__file__).resolve().parents[2]
# seconds after which an input counts as a hang
HANG_S = 10
# how many times the memory that the door took for its first inputs
MOST_MEMORY, FIRST_INPUTS = 2, 200
# inputs in a row that come from one seed: hypothesis remembers them all
BLOCK = 1000
SHRINKING_S = 60  # for one kind of failure
SHOWN = 2000  # characters of an input


class HangError(BaseException):
    """An input took too long. Not an ``Exception``, so that nothing on the way takes it for an error of its own."""


@dataclass
class Failure:
    """A kind of failure: where it arose, what was said, its first input, and how often it came."""

    what: str
    message: str
    given: Any
    block: int
    count: int = 1

    def __str__(self) -> str:
        """Return it in a few lines."""
        return f"{self.what}, {self.count} times: {self.message}\n    input: {self.given!r}"[:SHOWN]


@dataclass
class Result:
    """What came of the inputs of one door; ``failures`` by where they arose."""

    door: str
    inputs: int = 0
    taken: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    memory: float = 1.0  # the most, as a multiple of that of the first inputs
    failures: dict[str, Failure] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """How many inputs were refused as they should be."""
        return self.inputs - self.taken - sum(failure.count for failure in self.failures.values())


def try_door(kind: type[Door], inputs: int, first_seed: int) -> Result:
    """Open a door in a temporary folder, try inputs, and make those that failed as small as possible."""
    with tempfile.TemporaryDirectory() as folder, kind(Path(folder)) as door:
        result = fuzz(door, inputs, first_seed)
        for failure in result.failures.values():
            failure.given = repr(shrink(door, failure))
        return result


def fuzz(door: Door, inputs: int, first_seed: int = 0, hang_s: float | None = HANG_S) -> Result:
    """Try so many inputs on an open door, the same ones for the same seed; a failure does not end it."""
    result, started = Result(door.name), time.perf_counter()
    memory = _Memory()
    for block in range(-(-inputs // BLOCK)):
        left = min(BLOCK, inputs - result.inputs)
        # hypothesis ends early where it has tried all that there is
        _run_block(
            door, left, first_seed + block, lambda given, block=block: _try(door, given, block, result, memory, hang_s)
        )
    result.seconds = time.perf_counter() - started
    return result


def shrink(door: Door, failure: Failure, hang_s: float | None = HANG_S) -> Any:
    """Return the smallest input that hypothesis finds for a failure; its first one where it does not come again."""
    smallest = failure.given
    until = time.perf_counter() + SHRINKING_S

    def fails(given: Any) -> None:
        nonlocal smallest
        if time.perf_counter() > until:
            raise HangError("enough")
        try:
            with _limit(hang_s):
                door.check(given)
        except (Exception, HangError) as error:
            if _where(error) == failure.what:
                smallest = given
                raise

    with contextlib.suppress(Exception, HangError):
        _run_block(door, BLOCK, failure.block, fails, (Phase.generate, Phase.shrink))
    return smallest


def _run_block(door: Door, inputs: int, block: int, run: Any, phases: tuple[Phase, ...] = (Phase.generate,)) -> None:
    @seed(block)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(door.inputs)
    def each(given: Any) -> None:
        run(given)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)  # inputs are large
        each()


def _try(door: Door, given: Any, block: int, result: Result, memory: "_Memory", hang_s: float | None) -> None:
    result.inputs += 1
    started = time.perf_counter()
    try:
        with _limit(hang_s):
            result.taken += bool(door.check(given))
        if (more := memory.grown(result.inputs)) > MOST_MEMORY:
            raise WrongError(f"{more:.1f} times the memory")
    except (Exception, HangError) as error:
        what = _where(error)
        if what in result.failures:
            result.failures[what].count += 1
        else:
            result.failures[what] = Failure(what, str(error), given, block)
            if not isinstance(error, WrongError):
                traceback.print_exc(limit=-6)
    result.memory = max(result.memory, memory.most)
    result.slowest_s = max(result.slowest_s, time.perf_counter() - started)


def _where(error: BaseException) -> str:
    """Return what an error is and where in the project it arose: what counts as one kind of failure."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(PROJECT)
    ]
    frames = [frame for frame in frames if ".venv" not in frame.filename] or frames
    if isinstance(error, WrongError):  # of its own checks: which one
        frames = [frame for frame in frames if not frame.filename.endswith(("outcome.py", "runner.py"))] or frames
    where = f"{Path(frames[-1].filename).relative_to(PROJECT)}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {where}"


@contextlib.contextmanager
def _limit(seconds: float | None) -> Iterator[None]:
    """Raise ``HangError`` after so many seconds, where the system has alarms and this is the main thread."""
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise HangError(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Memory:
    """The most memory that this process has had, as a multiple of that after the first inputs."""

    def __init__(self) -> None:
        self.first = self.last = float("inf")
        self.most = 1.0

    def grown(self, inputs: int) -> float:
        """Return the multiple, if it has risen since it was last asked for; 1 otherwise."""
        if inputs <= FIRST_INPUTS:
            self.first = self.last = _peak()
            return 1.0
        peak = _peak()
        if peak <= self.last:
            return 1.0
        self.last = peak
        self.most = peak / self.first
        return self.most


def _peak() -> float:
    """Return the most memory that this process has had at once, in bytes."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
