"""Two bundles side by side, where they were judged on the same labels."""

import numpy as np

from bst.bundles.bundle import Bundle
from bst.evaluation.private_cache import Local
from bst.metrics import Bootstrap, interval
from bst.timelines.arrays import WindowShape
from bst.timelines.splits import LABEL_WINDOWS

# figures that both may have, and whether less is better
FIGURES = {
    "mae": True,
    "rmse": True,
    "median_mae": True,
    "nll": True,
    "ece": True,
    "ndcg@10": False,
    "hr@10": False,
}


def incomparable_reason(a: Bundle, b: Bundle, ours: dict, theirs: dict) -> str | None:
    """Return in words why two bundles with these records cannot be compared; None if they can."""
    if (a.dataset, a.movies_fingerprint) != (b.dataset, b.movies_fingerprint):
        return f"they were measured on ratings of {a.dataset_title} and of {b.dataset_title}"
    if a.protocol != b.protocol:
        return (
            f"they were measured under other protocols, “{a.protocol}” and “{b.protocol}”: on other ratings, of people "
            "of whom they knew more or less"
        )
    if a.protocol != "last" and a.seed != b.seed:
        return f"their test ratings were drawn with other seeds, {a.seed} and {b.seed}"
    if a.protocol == "windows" and _windows(a) != _windows(b):
        return "their windows are of other lengths, so other ratings were drawn for the test"
    if ours["labels"] != theirs["labels"]:
        return f"one was measured on {ours['labels']:,} test ratings, the other on {theirs['labels']:,}"
    if not set(ours["metrics"]) & set(theirs["metrics"]) & set(FIGURES):
        return "one predicts ratings alone, the other the next movie alone"
    return None


def _windows(bundle: Bundle) -> WindowShape:
    return bundle.config.window_shape or LABEL_WINDOWS


def compare(ours: dict, theirs: dict, here: Local | None = None, there: Local | None = None) -> list[dict]:
    """Compare two records on the same labels, figure by figure of those that both have.

    Each entry has ``figure``, ``first`` and ``second`` (their values) and ``difference``, first less second, turned
    around where more is better, so that below 0 the first is better: ``[value, low, high]`` for MAE and RMSE where both
    have kept their errors on this computer (paired by user, see ``metrics.Bootstrap``), else ``[value]``.
    """
    paired = _paired(here, there)
    rows = []
    for figure, less_is_better in FIGURES.items():
        if figure in ours["metrics"] and figure in theirs["metrics"]:
            first, second = ours["metrics"][figure], theirs["metrics"][figure]
            difference = (first - second) * (1 if less_is_better else -1)
            rows.append(
                {
                    "figure": figure,
                    "first": first,
                    "second": second,
                    "difference": [difference, *paired.get(figure, ())],
                }
            )
    return rows


def _paired(here: Local | None, there: Local | None) -> dict[str, tuple[float, float]]:
    if here is None or there is None or not np.array_equal(here.at, there.at):
        return {}
    drawn = Bootstrap(here.user)
    squares = (np.sqrt(drawn.means(one.error**2)) for one in (here, there))
    first, second = squares
    return {"mae": interval(drawn.means(here.error - there.error)), "rmse": interval(first - second)}
