"""How a ranked list is made of predictions: filters, order, and diversity.

Pure functions of arrays. ``Recommender`` supplies the arrays; pages and the command line ask it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from bst.domain import MOVIES, Domain
from bst.errors import VisitorError
from bst.metrics import probability_liked
from bst.models.config import Task
from bst.scoring.results import Predictions
from bst.text import quoted

Order = Literal["like", "rating", "next", "blend"]
# what a list can be ordered by: see ``RankOptions``. The first one that a model supports is its default
ORDERS: dict[Order, str] = {
    "like": "probability of being watched and liked some time",
    "rating": "expected rating, lowered where few people have rated the movie",
    "next": "probability of being watched next",
    "blend": "probability of being watched next and liked",
}

# what a model must predict, beside ratings, for each order
ORDER_TASKS: dict[Order, tuple[Task, ...]] = {"like": ("like",), "rating": (), "next": ("next",), "blend": ("next",)}

# orders that need ratings
OF_RATINGS: tuple[Order, ...] = ("rating", "blend")


def orders_of(tasks: Collection[str]) -> tuple[Order, ...]:
    """Return which of ``ORDERS`` a model that predicts these tasks supports; the first is its default.

    >>> orders_of(["rating", "next"]), orders_of(["next"])
    (('rating', 'next', 'blend'), ('next',))
    """
    known = ORDERS if "rating" in tasks else {order: ORDERS[order] for order in ORDERS if order not in OF_RATINGS}
    return tuple(order for order in known if set(ORDER_TASKS[order]) <= set(tasks))


# Ranges of ``popularity_percentile``. A few movies have most of the ratings, so the bands narrow towards the top.
POPULARITY_BANDS: dict[str, tuple[float, float]] = {
    "Hidden gems": (0.0, 0.25),
    "Little known": (0.25, 0.5),
    "Known": (0.5, 0.8),
    "Well known": (0.8, 0.95),
    "Blockbusters": (0.95, 1.0),
}

# standard deviations below the estimate, where a one-sided 95% interval ends
ONE_SIDED_95 = 1.645
# A catalogue of more movies is ranked in two stages, as in Covington et al. 2016 ("Deep Neural Networks for YouTube
# Recommendations"): scores that cost little find this many movies, and these are ranked by the whole model.
MOST_IN_ONE_STAGE, RETRIEVED = 20_000, 7_000
# In a catalogue of more movies an index finds candidates, and all else is worked out for these alone: see
# ``preselection``. Below it a product with all of them is quick enough (docs/large-catalogue.md).
MOST_WITHOUT_INDEX = 200_000
# a diverse list is chosen from this many of the best: movies further down are not worth showing for being different
POOL = 200


def genre_columns(genres: Iterable[str], domain: Domain = MOVIES) -> list[int]:
    """Return the indices of genres among those of the domain, whatever their case. Raises ``VisitorError``."""
    columns = {name.casefold(): column for column, name in enumerate(domain.tag_values)}
    genres = list(genres)
    for genre in genres:
        if genre.casefold() not in columns:
            known = ", ".join(domain.tag_values) or "there are none here"
            raise VisitorError(f"unknown {domain.tag} {quoted(genre)}; choose among: {known}")
    return [columns[genre.casefold()] for genre in genres]


@dataclass(frozen=True)
class Filters:
    """Which movies a list may contain.

    ``genres``: movies of any of these; all movies if empty. ``years``: first and last year, both included.
    ``include_seen``: whether movies that the visitor has seen are listed too. ``popularity``: a range of
    ``popularity_percentile``; its upper end is excluded unless it is 1. ``POPULARITY_BANDS`` names such ranges.
    ``candidates``: only these movies, by id; None for the whole catalogue.
    """

    genres: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    include_seen: bool = False
    popularity: tuple[float, float] | None = None
    candidates: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Raise ``VisitorError`` for an invalid range of popularity. Genres are checked where a list is made."""
        if self.popularity is not None and not 0 <= self.popularity[0] < self.popularity[1] <= 1:
            raise VisitorError(f"popularity goes from a lower to a higher share between 0 and 1, not {self.popularity}")


@dataclass(frozen=True)
class RankOptions:
    """How the catalogue is ranked.

    ``order``: "like" puts first what the visitor will most likely watch and like some time; "rating" what has the
    highest ``cautious_rating``; "next" what is most likely watched next; "blend" what is most likely watched next and
    liked, watch_next ** ``weight`` × P(4 stars or more) ** (1 − ``weight``), so that one half each gives the order of
    the product. Every model supports "rating".

    ``popularity_weight`` w, 0 … 1, is how much a movie's popularity counts in order "like", by like_logit −
    (1 − w) · popularity_logit: the log-odds for the visitor less those for an unknown visitor. At 1 the list is what
    the model predicts; at 0 it has what the visitor will like more than others do. ``diversity``, 0 … 1, moves movies
    down that are similar to those above them: see ``diversify``.
    """

    filters: Filters = field(default_factory=Filters)
    order: Order = "rating"
    weight: float = 0.5
    diversity: float = 0.0
    popularity_weight: float = 1.0

    def __post_init__(self) -> None:
        """Raise ``VisitorError`` for an unknown order, and a weight or diversity outside 0 … 1."""
        if self.order not in ORDERS:
            raise VisitorError(f"a list cannot be ordered by {quoted(self.order)}; choose one of: {', '.join(ORDERS)}")
        if not 0 <= self.weight <= 1:
            raise VisitorError(f"the weight of a blend goes from 0 (liked) to 1 (likely next), not {self.weight}")
        if not 0 <= self.diversity <= 1:
            raise VisitorError(
                f"diversity goes from 0 (as ordered) to 1 (as different as can be), not {self.diversity}"
            )
        if not 0 <= self.popularity_weight <= 1:
            raise VisitorError(
                f"the popularity weight goes from 0 (taste alone) to 1 (as predicted), not {self.popularity_weight}"
            )


def popularity_percentile(counts: np.ndarray) -> np.ndarray:
    """Return the share of movies with fewer ratings than each movie: (movies,) float64, from 0 to below 1.

    ``counts`` (movies,): how many ratings each movie has. Equal counts give equal shares.

    >>> popularity_percentile(np.array([5, 0, 10, 5])).tolist()
    [0.25, 0.0, 0.75, 0.25]
    """
    return np.searchsorted(np.sort(counts), counts, side="left") / max(len(counts), 1)


def in_range(percentiles: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Return which percentiles lie within the bounds of ``Filters.popularity``: (movies,) bool."""
    low, high = bounds
    return (percentiles >= low) & ((percentiles < high) | (high >= 1))


def years_of(movies: pd.DataFrame) -> np.ndarray:
    """Return the movies' years, (movies,) float64; NaN where unknown, which no range of years includes."""
    return movies["year"].astype("Float64").to_numpy(np.float64, na_value=np.nan)


def cautious_rating(expected: np.ndarray, counts: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Return a lower bound of expected ratings that allows for how few ratings a movie has: (movies,) stars.

    r̂ − z · s / √(n + 1), one-sided at 95% (z = 1.645), where s, a quarter of the scale, stands for the standard
    deviation of one rating: the lower end of a confidence interval, as in Miller, "How Not To Sort By Average Rating"
    (2009). ``counts`` (movies,): ratings n of each movie in the dataset; the 1 stands for what the model knows of a
    movie without any rating.

    >>> cautious_rating(np.array([4.5, 4.4]), np.array([0, 99]), (1, 2, 3, 4, 5)).round(2).tolist()
    [2.86, 4.24]
    """
    return expected - uncertainty(counts, levels)


def uncertainty(counts: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Return what ``cautious_rating`` takes off expected ratings: (movies,) stars."""
    deviation = (levels[-1] - levels[0]) / 4
    return ONE_SIDED_95 * deviation / np.sqrt(counts + 1.0)


def sort_keys(
    predictions: Predictions, options: RankOptions, levels: tuple[float, ...], counts: np.ndarray | None = None
) -> list[np.ndarray]:
    """Return what movies are sorted by: ``primary_key``, and for movies that have it in common the expected rating.

    Each has the shape of ``predictions.expected``. Raises ``VisitorError`` as ``primary_key`` does.
    """
    return [primary_key(predictions, options, levels, counts), predictions.expected]


def primary_key(
    predictions: Predictions, options: RankOptions, levels: tuple[float, ...], counts: np.ndarray | None = None
) -> np.ndarray:
    """Return what movies are sorted by first; higher is better. ``levels``: the dataset's ratings.

    ``counts`` (movies,): how many ratings each has, for order "rating"; None: as if all had as many. Raises
    ``VisitorError`` for an order that needs predictions which the model does not make.
    """
    if options.order == "like" and predictions.like_logit is not None and predictions.popularity_logit is not None:
        return predictions.like_logit - (1 - options.popularity_weight) * predictions.popularity_logit
    if options.order == "rating":
        return predictions.expected if counts is None else cautious_rating(predictions.expected, counts, levels)
    if options.order == "next" and predictions.watch_next is not None:
        return predictions.watch_next
    if options.order != "blend" or predictions.watch_next is None or predictions.distribution is None:
        raise VisitorError(f"a model that does not predict it cannot order by {quoted(options.order)}")
    liked = probability_liked(predictions.distribution, levels)
    watch_next = predictions.watch_next.astype(np.float64)
    return watch_next**options.weight * liked ** (1 - options.weight)


def with_best(key: np.ndarray, allowed: np.ndarray, count: int | None) -> np.ndarray:
    """Return which of the ``allowed`` movies (bool) can be among the first ``count``: (movies,) bool.

    Those whose key is at least that of the movie in rank ``count``; all of them if None.

    >>> with_best(np.array([1.0, 3.0, 2.0, 3.0]), np.array([True, True, True, False]), 1).tolist()
    [False, True, False, False]
    """
    keys = key[allowed]
    if count is None or count >= len(keys):
        return allowed
    return allowed & (key >= np.partition(keys, len(keys) - count)[len(keys) - count])


def tied_rows(key: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return the rows of the ``allowed`` movies (bool) that have their key (movies,) in common with another one.

    >>> tied_rows(np.array([1.0, 2.0, 1.0, 1.0]), np.array([True, True, True, False])).tolist()
    [0, 2]
    """
    rows = np.flatnonzero(allowed)
    _, index, count = np.unique(key[rows], return_inverse=True, return_counts=True)
    return rows[count[index] > 1]


def argsort_candidates(keys: list[np.ndarray], allowed: np.ndarray) -> np.ndarray:
    """Return the rows of the ``allowed`` movies (bool), best first; ties keep the order of the catalogue.

    ``keys``: what ``sort_keys`` returns for one visitor, (movies,) each.
    """
    rows = np.flatnonzero(allowed)
    return rows[np.lexsort([-key[rows] for key in reversed(keys)])]


def retrieve(keys: Sequence[np.ndarray], allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the ``RETRIEVED`` best of the ``allowed`` movies (bool), and of the others, best first.

    ``keys`` (movies,) each, higher is better: as many are retrieved by each of them. The others are in the order of the
    first key.
    """
    rows, chosen = np.flatnonzero(allowed), np.zeros(len(allowed), bool)
    for key in keys:
        count = min(RETRIEVED // len(keys), len(rows))
        chosen[rows[np.argpartition(-key[rows], count - 1)[:count]] if count else []] = True
    retrieved, others = rows[chosen[rows]], rows[~chosen[rows]]
    return retrieved, others[np.argsort(-keys[0][others], kind="stable")]


def ranks_of(rows: np.ndarray, movies: int) -> np.ndarray:
    """Return each movie's rank in a list of rows, from 1; 0 for movies that are not in it: (movies,) int64."""
    ranks = np.zeros(movies, np.int64)
    ranks[rows] = np.arange(1, len(rows) + 1)
    return ranks


def diversify(rows: np.ndarray, vectors: np.ndarray, diversity: float, k: int | None = None) -> np.ndarray:
    """Return rows, best first, re-ranked so that similar movies are spread out: maximal marginal relevance.

    Carbonell & Goldstein 1998: the next movie is the one with the highest (1 − d) · relevance − d · similarity, where
    similarity is the cosine to the most similar movie above it. ``vectors`` (movies, D) have length 1. Relevance falls
    linearly with the rank, from 1 at the top to 0 at the end of the ``POOL``; so each step of ``diversity`` d, 0 … 1,
    makes a list about as much more diverse, whatever it is ordered by. 0 leaves it unchanged.

    Movies beyond the pool keep their order. ``k``: how many rows are needed; no more are computed.
    """
    if diversity == 0:
        return rows[:k]
    pool = rows[:POOL]
    movies, n = vectors[pool], len(pool)
    needed = n if k is None else min(k, n)
    relevance = ((1 - diversity) * (1 - np.arange(n) / POOL)).astype(np.float32)
    similarity = np.full(n, -1.0, np.float32)
    chosen = np.zeros(needed, np.int64)
    for step in range(needed):
        best = chosen[step] = int((relevance - diversity * similarity).argmax())
        similarity = np.maximum(similarity, movies @ movies[best])
        relevance[best] = -np.inf
    return np.concatenate([pool[chosen], np.delete(pool, chosen), rows[POOL:]])[:k]
