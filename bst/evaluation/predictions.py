"""A model's and its peers' predictions on a task's test labels: what everything else is worked out from."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bst.metrics import LIKED, Bootstrap, ece, interval, median
from bst.timelines.splits import EvaluationSplit

# draws times users: more than that takes gigabytes
MOST_CELLS = 20_000_000
DRAWS = 1000
# whose stars count as "what everybody knows of the movie"
PLAIN = "item_mean"


@dataclass(frozen=True)
class Labels:
    """Predictions on the test labels of a task, in timeline order.

    ``expected`` (labels,) stars; ``distribution`` (labels, levels), None for a model that regresses the rating;
    ``baselines``: name → (labels,) stars.
    """

    split: EvaluationSplit
    expected: np.ndarray
    distribution: np.ndarray | None = None
    baselines: dict[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def user(self) -> np.ndarray:
        """Whose each label is: (labels,) int64."""
        return self.split.user[self.split.test]

    @cached_property
    def movie(self) -> np.ndarray:
        """Row of each label's movie: (labels,) int32."""
        return self.split.timelines.movie[self.split.test]

    @cached_property
    def actual(self) -> np.ndarray:
        """What was given: (labels,) stars."""
        return self.split.timelines.rating[self.split.test].astype(np.float64)

    @cached_property
    def history(self) -> np.ndarray:
        """How many events came before each label: (labels,) int64."""
        return self.split.history[self.split.test]

    @cached_property
    def levels(self) -> np.ndarray:
        """The dataset's ratings: (levels,) stars."""
        return np.array(self.split.dataset.levels)

    @cached_property
    def error(self) -> np.ndarray:
        """|expected − actual|: (labels,) stars."""
        return np.abs(self.expected - self.actual)

    @cached_property
    def peer_errors(self) -> dict[str, np.ndarray]:
        """The same of each peer."""
        return {name: np.abs(stars - self.actual) for name, stars in self.baselines.items()}

    @cached_property
    def liked(self) -> np.ndarray | None:
        """Predicted probability of 4 stars or more: (labels,); None without a distribution."""
        if self.distribution is None:
            return None
        return self.distribution[:, self.levels >= LIKED].sum(axis=1, dtype=np.float64)

    @cached_property
    def bootstrap(self) -> Bootstrap:
        """Draws of users, the same for all that is worked out of these labels."""
        users = len(np.unique(self.user))
        return Bootstrap(self.user, int(np.clip(MOST_CELLS // max(users, 1), 200, DRAWS)))

    @cached_property
    def rival(self) -> str | None:
        """The peer with the lowest MAE."""
        return min(self.baselines, key=lambda name: self.peer_errors[name].mean(), default=None)

    def mean(self, values: np.ndarray, where: np.ndarray | None = None) -> list[float]:
        """Return the mean of ``values`` over the labels ``where``, with its 95 % interval: ``[mean, low, high]``."""
        chosen = values if where is None else values[where]
        return [float(chosen.mean(dtype=np.float64)), *interval(self.bootstrap.means(values, where))]


def intervals(labels: Labels) -> dict:
    """Return 95 % intervals of the rating figures: ``ours`` and, by name, ``baselines``, each figure → ``[low, high]``.

    ``mae`` and ``rmse`` of all; ``median_mae``, ``nll`` and ``ece`` of a model that predicts a distribution.
    """
    ours = _of_errors(labels, labels.error)
    if labels.distribution is not None:
        middle = np.abs(median(labels.distribution, labels.levels) - labels.actual)
        given = np.take_along_axis(labels.distribution, np.searchsorted(labels.levels, labels.actual)[:, None], axis=1)[
            :, 0
        ]
        ours["median_mae"] = list(interval(labels.bootstrap.means(middle)))
        ours["nll"] = list(interval(labels.bootstrap.means(-np.log(np.maximum(given.astype(np.float64), 1e-12)))))
        ours["ece"] = _of_ece(labels)
    return {"ours": ours, "peers": {name: _of_errors(labels, error) for name, error in labels.peer_errors.items()}}


def _of_errors(labels: Labels, error: np.ndarray) -> dict[str, list[float]]:
    drawn = labels.bootstrap
    return {"mae": list(interval(drawn.means(error))), "rmse": list(interval(np.sqrt(drawn.means(error**2))))}


def _of_ece(labels: Labels, bins: int = 10) -> list[float]:
    """Interval of ``metrics.ece``, moved to where it belongs.

    An ECE adds up what is left of chance in every bin, so a draw of draws has more of it than the first draw had. The
    interval is turned around the estimate for that (the basic bootstrap; Davison & Hinkley 1997, section 5.2).
    """
    assert labels.liked is not None
    outcome = labels.actual >= LIKED
    place = np.clip((labels.liked * bins).astype(np.int64), 0, bins - 1)
    off = outcome - labels.liked
    total = sum(np.abs(labels.bootstrap.sums(off, place == b)) for b in range(bins) if (place == b).any())
    low, high = interval(total / labels.bootstrap.sums(np.ones(len(off))))
    found = ece(labels.liked, outcome)
    return [max(0.0, 2 * found - high), max(found, 2 * found - low)]


def versus(labels: Labels) -> dict:
    """Compare with each peer: name → ``mae`` and ``rmse`` as ``[difference, low, high]`` (negative: the model is
    better), and ``better``, by what share its MAE is lower, as ``[share, low, high]``.
    """
    drawn, found = labels.bootstrap, {}
    ours = drawn.means(labels.error), np.sqrt(drawn.means(labels.error**2))
    for name, error in labels.peer_errors.items():
        theirs = drawn.means(error), np.sqrt(drawn.means(error**2))
        mae, rmse = labels.error.mean() - error.mean(), _rms(labels.error) - _rms(error)
        found[name] = {
            "mae": [float(mae), *interval(ours[0] - theirs[0])],
            "rmse": [float(rmse), *interval(ours[1] - theirs[1])],
            "better": [float(-mae / error.mean()), *interval(1 - ours[0] / theirs[0])],
        }
    return found


def _rms(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))
