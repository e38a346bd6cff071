"""Real users, stepped through time: what the model expected of each rating before it saw it, and what came.

Fair only for users whom the model has never seen. Those are the test users of protocol ``visitor``.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from bst.baselines.bias import item_mean
from bst.bundles.bundle import Bundle
from bst.errors import VisitorError
from bst.inference.recommender import Recommender
from bst.models.config import TimelineConfig
from bst.schema import MAX_HISTORY, Dataset, Event, Visitor
from bst.timelines.arrays import build_timelines
from bst.timelines.splits import TRAIN, prepare

# prefixes of about one length share a pass; more of them would score more movies that nobody asked about
BLOCK = 25


@dataclass(frozen=True)
class Replay:
    """One user's ratings in the order in which they were entered, oldest first, and what was expected of each.

    ``visitor`` has all events that are replayed, with their times. ``predicted``, ``actual``, ``item_mean`` (events,)
    stars: each event from those before it. ``length`` of the whole timeline, ``afterwards`` the movies that came after
    the last event that is replayed. A step is the number of events that have happened: 0 … ``len(actual)``.
    """

    user: int
    visitor: Visitor
    predicted: np.ndarray
    actual: np.ndarray
    item_mean: np.ndarray
    length: int
    afterwards: tuple[Event, ...] = ()

    @property
    def steps(self) -> int:
        """The last step."""
        return len(self.actual)

    def at(self, step: int) -> Visitor:
        """Return the visitor as they were after ``step`` events."""
        return replace(self.visitor, history=self.visitor.history[:step])

    def later(self, step: int) -> dict[int, tuple[int, float]]:
        """Return what was rated after a step: movie id → (how many events later, stars); 1 for the very next."""
        events = (*self.visitor.history[step:], *self.afterwards)
        return {event.movie_id: (place, event.rating) for place, event in enumerate(events, start=1)}

    @cached_property
    def running(self) -> np.ndarray:
        """MAE of model and of item mean over the first 1, 2, … events: (events, 2) stars."""
        errors = np.abs(np.stack([self.predicted, self.item_mean], axis=1) - self.actual[:, None])
        return np.cumsum(errors, axis=0, dtype=np.float64) / np.arange(1, self.steps + 1)[:, None]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row an event: ``step`` (1 for the first), ``movie_id``, ``actual``, ``predicted``, ``item_mean``, ``mae``
        and ``item_mean_mae`` (both over all events up to this one).
        """
        return pd.DataFrame(
            {
                "step": np.arange(1, self.steps + 1),
                "movie_id": [event.movie_id for event in self.visitor.history],
                "actual": self.actual,
                "predicted": self.predicted,
                "item_mean": self.item_mean,
                "mae": self.running[:, 0],
                "item_mean_mae": self.running[:, 1],
            }
        )


class RealUsers:
    """The users of the dataset that a bundle was trained on. Slow to make (it sorts all ratings); keep it.

    ``held_out`` int64 (users,): row numbers of those whom the training never saw, ascending; empty where the protocol
    holds no user out whole, or where the dataset has other users than the one that the bundle was trained on.
    """

    def __init__(self, bundle: Bundle, dataset: Dataset):
        self.bundle, self.dataset = bundle, dataset
        self.held_out, self._item_means = np.zeros(0, np.int64), np.zeros(0)
        whole = bundle.protocol == "visitor" and isinstance(bundle.config, TimelineConfig)
        if whole and bundle.sizes.users == len(dataset.users):
            split = prepare(dataset, bundle.config, "visitor", bundle.seed, bundle.share)
            self.timelines = split.timelines
            self.held_out = np.unique(split.user[split.test])
            known, movies = split.ratings(split.role == TRAIN), np.arange(len(dataset.movies))
            self._item_means = item_mean(known, np.zeros(len(movies), np.int64), movies)
        else:
            self.timelines = build_timelines(dataset)

    def lengths(self) -> np.ndarray:
        """How many ratings each user has: (users,) int64."""
        return self.timelines.lengths

    def events(self, user: int) -> tuple[Event, ...]:
        """Return a user's whole timeline, oldest first, with its times. Raises ``VisitorError`` for no such user."""
        if not 0 <= user < len(self.dataset.users):
            raise VisitorError(f"there is no user in row {user} of {len(self.dataset.users):,}")
        ids, timelines = self.dataset.movies["movie_id"].to_numpy(), self.timelines
        return tuple(
            Event(int(ids[timelines.movie[at]]), float(timelines.rating[at]), int(timelines.timestamp[at]))
            for at in range(*timelines.offsets[user : user + 2].tolist())
        )

    def who(self, user: int) -> Visitor:
        """Return who a user is, without any history. Raises as ``events`` does."""
        if not 0 <= user < len(self.dataset.users):
            raise VisitorError(f"there is no user in row {user} of {len(self.dataset.users):,}")
        row = self.dataset.users.iloc[user]
        known = {part: None if pd.isna(row[part]) else row[part] for part in ("sex", "age", "occupation")}
        return Visitor(**known | {"age": None if known["age"] is None else int(known["age"])})

    def visitor(self, user: int, most: int = MAX_HISTORY) -> Visitor:
        """Return a user as a visitor: a history of their newest ``most`` events, all older movies seen.

        Without times, as a visitor has none.
        """
        history = tuple(replace(event, timestamp=None) for event in self.events(user))
        return replace(self.who(user), history=history).limited(most)

    def replay(self, recommender: Recommender, user: int, most: int = 200) -> Replay:
        """Predict each of a user's first ``most`` ratings from those before it.

        Times are kept, so that the model sees the gaps that it saw in training. The item mean is that of the training
        users alone. Raises ``VisitorError`` for a user who was not held out of the training.
        """
        if user not in self.held_out:
            raise VisitorError(
                f"user in row {user} was not held out of the training of {self.bundle.name}; "
                f"choose one of its {len(self.held_out)} held-out users"
            )
        events = self.events(user)
        visitor = replace(self.who(user), history=events[:most])
        rows = recommender.catalogue.rows(visitor.ratings)
        return Replay(
            user=user,
            visitor=visitor,
            predicted=_predict_each(recommender, visitor),
            actual=np.array([event.rating for event in visitor.history]),
            item_mean=self._item_means[rows],
            length=len(events),
            afterwards=events[most:],
        )


def _predict_each(recommender: Recommender, visitor: Visitor) -> np.ndarray:
    """Return the expected rating of each event from the events before it: (events,) stars."""
    history = visitor.history
    predicted = np.zeros(len(history))
    for start in range(0, len(history), BLOCK):
        steps = range(start, min(start + BLOCK, len(history)))
        visitors = [replace(visitor, history=history[:step]) for step in steps]
        made = recommender.predict_many(visitors, [history[step].movie_id for step in steps])
        predicted[steps.start : steps.stop] = np.diagonal(made.expected)
    return predicted


def held_out_users(bundle: Bundle, dataset: Dataset) -> np.ndarray:
    """Return row numbers of the users whom a bundle's training never saw: see ``RealUsers.held_out``."""
    return RealUsers(bundle, dataset).held_out


def replay(recommender: Recommender, dataset: Dataset, user: int, most: int = 200) -> Replay:
    """Replay one held-out user: see ``RealUsers.replay``, which is quicker for several of them."""
    return RealUsers(recommender.bundle, dataset).replay(recommender, user, most)
