"""Two bundles compared, where they were evaluated on the same labels."""

from dataclasses import dataclass

import numpy as np

from bst.bundles.bundle import Bundle
from bst.evaluation.private_cache import PrivateResults
from bst.evaluation.records import HIGHER_IS_BETTER, EvaluationRecord
from bst.metrics import Bootstrap, interval
from bst.timelines.arrays import WindowShape
from bst.timelines.splits import LABEL_WINDOWS


def incomparable_reason(a: Bundle, b: Bundle, first: EvaluationRecord, second: EvaluationRecord) -> str | None:
    """Return in words why two bundles with these records cannot be compared; None if they can."""
    if (a.dataset, a.movies_fingerprint) != (b.dataset, b.movies_fingerprint):
        return f"they were measured on ratings of {a.dataset_title} and of {b.dataset_title}"
    if a.protocol != b.protocol:
        return (
            f"they were measured under different protocols, “{a.protocol}” and “{b.protocol}”: on different ratings, "
            "and knowing more or less about the users"
        )
    if a.protocol != "last" and a.seed != b.seed:
        return f"their test ratings were drawn with different seeds, {a.seed} and {b.seed}"
    if a.protocol == "windows" and _windows(a) != _windows(b):
        return "their windows have different lengths, so different ratings were drawn for the test"
    if first.labels != second.labels:
        return f"one was measured on {first.labels:,} test ratings, the other on {second.labels:,}"
    if not any(metric in second.metrics for metric in first.metrics.values):
        return "one predicts only ratings, the other only the next movie"
    return None


def _windows(bundle: Bundle) -> WindowShape:
    return bundle.config.window_shape or LABEL_WINDOWS


@dataclass(frozen=True)
class MetricComparison:
    """One metric of two models. ``difference``: below 0 the first is better, whichever way is better for the metric.

    ``bounds``: its 95% interval, None where it is not known.
    """

    metric: str
    first: float
    second: float
    difference: float
    bounds: tuple[float, float] | None = None

    @property
    def is_clear(self) -> bool:
        """Whether there is an interval and it excludes 0."""
        return self.bounds is not None and not self.bounds[0] <= 0 <= self.bounds[1]


def compare(
    first: EvaluationRecord,
    second: EvaluationRecord,
    private_first: PrivateResults | None = None,
    private_second: PrivateResults | None = None,
) -> list[MetricComparison]:
    """Compare two records on the same labels, metric by metric of those that both have.

    MAE and RMSE have intervals where the errors of both are on this computer (paired by user, see
    ``metrics.Bootstrap``).
    """
    bounds = _paired_bounds(private_first, private_second)
    comparisons = []
    for metric in first.metrics.values:
        if metric in second.metrics:
            difference = first.metrics[metric] - second.metrics[metric]
            comparisons.append(
                MetricComparison(
                    metric,
                    first.metrics[metric],
                    second.metrics[metric],
                    -difference if metric in HIGHER_IS_BETTER else difference,
                    bounds.get(metric),
                )
            )
    return comparisons


def _paired_bounds(first: PrivateResults | None, second: PrivateResults | None) -> dict[str, tuple[float, float]]:
    if first is None or second is None or not np.array_equal(first.index, second.index):
        return {}
    bootstrap = Bootstrap(first.user)
    rmse_first, rmse_second = (np.sqrt(bootstrap.means(results.error**2)) for results in (first, second))
    return {
        "mae": interval(bootstrap.means(first.error - second.error)),
        "rmse": interval(rmse_first - rmse_second),
    }
