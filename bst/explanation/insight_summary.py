"""Sums over a sample of explained predictions: spreads, genres, movies."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from bst.datasets.catalogue import Catalogue
from bst.schema import GENRES, genre_matrix

BINS, DECILES = np.linspace(-1, 1, 21), np.linspace(0, 1, 11)
# a genre or movie is named if so many visitors had it; and a movie's ratio is drawn to 1 as if by so many more events
LEAST_VISITORS, SHRINKAGE, MOST_MOVIES = 5, 5.0, 20


class Explanation(Protocol):
    """One explained prediction: the movies of its events, and what they got of each, (events,)."""

    movie_ids: tuple[int, ...]
    attention: np.ndarray
    influence: np.ndarray


def deciles(values) -> list[float]:
    """Return 11 quantiles, 0 % … 100 %, rounded."""
    return np.quantile(values, DECILES).round(4).tolist()


def spread(values: Iterable[float | None]) -> dict | None:
    """Return how numbers between −1 and 1 are spread: a Spread of ``insights.make_insights``; None if all are None."""
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return None
    return {
        "visitors": len(known),
        "mean": round(float(known.mean()), 4),
        "quantiles": deciles(known),
        "histogram": np.histogram(known, BINS)[0].tolist(),
    }


def ratios(values: np.ndarray) -> np.ndarray:
    """Return the sizes of (events,) values as ratios to their mean; all 1 where all are 0."""
    size = np.abs(values)
    return size / size.mean() if len(size) and size.any() else np.ones(len(size))


def by_genre(catalogue: Catalogue, seen: Sequence[Explanation]) -> list[dict]:
    """Return a row for each genre that ``LEAST_VISITORS`` had, most attended first; see ``insights.make_insights``.

    A movie of several genres counts for each of them.
    """
    genres = genre_matrix(catalogue.movies)
    sums = np.zeros((5, len(GENRES)))
    for one in seen:
        mine = genres[catalogue.rows(one.movie_ids)]
        told = np.stack([np.ones(len(mine)), ratios(one.attention), ratios(one.influence), np.abs(one.influence)])
        sums += np.vstack([told @ mine, mine.any(axis=0)])
    events, *totals, visitors = sums
    looked, moved, stars = np.array(totals) / np.maximum(events, 1)
    rows = [
        {
            "genre": name,
            "visitors": int(visitors[i]),
            "events": int(events[i]),
            "attention": round(float(looked[i]), 3),
            "influence": round(float(moved[i]), 3),
            "stars": round(float(stars[i]), 4),
        }
        for i, name in enumerate(GENRES)
        if visitors[i] >= LEAST_VISITORS
    ]
    return sorted(rows, key=lambda row: -row["attention"])


def by_movie(seen: Sequence[Explanation], what: str) -> list[dict]:
    """Return the movies that get the most ``attention`` or have the most ``influence``, highest first, at most 20.

    Only those that ``LEAST_VISITORS`` had; value = (Σ ratios + 5) / (visitors + 5), so that few of them prove little.
    """
    told: dict[int, list[float]] = {}
    for one in seen:
        for movie_id, ratio in zip(one.movie_ids, ratios(getattr(one, what)).tolist(), strict=True):
            told.setdefault(movie_id, []).append(ratio)
    rows = [
        {
            "movie_id": movie_id,
            "visitors": len(of_one),
            "value": round((sum(of_one) + SHRINKAGE) / (len(of_one) + SHRINKAGE), 3),
        }
        for movie_id, of_one in told.items()
        if len(of_one) >= LEAST_VISITORS
    ]
    return sorted(rows, key=lambda row: (-row["value"], row["movie_id"]))[:MOST_MOVIES]
