"""The one cache of what takes seconds to load and is shared by all sessions: models, datasets and what is made of them.

``st.cache_resource`` would do but for one thing: a page has to ask whether something is loaded already, so that it can
show a message before it loads it.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")
MAX_ENTRIES = 3


class LoadOnce(Generic[V]):
    """A least-recently-used cache whose values are loaded one at a time. Errors are not cached."""

    def __init__(self, max_entries: int = MAX_ENTRIES):
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable) -> V | None:
        """Return the value of a key if it is loaded."""
        value = self._values.get(key)
        if value is not None:
            with contextlib.suppress(KeyError):  # dropped since, by another session
                self._values.move_to_end(key)
        return value

    def load(self, key: Hashable, load: Callable[[], V]) -> V:
        """Return the value of a key, loaded if need be; two sessions that ask at once wait for one load."""
        with self._lock:
            value = self.get(key)
            if value is None:
                value = self._values[key] = load()
                while len(self._values) > self._max_entries:
                    self._values.popitem(last=False)
            return value
