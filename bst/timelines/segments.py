"""Timelines → segments → batches for the timeline model: flat NumPy, padded only as far as a batch needs.

A segment is a part of one timeline, at most ``context`` events long. Every position of it is a label, so an epoch costs
as much as its events, and padding adds to that: segments of similar length share a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bst.schema import Dataset, demographic_codes
from bst.timelines.arrays import Timelines

GAPS = 14  # 0: unknown; 1: the same second; 2 … 13: one for each factor of four, from seconds to years
MONTHS = 512  # 0: unknown; 1: January 1995, when MovieLens began; up to 2037
JANUARY_1995, MONTH_SECONDS = 788_918_400, 2_629_746
# what a model reads of each event
EVENT_INPUTS = ("movie", "level", "gap", "month")

Batch = dict[str, np.ndarray]


@dataclass(frozen=True)
class Segments:
    """Parts of timelines. ``start`` int64 (segments,): index of the first event into the timelines; ``length`` and
    ``user`` int64 (segments,); ``counted`` int64 (segments,): the position from which on its labels count.
    """

    start: np.ndarray
    length: np.ndarray
    user: np.ndarray
    counted: np.ndarray

    def __len__(self) -> int:
        """Return the number of segments."""
        return len(self.start)

    def take(self, which: np.ndarray) -> "Segments":
        """Keep the segments that a boolean mask or an index array selects."""
        return Segments(self.start[which], self.length[which], self.user[which], self.counted[which])


def training_segments(timelines: Timelines, users: np.ndarray, context: int, rng: np.random.Generator) -> Segments:
    """Cut the timelines of ``users`` into segments of ``context`` events, from a random phase on.

    A timeline that is not longer than ``context`` stays whole. Of a longer one the first segment has 1 … ``context``
    events, so that over the epochs each event is seen after histories of every length.
    """
    counts = timelines.lengths[users]
    phase = np.where(counts > context, rng.integers(1, context + 1, len(users)), counts)
    pieces = 1 + -(-(counts - phase) // context)
    user, index = _repeat(users, pieces)
    phase = np.repeat(phase, pieces)
    start = np.where(index > 0, phase + (index - 1) * context, 0)
    stop = np.minimum(phase + index * context, timelines.lengths[user])
    return Segments(start + timelines.offsets[user], stop - start, user, np.zeros(len(user), np.int64))


def evaluation_segments(timelines: Timelines, users: np.ndarray, context: int) -> Segments:
    """Cut timelines into overlapping segments, so that each label has at least half a context of history before it.

    Each label counts once: in the first segment all do, in each later one those of its second half.
    """
    counts, half = timelines.lengths[users], context // 2
    pieces = 1 + np.maximum(0, -(-(counts - context) // half))
    user, index = _repeat(users, pieces)
    start = index * half
    stop = np.minimum(start + context, timelines.lengths[user])
    counted = np.where(index > 0, context - half, 0)
    return Segments(start + timelines.offsets[user], stop - start, user, counted)


def _repeat(users: np.ndarray, pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first = np.cumsum(pieces) - pieces
    user = np.repeat(users, pieces)
    return user, np.arange(len(user)) - np.repeat(first, pieces)


def grouped(segments: Segments, tokens: int, rng: np.random.Generator | None = None) -> Iterator[Segments]:
    """Group segments of similar length, about ``tokens`` events to a group; in random order if ``rng`` is given."""
    length = segments.length
    order = np.argsort(length + (rng.random(len(segments)) if rng else 0), kind="stable")
    groups, begin = [], 0
    # sorted by length, so the others of a group are padded to the length of its last one
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - begin) * length[order[end]] > tokens:
            groups.append(order[begin:end])
            begin = end
    for group in rng.permutation(len(groups)) if rng else range(len(groups)):
        yield segments.take(groups[group])


def gap_buckets(seconds: np.ndarray) -> np.ndarray:
    """Return the bucket of each time gap: int32, 1 for the same second, then one for each factor of four."""
    return np.minimum(1 + np.ceil(np.log2(np.maximum(seconds, 0) + 1) / 2), GAPS - 1).astype(np.int32)


def months(timestamp: np.ndarray) -> np.ndarray:
    """Return the month of each time in seconds since 1970: int32, 1 for January 1995 and before, the last for 2037."""
    return np.clip(1 + (timestamp - JANUARY_1995) // MONTH_SECONDS, 1, MONTHS - 1).astype(np.int32)


class SegmentReader:
    """Turns groups of segments into padded arrays. Holds one flat array for each input, in timeline order.

    A batch has ``movie``, ``level``, ``gap``, ``month`` int32 (batch, T), −1 (movie) and 0 in padding; the
    demographics by ``Demographic.key`` int32 (batch,), −1 for unknown; ``label`` bool (batch, T): which of them
    count.
    """

    def __init__(self, dataset: Dataset, timelines: Timelines):
        self.timelines = timelines
        self.level = np.searchsorted(dataset.levels, timelines.rating).astype(np.int32)
        gap = np.diff(timelines.timestamp, prepend=timelines.timestamp[:1])
        self.gap = gap_buckets(gap)
        self.gap[timelines.offsets[:-1][timelines.lengths > 0]] = 0  # there is no event before a first one
        self.month = months(timelines.timestamp)
        self.demographics = demographic_codes(dataset)

    def read(self, segments: Segments, label: np.ndarray) -> tuple[Batch, np.ndarray]:
        """Return a batch, and the index into the timelines of each of its cells: int64 (batch, T), −1 in padding.

        ``label``: bool (ratings,), which events count; from each segment's ``counted`` on.
        """
        position = np.arange(segments.length.max())
        inside = position < segments.length[:, None]
        at = np.where(inside, segments.start[:, None] + position, 0)
        batch = {
            "movie": np.where(inside, self.timelines.movie[at], -1).astype(np.int32),
            "level": np.where(inside, self.level[at], 0),
            # the event before the segment is not read
            "gap": np.where(inside & (position > 0), self.gap[at], 0),
            "month": np.where(inside, self.month[at], 0),
            "label": inside & label[at] & (position >= segments.counted[:, None]),
        }
        batch |= {name: codes[segments.user] for name, codes in self.demographics.items()}
        return batch, np.where(inside, at, -1)
