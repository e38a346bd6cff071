"""Predictions of a model and of the baselines on the test labels of a split: what everything else is derived from."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bst.evaluation.records import BaselineComparison, Interval
from bst.metrics import LIKED, Bootstrap, ece, interval, median, probability_liked
from bst.timelines.splits import EvaluationSplit

Bounds = tuple[float, float]

# draws × users: more than that takes gigabytes
MOST_CELLS = 20_000_000
MOST_DRAWS, FEWEST_DRAWS = 1000, 200
# the baseline that knows the movie alone, and so predicts the same for every user
ITEM_MEAN = "item_mean"
ECE_BINS = 10
# a smaller probability counts as this in a logarithm
LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class TestLabels:
    """Predictions on the test labels of a split, in timeline order.

    ``expected`` (labels,) stars; ``distribution`` (labels, levels), None for a model that regresses the rating;
    ``baselines``: name → (labels,) stars.
    """

    __test__ = False  # pytest takes a class of this name for one of its own

    split: EvaluationSplit
    expected: np.ndarray
    distribution: np.ndarray | None = None
    baselines: dict[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def user(self) -> np.ndarray:
        """The user of each label: (labels,) int64."""
        return self.split.user[self.split.test]

    @cached_property
    def movie(self) -> np.ndarray:
        """The row of each label's movie: (labels,) int32."""
        return self.split.timelines.movie[self.split.test]

    @cached_property
    def actual(self) -> np.ndarray:
        """The ratings that were given: (labels,) stars."""
        return self.split.timelines.rating[self.split.test].astype(np.float64)

    @cached_property
    def history(self) -> np.ndarray:
        """How many events came before each label: (labels,) int64."""
        return self.split.history[self.split.test]

    @cached_property
    def levels(self) -> np.ndarray:
        """The rating levels of the dataset: (levels,) stars."""
        return np.array(self.split.dataset.levels)

    @cached_property
    def error(self) -> np.ndarray:
        """|expected − actual|: (labels,) stars."""
        return np.abs(self.expected - self.actual)

    @cached_property
    def baseline_errors(self) -> dict[str, np.ndarray]:
        """The same for each baseline."""
        return {name: np.abs(stars - self.actual) for name, stars in self.baselines.items()}

    @cached_property
    def liked(self) -> np.ndarray | None:
        """Predicted probability of 4 stars or more: (labels,); None without a distribution."""
        return None if self.distribution is None else probability_liked(self.distribution, self.levels)

    @cached_property
    def bootstrap(self) -> Bootstrap:
        """Draws of users, shared by everything that is derived from these labels."""
        users = len(np.unique(self.user))
        return Bootstrap(self.user, int(np.clip(MOST_CELLS // max(users, 1), FEWEST_DRAWS, MOST_DRAWS)))

    @cached_property
    def best_baseline(self) -> str | None:
        """The baseline with the lowest MAE."""
        return min(self.baselines, key=lambda name: self.baseline_errors[name].mean(), default=None)

    def mean(self, values: np.ndarray, where: np.ndarray | None = None) -> Interval:
        """Return the mean of ``values`` (labels,) over the labels selected by ``where``, bool (labels,)."""
        chosen = values if where is None else values[where]
        return Interval(float(chosen.mean(dtype=np.float64)), *interval(self.bootstrap.means(values, where)))


def metric_bounds(labels: TestLabels) -> dict[str, Bounds]:
    """Return the 95% interval, as (low, high), of the model's ``mae`` and ``rmse`` and, for a model that predicts a
    distribution, of ``median_mae``, ``nll`` and ``ece``.
    """
    bounds = error_bounds(labels, labels.error)
    if labels.distribution is not None:
        median_error = np.abs(median(labels.distribution, labels.levels) - labels.actual)
        level = np.searchsorted(labels.levels, labels.actual)[:, None]
        given = np.take_along_axis(labels.distribution, level, axis=1)[:, 0].astype(np.float64)
        bounds["median_mae"] = interval(labels.bootstrap.means(median_error))
        bounds["nll"] = interval(labels.bootstrap.means(-np.log(np.maximum(given, LEAST_PROBABILITY))))
        bounds["ece"] = _ece_bounds(labels)
    return bounds


def error_bounds(labels: TestLabels, error: np.ndarray) -> dict[str, Bounds]:
    """Return the 95% intervals, as (low, high), of ``mae`` and ``rmse`` for absolute errors (labels,)."""
    bootstrap = labels.bootstrap
    return {"mae": interval(bootstrap.means(error)), "rmse": interval(np.sqrt(bootstrap.means(error**2)))}


def _ece_bounds(labels: TestLabels) -> Bounds:
    """Return the interval of ``metrics.ece``, corrected for the bias of its bootstrap.

    An ECE adds up the random deviation in every bin, and a bootstrap sample has more of that than the sample itself. So
    the interval is reflected at the estimate (the basic bootstrap; Davison & Hinkley 1997, section 5.2).
    """
    assert labels.liked is not None
    outcome = labels.actual >= LIKED
    index = np.clip((labels.liked * ECE_BINS).astype(np.int64), 0, ECE_BINS - 1)
    residual = outcome - labels.liked
    total = sum(np.abs(labels.bootstrap.sums(residual, index == b)) for b in range(ECE_BINS) if (index == b).any())
    low, high = interval(total / labels.bootstrap.sums(np.ones(len(residual))))
    estimate = ece(labels.liked, outcome)
    return max(0.0, 2 * estimate - high), max(estimate, 2 * estimate - low)


def baseline_comparisons(labels: TestLabels) -> dict[str, BaselineComparison]:
    """Compare the model with each baseline, paired by user."""
    bootstrap, comparisons = labels.bootstrap, {}
    mae, rmse = bootstrap.means(labels.error), np.sqrt(bootstrap.means(labels.error**2))
    for name, error in labels.baseline_errors.items():
        baseline_mae, baseline_rmse = bootstrap.means(error), np.sqrt(bootstrap.means(error**2))
        difference = float(labels.error.mean() - error.mean())
        comparisons[name] = BaselineComparison(
            mae_difference=Interval(difference, *interval(mae - baseline_mae)),
            rmse_difference=Interval(_rms(labels.error) - _rms(error), *interval(rmse - baseline_rmse)),
            improvement=Interval(-difference / float(error.mean()), *interval(1 - mae / baseline_mae)),
        )
    return comparisons


def _rms(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))
