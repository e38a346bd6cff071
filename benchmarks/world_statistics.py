"""Popularity, quality and taste in two datasets, side by side: is the demo world as personal as real ratings are?

    python benchmarks/world_statistics.py                   demo and, where it is there, ml-1m
    python benchmarks/world_statistics.py demo --json       one JSON object

Popularity: share of all ratings that the most rated 1 … 50% of the movies have, and the Gini coefficient of the
number of ratings a movie.

Variance: a random half of the ratings is fitted in three steps, each on what the steps before leave over: the movie's
mean, the user's, and the user's for each genre (shared equally by a movie's genres), all damped as n / (n + DAMPING)
times the mean. A step explains the share of the other half's variance by which it lowers the squared error there.
What is left is chance, or anything finer than genres.

Popularity and quality: rank correlation of a movie's ratings and its damped mean; then how much of the better-rated
half of all movies belongs to each genre, as a multiple of its share of all movies (``NICHE`` genres alone).

Lists: the held-out test users of ``visitor``, their first n events known, all later events are labels; liked is
``LIKED`` or more. P@10 of the most liked movies; of EASE (Steck 2019, arXiv 1905.03375) on the liked known ones;
and of a ridge regression from the first n events of the training users (liked and not liked apart, and demographics)
to what they liked later. Strengths are chosen on validation users. Users without a later like are left out.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bst.datasets import load
from bst.domain import DEMOGRAPHICS, GENRES
from bst.errors import DatasetError
from bst.schema import Dataset, genre_matrix
from bst.timelines.splits import TEST, TRAIN, VALIDATION, EvaluationSplit, prepare

SHARES = (0.01, 0.05, 0.10, 0.20, 0.50)
DAMPING = 5.0
NICHE = ("Documentary", "Film-Noir", "Western", "War")
LIKED = 4
KNOWN = (5, 20)
CUTOFF = 10
EASE_STRENGTHS = (100.0, 300.0, 1000.0)
RIDGE_STRENGTHS = (30.0, 100.0, 300.0, 1000.0)


def popularity(dataset: Dataset) -> dict[str, float]:
    """Return the share of ratings of the most rated movies, and the Gini coefficient over all movies."""
    counts = np.sort(np.bincount(dataset.ratings["movie"], minlength=len(dataset.movies)))[::-1]
    total, movies = counts.sum(), len(counts)
    shares = {f"ratings of the top {share:.0%}": counts[: round(share * movies)].sum() / total for share in SHARES}
    return shares | {"Gini": (movies + 1 - 2 * np.cumsum(counts[::-1]).sum() / total) / movies}


def damped_means(groups: np.ndarray, values: np.ndarray, size: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the (size,) weighted means of ``values`` by group, pulled to 0 as by ``DAMPING`` more values of 0."""
    weights = np.ones(len(values)) if weights is None else weights
    return np.bincount(groups, weights * values, size) / (np.bincount(groups, weights, size) + DAMPING)


def variance_shares(dataset: Dataset, seed: int = 0) -> dict[str, float]:
    """Return the share of the held-out half's variance that each step explains; the steps are described above."""
    user, movie = (dataset.ratings[name].to_numpy() for name in ("user", "movie"))
    fitted = np.random.default_rng(seed).random(len(user)) < 0.5
    rating = dataset.ratings["rating"].to_numpy(np.float64)
    rest = rating - rating[fitted].mean()
    variance = before = (rest[~fitted] ** 2).mean()
    result = {}
    genres = genre_matrix(dataset.movies)
    share = genres / np.maximum(genres.sum(axis=1, keepdims=True), 1)
    for name in ("movie", "user", "user × genre"):
        if name == "user × genre":
            rows, genre = np.nonzero(share[movie])
            cell, weight = user[rows] * len(GENRES) + genre, share[movie[rows], genre]
            known = fitted[rows]
            cells = len(dataset.users) * len(GENRES)
            means = damped_means(cell[known], rest[rows][known], cells, weight[known])
            rest = rest - np.bincount(rows, weight * means[cell], len(rest))
        else:
            group, size = (movie, len(dataset.movies)) if name == "movie" else (user, len(dataset.users))
            rest = rest - damped_means(group[fitted], rest[fitted], size)[group]
        after = (rest[~fitted] ** 2).mean()
        result[f"variance by {name}"] = (before - after) / variance
        before = after
    return result | {"variance left": before / variance, "variance of ratings": variance}


def popularity_and_quality(dataset: Dataset) -> dict[str, float]:
    """Return how popularity and mean rating go together, and which niche genres crowd the better-rated half."""
    movie = dataset.ratings["movie"].to_numpy()
    rating = dataset.ratings["rating"].to_numpy(np.float64)
    counts = np.bincount(movie, minlength=len(dataset.movies))
    means = damped_means(movie, rating - rating.mean(), len(counts))
    rated = counts > 0
    genres = genre_matrix(dataset.movies)
    better = genres[rated & (means > np.median(means[rated]))].mean(axis=0) / genres[rated].mean(axis=0)
    result = {"popularity ~ mean rating": float(spearmanr(counts[rated], means[rated]).statistic)}
    result |= {"mean rating": rating.mean(), "sd of movies' means": means[rated].std()}
    return result | {f"{name} in the better half": better[GENRES.index(name)] for name in NICHE}


class Prefixes:
    """What users of one role did in their first n events, and liked later: matrices (users, movies) of 0 and 1.

    ``liked`` and ``other``: the known events rated ``LIKED`` or more, and the others; ``later``: the likes after them.
    Only users with at least one later like.
    """

    def __init__(self, split: EvaluationSplit, role: int, known: int) -> None:
        """Cut the timelines of the users of ``role`` after ``known`` events."""
        chosen, rating, movie = split.role == role, split.timelines.rating, split.timelines.movie
        user, late, liked = split.user, split.history >= known, rating >= LIKED
        self.users, row = np.unique(user[chosen & late & liked], return_inverse=True)
        kept = chosen & np.isin(user, self.users)
        self.later_share = float(liked[chosen & late].mean())
        self.later_likes = float(np.median(np.bincount(row)))
        row = np.searchsorted(self.users, user[kept])
        parts = (~late & liked, ~late & ~liked, late & liked)
        self.liked, self.other, self.later = (self._matrix(split, row, movie[kept], part[kept]) for part in parts)

    def _matrix(self, split: EvaluationSplit, row: np.ndarray, movie: np.ndarray, part: np.ndarray) -> np.ndarray:
        matrix = np.zeros((len(self.users), len(split.dataset.movies)), np.float32)
        matrix[row[part], movie[part]] = 1
        return matrix

    def features(self, split: EvaluationSplit) -> np.ndarray:
        """Return what the ridge reads: known likes, other known events and demographics, side by side."""
        people = split.dataset.users.iloc[self.users]
        codes = [(people[name].cat.codes.to_numpy(), len(people[name].cat.categories)) for name in DEMOGRAPHICS]
        one_hot = [np.eye(size + 1, dtype=np.float32)[code][:, :size] for code, size in codes]
        return np.concatenate([self.liked, self.other, *one_hot], axis=1)

    def precision(self, scores: np.ndarray) -> float:
        """Return P@10 of lists by ``scores``, (users, movies) or (movies,), without the known movies."""
        scores = np.where(self.liked + self.other > 0, -np.inf, scores)
        top = np.argsort(-scores, axis=1, kind="stable")[:, :CUTOFF]
        return float(np.take_along_axis(self.later, top, axis=1).mean())


def best_on(validation: Prefixes, scores: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the test scores whose validation scores have the best P@10. ``scores``: (validation, test) pairs."""
    return max(scores, key=lambda pair: validation.precision(pair[0]))[1]


def ease_weights(likes: np.ndarray) -> list[np.ndarray]:
    """Return EASE's (movies, movies) weights at each of ``EASE_STRENGTHS`` from (users, movies) likes."""
    gram = likes.T @ likes
    weights = []
    for strength in EASE_STRENGTHS:
        inverse = np.linalg.inv(gram + strength * np.eye(len(gram), dtype=np.float32))
        weight = -inverse / np.diag(inverse)
        np.fill_diagonal(weight, 0)
        weights.append(weight)
    return weights


def ridge_scores(x: np.ndarray, y: np.ndarray, others: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Return the ridge's scores for each of ``others`` at each strength, by the dual: users are fewer than features."""
    mean = x.mean(axis=0)
    values, vectors = np.linalg.eigh((x - mean) @ (x - mean).T)
    rotated = vectors.T @ (y - y.mean(axis=0))
    kernels = [(other - mean) @ (x - mean).T @ vectors for other in others]
    return [[(kernel / (values + s)) @ rotated + y.mean(axis=0) for kernel in kernels] for s in RIDGE_STRENGTHS]


def lists(dataset: Dataset) -> dict[str, float]:
    """Return what users like later, and P@10 of popularity, EASE and the ridge at each number of known events."""
    split = prepare(dataset, "visitor", 0)
    likes = Prefixes(split, TRAIN, 0).later
    weights = ease_weights(likes)
    result = {}
    for known in KNOWN:
        train, validation, test = (Prefixes(split, role, known) for role in (TRAIN, VALIDATION, TEST))
        ease = best_on(validation, [(validation.liked @ weight, test.liked @ weight) for weight in weights])
        read = [prefixes.features(split) for prefixes in (train, validation, test)]
        ridge = best_on(validation, ridge_scores(read[0], train.later, read[1:]))
        result |= {
            f"later events liked, n = {known}": test.later_share,
            f"later likes (median), n = {known}": test.later_likes,
            f"P@10 most liked, n = {known}": test.precision(likes.sum(axis=0)),
            f"P@10 EASE, n = {known}": test.precision(ease),
            f"P@10 ridge, n = {known}": test.precision(ridge),
        }
    return result


def statistics(dataset: Dataset) -> dict[str, float]:
    """Return all statistics of a dataset by name."""
    parts = (popularity, variance_shares, popularity_and_quality, lists)
    return {name: float(value) for part in parts for name, value in part(dataset).items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("datasets", nargs="*", default=["demo", "ml-1m"], help="names or folders of datasets")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = {}
    for name in options.datasets:
        try:
            found[name] = statistics(load(name))
        except DatasetError as error:
            print(error, file=sys.stderr)
    if not found:
        sys.exit(2)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{'':36s}" + "".join(f"{name:>10s}" for name in found))
    for row in next(iter(found.values())):
        print(f"{row:36s}" + "".join(f"{values[row]:10.3f}" for values in found.values()))


if __name__ == "__main__":
    main()
