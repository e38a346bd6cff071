"""A visitor as numbers: the events that a model reads, and the codes of who the visitor is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bst.schema import AGES, OCCUPATIONS, SEXES, Visitor
from bst.timelines.segments import gap_buckets, months

UNKNOWN = np.iinfo(np.int64).min  # a time that nobody said


class Watched(NamedTuple):
    """The events that a model reads, oldest first: ``movie`` int32 rows of the catalogue, ``rating`` float32 stars,
    ``gap`` and ``month`` int32 of ``segments.gap_buckets`` and ``months``, 0 where a time is unknown; each (events,).

    Of several histories of one length each is (histories, events).
    """

    movie: np.ndarray
    rating: np.ndarray
    gap: np.ndarray
    month: np.ndarray


def watched(visitor: Visitor, rows: np.ndarray, max_history: int) -> Watched:
    """Return the newest ``max_history`` events of a visitor; ``rows`` (events,): all their movies."""
    return _read(*_newest(visitor, rows, max_history))


def without_each(
    visitor: Visitor, rows: np.ndarray, max_history: int, among: Sequence[int] | None = None
) -> tuple[Watched, Watched]:
    """Return a history, and what is read of it without each of the events that ``watched`` returns: (events, rest).

    Or of those of them in the places ``among``, in their order.

    The history is what ``watched`` returns, with one older event in front if there is any: it comes into sight when one
    of the others is left out.
    """
    events = _newest(visitor, rows, max_history + 1)
    there = len(events[0])
    left_out = np.arange(there - min(there, max_history), there)
    left_out = left_out if among is None else left_out[np.asarray(among, int)]
    rest = np.arange(max(there - 1, 0))
    rest = rest + (rest >= left_out[:, None])
    return _read(*events), _read(*(part[rest] for part in events))


def rated_otherwise(
    read: Watched, levels: Sequence[float], among: np.ndarray
) -> tuple[Watched, tuple[np.ndarray, np.ndarray]]:
    """Return a history with each other rating of each event in the places ``among``.

    And which of those, and which of the levels, each of the histories is about.
    """
    event, level = np.nonzero(np.array(levels, np.float32) != read.rating[among, None])
    many = Watched(*(np.repeat(part[None], len(event), axis=0) for part in read))
    many.rating[np.arange(len(event)), among[event]] = np.array(levels, np.float32)[level]
    return many, (event, level)


def _newest(visitor: Visitor, rows: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return movie, rating and time of the newest events: (events,) each."""
    first = max(0, len(rows) - most)
    newest = visitor.history[first:]
    times = [UNKNOWN if event.timestamp is None else event.timestamp for event in newest]
    ratings = [event.rating for event in newest]
    return np.asarray(rows[first:], np.int32), np.array(ratings, np.float32), np.array(times, np.int64)


def _read(movie: np.ndarray, rating: np.ndarray, time: np.ndarray) -> Watched:
    """Return events (…, events) as a model reads them; of the first of them nobody knows what came before it."""
    known, gap = time != UNKNOWN, np.zeros(time.shape, np.int32)
    time = np.where(known, time, 0)
    both = known[..., 1:] & known[..., :-1]
    gap[..., 1:] = np.where(both, gap_buckets(np.diff(time, axis=-1)), 0)
    return Watched(movie, rating, gap, np.where(known, months(time), 0).astype(np.int32))


def together(histories: Sequence[Watched], length: int, in_front: bool = False) -> Watched:
    """Return histories as one, each part (visitors, ``length``), padded behind or ``in_front``: movie −1, others 0."""
    whole = Watched(*(np.zeros((len(histories), length), part.dtype) for part in histories[0]))
    whole.movie[:] = -1
    for row, read in enumerate(histories):
        events = len(read.movie)
        at = slice(length - events, length) if in_front else slice(events)
        for into, part in zip(whole, read, strict=True):
            into[row, at] = part
    return whole


def codes(visitors: Sequence[Visitor]) -> dict[str, np.ndarray]:
    """Return sex, age and occupation of visitors as a model reads them: int32 (visitors,) each, −1 for unknown."""
    parts = (("sex", SEXES), ("age", AGES), ("occupation", OCCUPATIONS))
    code = {part: {None: -1} | {value: code for code, value in enumerate(values)} for part, values in parts}
    return {part: np.array([of[getattr(visitor, part)] for visitor in visitors], np.int32) for part, of in code.items()}
