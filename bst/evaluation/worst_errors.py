"""The predictions with the largest errors. They are rows of the dataset, so they are never kept in a bundle."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from bst.evaluation.lists import visitor_before
from bst.evaluation.predictions import TestLabels
from bst.schema import MAX_HISTORY, Event, Visitor

Side = Literal["high", "low"]  # too much was expected, or too little
WorstErrors = dict[Side, list["WorstError"]]

MOST = 25


@dataclass(frozen=True)
class WorstError:
    """A prediction and the rating that was given instead, in stars.

    ``history_length``: how many events its user had before. ``visitor``: the user just before that rating, with a
    history of at most ``MAX_HISTORY`` events. ``baseline``: what the best baseline predicted.
    """

    user_id: int
    movie_id: int
    expected: float
    actual: float
    history_length: int
    visitor: Visitor
    baseline: float | None = None

    def to_row(self) -> dict[str, Any]:
        """Return all but the visitor as plain values, ready for JSON."""
        return {
            "user_id": self.user_id,
            "movie_id": self.movie_id,
            "expected": self.expected,
            "actual": self.actual,
            "earlier": self.history_length,
            "others": self.baseline,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return self.to_row() | {"visitor": asdict(self.visitor) | {"seen": sorted(self.visitor.seen)}}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "WorstError":
        """Return what ``to_dict`` gave. For a malformed dictionary it raises one of many kinds of errors."""
        demographics = dict(values["visitor"])
        history = tuple(Event(**event) for event in demographics.pop("history"))
        seen = frozenset(demographics.pop("seen", ()))
        return cls(
            user_id=values["user_id"],
            movie_id=values["movie_id"],
            expected=values["expected"],
            actual=values["actual"],
            history_length=values["earlier"],
            visitor=Visitor(**demographics, history=history, seen=seen),
            baseline=values["others"],
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
        visitor=visitor_before(split, int(split.test[i]), ids, MAX_HISTORY),
        baseline=float(labels.baselines[labels.best_baseline][i]) if labels.best_baseline else None,
    )
