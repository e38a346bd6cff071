"""Long work is done in turn: one session at a time computes, so that everybody's clicks stay fast.

    with turns.take() as turn:
        for part in parts:
            compute(part)
            turn.pause()

``pause`` lets the next session compute where a turn has lasted for a moment. What has no such loop keeps its turn to
the end; as it predicts, it checks by itself whether the answer is still wanted (see ``bst.parallel.checking``).
While another session has its turn, the page says that it waits.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

import streamlit as st

from bst import parallel
from bst.errors import BSTError
from bst.schema import Visitor

# a turn lasts so long while others wait
SLICE_S = 0.2
# ten seconds of waiting count as much as two of not having computed
AGING = 0.2
# how often a waiting session checks whether its answer is still wanted
POLL_S = 0.1
# more than this many do not queue up
MOST_WAITING = 30
# what one piece of work may compute, without its waiting
LIMIT_S = 60.0
# what is computed for each event of a shorter history is fast enough not to be noticed
SHORT_HISTORY = 40
WAITING = "Waiting for its turn: others compute, too …"


class BusyError(BSTError):
    """Long work was not begun, or not finished."""


def _nothing() -> None:
    pass


class Turn:
    """A place in the line. Call ``pause`` often; ``seconds``: for how long this work has computed."""

    def __init__(self, line: "Line", end_if_unwanted: Callable[[], None]):
        self._line, self._end_if_unwanted = line, end_if_unwanted
        self._seconds, self._since = 0.0, time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds of computing so far; to be asked by the one whose turn it is."""
        return self._seconds + time.monotonic() - self._since

    def pause(self) -> None:
        """Let another one compute if this turn has lasted long enough; return when it is this one's turn again.

        Not to be called where other sessions may wait for a lock that this one holds. Raises as ``check``.
        """
        self.check()
        if time.monotonic() - self._since >= SLICE_S and self._line.has_others(self):
            self._seconds, self._since = self.seconds, time.monotonic()
            self._line.leave(self)
            self.wait()

    def check(self) -> None:
        """Raise what ends work whose answer is no longer wanted, and ``BusyError`` if it has computed for too long."""
        self._end_if_unwanted()
        if self.seconds > LIMIT_S:
            raise BusyError(
                f"this takes more than {LIMIT_S:.0f} seconds of the server, so it was stopped; ask about fewer "
                "titles or a shorter history"
            )

    def wait(self) -> None:
        """Come up in the line."""
        self._line.join(self)
        while not self._line.has_come(self):
            self._end_if_unwanted()
        self._since = time.monotonic()

    def precedence(self) -> float:
        """Return what the least of comes next: seconds computed, less a share of the seconds waited."""
        return self._seconds - AGING * (time.monotonic() - self._since)


class Line:
    """Those who have long work: one computes, the others wait. Next comes who has computed least, or waited for long.

    So a short question is answered soon, and no long one is put off for ever.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turns: list[Turn] = []
        self._current: Turn | None = None

    @contextmanager
    def take(
        self, on_wait: Callable[[], None] = _nothing, end_if_unwanted: Callable[[], None] = _nothing
    ) -> Iterator[Turn]:
        """Wait for a turn, and hold it until the end of the block, however that ends.

        ``on_wait`` is called if it has to wait at first. ``end_if_unwanted`` is called while it waits and at each
        pause; it may raise to give up, and the line goes on without this one. Raises ``BusyError`` if too many wait
        already.
        """
        turn = Turn(self, end_if_unwanted)
        if (others := len(self._turns)) > MOST_WAITING:
            raise BusyError(f"{others} others compute here already; try again in a minute")
        try:
            if others:
                on_wait()
            turn.wait()
            yield turn
        finally:
            self.leave(turn)

    def join(self, turn: Turn) -> None:
        """Put one who wants to compute into the line."""
        with self._changed:
            self._turns.append(turn)
            self._call_next()

    def leave(self, turn: Turn) -> None:
        """Take one out of the line, who computes or waits."""
        with self._changed:
            if turn in self._turns:
                self._turns.remove(turn)
            if self._current is turn:
                self._current = None
            self._call_next()

    def has_others(self, turn: Turn) -> bool:
        """Return whether another session is in the line."""
        with self._changed:
            return self._turns != [turn]

    def has_come(self, turn: Turn) -> bool:
        """Return whether it is this one's turn, after waiting a moment if it is not."""
        with self._changed:
            return self._changed.wait_for(lambda: self._current is turn, POLL_S)

    def _call_next(self) -> None:
        if self._current is None and self._turns:
            self._current = min(self._turns, key=Turn.precedence)
            self._changed.notify_all()


@st.cache_resource(show_spinner=False)
def _line() -> Line:
    return Line()


_mine: ContextVar[Turn | None] = ContextVar("_mine", default=None)


def is_long(visitor: Visitor) -> bool:
    """Whether what is computed for each event of a visitor's history, such as an explanation, takes long."""
    return len(visitor.history) > SHORT_HISTORY


@contextmanager
def take() -> Iterator[Turn]:
    """Wait for this session's turn in the line of the whole server; a line on the page says so meanwhile.

    Ends the run if its browser has gone or asked for something else. Raises ``BusyError`` as ``Line.take`` and
    ``Turn.pause``. Within such a block another one has the same turn.
    """
    if (mine := _mine.get()) is not None:
        yield mine
        return
    message = ExitStack()
    with message, _line().take(lambda: message.enter_context(st.spinner(WAITING)), _end_if_unwanted) as turn:
        message.close()
        token = _mine.set(turn)
        try:
            with parallel.checking(turn.check):
                yield turn
        finally:
            _mine.reset(token)


def _end_if_unwanted() -> None:
    # where a script reads the session, Streamlit ends a run that was replaced, or whose session is gone
    _ = "turn" in st.session_state
