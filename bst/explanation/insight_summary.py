"""Aggregates over a sample of explained predictions: spreads, genres, movies."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from bst.datasets.catalogue import Catalogue
from bst.domain import GENRES
from bst.evaluation.records import Interval
from bst.explanation.insight_record import By, GenreInsight, MovieInsight, Spread
from bst.metrics import Bootstrap, interval
from bst.schema import genre_matrix

BINS, DECILES = np.linspace(-1, 1, 21), np.linspace(0, 1, 11)
DIGITS = 4  # of a mean
# a genre or movie needs this many visitors; a movie's ratio is shrunk to 1 as if by this many more events
LEAST_VISITORS, SHRINKAGE, MOST_MOVIES = 5, 5.0, 20


class Measurement(Protocol):
    """One explained prediction: the movies of its events, their attention and leave-one-out effects, (events,)."""

    @property
    def movie_ids(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def attention(self) -> np.ndarray: ...  # noqa: D102

    @property
    def influence(self) -> np.ndarray: ...  # noqa: D102


def deciles(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """Return 11 quantiles, from 0% to 100%, rounded."""
    return tuple(np.quantile(values, DECILES).round(4).tolist())


def spread(values: Iterable[float | None]) -> Spread | None:
    """Return how numbers between −1 and 1 are spread; None if all are None."""
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return None
    histogram = np.histogram(known, BINS)[0]
    return Spread(len(known), round(float(known.mean()), 4), deciles(known), tuple(histogram.tolist()))


def mean_interval(values: np.ndarray, bootstrap: Bootstrap) -> Interval:
    """Return the mean of values (n,) with its 95% interval, rounded; ``bootstrap`` resamples whose they are."""
    bounds = interval(bootstrap.means(values))
    return Interval(*(round(float(value), DIGITS) for value in (np.mean(values), *bounds)))


def ratios(values: np.ndarray) -> np.ndarray:
    """Return the sizes of (events,) values as ratios to their mean; all 1 where all are 0.

    >>> ratios(np.array([1.0, -3.0, 2.0])).tolist()
    [0.5, 1.5, 1.0]
    """
    size = np.abs(values)
    return size / size.mean() if len(size) and size.any() else np.ones(len(size))


def by_genre(
    catalogue: Catalogue, measurements: Sequence[Measurement], names: Sequence[str] = GENRES
) -> tuple[GenreInsight, ...]:
    """Return the genres that ``LEAST_VISITORS`` had, most attended first.

    A movie of several genres counts for each of them.
    """
    genres = genre_matrix(catalogue.movies, names)
    sums = np.zeros((5, len(names)))
    for one in measurements:
        flags = genres[catalogue.rows(one.movie_ids)]
        values = np.stack([np.ones(len(flags)), ratios(one.attention), ratios(one.influence), np.abs(one.influence)])
        sums += np.vstack([values @ flags, flags.any(axis=0)])
    events, *totals, visitors = sums
    attention, influence, stars = np.array(totals) / np.maximum(events, 1)
    rows = [
        GenreInsight(
            genre=genre,
            visitors=int(visitors[i]),
            events=int(events[i]),
            attention=round(float(attention[i]), 3),
            influence=round(float(influence[i]), 3),
            stars=round(float(stars[i]), 4),
        )
        for i, genre in enumerate(names)
        if visitors[i] >= LEAST_VISITORS
    ]
    return tuple(sorted(rows, key=lambda row: -row.attention))


def by_movie(measurements: Sequence[Measurement], by: By) -> tuple[MovieInsight, ...]:
    """Return the movies that get the most ``attention`` or have the most ``influence``, highest first, at most 20.

    Only those that ``LEAST_VISITORS`` had; value = (Σ ratios + 5) / (visitors + 5), so that few visitors prove little.
    """
    found: dict[int, list[float]] = {}
    for one in measurements:
        for movie_id, ratio in zip(one.movie_ids, ratios(getattr(one, by)).tolist(), strict=True):
            found.setdefault(movie_id, []).append(ratio)
    rows = [
        MovieInsight(movie_id, len(values), round((sum(values) + SHRINKAGE) / (len(values) + SHRINKAGE), 3))
        for movie_id, values in found.items()
        if len(values) >= LEAST_VISITORS
    ]
    return tuple(sorted(rows, key=lambda row: (-row.value, row.movie_id))[:MOST_MOVIES])
