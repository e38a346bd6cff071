"""Uploaded files, of which Streamlit keeps each until the tab is closed, and how many a session may have read."""

import time
from collections import deque

import streamlit as st

from bst.errors import BSTError
from bst.settings import get_settings
from bst.text import count
from pages.shared import streamlit_private
from pages.shared.state import session_cache

# what was read from a file, see ``session_cache``
READ = "import"
WINDOW_S = 600
MOST_OF_SESSION, MOST_OF_ALL = 12, 120


class RateLimit:
    """Allows ``most`` uses within any ``WINDOW_S`` seconds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Return the seconds until the next use is allowed, 0 if it is now."""
        while self._used and self._used[0] <= now - WINDOW_S:
            self._used.popleft()
        return self._used[0] + WINDOW_S - now if len(self._used) >= self._most else 0.0

    def use(self, now: float) -> None:
        """Note a use."""
        self._used.append(now)


# of all sessions, as a visitor can get around a session's limit by opening another tab
_all_sessions = RateLimit(MOST_OF_ALL)


def drop() -> None:
    """Give back the memory of this session's uploaded files, and of what was read from them."""
    streamlit_private.forget_uploads()
    session_cache.clear(READ)


def note_reading() -> None:
    """Note that a file is read. Raises ``BSTError`` on a public server if too many were, lately."""
    if not get_settings().public:
        return
    limits = st.session_state.setdefault("uploads", RateLimit(MOST_OF_SESSION)), _all_sessions
    now = time.monotonic()
    wait = max(limit.wait(now) for limit in limits)
    if wait > 0:
        raise BSTError(
            f"this public server reads {MOST_OF_SESSION} files of a visitor, and {MOST_OF_ALL} of all, in "
            f"{count(WINDOW_S // 60, 'minute')}; try again in {count(int(wait // 60) + 1, 'minute')}"
        )
    for limit in limits:
        limit.use(now)
