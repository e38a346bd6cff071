"""The demo world's planted tastes beside what can be seen of them in its ratings."""

import pandas as pd

from bst.datasets.demo_truth import SHIFTS, Effects
from bst.datasets.profile.groups import group_name


def planted_tastes(tastes: dict[str, pd.DataFrame], effects: Effects | None = None) -> pd.DataFrame:
    """Return what was planted for each group and genre, and what ``tastes`` measured of it.

    ``part``, ``group``, ``genre``; ``planted``: stars that a movie of this genre alone gains for the group;
    ``measured``, ``low``, ``high``: the group's ``taste`` with its interval; ``users``; ``found``: "▲" or "▼" where the
    interval leaves out 0 in the planted direction, "✕" where it does so in the other, "●" where it does not.

    Measured is less than planted: a movie's genres share its shift, everybody's mean moves along, and people rate what
    they like more often than what they do not.
    """
    stars = (effects or Effects()).taste_stars
    rows = []
    for part, value, genre, shift in SHIFTS:
        if part not in tastes:
            continue
        table = tastes[part]
        there = table[(table["value"] == value) & (table["genre"] == genre)]
        if there.empty:
            continue
        cell = there.iloc[0]
        rows.append(
            {
                "part": part,
                "group": group_name(part, value),
                "genre": genre,
                "planted": stars * shift,
                "measured": cell["taste"],
                "low": cell["taste_low"],
                "high": cell["taste_high"],
                "users": int(cell["users"]),
                "found": _found(shift, cell["taste_low"], cell["taste_high"]),
            }
        )
    return pd.DataFrame(rows)


def _found(shift: float, low: float, high: float) -> str:
    if low <= 0 <= high:
        return "●"
    if (shift > 0) != (low > 0):
        return "✕"
    return "▲" if shift > 0 else "▼"
