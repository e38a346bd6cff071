"""Cold start: the error by length of history, and after how many ratings a model knows a user."""

from collections.abc import Sequence

import numpy as np

from bst.evaluation.predictions import ITEM_MEAN, TestLabels
from bst.evaluation.records import HistoryBin, Interval
from bst.metrics import interval

# lengths of interest with the range of lengths whose labels stand for each: few users have labels after exactly 50
# earlier ratings, many between 35 and 74
HISTORY_BINS: dict[int, tuple[int, int | None]] = {
    0: (0, 0),
    1: (1, 2),
    3: (3, 4),
    5: (5, 7),
    10: (8, 14),
    20: (15, 34),
    50: (35, 74),
    100: (75, 149),
    200: (150, None),
}
# a model knows a user once it has this share of the largest lead over item means that it ever gets
KNOWN_SHARE = 0.5
# fewer bins are too few to say when that is
FEWEST_BINS = 3
# lengths from this one on are named in steps of five
EXACT_BELOW, ROUNDED_TO = 10, 5


def by_history(labels: TestLabels) -> tuple[HistoryBin, ...]:
    """Return the error in each of ``HISTORY_BINS`` that has labels."""
    bins = []
    for length, (first, last) in HISTORY_BINS.items():
        where = (labels.history >= first) & (labels.history <= (np.inf if last is None else last))
        if where.any():
            bins.append(
                HistoryBin(
                    length=length,
                    first=first,
                    last=last,
                    labels=int(where.sum()),
                    users=len(np.unique(labels.user[where])),
                    mae=labels.mean(labels.error, where),
                    baselines={name: labels.mean(error, where) for name, error in labels.baseline_errors.items()},
                    gain=_gain(labels, where) if ITEM_MEAN in labels.baselines else None,
                )
            )
    return tuple(bins)


def _gain(labels: TestLabels, where: np.ndarray) -> Interval:
    item_mean = labels.baseline_errors[ITEM_MEAN]
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = 1 - labels.bootstrap.sums(labels.error, where) / labels.bootstrap.sums(item_mean, where)
        gain = 1 - labels.error[where].sum() / item_mean[where].sum()
    if not np.isfinite(gain):  # item means without any error: there is nothing to gain
        return Interval(0.0, 0.0, 0.0)
    return Interval(float(gain), *interval(draws[np.isfinite(draws)]))


def known_after(bins: Sequence[HistoryBin]) -> int | None:
    """Return after about how many ratings a model knows a user: once it has half of the largest lead it ever gets.

    That is where the gain over item means first reaches ``KNOWN_SHARE`` of the largest gain, interpolated linearly
    between the lengths over log(1 + length); rounded to multiples of five from 10 on. None where it never gains
    anything, or where too few bins were measured.
    """
    gains = [(b.length, b.gain.value) for b in bins if b.gain is not None]
    if len(gains) < FEWEST_BINS or max(gain for _, gain in gains) <= 0:
        return None
    target = KNOWN_SHARE * max(gain for _, gain in gains)
    if gains[0][1] >= target:
        return gains[0][0]
    after = next(i for i, (_, gain) in enumerate(gains) if gain >= target)
    (low, below), (high, above) = gains[after - 1], gains[after]
    share = (target - below) / (above - below)
    length = np.expm1(np.log1p(low) + share * (np.log1p(high) - np.log1p(low)))
    return int(round(length) if length < EXACT_BELOW else ROUNDED_TO * round(length / ROUNDED_TO))
