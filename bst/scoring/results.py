"""What a scorer returns: predictions, scores of one movie, attention, attributions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# the ratings of so few movies are predicted alone, unless those of the whole catalogue are there already
MOST_ALONE = 100


def expit(logit: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + e^−logit), in the precision of the logits; −∞ gives 0.

    >>> expit(np.array([0.0, -np.inf])).tolist()
    [0.5, 0.0]
    """
    return np.exp(-np.logaddexp(0, -logit))


@dataclass(frozen=True)
class Predictions:
    """What a model predicts of every movie of the catalogue, in its order.

    ``expected`` float32 (movies,) stars. ``distribution`` (movies, levels): the probability of each rating level.
    ``watch_next`` (movies,): the probability of being the next movie, 0 for those that were watched; it sums to 1.
    ``like_logit`` float32 (movies,): the log-odds that the visitor will some time watch the movie and like it, −∞ for
    those that were watched. All but the first are None for a model that does not predict them. Of many visitors each
    has one axis more, in front. ``popularity_logit`` float32 (movies,), the same for all: ``like_logit`` of an unknown
    visitor.
    """

    expected: np.ndarray
    distribution: np.ndarray | None = None
    watch_next: np.ndarray | None = None
    like_logit: np.ndarray | None = None
    popularity_logit: np.ndarray | None = None

    @cached_property
    def will_like(self) -> np.ndarray | None:
        """The probability that the visitor will watch a movie and like it, as ``like_logit``; 0 for watched ones."""
        return None if self.like_logit is None else expit(self.like_logit)

    def of_visitor(self, index: int) -> "Predictions":
        """Return the predictions of one of many visitors."""
        distribution, watch_next, like_logit = (
            None if part is None else part[index] for part in (self.distribution, self.watch_next, self.like_logit)
        )
        return Predictions(self.expected[index], distribution, watch_next, like_logit, self.popularity_logit)


class LazyPredictions(Predictions):
    """What is predicted of every movie for one visitor, each part on first use: read-only arrays."""

    def __init__(
        self,
        ratings: Callable[[np.ndarray | None], tuple[np.ndarray, np.ndarray | None]],
        watch_next: Callable[[], np.ndarray] | None = None,
        like_logit: Callable[[], np.ndarray] | None = None,
        popularity_logit: np.ndarray | None = None,
    ):
        """``ratings`` returns ``expected`` and ``distribution`` of some rows, or of all if None; the others return
        what is called so, and are None for what the model does not predict.
        """
        vars(self).update(
            _ratings=ratings, _watch_next=watch_next, _like_logit=like_logit, popularity_logit=popularity_logit
        )

    def ratings_of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return ``expected`` and ``distribution`` of a few movies, without predicting the others.

        Once those of all are there, they are taken from them.
        """
        if "_made_ratings" not in vars(self) and len(rows) <= MOST_ALONE:
            return vars(self)["_ratings"](rows)
        return self.expected[rows], None if self.distribution is None else self.distribution[rows]

    @cached_property
    def _made_ratings(self) -> tuple[np.ndarray, np.ndarray | None]:
        expected, distribution = vars(self)["_ratings"](None)
        return _read_only(expected), None if distribution is None else _read_only(distribution)

    @property
    def expected(self) -> np.ndarray:
        """Expected ratings: (movies,)."""
        return self._made_ratings[0]

    @property
    def distribution(self) -> np.ndarray | None:
        """The probability of each level: (movies, levels)."""
        return self._made_ratings[1]

    @cached_property
    def watch_next(self) -> np.ndarray | None:
        """The probability of being the next movie: (movies,)."""
        make = vars(self)["_watch_next"]
        return None if make is None else _read_only(make())

    @cached_property
    def like_logit(self) -> np.ndarray | None:
        """The log-odds of being watched and liked some time: (movies,)."""
        make = vars(self)["_like_logit"]
        return None if make is None else _read_only(make())


def _read_only(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


@dataclass(frozen=True)
class TestPredictions:
    """What a model predicts of a split's test labels, in timeline order.

    ``expected`` (labels,) stars, None for a model that predicts no ratings; ``distribution`` (labels, levels), None for
    one that regresses them. ``without_gaps``: the distribution with all time gaps unknown; ``as_visitor``: the expected
    ratings with all user ids unknown; None where that makes no difference. ``ranks`` int (users,): the rank of the
    movie of each user's last test label among all movies that the user had not seen, 1 for the most likely; None for a
    model that does not predict the next movie. ``timed_ranks``: the same where the model knows when that movie was
    rated; None for a model that cannot read it.
    """

    __test__ = False  # no class of tests

    expected: np.ndarray | None = None
    distribution: np.ndarray | None = None
    without_gaps: np.ndarray | None = None
    as_visitor: np.ndarray | None = None
    ranks: np.ndarray | None = None
    timed_ranks: np.ndarray | None = None


@dataclass(frozen=True)
class CandidateScores:
    """What a model predicts of one movie for each of several visitors.

    ``expected`` (visitors,) stars; ``distribution`` (visitors, levels). ``next_logit`` (visitors,): the movie's logit
    in the softmax over the catalogue from which the watch-next probability comes, before watched movies are masked: a
    difference of 1 makes its odds against any other movie of an unchanged logit 2.7 times as high. ``like_logit``
    (visitors,): the log-odds of being watched and liked, whether the movie was watched or not. All but the first are
    None for a model that does not predict them.
    """

    expected: np.ndarray
    distribution: np.ndarray | None = None
    next_logit: np.ndarray | None = None
    like_logit: np.ndarray | None = None


@dataclass(frozen=True)
class HistoryAttention:
    """How tokens attend to each other: ``weights`` (heads, N, N), rows attend to columns and sum to 1.

    N tokens: one for each of the labels ``before``, the events that were read, one for each of the labels ``after``.
    What is masked is exactly 0.
    """

    heads: tuple[str, ...]
    weights: np.ndarray
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class CandidateAttention:
    """What a candidate attends to: ``heads`` are labels; ``to_events`` (heads, events) and ``to_rest`` (heads,) sum
    to 1.

    ``rest`` is the label of what is attended to besides the events. ``between``: how the tokens that it attends to
    attend to each other, where they do.
    """

    heads: tuple[str, ...]
    to_events: np.ndarray
    to_rest: np.ndarray
    rest: str
    between: HistoryAttention | None = None


@dataclass(frozen=True)
class IntegratedGradients:
    """Stars, or a logit, at the end of the path and at its start, ``baseline``, and what each input adds on the way.

    ``event_effects`` (events,) and ``rest``, the demographics, add up to ``expected − baseline`` but for the error of
    the quadrature.
    """

    expected: float
    baseline: float
    event_effects: np.ndarray
    rest: float
