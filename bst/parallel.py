"""NumPy on several processors: parts of an array side by side, each with a BLAS of one thread.

NumPy leaves its lock while it computes, so that threads really run at the same time. BLAS would spread each product
over all processors by itself; for matrices this small that costs more than it saves, and its threads wait for each
other in a busy loop, which makes everything many times slower as soon as another program wants a processor.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")
R = TypeVar("R")
MOST_WORKERS = 4


@cache
def workers() -> int:
    """Return how many threads work side by side: as many as this program may use processors, at most 4."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_WORKERS, available)


def map_parallel(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return the results of a function for each item, in order; several at a time, where it computes with NumPy.

    Within such a function everything runs in its own thread: threads that waited for each other might wait for ever. So
    it does while the pool computes for another caller, as then there is no processor to spare, and handing over costs.
    """
    items = list(items)
    check = _check.get()
    if check is None:
        return _map(function, items)
    results = []
    for first in range(0, len(items), workers()):
        results += _map(function, items[first : first + workers()])
        check()
    return results


def _map(function: Callable[[T], R], items: list[T]) -> list[R]:
    if len(items) == 1 or getattr(_worker, "busy", False) or not _pool_is_free.acquire(blocking=False):
        return [function(item) for item in items]
    try:
        return list(_pool().map(function, items))
    finally:
        _pool_is_free.release()


@contextmanager
def checking(check: Callable[[], None]) -> Iterator[None]:
    """Call ``check`` between the parts of what this thread computes in this block; it may raise to end it.

    It must not wait for another thread: the one that computes may hold locks that all share, such as that of a
    ``cached_property``.
    """
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute everything of this thread in this thread, in a process that has others of its kind beside it."""
    before = getattr(_worker, "busy", False)
    _worker.busy = True
    try:
        yield
    finally:
        _worker.busy = before


@cache
def use_one_blas_thread() -> None:
    """Let the BLAS of NumPy use one thread from now on, in this process."""
    threadpool_limits(limits=1, user_api="blas")


_worker = threading.local()
_pool_is_free = threading.Lock()
_check: ContextVar[Callable[[], None] | None] = ContextVar("_check", default=None)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers(), "numpy", initializer=lambda: setattr(_worker, "busy", True))
