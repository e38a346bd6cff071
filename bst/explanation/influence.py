"""What a prediction depends on, found by changing the visitor and predicting again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bst.recommender import Recommender
from bst.schema import Event, Visitor


@dataclass(frozen=True)
class Cause:
    """The event that raises an expected rating the most, and by how many stars."""

    event: Event
    stars: float


def influence(
    recommender: Recommender, visitor: Visitor, movie_ids: Sequence[int], among: Sequence[int] | None = None
) -> np.ndarray:
    """Return what each event does to the expected ratings of movies: (movies, events) float32 stars.

    The events are those that the model reads, oldest first; or those of them ``among`` which to look, by their places.
    Each value is the expected rating less that of the same visitor without the event: positive where it raises the
    rating. Found by leaving out one event at a time; so what two events tell alike, neither of them is seen to do. A
    model with a short horizon then reads an older event instead, as it would.

    Raises ``VisitorError`` as ``Recommender.predict`` does.
    """
    events = recommender.read_events(visitor)
    left_out = events if among is None else [events[place] for place in among]
    without = [visitor.without(event.movie_id) for event in left_out]
    expected = recommender.predict_many([visitor, *without], movie_ids).expected
    return (expected[0] - expected[1:]).T


# what a list may cost: about 50 histories of 50 events to read, some 100 ms; and what is too little to speak of
MOST_READ = 2_600
LEAST_STARS = 0.03


def causes(recommender: Recommender, visitor: Visitor, movie_ids: Sequence[int]) -> list[Cause | None]:
    """Return for each movie the event without which its expected rating would fall the most; None if hardly at all.

    Of a history over about 50 events only those are looked at that are nearest to the movies by ``embeddings``, as
    reading a long history once for each of its events takes seconds. Errors as in ``influence``.
    """
    events = recommender.read_events(visitor)
    if not events or not len(movie_ids):
        return [None] * len(movie_ids)
    among = _nearest(recommender, events, movie_ids, max(1, MOST_READ // len(events)))
    found = influence(recommender, visitor, movie_ids, among)
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
