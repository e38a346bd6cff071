"""Python's cyclic garbage collector, paused for a moment."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pauses = 0
_was_enabled = True


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the garbage collector in all threads.

    Hundreds of thousands of small objects that all stay, none of them in a cycle, make the collector traverse them and
    everything else in memory again and again: that took two fifths of the time of a large import. Several threads may
    pause it at once; the last one resumes it.
    """
    global _pauses, _was_enabled
    with _lock:
        if not _pauses:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if not _pauses and _was_enabled:
                gc.enable()
