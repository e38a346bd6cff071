"""Baselines of means and biases, fitted on (user, movie, rating) arrays."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interactions:
    """The ratings that a baseline is fitted on: ``user`` and ``movie`` int, ``rating`` stars, each (ratings,)."""

    user: np.ndarray
    movie: np.ndarray
    rating: np.ndarray
    users: int
    movies: int

    @property
    def mean(self) -> float:
        """Mean of all ratings, in stars."""
        return float(self.rating.mean(dtype=np.float64))


def global_mean(known: Interactions, user: np.ndarray, movie: np.ndarray) -> np.ndarray:
    """Predict μ, the mean of all known ratings: (labels,) stars."""
    return np.full(len(user), known.mean)


def item_mean(known: Interactions, user: np.ndarray, movie: np.ndarray) -> np.ndarray:
    """Predict each movie's mean rating, and μ for a movie that has none: (labels,) stars."""
    count = np.bincount(known.movie, minlength=known.movies)
    total = np.bincount(known.movie, known.rating, minlength=known.movies)
    return np.where(count > 0, total / np.maximum(count, 1), known.mean)[movie]


def bias(
    known: Interactions, user: np.ndarray, movie: np.ndarray, *, item_damping: float = 10.0, user_damping: float = 5.0
) -> np.ndarray:
    """Predict μ + b_i + b_u, item bias and user bias: (labels,) stars.

    b_i = Σ(r − μ) / (n_i + 10) over the movie's ratings; b_u = Σ(r − μ − b_i) / (n_u + 5) over the user's. The damping
    shrinks biases of few ratings towards 0 (Koren, Bell & Volinsky, Computer 42(8), 2009; as LensKit's ``bias``).
    """
    b_i = _item_bias(known, item_damping)
    residual = known.rating - known.mean - b_i[known.movie]
    count = np.bincount(known.user, minlength=known.users)
    b_u = np.bincount(known.user, residual, known.users) / (count + user_damping)
    return known.mean + b_i[movie] + b_u[user]


def bias_fold_in(
    known: Interactions,
    movie: np.ndarray,
    rating: np.ndarray,
    offsets: np.ndarray,
    *,
    item_damping: float = 10.0,
    user_damping: float = 5.0,
) -> np.ndarray:
    """Predict every event of timelines that are not in ``known`` from the events before it: (events,) stars.

    As ``bias``, the item side from ``known``; b_u = Σ(r − μ − b_i) / (n + 5) over the n events before each one, so a
    first event gets μ + b_i. ``movie`` int and ``rating`` stars (events,); timeline ``t`` owns
    ``offsets[t]:offsets[t + 1]``.
    """
    b_i = _item_bias(known, item_damping)[movie]
    total = np.cumsum(rating - known.mean - b_i, dtype=np.float64)
    # sum and count of the events before each one in all timelines, less those before its own timeline
    before = np.concatenate([[0.0], total])
    lengths = np.diff(offsets)
    first = np.repeat(offsets[:-1], lengths)
    at = np.arange(len(movie))
    b_u = (before[at] - before[first]) / (at - first + user_damping)
    return known.mean + b_i + b_u


def _item_bias(known: Interactions, damping: float) -> np.ndarray:
    total = np.bincount(known.movie, known.rating - known.mean, known.movies)
    return total / (np.bincount(known.movie, minlength=known.movies) + damping)


BASELINES = {"global_mean": global_mean, "item_mean": item_mean, "bias": bias}
