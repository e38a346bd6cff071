"""What timestamps are worth: how many ratings nobody can put in an order."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bst.schema import Dataset

DAY = 86_400
# how long it takes to the next rating: words → seconds from which on it takes longer
STEPS = {
    "The same second": 1,
    "Under a minute": 60,
    "Under an hour": 3600,
    "Under a day": DAY,
    "A day or longer": np.inf,
}


@dataclass(frozen=True)
class Ties:
    """How far the times of a dataset tell an order.

    ``tied``: share of ratings that have their second in common with another of the same user. ``next_tied``: share of
    steps from one rating of a user to the next that take no time at all, so that the order is that of the file.
    ``minute``: share of those steps that take under a minute. ``one_day``: share of users whose ratings, two at least,
    all came within 24 hours. ``largest``: most ratings that one user gave in one second. ``steps``: what share of the
    steps takes how long, ``name`` (of ``STEPS``) and ``share``. ``order``: what orders ties, and ``has_times``, as in
    ``schema.Dataset``.
    """

    tied: float
    next_tied: float
    minute: float
    one_day: float
    largest: int
    steps: pd.DataFrame
    order: str = "file"
    has_times: bool = True


def ties(dataset: Dataset) -> Ties:
    """Measure how far a dataset's times tell an order."""
    user, time = (dataset.ratings[name].to_numpy() for name in ("user", "timestamp"))
    order = np.lexsort((time, user))
    user, time = user[order], time[order]
    same_user = user[1:] == user[:-1]
    gap = time[1:] - time[:-1]
    same_second = same_user & (gap == 0)
    tied = np.zeros(len(user), bool)
    tied[1:] |= same_second
    tied[:-1] |= same_second
    taken = gap[same_user]
    steps = max(len(taken), 1)
    longest = np.searchsorted(list(STEPS.values()), taken, side="right")
    first, last = np.flatnonzero(np.r_[True, ~same_user]), np.flatnonzero(np.r_[~same_user, True])
    several = last > first
    within = (time[last] - time[first])[several] < DAY
    start = np.flatnonzero(np.r_[True, ~same_second])
    return Ties(
        tied=float(tied.mean()),
        next_tied=int(same_second.sum()) / steps,
        minute=int((taken < 60).sum()) / steps,
        one_day=float(within.mean()) if len(within) else 0.0,
        largest=int(np.diff(np.r_[start, len(user)]).max()),
        steps=pd.DataFrame({"name": list(STEPS), "share": np.bincount(longest, minlength=len(STEPS)) / steps}),
        order=dataset.tie_order,
        has_times=dataset.has_times,
    )
