"""The errors of single users as a table, what it can be filtered by, and their distribution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from bst.domain import MOVIES, DemographicName, DemographicValue, Domain
from bst.evaluation.predictions import ITEM_MEAN
from bst.evaluation.user_errors import UserErrors

# which users to show by their errors: the tenth that is furthest off, the tenth that is least, those for whom the
# baseline is better, or all
Part = Literal["all", "worst", "best", "beaten"]
PART_SHARE = 0.1
# ranges of how many movies a user has rated, both ends included
LENGTHS: dict[str, tuple[int, float]] = {
    "Up to 20": (0, 20),
    "21–50": (21, 50),
    "51–100": (51, 100),
    "101–200": (101, 200),
    "Over 200": (201, np.inf),
}
BIN = 0.05  # stars


def baseline_of(users: Sequence[UserErrors]) -> str | None:
    """Return the key of the baseline that users' errors are compared with: the best that was measured on all."""
    names = list(users[0].baselines) if users else []
    return next((name for name in names if name != ITEM_MEAN), names[0] if names else None)


def user_table(users: Sequence[UserErrors], domain: Domain = MOVIES) -> pd.DataFrame:
    """Return one row a user, the largest error first: ``user_id``, the demographics of the ``domain`` by name,
    ``ratings``, ``mae``, ``baseline`` and ``item_mean`` (MAE of both, NaN where they were not measured),
    ``signed_error`` and ``listed_likes`` (Int64). Errors are in stars.
    """
    compared = baseline_of(users)
    table = pd.DataFrame(
        {
            "user_id": [row.user_id for row in users],
            **{name: [row.demographics.get(name) for row in users] for name in domain.demographics},
            "ratings": [row.labels for row in users],
            "mae": [row.mae for row in users],
            "baseline": [row.baselines.get(compared or "", np.nan) for row in users],
            "item_mean": [row.baselines.get(ITEM_MEAN, np.nan) for row in users],
            "signed_error": [row.signed_error for row in users],
            "listed_likes": pd.array([row.listed_likes for row in users], dtype="Int64"),
        }
    )
    return table.sort_values("mae", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True)
class UserFilter:
    """Which users to show: everything that is empty lets all through.

    ``demographics``: allowed values by name; ``lengths``: names of ``LENGTHS``; ``errors``: a range of MAE in stars,
    without its upper end.
    """

    demographics: Mapping[DemographicName, Sequence[DemographicValue]] = field(default_factory=dict)
    lengths: tuple[str, ...] = ()
    part: Part = "all"
    errors: tuple[float, float] | None = None

    def groups(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of ``user_table`` that are in the groups, whatever their errors."""
        keep = pd.Series(True, table.index)
        for column, values in self.demographics.items():
            if values:
                keep &= table[column].isin(values)
        if self.lengths:
            spans = [LENGTHS[name] for name in self.lengths]
            keep &= sum(table["ratings"].between(*span).astype(int) for span in spans) > 0
        return table[keep]

    def apply(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of ``user_table`` that pass. The best and the worst tenth are those of the groups."""
        rows = self.groups(table)
        number = max(1, round(PART_SHARE * len(rows)))
        if self.part == "worst":
            rows = rows.nlargest(number, "mae", keep="first")
        elif self.part == "best":
            rows = rows.nsmallest(number, "mae", keep="first").sort_values("mae", ascending=False, kind="stable")
        elif self.part == "beaten":
            rows = rows[rows["mae"] > rows["baseline"]]
        if self.errors:
            rows = rows[rows["mae"].between(*self.errors, inclusive="left")]
        return rows.reset_index(drop=True)


def error_limits(table: pd.DataFrame) -> tuple[float, float]:
    """Return the range of MAE in stars, widened to whole bins."""
    low, high = float(table["mae"].min()), float(table["mae"].max())
    first, last = np.floor(low / BIN), np.floor(high / BIN) + 1
    return round(first * BIN, 2), round(last * BIN, 2)


def error_bins(table: pd.DataFrame, limits: tuple[float, float]) -> pd.DataFrame:
    """Return how many users' errors lie in each bin of ``BIN`` stars: ``low``, ``high``, ``users``.

    ``limits``: of the whole picture, whole bins.
    """
    number = round((limits[1] - limits[0]) / BIN)
    edges = np.round(limits[0] + BIN * np.arange(number + 1), 2)
    index = np.clip(np.searchsorted(edges, table["mae"].to_numpy(), side="right") - 1, 0, number - 1)
    users = np.bincount(index, minlength=number)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "users": users})
