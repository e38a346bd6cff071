"""The predictions with the largest errors: rows of the dataset, so see ``user_results`` for where they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bst.evaluation.predictions import TestLabels

Side = Literal["high", "low"]  # too much was expected, or too little
SIDES: tuple[Side, ...] = ("high", "low")
WorstErrors = dict[Side, list["WorstError"]]

MOST = 25


@dataclass(frozen=True)
class WorstError:
    """A prediction and the rating that was given instead, in stars.

    ``history_length``: how many events its user had before. ``baseline``: what the best baseline predicted.
    """

    user_id: int
    movie_id: int
    expected: float
    actual: float
    history_length: int
    baseline: float | None = None

    def to_row(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "user_id": self.user_id,
            "movie_id": self.movie_id,
            "expected": self.expected,
            "actual": self.actual,
            "earlier": self.history_length,
            "others": self.baseline,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "WorstError":
        """Return what ``to_row`` gave. Raises ``LookupError``, ``TypeError`` or ``ValueError`` for anything else."""
        return cls(
            user_id=int(row["user_id"]),
            movie_id=int(row["movie_id"]),
            expected=float(row["expected"]),
            actual=float(row["actual"]),
            history_length=int(row["earlier"]),
            baseline=None if row["others"] is None else float(row["others"]),
        )


def worst_errors(labels: TestLabels, most: int = MOST) -> WorstErrors:
    """Return the predictions furthest off on either side, at most ``most`` each, the largest error first.

    One per user: a user who gives every movie one star would fill the list.
    """
    residual = labels.expected - labels.actual
    return {
        "high": [_worst_error(labels, i) for i in _furthest(residual, labels.user, most)],
        "low": [_worst_error(labels, i) for i in _furthest(-residual, labels.user, most)],
    }


def _furthest(residual: np.ndarray, user: np.ndarray, most: int) -> np.ndarray:
    order = np.argsort(-residual, kind="stable")
    order = order[residual[order] > 0]
    _, first = np.unique(user[order], return_index=True)
    return order[np.sort(first)][:most]


def _worst_error(labels: TestLabels, i: int) -> WorstError:
    split = labels.split
    ids = split.dataset.movies["movie_id"].to_numpy()
    return WorstError(
        user_id=int(split.dataset.users["user_id"].iloc[labels.user[i]]),
        movie_id=int(ids[labels.movie[i]]),
        expected=float(labels.expected[i]),
        actual=float(labels.actual[i]),
        history_length=int(labels.history[i]),
        baseline=float(labels.baselines[labels.best_baseline][i]) if labels.best_baseline else None,
    )
