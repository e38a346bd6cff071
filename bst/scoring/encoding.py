"""A visitor as arrays: the events that a model reads, and the codes of sex, age and occupation."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bst.domain import Domain
from bst.schema import Visitor
from bst.timelines.segments import gap_buckets, months

NO_TIME = np.iinfo(np.int64).min  # stands for a timestamp that is not known
NO_MOVIE = -1  # stands in padding


class EncodedHistory(NamedTuple):
    """The events that a model reads, oldest first: ``movie`` int32 rows of the catalogue, ``rating`` float32 stars,
    ``gap`` and ``month`` int32 of ``segments.gap_buckets`` and ``months``, 0 where a time is unknown; each (events,).

    Of several histories of one length each is (histories, events).
    """

    movie: np.ndarray
    rating: np.ndarray
    gap: np.ndarray
    month: np.ndarray

    def as_batch(self) -> "EncodedHistory":
        """Return one history as a batch of one."""
        return EncodedHistory(*(part[None] for part in self))


def encode_history(visitor: Visitor, rows: np.ndarray, max_history: int) -> EncodedHistory:
    """Return the newest ``max_history`` events of a visitor; ``rows`` (events,): all their movies."""
    return _encode(*_newest(visitor, rows, max_history))


def encode_without_each(
    visitor: Visitor, rows: np.ndarray, max_history: int, positions: Sequence[int] | None = None
) -> tuple[EncodedHistory, EncodedHistory]:
    """Return a history, and what is read of it without each of the events that ``encode_history`` returns.

    Or without those of them at ``positions``, in their order. The history is what ``encode_history`` returns, with one
    older event in front if there is any: it comes into sight when one of the others is removed. The second is
    (histories, events).
    """
    events = _newest(visitor, rows, max_history + 1)
    count = len(events[0])
    removed = np.arange(count - min(count, max_history), count)
    removed = removed if positions is None else removed[np.asarray(positions, int)]
    kept = np.arange(max(count - 1, 0))
    kept = kept + (kept >= removed[:, None])
    return _encode(*events), _encode(*(part[kept] for part in events))


def with_other_ratings(
    history: EncodedHistory, levels: Sequence[float], positions: np.ndarray
) -> tuple[EncodedHistory, tuple[np.ndarray, np.ndarray]]:
    """Return a history with each other rating of each event at ``positions``: (histories, events).

    And for each of those histories, which of the indices and which of the levels it is about: (histories,) each.
    """
    event, level = np.nonzero(np.array(levels, np.float32) != history.rating[positions, None])
    changed = EncodedHistory(*(np.repeat(part[None], len(event), axis=0) for part in history))
    changed.rating[np.arange(len(event)), positions[event]] = np.array(levels, np.float32)[level]
    return changed, (event, level)


def _newest(visitor: Visitor, rows: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return movie, rating and time of the newest events: (events,) each."""
    first = max(0, len(rows) - most)
    newest = visitor.history[first:]
    times = [NO_TIME if event.timestamp is None else event.timestamp for event in newest]
    ratings = [event.rating for event in newest]
    return np.asarray(rows[first:], np.int32), np.array(ratings, np.float32), np.array(times, np.int64)


def _encode(movie: np.ndarray, rating: np.ndarray, time: np.ndarray) -> EncodedHistory:
    """Encode events (…, events); what came before the first of them is unknown."""
    timed, gap = time != NO_TIME, np.zeros(time.shape, np.int32)
    time = np.where(timed, time, 0)
    both = timed[..., 1:] & timed[..., :-1]
    gap[..., 1:] = np.where(both, gap_buckets(np.diff(time, axis=-1)), 0)
    return EncodedHistory(movie, rating, gap, np.where(timed, months(time), 0).astype(np.int32))


def pad_batch(histories: Sequence[EncodedHistory], length: int, *, in_front: bool = False) -> EncodedHistory:
    """Return histories as one batch (visitors, ``length``), padded at the end or ``in_front``: movie −1, others 0."""
    batch = EncodedHistory(*(np.zeros((len(histories), length), part.dtype) for part in histories[0]))
    batch.movie[:] = NO_MOVIE
    for row, history in enumerate(histories):
        events = len(history.movie)
        at = slice(length - events, length) if in_front else slice(events)
        for padded, part in zip(batch, history, strict=True):
            padded[row, at] = part
    return batch


def encode_demographics(visitors: Sequence[Visitor], domain: Domain) -> dict[str, np.ndarray]:
    """Return the demographics of visitors as codes, by ``Demographic.key``: int32 (visitors,) each, −1 for unknown.

    Raises ``VisitorError`` for an attribute or a value that users of the domain do not have.
    """
    known = [visitor.demographics for visitor in visitors]
    encoded: dict[str, np.ndarray] = {}
    try:
        for name, demographic in domain.demographics.items():
            codes = demographic.codes
            encoded[demographic.key] = np.array([codes[values.get(name)] for values in known], np.int32)
    except KeyError:
        for values in known:
            domain.check(values)
        raise
    for values in known:
        if not values.keys() <= domain.demographics.keys():
            domain.check(values)
    return encoded
