"""The error by group of users and of movies, and how fair it is."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bst.domain import DemographicName
from bst.evaluation.predictions import TestLabels
from bst.evaluation.records import Attribute, Fairness, GroupValue, Interval, Slice
from bst.inference.ranking import POPULARITY_BANDS, in_range, popularity_percentile, years_of
from bst.metrics import interval
from bst.schema import genre_matrix

# the error of fewer users says more about them than about the group
LEAST_USERS = 10
SHUFFLES = 2000


def slices(labels: TestLabels) -> tuple[Slice, ...]:
    """Return the error by group, the one furthest above the overall error first.

    Groups of fewer than ``LEAST_USERS`` users are left out, as their figures would be those of single people.
    """
    found = [
        _slice(labels, attribute, value, where)
        for attribute, value, where in _groups(labels)
        if len(np.unique(labels.user[where])) >= LEAST_USERS
    ]
    return tuple(sorted(found, key=lambda s: -s.mae_difference.value))


def _codes(users: pd.DataFrame, attribute: DemographicName) -> np.ndarray:
    return users[attribute].cat.codes.to_numpy().astype(np.int64)


def _groups(labels: TestLabels) -> Iterator[tuple[Attribute, GroupValue, np.ndarray]]:
    """Yield attribute, value and selection, bool (labels,), of every group that has labels."""
    users, movies = labels.split.dataset.users, labels.split.dataset.movies
    domain = labels.split.dataset.domain
    for attribute, demographic in domain.demographics.items():
        codes = _codes(users, attribute)[labels.user]
        for value, code in demographic.codes.items():
            if (where := codes == code).any():
                yield attribute, value, where
    flags = genre_matrix(movies, domain.tag_values) > 0
    for column, genre in enumerate(domain.tag_values):
        if (where := flags[labels.movie, column]).any():
            yield "genre", genre, where
    decades = years_of(movies)[labels.movie] // 10 * 10
    for decade in np.unique(decades[~np.isnan(decades)]):
        yield "decade", int(decade), decades == decade
    known = labels.split.known
    popularity = popularity_percentile(np.bincount(known.movie, minlength=known.movies))[labels.movie]
    for band, span in POPULARITY_BANDS.items():
        if (where := in_range(popularity, span)).any():
            yield "fame", band, where


def _slice(labels: TestLabels, attribute: Attribute, value: GroupValue, where: np.ndarray) -> Slice:
    bootstrap = labels.bootstrap
    difference = float(labels.error[where].mean() - labels.error.mean())
    draws = bootstrap.means(labels.error, where) - bootstrap.means(labels.error)
    return Slice(
        attribute=attribute,
        value=value,
        labels=int(where.sum()),
        users=len(np.unique(labels.user[where])),
        mae=labels.mean(labels.error, where),
        mae_difference=Interval(difference, *interval(draws)),
        signed_error=labels.mean(labels.expected - labels.actual, where),
        baseline_difference=_baseline_difference(labels, where, np.ones(len(where), bool)),
    )


def _baseline_difference(labels: TestLabels, first: np.ndarray, second: np.ndarray) -> float | None:
    """Return the difference of the best baseline's MAE between two selections of labels."""
    if labels.best_baseline is None:
        return None
    error = labels.baseline_errors[labels.best_baseline]
    return float(error[first].mean() - error[second].mean())


def fairness(labels: TestLabels) -> tuple[Fairness, ...]:
    """Return the largest difference of MAE between two groups by sex, by age and by occupation.

    ``chance`` comes from a permutation test (Good, Permutation Tests, 2000). As it looks at the largest of all
    differences in each shuffle, having many groups raises no false alarm. Groups of fewer than ``LEAST_USERS`` users
    are left out, and attributes with fewer than two groups.
    """
    found = []
    user, index = np.unique(labels.user, return_inverse=True)
    total, count = np.bincount(index, labels.error), np.bincount(index)
    for attribute, demographic in labels.split.dataset.domain.demographics.items():
        codes = _codes(labels.split.dataset.users, attribute)[user]
        sizes = np.bincount(codes[codes >= 0], minlength=len(demographic.values))
        groups = np.flatnonzero(sizes >= LEAST_USERS)
        if len(groups) > 1:
            found.append(_largest_difference(labels, attribute, codes, groups, total, count))
    return tuple(found)


def _largest_difference(
    labels: TestLabels,
    attribute: DemographicName,
    codes: np.ndarray,
    groups: np.ndarray,
    total: np.ndarray,
    count: np.ndarray,
) -> Fairness:
    """Compare ``groups`` (codes). ``codes``, ``total`` error and ``count`` of labels: (users,) each."""
    values = labels.split.dataset.domain.demographics[attribute].values
    inside = np.isin(codes, groups)
    codes, total, count = codes[inside], total[inside], count[inside]

    def means(total: np.ndarray, count: np.ndarray) -> np.ndarray:
        return np.bincount(codes, total, len(values))[groups] / np.bincount(codes, count, len(values))[groups]

    mae = means(total, count)
    rng = np.random.default_rng(0)
    shuffled = np.empty(SHUFFLES)
    for i in range(SHUFFLES):
        order = rng.permutation(len(codes))
        shuffled[i] = np.ptp(means(total[order], count[order]))
    worst, best = groups[mae.argmax()], groups[mae.argmin()]
    label_codes = _codes(labels.split.dataset.users, attribute)[labels.user]
    first, second = label_codes == worst, label_codes == best
    draws = labels.bootstrap.means(labels.error, first) - labels.bootstrap.means(labels.error, second)
    return Fairness(
        attribute=attribute,
        worst=values[worst],
        best=values[best],
        groups=len(groups),
        mae_difference=Interval(float(np.ptp(mae)), *interval(draws)),
        # the actual assignment counts as one of the shuffles, so that the probability is never zero
        chance=float((1 + (shuffled >= np.ptp(mae) - 1e-12).sum()) / (1 + SHUFFLES)),
        best_baseline=labels.best_baseline,
        baseline_difference=_baseline_difference(labels, first, second),
    )
