"""Replay of real users: the rating that the model predicted for each event from those before it, and the actual one.

Fair only for users whom the model has never seen: the test users of protocol ``visitor``.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from bst.baselines.bias import item_mean
from bst.bundles.bundle import Bundle
from bst.errors import VisitorError
from bst.inference.recommender import Recommender
from bst.models.registry import family_of, prepare
from bst.schema import MAX_HISTORY, Dataset, Event, Visitor, demographics_of
from bst.timelines.arrays import build_timelines
from bst.timelines.splits import TRAIN

# Histories that are predicted in one pass. The pass scores every movie for every history, so that a longer block would
# compute more scores that are not needed.
BLOCK = 25
# events that are replayed
MAX_STEPS = 200


@dataclass(frozen=True)
class Replay:
    """One user's ratings in the order in which they were entered, oldest first, and the prediction for each.

    ``visitor`` has all events that are replayed, with their times. ``predicted``, ``actual``, ``item_mean`` (events,)
    stars; each event is predicted from those before it. ``length``: events of the full timeline; ``afterwards``: those
    after the last one that is replayed. A step is the number of events that have happened: 0 … ``len(actual)``.
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
        """Return what was rated after a step: movie id → (number of events later, from 1, stars)."""
        events = (*self.visitor.history[step:], *self.afterwards)
        return {event.movie_id: (distance, event.rating) for distance, event in enumerate(events, start=1)}

    @cached_property
    def running(self) -> np.ndarray:
        """MAE of the model and of the item mean over the first 1, 2, … events: (events, 2) stars."""
        errors = np.abs(np.stack([self.predicted, self.item_mean], axis=1) - self.actual[:, None])
        return np.cumsum(errors, axis=0, dtype=np.float64) / np.arange(1, self.steps + 1)[:, None]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per event: ``step`` (from 1), ``movie_id``, ``actual``, ``predicted``, ``item_mean``, ``mae`` and
        ``item_mean_mae`` (both over all events up to this one).
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
    """The users of the dataset that a bundle was trained on. Slow to create (it sorts all ratings); keep it.

    ``held_out`` int64 (users,): row numbers of the test users, which training never saw, ascending; empty if the
    protocol holds out no users, or if the dataset has other users than the one that the bundle was trained on.
    """

    def __init__(self, bundle: Bundle, dataset: Dataset) -> None:
        self.bundle, self.dataset = bundle, dataset
        self.held_out, self._item_means = np.zeros(0, np.int64), np.zeros(0)
        users_held_out = bundle.protocol == "visitor" and "visitor" in family_of(bundle.config).protocols
        if users_held_out and bundle.sizes.users == len(dataset.users):
            split = prepare(dataset, bundle.config, "visitor", bundle.seed, bundle.share)
            self.timelines = split.timelines
            self.held_out = np.unique(split.user[split.test])
            training, movies = split.ratings(split.role == TRAIN), np.arange(len(dataset.movies))
            self._item_means = item_mean(training, np.zeros(len(movies), np.int64), movies)
        else:
            self.timelines = build_timelines(dataset)

    def lengths(self) -> np.ndarray:
        """The number of ratings of each user: (users,) int64."""
        return self.timelines.lengths

    def events(self, user: int) -> tuple[Event, ...]:
        """Return a user's full timeline, oldest first, with times. Raises ``VisitorError`` if there is no such user."""
        self._require(user)
        ids, timelines = self.dataset.movies["movie_id"].to_numpy(), self.timelines
        return tuple(
            Event(int(ids[timelines.movie[i]]), float(timelines.rating[i]), int(timelines.timestamp[i]))
            for i in range(*timelines.offsets[user : user + 2].tolist())
        )

    def without_history(self, user: int) -> Visitor:
        """Return a visitor with a user's demographics and no history. Raises as ``events`` does."""
        self._require(user)
        return Visitor(demographics_of(self.dataset, user))

    def row_of(self, user_id: int) -> int:
        """Return the row of the user with this id. Raises ``VisitorError`` if there is none."""
        rows = np.flatnonzero(self.dataset.users["user_id"].to_numpy() == user_id)
        if not len(rows):
            raise VisitorError(f"{self.dataset.title} has no user {user_id}")
        return int(rows[0])

    def before(self, user: int, events: int, max_history: int = MAX_HISTORY) -> Visitor:
        """Return a user as they were after their first ``events`` events, with times; older movies count as seen.

        Of two ratings of the same movie the newest counts.
        """
        newest = {event.movie_id: event for event in self.events(user)[:events]}
        return replace(self.without_history(user), history=tuple(newest.values())).limited(max_history)

    def _require(self, user: int) -> None:
        if not 0 <= user < len(self.dataset.users):
            raise VisitorError(f"there is no user in row {user} of {len(self.dataset.users):,}")

    def visitor(self, user: int, max_history: int = MAX_HISTORY) -> Visitor:
        """Return a user as a visitor: their newest events, without times; older movies count as seen."""
        history = tuple(replace(event, timestamp=None) for event in self.events(user))
        return replace(self.without_history(user), history=history).limited(max_history)

    def replay(self, recommender: Recommender, user: int, max_steps: int = MAX_STEPS) -> Replay:
        """Predict each of a user's first ``max_steps`` ratings from those before it.

        Times are kept, so that the model sees the same gaps as in training. The item mean is that of the training users
        alone. Raises ``VisitorError`` for a user who was not held out of the training.
        """
        if user not in self.held_out:
            raise VisitorError(
                f"user in row {user} was not held out of the training of {self.bundle.name}; "
                f"choose one of its {len(self.held_out)} held-out users"
            )
        events = self.events(user)
        visitor = replace(self.without_history(user), history=events[:max_steps])
        rows = recommender.catalogue.rows(visitor.ratings)
        return Replay(
            user=user,
            visitor=visitor,
            predicted=_predict_each(recommender, visitor),
            actual=np.array([event.rating for event in visitor.history]),
            item_mean=self._item_means[rows],
            length=len(events),
            afterwards=events[max_steps:],
        )


def _predict_each(recommender: Recommender, visitor: Visitor) -> np.ndarray:
    """Return the expected rating of each event from the events before it: (events,) stars."""
    history = visitor.history
    predicted = np.zeros(len(history))
    for start in range(0, len(history), BLOCK):
        steps = range(start, min(start + BLOCK, len(history)))
        visitors = [replace(visitor, history=history[:step]) for step in steps]
        predictions = recommender.predict_many(visitors, [history[step].movie_id for step in steps])
        predicted[steps.start : steps.stop] = np.diagonal(predictions.expected)
    return predicted
