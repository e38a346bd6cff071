"""Two bundles compared, where they were evaluated on the same labels."""

from dataclasses import dataclass

import numpy as np

from bst.bundles.bundle import Bundle
from bst.evaluation.records import HIGHER_IS_BETTER, EvaluationRecord
from bst.evaluation.user_results import UserResults
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
    users_of_first: UserResults | None = None,
    users_of_second: UserResults | None = None,
) -> list[MetricComparison]:
    """Compare two records on the same labels, metric by metric of those that both have.

    MAE and RMSE have intervals where the errors of both by user are known (paired by user, see ``metrics.Bootstrap``).
    """
    bounds = _paired_bounds(users_of_first, users_of_second)
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


def _paired_bounds(first: UserResults | None, second: UserResults | None) -> dict[str, tuple[float, float]]:
    if first is None or second is None or _labels(first) != _labels(second):
        return {}
    labels = np.array([row.labels for row in first.users])
    bootstrap = Bootstrap(np.arange(len(labels)))
    total = bootstrap.sums(labels)

    def means(errors: list[float]) -> np.ndarray:
        """Return the mean over all labels in each draw, of the means of each user."""
        return bootstrap.sums(np.array(errors) * labels) / total

    mae_first, mae_second = (means([row.mae for row in results.users]) for results in (first, second))
    rmse_first, rmse_second = (np.sqrt(means([row.rmse**2 for row in results.users])) for results in (first, second))
    return {"mae": interval(mae_first - mae_second), "rmse": interval(rmse_first - rmse_second)}


def _labels(results: UserResults) -> list[tuple[int, int]]:
    """Return each user with the number of their labels, by which results are on the same labels or not."""
    return [(row.user_id, row.labels) for row in results.users]
