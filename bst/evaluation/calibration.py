"""Do predictions mean what they say: promised against happened, and the stars that were predicted and given."""

import numpy as np

from bst.evaluation.predictions import Labels
from bst.metrics import LIKED

BINS = 10
STEP = 0.5  # stars


def calibration(labels: Labels) -> dict:
    """Return ``expected`` and, of a model that predicts a distribution, ``liked``: each a list of bins.

    ``liked``: tenths of the predicted probability of 4 stars or more; ``actual`` is how often they were given.
    ``expected``: half stars of the expected rating; ``actual`` is the mean of what was given. A bin has ``from`` and
    ``to``, ``labels``, ``predicted`` (the mean of what was predicted) and ``actual`` as ``[value, low, high]``. Empty
    bins are left out.
    """
    low, high = labels.levels[0], labels.levels[-1]
    edges = np.append(np.arange(low, high - 1e-9, STEP), high)
    found = {"expected": _bins(labels, labels.expected, labels.actual, edges)}
    if labels.liked is not None:
        happened = (labels.actual >= LIKED).astype(np.float64)
        found["liked"] = _bins(labels, labels.liked, happened, np.linspace(0, 1, BINS + 1))
    return found


def _bins(labels: Labels, predicted: np.ndarray, happened: np.ndarray, edges: np.ndarray) -> list[dict]:
    # the upper end belongs to the last bin
    place = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, len(edges) - 2)
    found = []
    for b in range(len(edges) - 1):
        where = place == b
        if where.any():
            found.append(
                {
                    "from": round(float(edges[b]), 6),
                    "to": round(float(edges[b + 1]), 6),
                    "labels": int(where.sum()),
                    "predicted": float(predicted[where].mean(dtype=np.float64)),
                    "actual": labels.mean(happened, where),
                }
            )
    return found


def star_shares(labels: Labels) -> dict:
    """Return shares of each level, which sum to 1: ``levels``, ``actual`` (what was given), ``expected`` (expected
    ratings, rounded to the nearest level) and, of a model that has one, ``predicted`` (the mean distribution).
    """
    nearest = np.abs(labels.expected[:, None] - labels.levels).argmin(axis=1)
    found = {
        "levels": labels.levels.tolist(),
        "actual": _shares(np.searchsorted(labels.levels, labels.actual), len(labels.levels)),
        "expected": _shares(nearest, len(labels.levels)),
    }
    if labels.distribution is not None:
        found["predicted"] = labels.distribution.mean(axis=0, dtype=np.float64).tolist()
    return found


def _shares(index: np.ndarray, levels: int) -> list[float]:
    return (np.bincount(index, minlength=levels) / len(index)).tolist()
