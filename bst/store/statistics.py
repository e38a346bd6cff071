"""What training takes from all events of a store: one pass over its shards, one shard in memory at a time.

Each function takes ``users``, bool (users of the store,), to count the events of some of them alone, of those that a
model is trained on, say. Sums are exact or in float64, so that they do not depend on how many shards there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bst.store.reading import Store


@dataclass(frozen=True)
class Statistics:
    """Counts and sums of a store's events. Stars are the levels of its manifest.

    ``events`` counts them, ``first`` and ``last`` are the range of their timestamps (0 where there is none).
    ``level_count`` int64 (levels,); ``item_level_count`` int64 (items, levels): how often each item has each level;
    ``user_count`` int64 (users,) and ``user_sum`` float64 (users,), stars, by row of users.parquet: 0 for users who are
    not counted.
    """

    levels: np.ndarray
    first: int
    last: int
    item_level_count: np.ndarray
    user_count: np.ndarray
    user_sum: np.ndarray

    @property
    def events(self) -> int:
        """How many events were counted."""
        return int(self.level_count.sum())

    @property
    def level_count(self) -> np.ndarray:
        """How often each level was given: (levels,) int64."""
        return self.item_level_count.sum(axis=0)

    @property
    def mean(self) -> float:
        """Mean of all ratings, μ, in stars; 0 where there is none."""
        return float(self.level_count @ self.levels) / max(self.events, 1)

    @property
    def item_count(self) -> np.ndarray:
        """How many events each item has, its popularity: (items,) int64."""
        return self.item_level_count.sum(axis=1)

    @property
    def item_sum(self) -> np.ndarray:
        """Sum of each item's stars: (items,) float64."""
        return self.item_level_count @ self.levels

    def damped_item_mean(self, damping: float) -> np.ndarray:
        """Return μ + Σ(r − μ) / (n + damping) of each item, in stars: (items,) float64; μ for one without events."""
        return self.mean + (self.item_sum - self.mean * self.item_count) / (self.item_count + damping)


@dataclass(frozen=True)
class _Events:
    """Events of one shard: ``user`` int64, ``item`` int32, ``level`` uint8, ``timestamp`` int64, ``position`` int64.

    ``position`` is how many events of the same user come before each one.
    """

    user: np.ndarray
    item: np.ndarray
    level: np.ndarray
    timestamp: np.ndarray
    position: np.ndarray


def statistics(store: Store, users: np.ndarray | None = None) -> Statistics:
    """Count a store's events in one pass."""
    levels = np.asarray(store.manifest.levels)
    items = store.manifest.items
    counts = np.zeros(items * len(levels), np.int64)
    user_count = np.zeros(store.manifest.users, np.int64)
    user_sum = np.zeros(store.manifest.users)
    first: list[int] = []
    last: list[int] = []
    for events in _counted(store, users):
        counts += np.bincount(events.item.astype(np.int64) * len(levels) + events.level, minlength=len(counts))
        # a user is in one shard, where the users are sorted
        rows, begins, lengths = np.unique(events.user, return_index=True, return_counts=True)
        user_count[rows] = lengths
        user_sum[rows] = np.add.reduceat(levels[events.level], begins) if len(rows) else 0
        first += events.timestamp.min(keepdims=True).tolist() if len(rows) else []
        last += events.timestamp.max(keepdims=True).tolist() if len(rows) else []
    return Statistics(
        levels,
        min(first, default=0),
        max(last, default=0),
        counts.reshape(items, len(levels)),
        user_count,
        user_sum,
    )


def user_biases(store: Store, expected: np.ndarray, damping: float, users: np.ndarray | None = None) -> np.ndarray:
    """Return Σ(r − expected of the item) / (n + damping) of each user, in stars: (users,) float64, 0 without events.

    ``expected`` (items,): μ + b_i, such as ``Statistics.damped_item_mean``. As b_u in ``baselines.bias``.
    """
    levels, result = np.asarray(store.manifest.levels), np.zeros(store.manifest.users)
    for events in _counted(store, users):
        rows, begins, lengths = np.unique(events.user, return_index=True, return_counts=True)
        if len(rows):
            residual = levels[events.level] - expected[events.item]
            result[rows] = np.add.reduceat(residual, begins) / (lengths + damping)
    return result


def later_like_counts(
    store: Store, counts: np.ndarray, liked: float, users: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count how many users like each item after that many events: what the like tower's start weights are made of.

    ``counts`` int (counts,); ``liked``: the stars from which on a rating is a like. Returns how many users have more
    events than each count, (counts,) int64; and of these how many like each item at or after that position, and how
    many have met it before, (counts, items) int64 each.
    """
    levels, items = np.asarray(store.manifest.levels), store.manifest.items
    more = np.zeros(len(counts), np.int64)
    likes, seen = np.zeros((2, len(counts), items), np.int64)
    for events in _counted(store, users):
        length = np.bincount(events.user - events.user.min()) if len(events.user) else np.zeros(0, np.int64)
        is_liked = levels[events.level] >= liked
        for row, count in enumerate(counts):
            enough = length > count
            of_them = enough[events.user - events.user.min()] if len(length) else np.zeros(0, bool)
            before = events.position < count
            more[row] += enough.sum()
            likes[row] += np.bincount(events.item[of_them & ~before & is_liked], minlength=items)
            seen[row] += np.bincount(events.item[of_them & before], minlength=items)
    return more, likes, seen


def _counted(store: Store, users: np.ndarray | None) -> Iterator[_Events]:
    """Yield the events of each shard, of ``users`` alone where they are given."""
    for shard in store.shards():
        columns = [shard.column(name).to_numpy() for name in ("user", "item", "level", "timestamp")]
        user = columns[0]
        begins = np.flatnonzero(np.r_[True, user[1:] != user[:-1]]) if len(user) else np.zeros(0, np.int64)
        position = np.arange(len(user)) - np.repeat(begins, np.diff(np.append(begins, len(user))))
        columns.append(position)
        if users is not None:
            which = users[user]
            columns = [column[which] for column in columns]
        yield _Events(*columns)
