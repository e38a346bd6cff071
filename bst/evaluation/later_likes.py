"""Ranked lists against everything that a user liked later: the labels of protocol ``list``, and the metrics."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from bst.baselines.list_baseline import LikeHistories
from bst.evaluation.list_record import ListQuality
from bst.evaluation.lists import visitor_before
from bst.evaluation.records import Interval
from bst.metrics import (
    LIKED,
    Bootstrap,
    genre_distribution,
    interval,
    list_diversity,
    list_ndcg,
    list_precision,
    list_recall,
    miscalibration,
    self_information,
    top_title,
)
from bst.schema import MAX_HISTORY, Visitor, genre_matrix
from bst.timelines.splits import EvaluationSplit

# how many events are known
LENGTHS = (1, 5, 10, 20, 50)
TOP, LONG = 10, 50


def like_histories(split: EvaluationSplit, users: np.ndarray) -> LikeHistories:
    """Return the whole timelines of some users (rows of the dataset) as baselines read them."""
    events = split.timelines
    one_hot = [
        np.eye(len(demographic.values) + 1, dtype=np.float32)[split.dataset.users[name].cat.codes, :-1]
        for name, demographic in split.dataset.domain.demographics.items()
    ]  # the code of what is unknown, −1, is the last row, and has no column
    whole = LikeHistories(
        movie=events.movie,
        liked=events.rating >= LIKED,
        offsets=events.offsets,
        demographics=np.concatenate([np.zeros((len(split.dataset.users), 0), np.float32), *one_hot], axis=1),
        movies=len(split.dataset.movies),
    )
    return whole.take(users)


@dataclass(frozen=True)
class LaterLikes:
    """Users of whom the first ``events`` are known, and what they rated later.

    ``users`` (users,): rows of the dataset. ``known``: their first events. ``stars``: ratings of movies that came
    later and are not known, (users, movies), sparse, 0 for all others.
    """

    split: EvaluationSplit
    events: int
    users: np.ndarray
    known: LikeHistories
    stars: sparse.csr_array

    @classmethod
    def of(cls, split: EvaluationSplit, users: np.ndarray, events: int, least: int = TOP) -> Self:
        """Return the labels of those of the ``users`` (rows of the dataset) who rate ``least`` movies later, or more,
        and like one of them. With fewer ratings than a list is long, no list could be all right.
        """
        whole = like_histories(split, users)
        later = whole.after(events)
        useful = np.flatnonzero((later.likes.sum(axis=1) > 0) & (np.diff(later.offsets) >= least))
        users, whole = users[useful], whole.take(useful)
        return cls(split, events, users, whole.first(events), _later_stars(split, users, events))

    def __len__(self) -> int:
        """Return the number of users."""
        return len(self.users)

    @cached_property
    def likes(self) -> np.ndarray:
        """How many movies each user likes later: (users,) int64."""
        return (self.stars >= LIKED).sum(axis=1)

    def stars_of(self, lists: np.ndarray) -> np.ndarray:
        """Return the later rating of each entry of lists (users, k), rows of the catalogue: stars, 0 without one.

        −1 in a list is no entry.
        """
        rows = np.repeat(np.arange(len(lists)), lists.shape[1])
        stars = np.asarray(self.stars[rows, np.maximum(lists, 0).ravel()]).reshape(lists.shape)
        return np.where(lists >= 0, stars, 0)

    def visitors(self, ids: np.ndarray) -> list[Visitor]:
        """Return the users as visitors of the app, where times are unknown. ``ids``: of all movies."""
        first = self.split.timelines.offsets[self.users]
        before = [visitor_before(self.split, label, ids, MAX_HISTORY) for label in first + self.events]
        return [
            replace(visitor, history=tuple(replace(event, timestamp=None) for event in visitor.history))
            for visitor in before
        ]


def _later_stars(split: EvaluationSplit, users: np.ndarray, events: int) -> sparse.csr_array:
    timelines, found = split.timelines, []
    for row, user in enumerate(users):
        own = slice(timelines.offsets[user], timelines.offsets[user + 1])
        movies, ratings = timelines.movie[own].tolist(), timelines.rating[own].tolist()
        known = set(movies[:events])
        # of two ratings of the same movie the newest counts
        later = dict(zip(movies[events:], ratings[events:], strict=True))
        found += [(row, movie, stars) for movie, stars in later.items() if movie not in known]
    rows, columns, stars = np.array(found, np.float64).reshape(-1, 3).T
    shape = len(users), len(split.dataset.movies)
    return sparse.csr_array((stars.astype(np.float32), (rows.astype(np.int64), columns.astype(np.int64))), shape)


@dataclass(frozen=True)
class Catalogue:
    """What the contents of lists are measured by: ``information`` (movies,) bits and ``genres`` (movies, 18)."""

    information: np.ndarray
    genres: np.ndarray

    @classmethod
    def of(cls, split: EvaluationSplit) -> Self:
        """Return those of a dataset, popularity from all but the test labels."""
        known = split.known
        count = np.bincount(known.movie, minlength=known.movies)
        return cls(
            self_information(count, len(np.unique(known.user))),
            genre_matrix(split.dataset.movies, split.dataset.domain.tag_values),
        )


@dataclass(frozen=True)
class MeasuredLists:
    """Lists measured for each user, ready for intervals and for comparing with others on the same users.

    ``sums``: by metric two arrays (users,), a numerator and a denominator: the metric is the ratio of their sums. For
    a mean the denominator is 1 for each user for whom it is defined, and 0 for others.
    """

    distinct: int
    sums: dict[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, lists: np.ndarray, labels: LaterLikes, catalogue: Catalogue) -> Self:
        """Measure lists int (users, ``LONG``), rows of the catalogue, best first; −1 where a list is shorter."""
        stars, top = labels.stars_of(lists), lists[:, :TOP]
        hits, every = stars >= LIKED, np.ones(len(lists))
        sums = {
            f"precision@{TOP}": (list_precision(hits, TOP), every),
            f"ndcg@{TOP}": (list_ndcg(hits, labels.likes, TOP), every),
            f"recall@{LONG}": (list_recall(hits, labels.likes, LONG), every),
            "stars": (stars[:, :TOP].sum(axis=1), (stars[:, :TOP] > 0).sum(axis=1)),
            "top_share": (top_title(top)[1], every),
        }
        full = np.asarray((top >= 0).all(axis=1))
        content = np.where(full[:, None], top, 0)
        history = genre_distribution(catalogue.genres, labels.known.likes)
        listed = genre_distribution(catalogue.genres, _indicator(content, len(catalogue.genres)))
        with_genres = full & (history.sum(axis=1) > 0)
        sums["novelty"] = (catalogue.information[content].mean(axis=1) * full, full)
        sums["diversity"] = (list_diversity(content, catalogue.genres) * full, full)
        sums["calibration"] = (miscalibration(history, listed) * with_genres, with_genres)
        return cls(len(np.unique(top[top >= 0])), {name: pair for name, pair in sums.items() if pair[1].any()})

    def quality(self, bootstrap: Bootstrap, ours: "MeasuredLists | None" = None) -> ListQuality:
        """Return all metrics with their intervals, and what ``ours``, on the same users, have more of each.

        ``bootstrap``: draws of these users.
        """
        return ListQuality(
            users=bootstrap.users,
            distinct=self.distinct,
            values={name: self._interval(name, bootstrap) for name in self.sums},
            differences={
                name: ours._interval(name, bootstrap, less=self) for name in self.sums if ours and name in ours.sums
            },
        )

    def _interval(self, name: str, bootstrap: Bootstrap, less: "MeasuredLists | None" = None) -> Interval:
        """Return a metric, or the difference to that of other lists, from the same draws."""
        value, draws = self._ratio(name, bootstrap)
        if less:
            subtrahend, their_draws = less._ratio(name, bootstrap)
            value, draws = value - subtrahend, draws - their_draws
        return Interval(value, *interval(draws))

    def _ratio(self, name: str, bootstrap: Bootstrap) -> tuple[float, np.ndarray]:
        numerator, denominator = self.sums[name]
        with np.errstate(invalid="ignore", divide="ignore"):  # NaN in a draw of users for whom it is not defined
            draws = bootstrap.sums(numerator) / bootstrap.sums(denominator)
        return float(numerator.sum() / denominator.sum()), draws


def _indicator(lists: np.ndarray, movies: int) -> sparse.csr_array:
    """Return which movies each list has: (users, movies)."""
    users, k = lists.shape
    return sparse.csr_array((np.ones(lists.size), (np.repeat(np.arange(users), k), lists.ravel())), (users, movies))
