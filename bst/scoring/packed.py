"""Many visitors as flat arrays: what a batch of histories is read from, without an object for each event."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bst.domain import MOVIES, Domain
from bst.schema import Event, Visitor
from bst.scoring.encoding import NO_MOVIE, NO_TIME, EncodedHistory, decode_demographics, encode_demographics
from bst.timelines.segments import gap_buckets, months


@dataclass(frozen=True)
class PackedVisitors:
    """Visitors one after another, each with all events of theirs, oldest first.

    ``movie`` int32 rows of the catalogue, ``rating`` float32 stars and ``timestamp`` int64 (``NO_TIME`` where unknown)
    are (events,) each; visitor ``v`` owns ``offsets[v]:offsets[v + 1]`` of them, ``offsets`` int64 (visitors + 1,). No
    visitor has a movie twice. ``demographics``: codes int32 (visitors,) by their key, −1 for unknown, of the attributes
    of ``domain``. ``seen``: rows of what a visitor has seen beside the events, by number of the visitor.

    Events older than a model reads count as seen, as in ``Visitor.limited``.
    """

    movie: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray
    offsets: np.ndarray
    demographics: Mapping[str, np.ndarray]
    seen: Mapping[int, np.ndarray] = field(default_factory=dict)
    domain: Domain = MOVIES

    @classmethod
    def of(
        cls,
        visitors: Sequence[Visitor],
        rows: Sequence[np.ndarray],
        rows_of: Callable[[Iterable[int]], np.ndarray],
        domain: Domain,
    ) -> "PackedVisitors":
        """Pack visitors; ``rows`` are the movies of each one's history, ``rows_of`` finds those of other ids."""
        events = [event for visitor in visitors for event in visitor.history]
        times = [NO_TIME if event.timestamp is None else event.timestamp for event in events]
        return cls(
            np.concatenate([*rows, np.zeros(0, np.int32)]).astype(np.int32),
            np.array([event.rating for event in events], np.float32),
            np.array(times, np.int64),
            np.cumsum([0, *(len(visitor.history) for visitor in visitors)]),
            encode_demographics(visitors, domain),
            {index: rows_of(visitor.seen) for index, visitor in enumerate(visitors) if visitor.seen},
            domain,
        )

    def __len__(self) -> int:
        """Return the number of visitors."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Events of each visitor: int64 (visitors,)."""
        return np.diff(self.offsets)

    def all_seen(self, visitor: int) -> np.ndarray:
        """Return the rows of all movies that a visitor has seen, rated or not."""
        rated = self.movie[self.offsets[visitor] : self.offsets[visitor + 1]]
        return np.concatenate([rated, self.seen[visitor]]) if visitor in self.seen else rated

    def batch(self, which: np.ndarray, max_history: int) -> EncodedHistory:
        """Return the newest ``max_history`` events of some visitors as one batch, as ``encoding.pad_batch`` does."""
        count = np.minimum(self.lengths[which], max_history)
        first = self.offsets[which + 1] - count
        position = np.arange(count.max(initial=0))
        read = position < count[:, None]  # (visitors, events)
        index = np.where(read, first[:, None] + position, 0)
        gap, month = self._times

        def column(values: np.ndarray, padding: int = 0) -> np.ndarray:
            return np.where(read, values[index], values.dtype.type(padding))

        gaps = column(gap)
        gaps[:, :1] = 0  # what came before the first event that is read is unknown
        return EncodedHistory(column(self.movie, NO_MOVIE), column(self.rating), gaps, column(month))

    def visitor(self, index: int, movie_ids: np.ndarray, max_history: int) -> Visitor:
        """Return one of them with a history of ``max_history`` events; ``movie_ids`` (movies,) of the catalogue."""
        events = slice(*self.offsets[index : index + 2].tolist())
        ids, seen = movie_ids[self.movie[events]].tolist(), movie_ids[self.all_seen(index)].tolist()
        times = [None if time == NO_TIME else time for time in self.timestamp[events].tolist()]
        history = tuple(map(Event, ids, self.rating[events].tolist(), times))
        demographics = decode_demographics(self.codes(np.array([index])), self.domain)
        whole = Visitor(demographics=demographics, history=history, seen=frozenset(seen))
        return whole.limited(max_history)

    def codes(self, which: np.ndarray) -> dict[str, np.ndarray]:
        """Return the demographics of some visitors, as ``encoding.encode_demographics`` does."""
        return {name: values[which] for name, values in self.demographics.items()}

    @cached_property
    def _times(self) -> tuple[np.ndarray, np.ndarray]:
        """Gap to the event before, and month, of every event: int32 (events,) each, 0 where a time is unknown."""
        timed, gap = self.timestamp != NO_TIME, np.zeros(len(self.timestamp), np.int32)
        time = np.where(timed, self.timestamp, 0)
        gap[1:] = np.where(timed[1:] & timed[:-1], gap_buckets(np.diff(time)), 0)
        return gap, np.where(timed, months(time), 0).astype(np.int32)
