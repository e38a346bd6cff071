"""What makes a ranked list of predictions: which movies it may name, what comes first, and how varied it is.

Pure functions of arrays; the recommender brings the arrays, and is what pages and the command line ask.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bst.errors import VisitorError
from bst.metrics import probability_liked
from bst.schema import GENRES
from bst.scoring.results import Predictions

# how a list can be ordered, and by what: see ``Recommender.rank``
ORDERS = {
    "rating": "expected rating",
    "next": "probability of being watched next",
    "blend": "probability of being watched next and liked",
}

# How well known a movie is: the share of the catalogue that has fewer ratings. Few movies have most of the ratings, so
# the bands grow narrower towards the top.
POPULARITY_BANDS: dict[str, tuple[float, float]] = {
    "Hidden gems": (0.0, 0.25),
    "Little known": (0.25, 0.5),
    "Known": (0.5, 0.8),
    "Well known": (0.8, 0.95),
    "Blockbusters": (0.95, 1.0),
}

# a varied list is chosen from this many of the best: what comes later is not worth showing for being different
POOL = 200


@dataclass(frozen=True)
class Filters:
    """Which movies a list may name: any of ``genres`` (none: all), years from … to, inclusive, and seen ones or not.

    ``fame``: from … to, as shares of the catalogue that has fewer ratings than a movie: 0 least, 1 most famous. The
    upper end is not included, unless it is 1. ``POPULARITY_BANDS`` names such ranges.
    """

    genres: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    include_seen: bool = False
    fame: tuple[float, float] | None = None

    def __post_init__(self):
        """Raise ``VisitorError`` for a range of fame that is none."""
        if self.fame is not None and not 0 <= self.fame[0] < self.fame[1] <= 1:
            raise VisitorError(f"fame goes from a lower to a higher share between 0 and 1, not {self.fame}")


def genre_columns(genres) -> list[int]:
    """Return the places of genres in ``schema.GENRES``, whatever their case. Raises ``VisitorError``."""
    places = {name.casefold(): i for i, name in enumerate(GENRES)}
    strange = [genre for genre in genres if genre.casefold() not in places]
    if strange:
        raise VisitorError(f"unknown genre {strange[0]!r}; choose among: {', '.join(GENRES)}")
    return [places[genre.casefold()] for genre in genres]


def fame(counts: np.ndarray) -> np.ndarray:
    """Return how famous movies are: the share of all that has fewer ratings, (movies,) float64 from 0 to below 1.

    ``counts``: how many ratings each has. Movies with as many are equally famous.
    """
    return np.searchsorted(np.sort(counts), counts, side="left") / max(len(counts), 1)


def between(shares: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """Return which shares lie in a range of ``Filters.fame``: (movies,) bool."""
    low, high = span
    return (shares >= low) & ((shares < high) | (high >= 1))


def years_of(movies: pd.DataFrame) -> np.ndarray:
    """Return the movies' years, (movies,) float64; not a number where unknown, which no range of years includes."""
    return movies["year"].astype("Float64").to_numpy(np.float64, na_value=np.nan)


def keys(made: Predictions, order: str, levels: tuple[float, ...], weight: float = 0.5) -> list[np.ndarray]:
    """Return by what movies are ordered, the first key first, each of the shape of ``made.expected``; more is better.

    ``blend`` is watch_next ** weight × P(4 stars or more) ** (1 − weight): half and half gives the order of the
    product. What the first key leaves equal is ordered by expected rating. Raises ``VisitorError`` for a weight outside
    0 … 1.
    """
    if not 0 <= weight <= 1:
        raise VisitorError(f"the weight of a blend goes from 0 (liked) to 1 (likely next), not {weight}")
    if order == "rating":
        return [made.expected]
    if order == "next":
        return [made.watch_next, made.expected]
    liked = probability_liked(made.distribution, levels)
    return [made.watch_next.astype(np.float64) ** weight * liked ** (1 - weight), made.expected]


def argsort_candidates(by: list[np.ndarray], allowed: np.ndarray) -> np.ndarray:
    """Return the rows of the ``allowed`` movies (bool), best first; ties keep the order of the catalogue.

    ``by``: what ``keys`` returns for one visitor.
    """
    rows = np.flatnonzero(allowed)
    return rows[np.lexsort([-key[rows] for key in reversed(by)])]


def places(rows: np.ndarray, movies: int) -> np.ndarray:
    """Return each movie's place in a list of rows, from 1; 0 for those that are not in it: (movies,) int64."""
    found = np.zeros(movies, np.int64)
    found[rows] = np.arange(1, len(rows) + 1)
    return found


def diversify(rows: np.ndarray, vectors: np.ndarray, diversity: float, k: int | None = None) -> np.ndarray:
    """Return rows, best first, with movies put off that are like those above them: maximal marginal relevance.

    Carbonell & Goldstein 1998: the next is always the one with the highest (1 − d) · relevance − d · similarity, where
    similarity is that to the nearest of those above it: the cosine of ``vectors`` (movies, D), of length 1. Relevance
    falls evenly with the place, from 1 at the top to 0 at the end of the ``POOL`` that is chosen from; so each step of
    ``diversity`` d, 0 … 1, makes a list about as much more varied, whatever it is ordered by. 0 leaves it as it is.

    What comes after the pool keeps its order. ``k``: so many are needed, no more are worked out. Raises
    ``VisitorError`` for a diversity outside 0 … 1.
    """
    if not 0 <= diversity <= 1:
        raise VisitorError(f"diversity goes from 0 (as ordered) to 1 (as different as can be), not {diversity}")
    if diversity == 0:
        return rows[:k]
    pool = rows[:POOL]
    movies, n = vectors[pool], len(pool)
    wanted = n if k is None else min(k, n)
    worth = ((1 - diversity) * (1 - np.arange(n) / POOL)).astype(np.float32)
    nearest = np.full(n, -1.0, np.float32)
    chosen = np.zeros(wanted, np.int64)
    for step in range(wanted):
        best = chosen[step] = int((worth - diversity * nearest).argmax())
        nearest = np.maximum(nearest, movies @ movies[best])
        worth[best] = -np.inf
    return np.concatenate([pool[chosen], np.delete(pool, chosen), rows[POOL:]])[:k]
