"""Calibration: predicted against actual, in bins; and how often each rating was predicted and given."""

import numpy as np

from bst.evaluation.predictions import TestLabels
from bst.evaluation.records import Calibration, CalibrationBin, RatingShares
from bst.metrics import LIKED

BINS = 10
BIN_WIDTH = 0.5  # of expected ratings, in stars


def calibration(labels: TestLabels) -> Calibration:
    """Return bins of half a star of the expected rating and tenths of P(liked), without empty bins.

    ``actual`` is the mean rating that was given or, of P(liked), how often 4 stars or more were given.
    """
    low, high = labels.levels[0], labels.levels[-1]
    edges = np.append(np.arange(low, high - 1e-9, BIN_WIDTH), high)
    expected = _bins(labels, labels.expected, labels.actual, edges)
    if labels.liked is None:
        return Calibration(expected)
    outcome = (labels.actual >= LIKED).astype(np.float64)
    return Calibration(expected, _bins(labels, labels.liked, outcome, np.linspace(0, 1, BINS + 1)))


def _bins(
    labels: TestLabels, predicted: np.ndarray, actual: np.ndarray, edges: np.ndarray
) -> tuple[CalibrationBin, ...]:
    # the upper end belongs to the last bin
    index = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, len(edges) - 2)
    return tuple(
        CalibrationBin(
            low=round(float(edges[b]), 6),
            high=round(float(edges[b + 1]), 6),
            labels=int((index == b).sum()),
            predicted=float(predicted[index == b].mean(dtype=np.float64)),
            actual=labels.mean(actual, index == b),
        )
        for b in np.unique(index)
    )


def rating_shares(labels: TestLabels) -> RatingShares:
    """Return how often each rating level was given and predicted."""
    levels = labels.levels
    nearest = np.abs(labels.expected[:, None] - levels).argmin(axis=1)
    predicted = None
    if labels.distribution is not None:
        predicted = tuple(labels.distribution.mean(axis=0, dtype=np.float64).tolist())
    return RatingShares(
        levels=tuple(levels.tolist()),
        actual=_shares(np.searchsorted(levels, labels.actual), len(levels)),
        expected=_shares(nearest, len(levels)),
        predicted=predicted,
    )


def _shares(index: np.ndarray, levels: int) -> tuple[float, ...]:
    return tuple((np.bincount(index, minlength=levels) / len(index)).tolist())
