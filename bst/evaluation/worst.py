"""The predictions that were off the most. They are rows of the dataset: never kept in a bundle."""

from dataclasses import asdict, dataclass

import numpy as np

from bst.evaluation.lists import visitor_before
from bst.evaluation.predictions import Labels
from bst.schema import MAX_HISTORY, Event, Visitor

MOST = 25


@dataclass(frozen=True)
class Miss:
    """A prediction and what came instead, in stars. ``earlier``: how many events its user had before.

    ``visitor`` is the user just before, with a history of ``MAX_HISTORY`` events; ``others`` is what the strongest peer
    expected.
    """

    user_id: int
    movie_id: int
    expected: float
    actual: float
    earlier: int
    visitor: Visitor
    others: float | None = None

    def to_dict(self) -> dict:
        """Return plain values, ready for JSON."""
        plain = asdict(self)
        plain["visitor"]["seen"] = sorted(self.visitor.seen)
        return plain

    @classmethod
    def from_dict(cls, said: dict) -> "Miss":
        """Return what ``to_dict`` gave. Raises what a damaged dictionary raises: any of many errors."""
        who = dict(said["visitor"])
        history, seen = tuple(Event(**event) for event in who.pop("history")), frozenset(who.pop("seen", ()))
        return cls(**{**said, "visitor": Visitor(**who, history=history, seen=seen)})


def worst(labels: Labels, most: int = MOST) -> dict[str, list[Miss]]:
    """Return the predictions furthest off: ``high``, where too much was expected, and ``low``, at most ``most`` each.

    One a user: somebody who gives one star to everything would fill the list.
    """
    off = labels.expected - labels.actual
    return {
        "high": [_miss(labels, i) for i in _furthest(off, labels.user, most)],
        "low": [_miss(labels, i) for i in _furthest(-off, labels.user, most)],
    }


def _furthest(off: np.ndarray, user: np.ndarray, most: int) -> np.ndarray:
    order = np.argsort(-off, kind="stable")
    order = order[off[order] > 0]
    _, first = np.unique(user[order], return_index=True)
    return order[np.sort(first)][:most]


def _miss(labels: Labels, i: int) -> Miss:
    split = labels.split
    ids = split.dataset.movies["movie_id"].to_numpy()
    others = labels.baselines[labels.rival][i] if labels.rival else None
    return Miss(
        user_id=int(split.dataset.users["user_id"].iloc[labels.user[i]]),
        movie_id=int(ids[labels.movie[i]]),
        expected=float(labels.expected[i]),
        actual=float(labels.actual[i]),
        earlier=int(labels.history[i]),
        visitor=visitor_before(split, int(split.test[i]), ids, MAX_HISTORY),
        others=None if others is None else float(others),
    )
