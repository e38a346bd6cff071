"""What a prediction depends on, found by changing the visitor and predicting again.

Events are those that the model reads, oldest first; ``positions`` index them. Everything here raises ``VisitorError``
as ``Recommender.predict`` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np

from bst.domain import DemographicName
from bst.explanation.measures import CAUSE
from bst.inference.ranking import Order
from bst.inference.recommender import Recommender
from bst.metrics import probability_liked
from bst.schema import Event, Visitor
from bst.scoring.results import CandidateScores


@dataclass(frozen=True)
class Scores:
    """What is predicted of a movie, or how much that changes.

    ``expected`` stars, ``liked`` the probability of 4 stars or more, ``next_logit`` the logit of being the next movie,
    ``like_logit`` the log-odds of being watched and liked some time (see ``CandidateScores``). All but the first are
    None for a model that does not predict them.
    """

    expected: float
    liked: float | None = None
    next_logit: float | None = None
    like_logit: float | None = None

    def __sub__(self, other: "Scores") -> "Scores":
        """Return how much more this is than another."""
        return Scores(
            self.expected - other.expected,
            _difference(self.liked, other.liked),
            _difference(self.next_logit, other.next_logit),
            _difference(self.like_logit, other.like_logit),
        )


def _difference(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


@dataclass(frozen=True)
class EventEffects:
    """How each event changes a prediction: (events,) float64 each, or None, as in ``Scores``."""

    expected: np.ndarray
    liked: np.ndarray | None = None
    next_logit: np.ndarray | None = None
    like_logit: np.ndarray | None = None


@dataclass(frozen=True)
class LeaveOneOut:
    """The prediction of a movie, and what each of ``events`` adds to it.

    ``event_effects``: the prediction with all events less that without the event, so positive where the event raises
    it.
    """

    movie_id: int
    events: tuple[Event, ...]
    scores: Scores
    event_effects: EventEffects


def leave_one_out(
    recommender: Recommender, visitor: Visitor, movie_id: int, catalogue_logits: bool = True
) -> LeaveOneOut:
    """Return what each event adds to the prediction of a movie, by leaving out one event at a time.

    If two events carry the same information, neither of them shows an effect: see ``interactions``. Without one of the
    newest events, a model that cannot read the whole history reads an older event instead. ``catalogue_logits``:
    whether ``next_logit`` and ``like_logit`` are predicted, which takes most of the time.
    """
    events = recommender.read_events(visitor)
    arrays = _arrays(recommender, recommender.score_movie_without_each(visitor, movie_id, catalogue_logits))
    others = (arrays.liked, arrays.next_logit, arrays.like_logit)
    differences = (None if values is None else values[0] - values[1:] for values in others)
    effects = EventEffects(arrays.expected[0] - arrays.expected[1:], *differences)
    return LeaveOneOut(movie_id, events, arrays.scores(0), effects)


def rating_changes(
    recommender: Recommender, visitor: Visitor, movie_id: int, positions: Sequence[int] | None = None
) -> np.ndarray:
    """Return the expected rating of a movie for each rating that an event might have: (events, levels) stars.

    One row per event, of all or of those at ``positions``; one column per rating level. The column of the event's own
    rating has the prediction as it is.
    """
    return recommender.expected_if_rated(visitor, movie_id, positions)


def demographics_unknown(recommender: Recommender, visitor: Visitor, movie_id: int) -> dict[DemographicName, Scores]:
    """Return what each known demographic adds to the prediction of a movie: that with all less that with it unknown."""
    names = list(recommender.domain.known(visitor.demographics))
    without = [visitor.with_demographic(name, None) for name in names]
    arrays = _arrays(recommender, recommender.score_movie([visitor, *without], movie_id))
    everything = arrays.scores(0)
    return {name: everything - arrays.scores(i) for i, name in enumerate(names, start=1)}


def predicted(recommender: Recommender, visitors: Sequence[Visitor], movie_id: int) -> list[Scores]:
    """Return what is predicted of a movie for each of several visitors."""
    arrays = _arrays(recommender, recommender.score_movie(visitors, movie_id))
    return [arrays.scores(i) for i in range(len(visitors))]


def interactions(recommender: Recommender, visitor: Visitor, movie_id: int, positions: Sequence[int]) -> np.ndarray:
    """Return how pairs of events act together on the expected rating of a movie: (n, n) stars, diagonal 0.

    f(all) − f(without i) − f(without j) + f(without both), for the events at ``positions``: 0 where each has the same
    effect with or without the other, negative where they carry the same information, positive where they need each
    other.
    """
    read = recommender.read_events(visitor)
    movie_ids = [read[position].movie_id for position in positions]
    without_one = [visitor.without(movie) for movie in movie_ids]
    pairs = list(combinations(range(len(movie_ids)), 2))
    without_both = [without_one[i].without(movie_ids[j]) for i, j in pairs]
    expected = recommender.score_movie([visitor, *without_one, *without_both], movie_id).expected.astype(float)
    everything, single, both = np.split(expected, [1, 1 + len(movie_ids)])
    table = np.zeros((len(movie_ids), len(movie_ids)))
    for (i, j), stars in zip(pairs, both, strict=True):
        table[i, j] = table[j, i] = everything[0] - single[i] - single[j] + stars
    return table


class _Arrays(NamedTuple):
    """Scores of several visitors: (visitors,) float64 each, or None, as in ``Scores``."""

    expected: np.ndarray
    liked: np.ndarray | None
    next_logit: np.ndarray | None
    like_logit: np.ndarray | None

    def scores(self, i: int) -> Scores:
        others = (None if values is None else float(values[i]) for values in self[1:])
        return Scores(float(self.expected[i]), *others)


def _arrays(recommender: Recommender, scores: CandidateScores) -> _Arrays:
    distribution = scores.distribution
    liked = None if distribution is None else probability_liked(distribution, recommender.bundle.levels)
    logits = (None if values is None else values.astype(float) for values in (scores.next_logit, scores.like_logit))
    return _Arrays(scores.expected.astype(float), liked, *logits)


# ---- for a list


# what events have an effect on, for the movies of a list: the expected rating in stars, or the log-odds of being
# watched and liked
ListMeasure = Literal["expected", "like_logit", "next_logit"]


@dataclass(frozen=True)
class StrongestEvent:
    """The event that raises a prediction the most, and by how much: stars, or log-odds."""

    event: Event
    effect: float


def list_measure(order: Order, rated: bool = True) -> ListMeasure:
    """Return what the reasons of a list in this order are about; ``rated``: whether there are any ratings."""
    if order == "like":
        return "like_logit"
    return "expected" if rated else "next_logit"


def event_effects(
    recommender: Recommender,
    visitor: Visitor,
    movie_ids: Sequence[int],
    positions: Sequence[int] | None = None,
    measure: ListMeasure = "expected",
) -> np.ndarray:
    """Return what each event adds to the expected ratings of movies: (movies, events) float32 stars, or log-odds.

    Of all events, or of those at ``positions``. As ``leave_one_out`` finds it for one movie.
    """
    if measure == "next_logit":
        events = recommender.read_events(visitor)
        left_out = (events[position].movie_id for position in (range(len(events)) if positions is None else positions))
        people = [visitor, *map(visitor.without, left_out)]
        predicted = recommender.catalogue_logits(people, "next", movie_ids)
    elif measure == "like_logit":
        predicted = recommender.like_logit_without_each(visitor, movie_ids, positions)
    else:
        predicted = recommender.expected_without_each(visitor, movie_ids, positions)
    return (predicted[0] - predicted[1:]).T


# what a list may cost: histories to predict times events in each, some 100 ms
MOST_READ = 15_000


def strongest_events(
    recommender: Recommender, visitor: Visitor, movie_ids: Sequence[int], measure: ListMeasure = "expected"
) -> list[StrongestEvent | None]:
    """Return for each movie the event without which the prediction would fall most; None if by less than
    ``measures.CAUSE``.

    In a history of more than about 120 events only those most similar to the movies by ``embeddings`` are tried, as
    predicting a long history once for each of its events takes too long for a list.
    """
    events = recommender.read_events(visitor)
    if not events or not len(movie_ids):
        return [None] * len(movie_ids)
    positions = most_similar_positions(recommender, events, movie_ids)
    effects = event_effects(recommender, visitor, movie_ids, positions, measure)
    best = effects.argmax(axis=1)
    largest = effects[np.arange(len(best)), best]
    return [
        StrongestEvent(events[positions[i]], float(effect)) if effect >= CAUSE[measure] else None
        for i, effect in zip(best, largest, strict=True)
    ]


def most_similar_positions(recommender: Recommender, events: Sequence[Event], movie_ids: Sequence[int]) -> list[int]:
    """Return the positions of as many events as can be left out one by one while a visitor waits (``MOST_READ``).

    First the most similar to each movie, then the second most similar, and so on.
    """
    most = max(1, MOST_READ // len(events))
    if len(events) <= most:
        return list(range(len(events)))
    of_movies, of_events = (
        recommender.vectors_of(recommender.catalogue.rows(ids)) for ids in (movie_ids, [e.movie_id for e in events])
    )
    by_similarity = np.argsort(-of_movies @ of_events.T, axis=1, kind="stable")
    return list(dict.fromkeys(by_similarity.T.ravel().tolist()))[:most]
