"""For whom and for what it is better or worse: the error by group of people and of movies, and how fair that is."""

from collections.abc import Iterator

import numpy as np

from bst.evaluation.predictions import Labels
from bst.inference.ranking import POPULARITY_BANDS, in_range, popularity_percentile, years_of
from bst.metrics import interval
from bst.schema import AGES, GENRES, OCCUPATIONS, SEXES, genre_matrix

PEOPLE = {"sex": SEXES, "age": AGES, "occupation": OCCUPATIONS}
MOVIES = ("genre", "decade", "fame")
# a group of fewer users says more of them than of the group
LEAST_USERS = 10
SHUFFLES = 2000


def slices(labels: Labels) -> list[dict]:
    """Return the error by group, the one with the largest gap to the overall error first.

    A group has ``part`` (of ``PEOPLE`` or ``MOVIES``), ``value``, ``labels``, ``users``; as ``[value, low, high]``
    ``mae``, ``gap`` (MAE less that of all labels) and ``lean`` (mean of expected − actual: positive expects too much);
    and ``peer_gap``, the gap of the strongest peer, which tells whether a group is harder to predict for anyone.
    Groups under ``LEAST_USERS`` users are left out: what is said of them would be said of single people.
    """
    found = [
        _slice(labels, part, value, where)
        for part, value, where in _groups(labels)
        if len(np.unique(labels.user[where])) >= LEAST_USERS
    ]
    return sorted(found, key=lambda row: -row["gap"][0])


def _groups(labels: Labels) -> Iterator[tuple[str, object, np.ndarray]]:
    """Yield part, value and bool (labels,) of every group that has labels."""
    users, movies = labels.split.dataset.users, labels.split.dataset.movies
    for part, values in PEOPLE.items():
        codes = users[part].cat.codes.to_numpy()[labels.user]
        for code, value in ((-1, None), *enumerate(values)):
            if (where := codes == code).any():
                yield part, value, where
    flags = genre_matrix(movies) > 0
    for column, genre in enumerate(GENRES):
        if (where := flags[labels.movie, column]).any():
            yield "genre", genre, where
    years = years_of(movies)[labels.movie]
    decades = years // 10 * 10
    for decade in np.unique(decades[~np.isnan(decades)]):
        yield "decade", int(decade), decades == decade
    known = labels.split.known
    famous = popularity_percentile(np.bincount(known.movie, minlength=known.movies))[labels.movie]
    for band, span in POPULARITY_BANDS.items():
        if (where := in_range(famous, span)).any():
            yield "fame", band, where


def _slice(labels: Labels, part: str, value, where: np.ndarray) -> dict:
    drawn = labels.bootstrap
    gap = float(labels.error[where].mean() - labels.error.mean())
    row = {
        "part": part,
        "value": value,
        "labels": int(where.sum()),
        "users": len(np.unique(labels.user[where])),
        "mae": labels.mean(labels.error, where),
        "gap": [gap, *interval(drawn.means(labels.error, where) - drawn.means(labels.error))],
        "lean": labels.mean(labels.expected - labels.actual, where),
    }
    if labels.rival:
        theirs = labels.peer_errors[labels.rival]
        row["peer_gap"] = float(theirs[where].mean() - theirs.mean())
    return row


def fairness(labels: Labels) -> list[dict]:
    """Return for sex, age and occupation the largest difference of MAE between two groups, and whether chance makes it.

    Each entry has ``part``, ``worst`` and ``best`` (values), ``gap`` between them as ``[value, low, high]``, ``rival``
    and ``peer_gap`` (that of the strongest peer between the same two), ``groups`` (how many were compared) and
    ``chance``: how often the largest difference is at least as large when the same users are dealt out to groups of
    the same sizes at random (a permutation test; Good, Permutation Tests, 2000). As it looks at the largest of all
    differences each time, many groups make no false alarm. Groups under ``LEAST_USERS`` users are left out, and parts
    with fewer than two groups.
    """
    found = []
    user, which = np.unique(labels.user, return_inverse=True)
    total, count = np.bincount(which, labels.error), np.bincount(which)
    for part, values in PEOPLE.items():
        codes = labels.split.dataset.users[part].cat.codes.to_numpy().astype(np.int64)[user]
        sizes = np.bincount(codes[codes >= 0], minlength=len(values))
        groups = np.flatnonzero(sizes >= LEAST_USERS)
        if len(groups) > 1:
            found.append(_largest(labels, part, codes, groups, total, count))
    return found


def _largest(labels: Labels, part: str, codes, groups, total, count) -> dict:
    values = PEOPLE[part]
    inside = np.isin(codes, groups)
    codes, total, count = codes[inside], total[inside], count[inside]

    def means(order=slice(None)) -> np.ndarray:
        sums, sizes = (np.bincount(codes, of[order], len(values))[groups] for of in (total, count))
        return sums / sizes

    found = means()
    rng = np.random.default_rng(0)
    by_chance = np.array([np.ptp(means(rng.permutation(len(codes)))) for _ in range(SHUFFLES)])
    of_labels = labels.split.dataset.users[part].cat.codes.to_numpy()[labels.user]
    worst, best = groups[found.argmax()], groups[found.argmin()]
    a, b = of_labels == worst, of_labels == best
    drawn = labels.bootstrap
    row = {
        "part": part,
        "worst": values[worst],
        "best": values[best],
        "groups": len(groups),
        "gap": [float(np.ptp(found)), *interval(drawn.means(labels.error, a) - drawn.means(labels.error, b))],
    }
    if labels.rival:
        theirs = labels.peer_errors[labels.rival]
        row |= {"rival": labels.rival, "peer_gap": float(theirs[a].mean() - theirs[b].mean())}
    # the order that was found counts as one of the shuffles: no chance is ever nothing
    return row | {"chance": float((1 + (by_chance >= np.ptp(found) - 1e-12).sum()) / (1 + SHUFFLES))}
