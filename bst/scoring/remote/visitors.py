"""Visitors as plain values and arrays, and back: equal to what they were, whatever is known of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bst.schema import Event, Visitor
from bst.scoring.encoding import NO_TIME
from bst.scoring.remote.message import Arrays

# names of the arrays, all of one dimension
EVENTS = ("event_movie", "event_rating", "event_time")
NAMES = ("event_count", *EVENTS, "seen_set", "seen_count", "seen_movie")


def write_visitors(visitors: Sequence[Visitor]) -> tuple[dict[str, Any], Arrays]:
    """Return visitors as plain values and arrays.

    Events stand one after the other, ``event_count`` of each visitor. Variants of a visitor share what they have seen,
    so each different set is written once: ``seen_set`` says which of them a visitor has.
    """
    events = [event for visitor in visitors for event in visitor.history]
    sets: dict[frozenset[int], int] = {}
    which = [sets.setdefault(visitor.seen, len(sets)) for visitor in visitors]
    arrays = {
        "event_count": np.array([len(visitor.history) for visitor in visitors], np.int64),
        "event_movie": np.array([event.movie_id for event in events], np.int64),
        "event_rating": np.array([event.rating for event in events], np.float64),
        "event_time": np.array([NO_TIME if e.timestamp is None else e.timestamp for e in events], np.int64),
        "seen_set": np.array(which, np.int64),
        "seen_count": np.array([len(movies) for movies in sets], np.int64),
        "seen_movie": np.array([movie for movies in sets for movie in sorted(movies)], np.int64),
    }
    return {"demographics": [dict(visitor.demographics) for visitor in visitors]}, arrays


def read_visitors(values: dict[str, Any], arrays: Arrays) -> list[Visitor]:
    """Return the visitors that ``write_visitors`` was given.

    Raises ``ValueError`` for what it would not have written, and ``VisitorError`` for an invalid visitor.
    """
    demographics = values.get("demographics")
    missing = [name for name in NAMES if name not in arrays or arrays[name].ndim != 1]
    if missing or not isinstance(demographics, list) or not all(isinstance(one, dict) for one in demographics):
        raise ValueError(f"visitors lack {', '.join(missing) or 'demographics'}")
    movies, ratings, times = (arrays[name].tolist() for name in EVENTS)
    if not len(movies) == len(ratings) == len(times):
        raise ValueError("events have different numbers of movies, ratings and times")
    known = [None if time == NO_TIME else time for time in times]
    events = [Event(*event) for event in zip(movies, ratings, known, strict=True)]
    histories = _split(events, arrays["event_count"])
    sets = [frozenset(part) for part in _split(arrays["seen_movie"].tolist(), arrays["seen_count"])]
    which = arrays["seen_set"].tolist()
    if not len(demographics) == len(histories) == len(which) or not all(0 <= one < len(sets) for one in which):
        raise ValueError("visitors have different numbers of demographics, histories and seen movies")
    return [
        Visitor(known_of, tuple(history), frozenset(sets[seen]))
        for known_of, history, seen in zip(demographics, histories, which, strict=True)
    ]


def _split(items: list, counts: np.ndarray) -> list[list]:
    """Return items, one after the other, as lists of that many. Raises ``ValueError`` unless that is all of them."""
    if (counts < 0).any() or int(counts.sum()) != len(items):
        raise ValueError("counts do not add up")
    ends = np.cumsum(counts).tolist()
    return [items[end - count : end] for end, count in zip(ends, counts.tolist(), strict=True)]
