"""Concurrent requests are answered together: one thread takes whatever waits, as often as it is free.

A request that comes alone begins at once. While it is computed, others gather, and the next batch has all of them; so
batches grow with the load, and nobody waits for a clock. Only where requests have arrived whose bodies are still being
read does a batch wait for them, two milliseconds at most.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar


class Question(Protocol):
    """What can be answered together with others of its kind."""

    @property
    def kind(self) -> Hashable:
        """Equal for questions that can be answered together."""


Q = TypeVar("Q", bound=Question)
A = TypeVar("A")


class BatchQueue(Generic[Q, A]):
    """Questions that wait for a thread, which answers up to ``most`` of one kind together."""

    def __init__(self, answer: Callable[[Sequence[Q]], Sequence[A]], most: int, wait_s: float):
        """``answer``: returns an answer for each of several questions of one kind."""
        self._answer, self._most, self._wait_s = answer, most, wait_s
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Q, Future[tuple[A, int]]]] = deque()
        self._arriving = 0
        self._closed = False
        threading.Thread(target=self._run, name="batches", daemon=True).start()

    def arriving(self, change: int) -> None:
        """Say that a question has arrived, but is not read yet (1); or that it is read, or will not come (−1)."""
        with self._changed:
            self._arriving += change
            self._changed.notify()

    def submit(self, question: Q) -> "Future[tuple[A, int]]":
        """Return the answer to come, and with it how many were answered together. It may be cancelled."""
        future: Future[tuple[A, int]] = Future()
        with self._changed:
            self._waiting.append((question, future))
            self._changed.notify()
        return future

    def close(self) -> None:
        """End the thread; what waits is cancelled."""
        with self._changed:
            self._closed = True
            for _, future in self._waiting:
                future.cancel()
            self._waiting.clear()
            self._changed.notify()

    def _run(self) -> None:
        while batch := self._next():
            try:
                answers = self._answer([question for question, _ in batch])
            except Exception as error:
                self._one_by_one(batch, error)
            else:
                for (_, future), answer in zip(batch, answers, strict=True):
                    future.set_result((answer, len(batch)))

    def _one_by_one(self, batch: list[tuple[Q, "Future[tuple[A, int]]"]], error: Exception) -> None:
        """Answer those of a batch that one of them has spoilt; that one gets the error."""
        for question, future in batch:
            if len(batch) == 1:
                future.set_exception(error)
                return
            try:
                (answer,) = self._answer([question])
            except Exception as own:
                future.set_exception(own)
            else:
                future.set_result((answer, 1))

    def _next(self) -> list[tuple[Q, "Future[tuple[A, int]]"]]:
        """Return what to answer together, once there is anything; nothing when the queue is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return []
                self._wait_for_arriving()
                if batch := self._take():
                    return batch

    def _wait_for_arriving(self) -> None:
        end = time.monotonic() + self._wait_s
        while self._arriving and len(self._waiting) < self._most and (left := end - time.monotonic()) > 0:
            self._changed.wait(left)

    def _take(self) -> list[tuple[Q, "Future[tuple[A, int]]"]]:
        """Return the oldest question with all others of its kind; others stay. Those that nobody waits for are gone."""
        batch: list[tuple[Q, Future[tuple[A, int]]]] = []
        others: deque[tuple[Q, Future[tuple[A, int]]]] = deque()
        while self._waiting and len(batch) < self._most:
            question, future = self._waiting.popleft()
            if batch and question.kind != batch[0][0].kind:
                others.append((question, future))
            elif future.set_running_or_notify_cancel():
                batch.append((question, future))
        self._waiting.extendleft(reversed(others))
        return batch
