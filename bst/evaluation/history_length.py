"""How many ratings until it knows somebody: the error by length of history."""

import numpy as np

from bst.evaluation.predictions import PLAIN, Labels
from bst.metrics import interval

# lengths that are asked for, and from where to where the labels go that speak for each: few users are met at exactly
# 50 earlier ratings, many between 35 and 74
STRETCHES: dict[int, tuple[int, int | None]] = {
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
# a model knows somebody once it has this share of the lead over item means that it ever gets
KNOWN = 0.5


def by_history(labels: Labels) -> list[dict]:
    """Return the error by length of history, one entry a stretch of ``STRETCHES`` that has labels.

    Each has ``length``, ``from``, ``to`` (None: no end), ``labels``, ``users``, and as ``[value, low, high]``
    ``mae``, ``gain`` (by what share the MAE is below that of item means on the same labels) and ``peers`` (name → MAE).
    The gain, unlike the MAE, does not depend on which movies and which users a stretch has.
    """
    rows = []
    for length, (low, high) in STRETCHES.items():
        where = (labels.history >= low) & (labels.history <= (np.inf if high is None else high))
        if not where.any():
            continue
        row = {
            "length": length,
            "from": low,
            "to": high,
            "labels": int(where.sum()),
            "users": len(np.unique(labels.user[where])),
            "mae": labels.mean(labels.error, where),
            "peers": {name: labels.mean(error, where) for name, error in labels.peer_errors.items()},
        }
        if PLAIN in labels.baselines:
            row["gain"] = _gain(labels, where)
        rows.append(row)
    return rows


def _gain(labels: Labels, where: np.ndarray) -> list[float]:
    plain = labels.peer_errors[PLAIN]
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = 1 - labels.bootstrap.sums(labels.error, where) / labels.bootstrap.sums(plain, where)
        found = 1 - labels.error[where].sum() / plain[where].sum()
    if not np.isfinite(found):  # item means without any error: there is nothing to gain
        return [0.0, 0.0, 0.0]
    return [float(found), *interval(drawn[np.isfinite(drawn)])]


def known_after(rows: list[dict]) -> int | None:
    """Return after about how many ratings a model knows somebody: when it has half of the lead that it ever gets.

    That is where the gain over item means first reaches ``KNOWN`` times the largest gain, on straight lines between
    the lengths, drawn over log(1 + length); rounded to fives from 10 on. None where it never gains anything, or where
    too little is measured to tell.
    """
    measured = [(row["length"], row["gain"][0]) for row in rows if "gain" in row]
    if len(measured) < 3 or max(gain for _, gain in measured) <= 0:
        return None
    wanted = KNOWN * max(gain for _, gain in measured)
    if measured[0][1] >= wanted:
        return measured[0][0]
    after = next(i for i, (_, gain) in enumerate(measured) if gain >= wanted)
    (low, below), (high, above) = measured[after - 1], measured[after]
    share = (wanted - below) / (above - below)
    length = np.expm1(np.log1p(low) + share * (np.log1p(high) - np.log1p(low)))
    return int(round(length) if length < 10 else 5 * round(length / 5))
