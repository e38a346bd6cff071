"""How far timestamps define an order: ties within a second, and the time between two ratings of a user."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bst.datasets.tie_order import TieOrder
from bst.schema import Dataset

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# the time until the next rating: label → the time in seconds from which on it is longer
STEPS = {
    "The same second": 1,
    "Under a minute": MINUTE,
    "Under an hour": HOUR,
    "Under a day": DAY,
    "A day or longer": np.inf,
}


@dataclass(frozen=True)
class TimestampTies:
    """How far the times of a dataset define an order.

    ``tied``: share of ratings that have the same second as another of the same user. ``next_tied``: share of steps from
    one rating of a user to the next that take no time, so that their order is that of the file. ``minute``: share of
    steps that take under a minute. ``one_day``: share of users whose ratings, two at least, all came within 24 hours.
    ``largest``: most ratings of one user in one second. ``steps``: the distribution of the time a step takes, ``name``
    (of ``STEPS``) and ``share``. ``order``: what orders ties, and ``has_times``, as in ``schema.Dataset``.
    """

    tied: float
    next_tied: float
    minute: float
    one_day: float
    largest: int
    steps: pd.DataFrame
    order: TieOrder = "file"
    has_times: bool = True


def timestamp_ties(dataset: Dataset) -> TimestampTies:
    """Measure how far a dataset's times define an order."""
    user, time = (dataset.ratings[name].to_numpy() for name in ("user", "timestamp"))
    order = np.lexsort((time, user))
    user, time = user[order], time[order]
    same_user = user[1:] == user[:-1]
    gap = time[1:] - time[:-1]
    same_second = same_user & (gap == 0)
    tied = np.zeros(len(user), bool)
    tied[1:] |= same_second
    tied[:-1] |= same_second
    durations = gap[same_user]
    steps = max(len(durations), 1)
    step = np.searchsorted(list(STEPS.values()), durations, side="right")
    first, last = np.flatnonzero(np.r_[True, ~same_user]), np.flatnonzero(np.r_[~same_user, True])
    within_day = (time[last] - time[first])[last > first] < DAY
    tie_starts = np.flatnonzero(np.r_[True, ~same_second])
    return TimestampTies(
        tied=float(tied.mean()),
        next_tied=int(same_second.sum()) / steps,
        minute=int((durations < MINUTE).sum()) / steps,
        one_day=float(within_day.mean()) if len(within_day) else 0.0,
        largest=int(np.diff(np.r_[tie_starts, len(user)]).max()),
        steps=pd.DataFrame({"name": list(STEPS), "share": np.bincount(step, minlength=len(STEPS)) / steps}),
        order=dataset.tie_order,
        has_times=dataset.has_times,
    )
