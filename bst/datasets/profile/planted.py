"""The demo world's planted tastes beside what can be measured of them in its ratings."""

from typing import Literal

import pandas as pd

from bst.datasets.demo_truth import GENRE_TASTES, SHIFTS, Effects
from bst.domain import DEMOGRAPHICS

Detection = Literal["▲", "▼", "✕", "●"]
TYPICAL_QUALITY = 4.0  # the median of the catalogue


def planted_tastes(tastes: dict[str, pd.DataFrame], effects: Effects | None = None) -> pd.DataFrame:
    """Return what was planted for each group and genre, and what ``tastes`` measured of it.

    ``part`` (attribute), ``group``, ``genre``; ``planted``: stars that a movie of this genre alone and of
    ``TYPICAL_QUALITY`` gains for the group, compared with everybody's mean taste for the genre; ``measured``, ``low``,
    ``high``: the group's ``taste`` with its interval; ``users``; ``detected``: "▲" or "▼" where the interval excludes
    0 in the planted direction, "✕" where it does so in the other, "●" where it contains 0 or rests on too few users
    to tell.

    Measured effects are smaller than planted ones: a movie's genres share its shift, everybody's mean moves along, and
    people rate what they like more often than what they do not.
    """
    effects = effects or Effects()
    rows = []
    for attribute, value, genre, shift in SHIFTS:
        if attribute not in tastes:
            continue
        table = tastes[attribute]
        cells = table[(table["value"] == value) & (table["genre"] == genre)]
        if cells.empty:
            continue
        cell = cells.iloc[0]
        mean = GENRE_TASTES.get(genre, 0.0)
        with_shift, without = (effects.liking(TYPICAL_QUALITY, taste) for taste in (mean + shift, mean))
        rows.append(
            {
                "part": attribute,
                "group": DEMOGRAPHICS[attribute].labels[value],
                "genre": genre,
                "planted": float(with_shift - without),
                "measured": cell["taste"],
                "low": cell["taste_low"],
                "high": cell["taste_high"],
                "users": int(cell["users"]),
                "detected": _detection(shift, cell["taste_low"], cell["taste_high"], cell["few"]),
            }
        )
    return pd.DataFrame(rows)


def _detection(shift: float, low: float, high: float, few: bool) -> Detection:
    if few or low <= 0 <= high:
        return "●"
    if (shift > 0) != (low > 0):
        return "✕"
    return "▲" if shift > 0 else "▼"
