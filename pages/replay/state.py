"""The state of the page: whose ratings are replayed, up to which step, and whether it plays. The only writer of it.

User, step and order are settings that links carry. They may hold anything, so they are checked where they are read.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from bst.inference.ranking import Order
from pages.shared.state import settings

# while it plays, each step is seen for so long, however long it takes to make the next
MILLISECONDS_PER_STEP = 1000
# a replay that has made no step for so long was left for another page, and is paused on return
SECONDS_UNTIL_LEFT = 30.0
# while it plays, the slider in a slow browser may be this many steps behind
SLIDER_LAG = 3
# a newcomer sees this share of a user's steps
FIRST_SHARE = 0.25
# and a user with this many ratings: enough to see something, not too many to follow
FIRST_LENGTHS = range(30, 81)


@dataclass(frozen=True)
class Playback:
    """How many events have happened, of ``steps``; whether the replay plays; and when it made its latest step (s)."""

    step: int
    steps: int
    playing: bool = False
    stepped_at: float = 0.0

    def shown(self, step: int, now: float) -> "Playback":
        """Go one step on if it plays, as the browser has shown this ``step`` long enough; it pauses at the end."""
        if not self.playing or step != self.step:  # a second report, or the viewer went elsewhere meanwhile
            return self
        step = min(self.step + 1, self.steps)
        return replace(self, step=step, playing=step < self.steps, stepped_at=now)

    def toggle(self, now: float) -> "Playback":
        """Play or pause; at the end, play from the beginning."""
        step = 0 if not self.playing and self.step == self.steps else self.step
        return replace(self, step=step, playing=not self.playing, stepped_at=now)

    def jump(self, step: int) -> "Playback":
        """Go to a step, and pause."""
        return replace(self, step=step, playing=False)

    def slide(self, step: int) -> "Playback":
        """Go where the slider was moved to; a slider that merely lags behind while it plays was not moved."""
        return self if self.playing and 0 <= self.step - step <= SLIDER_LAG else self.jump(step)


def playback(steps: int) -> Playback:
    """Return the state of the replay of a user with that many steps."""
    step = settings.get("replay_step")
    step = min(max(step, 0), steps) if type(step) is int else int(FIRST_SHARE * steps)
    stepped_at = st.session_state.get("replay_stepped_at", 0.0)
    left = time.monotonic() - stepped_at >= SECONDS_UNTIL_LEFT
    return Playback(step, steps, st.session_state.get("replay_playing", False) and not left, stepped_at)


def store(playback: Playback) -> None:
    """Make this the state of the replay."""
    settings.update(replay_step=playback.step)
    st.session_state.update(replay_playing=playback.playing, replay_stepped_at=playback.stepped_at)


def user(held_out: np.ndarray, lengths: np.ndarray) -> int:
    """Return the row of the user who is replayed: the chosen one, or the first of a good length.

    ``held_out``, ``lengths``: rows and numbers of ratings of the users who can be replayed, (users,) int64.
    """
    chosen = settings.get("replay_user")
    if type(chosen) is not int or chosen not in held_out:
        fitting = held_out[np.isin(lengths, FIRST_LENGTHS)]
        chosen = int(fitting[0] if len(fitting) else held_out[0])
        settings.update(replay_user=chosen, replay_step=None)
    return chosen


def start(user: int) -> None:
    """Replay a user from the beginning, paused."""
    settings.update(replay_user=user, replay_step=0)
    st.session_state["replay_playing"] = False


def order(orders: tuple[Order, ...]) -> Order:
    """Return the chosen order of the list, or the first of those that the model has."""
    chosen = settings.get("replay_order")
    return chosen if chosen in orders else orders[0]


def set_order(order: Order) -> None:
    """Choose the order of the list."""
    settings.update(replay_order=order)
