"""What a scorer says of a visitor: predictions, answers about one movie, attention, attributions."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Predictions:
    """What a model expects of every movie of the catalogue, in its order.

    ``expected`` float32 (movies,) stars. ``distribution`` (movies, levels): the probability of each rating level.
    ``watch_next`` (movies,): the probability of being the next movie, 0 for those that were watched; it sums to 1.
    The latter two are None for a model that does not predict them. Of many visitors each has one axis more, in front.
    """

    expected: np.ndarray
    distribution: np.ndarray | None = None
    watch_next: np.ndarray | None = None


@dataclass(frozen=True)
class Answers:
    """What a model says of one movie to each of several visitors.

    ``expected`` (visitors,) stars; ``distribution`` (visitors, levels). ``next_logit`` (visitors,): the movie's logit
    in the softmax over the whole catalogue from which the watch-next probability comes, before watched movies are left
    out: a difference of 1 makes its odds against any other movie of an unchanged logit 2.7 times as high. The latter
    two are None for a model that does not predict them.
    """

    expected: np.ndarray
    distribution: np.ndarray | None = None
    next_logit: np.ndarray | None = None


@dataclass(frozen=True)
class HistoryAttention:
    """How tokens look at each other: ``weights`` (heads, N, N), rows look at columns and sum to 1.

    N tokens: one for each of the words ``before``, the events that were read, one for each of the words ``after``.
    What a token must not see is exactly 0.
    """

    heads: tuple[str, ...]
    weights: np.ndarray
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class CandidateAttention:
    """Where a candidate looks: ``heads`` names them; ``to_events`` (heads, events) and ``to_rest`` (heads,) sum to 1.

    ``rest`` says what is looked at beside the events. ``between``: how the tokens that it looks at look at each other,
    where they do.
    """

    heads: tuple[str, ...]
    to_events: np.ndarray
    to_rest: np.ndarray
    rest: str
    between: HistoryAttention | None = None


@dataclass(frozen=True)
class Attributed:
    """Integrated gradients: stars at the end of the path and at its beginning, and what each input adds on the way.

    ``event_effects`` (events,) and ``rest``, who the visitor is, add up to ``expected − baseline`` but for the error
    of the quadrature.
    """

    expected: float
    baseline: float
    event_effects: np.ndarray
    rest: float
