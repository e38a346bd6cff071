"""What a prediction depends on, found by changing the visitor and predicting again.

All events are those that the model reads, oldest first. Everything here raises ``VisitorError`` as
``Recommender.predict`` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from bst.inference.recommender import LIKED, Recommender
from bst.schema import Event, Visitor
from bst.scoring.results import CandidateScores


@dataclass(frozen=True)
class Change:
    """What one change does: stars, probability of 4 stars or more, and logit of being the next movie.

    The latter two are None for a model that does not predict them.
    """

    expected: float
    liked: float | None = None
    next_logit: float | None = None


@dataclass(frozen=True)
class Changes:
    """What several changes do, one value for each: (E,) float, or None as in ``Change``."""

    expected: np.ndarray
    liked: np.ndarray | None = None
    next_logit: np.ndarray | None = None


@dataclass(frozen=True)
class LeaveOneOut:
    """What is predicted of a movie, and what each of ``events`` does to that.

    ``expected`` stars; ``liked``, the probability of 4 stars or more; ``next_logit``: see ``scoring.CandidateScores``.
    ``event_effects``: each value with everything less that without the event, so positive where the event raises it.
    """

    movie_id: int
    events: tuple[Event, ...]
    expected: float
    liked: float | None
    next_logit: float | None
    event_effects: Changes


def leave_one_out(recommender: Recommender, visitor: Visitor, movie_id: int, following: bool = True) -> LeaveOneOut:
    """Return what each event does to what is predicted of ``movie_id``, by leaving out one event at a time.

    So what two events tell alike, neither of them is seen to do: see ``interactions``. Without one of the newest
    events, a model that cannot read the whole history reads an older event instead, as it would. Unless ``following``,
    nothing is said of the logit of being next, which takes most of the time.
    """
    events = recommender.read_events(visitor)
    told = _told(recommender, recommender.score_movie_without_each(visitor, movie_id, following))
    first = [None if part is None else float(part[0]) for part in told]
    event_effects = Changes(*(None if part is None else part[0] - part[1:] for part in told))
    return LeaveOneOut(movie_id, events, *first, event_effects)


def rating_changes(
    recommender: Recommender, visitor: Visitor, movie_id: int, among: Sequence[int] | None = None
) -> np.ndarray:
    """Return the expected rating of ``movie_id`` if an event had another rating: (E, levels) stars.

    One row an event, of all or of those in the places ``among``; one column a level of the ratings. The column of the
    rating that it has holds what is expected as things are.
    """
    return recommender.expected_if_rated(visitor, movie_id, among)


def demographics_unknown(recommender: Recommender, visitor: Visitor, movie_id: int) -> dict[str, Change]:
    """Return what each known part of who the visitor is does to what is predicted of ``movie_id``.

    By part (``sex``, ``age``, ``occupation``): the value with everything less that with the part unknown.
    """
    parts = [part for part in ("sex", "age", "occupation") if getattr(visitor, part) is not None]
    asked = [visitor, *(replace(visitor, **{part: None}) for part in parts)]
    told = _told(recommender, recommender.score_movie(asked, movie_id))
    return {
        part: Change(*(None if values is None else float(values[0] - values[i]) for values in told))
        for i, part in enumerate(parts, start=1)
    }


def interactions(recommender: Recommender, visitor: Visitor, movie_id: int, among: Sequence[int]) -> np.ndarray:
    """Return how pairs of events act together on the expected rating of ``movie_id``: (n, n) stars, diagonal 0.

    f(all) − f(without i) − f(without j) + f(without both), for the events in the places ``among``: 0 where each does
    what it does whether or not the other is there, negative where they tell the same, positive where they need each
    other.
    """
    events = [recommender.read_events(visitor)[place] for place in among]
    singles = [visitor.without(event.movie_id) for event in events]
    pairs = list(combinations(range(len(events)), 2))
    both = [singles[i].without(events[j].movie_id) for i, j in pairs]
    expected = recommender.score_movie([visitor, *singles, *both], movie_id).expected.astype(float)
    table, alone, together = np.zeros((len(events),) * 2), expected[1 : 1 + len(events)], expected[1 + len(events) :]
    for (i, j), stars in zip(pairs, together, strict=True):
        table[i, j] = table[j, i] = expected[0] - alone[i] - alone[j] + stars
    return table


def _told(recommender: Recommender, answers: CandidateScores) -> tuple[np.ndarray | None, ...]:
    """Return stars, probabilities of ``LIKED`` stars or more and logits: (visitors,) float64 each, or None."""
    liked = None
    if answers.distribution is not None:
        liked = answers.distribution[:, np.array(recommender.bundle.levels) >= LIKED].sum(axis=1, dtype=float)
    return tuple(None if part is None else part.astype(float) for part in (answers.expected, liked, answers.next_logit))


@dataclass(frozen=True)
class Cause:
    """The event that raises an expected rating the most, and by how many stars."""

    event: Event
    stars: float


def event_effects(
    recommender: Recommender, visitor: Visitor, movie_ids: Sequence[int], among: Sequence[int] | None = None
) -> np.ndarray:
    """Return what each event does to the expected ratings of movies: (movies, events) float32 stars.

    The events are those that the model reads, oldest first; or those of them ``among`` which to look, by their places.
    Each value is the expected rating less that of the same visitor without the event: positive where it raises the
    rating. Found by leaving out one event at a time; so what two events tell alike, neither of them is seen to do. A
    model with a short horizon then reads an older event instead, as it would.

    Raises ``VisitorError`` as ``Recommender.predict`` does.
    """
    expected = recommender.expected_without_each(visitor, movie_ids, among)
    return (expected[0] - expected[1:]).T


# what a list may cost: histories left to read times events, some 100 ms; and what is too little to speak of
MOST_READ = 15_000
LEAST_STARS = 0.03


def causes(recommender: Recommender, visitor: Visitor, movie_ids: Sequence[int]) -> list[Cause | None]:
    """Return for each movie the event without which its expected rating would fall the most; None if hardly at all.

    Of a history over about 120 events only those are looked at that are nearest to the movies by ``embeddings``, as
    reading a long history once for each of its events takes too long for a list. Errors as in ``event_effects``.
    """
    events = recommender.read_events(visitor)
    if not events or not len(movie_ids):
        return [None] * len(movie_ids)
    among = _nearest(recommender, events, movie_ids, max(1, MOST_READ // len(events)))
    found = event_effects(recommender, visitor, movie_ids, among)
    best = found.argmax(axis=1)
    stars = found[np.arange(len(best)), best]
    return [
        Cause(events[among[at]], float(by)) if by >= LEAST_STARS else None for at, by in zip(best, stars, strict=True)
    ]


def _nearest(recommender: Recommender, events: Sequence[Event], movie_ids: Sequence[int], most: int) -> list[int]:
    """Return the places of ``most`` events, or all: first each movie's nearest, then each one's second nearest, …"""
    if len(events) <= most:
        return list(range(len(events)))
    of_movies, of_events = (
        recommender.embeddings[recommender.catalogue.rows(ids)] for ids in (movie_ids, [e.movie_id for e in events])
    )
    by_nearness = np.argsort(-of_movies @ of_events.T, axis=1, kind="stable")
    return list(dict.fromkeys(by_nearness.T.ravel().tolist()))[:most]
