"""Undo and redo: a list of immutable states and a position in it. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

MAX_STATES = 100

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True)
class Changes(Generic[S]):
    """The states so far, oldest first, and the position of the current one.

    ``origin`` is the very first, which ``reset`` goes back to, even when it is no longer among ``states``. ``left`` is
    the state before the latest change, undo, redo or jump: what a person compares the current one with.
    """

    states: tuple[S, ...]
    position: int
    origin: S
    left: tuple[S, ...] = ()

    @classmethod
    def begin(cls, state: S) -> "Changes[S]":
        """Return the changes of something that has not been changed yet."""
        return cls((state,), 0, state)

    @property
    def current(self) -> S:
        """The state that holds now."""
        return self.states[self.position]

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier state to go back to."""
        return self.position > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone state to go forward to."""
        return self.position < len(self.states) - 1

    def do(self, state: S) -> "Changes[S]":
        """Make ``state`` the current one. States that were undone are dropped; the same state again is no change."""
        if state == self.current:
            return self
        states = (*self.states[: self.position + 1], state)[-MAX_STATES:]
        return replace(self, states=states, position=len(states) - 1, left=(self.current,))

    def undo(self) -> "Changes[S]":
        """Go one state back, if there is one."""
        return self.jump(self.position - 1) if self.can_undo else self

    def redo(self) -> "Changes[S]":
        """Go one state forward, if there is one."""
        return self.jump(self.position + 1) if self.can_redo else self

    def jump(self, position: int) -> "Changes[S]":
        """Go to any state by its position; one that does not exist is no change."""
        if position == self.position or not 0 <= position < len(self.states):
            return self
        return replace(self, position=position, left=(self.current,))

    def reset(self) -> "Changes[S]":
        """Make the very first state the current one again, as a change that can be undone."""
        return self.do(self.origin)
