"""Training labels of a prepared store, which need not fit into memory: shards in turn, some whole users at a time.

The split of protocol ``visitor`` is that of ``splits.prepare`` for the same users: the same permutation holds out the
same tenth. What is fitted once (factor models, start vectors, base popularity), validated and measured comes from a
sample of whole users; means and popularity of movies come from all training events.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from bst.errors import ConfigError
from bst.models.timeline.training_data import TrainingData
from bst.schema import Dataset
from bst.store import Statistics, Store, sample, statistics
from bst.store.sample import as_dataset
from bst.store.tables import numbered
from bst.timelines.arrays import Timelines, build_timelines
from bst.timelines.segments import Batch, grouped
from bst.timelines.splits import TEST, TRAIN, VALIDATION, EvaluationSplit, visitor_roles

if TYPE_CHECKING:  # it loads TensorFlow
    from bst.models.timeline.objectives import Objective

PROTOCOL = "visitor"
# events that are in memory as arrays at a time, in whole users
CHUNK_EVENTS = 250_000


class StoreData(TrainingData):
    """The training events of a store. Shard i belongs to stream i mod S.

    ``chief``: whether to make the sample and the totals; other workers have neither, and an empty split.
    """

    def __init__(self, store: Store, seed: int, share: float, sample_events: int, *, chief: bool = True):
        """Raises ``ConfigError`` for a store or a sample that is too small, ``DatasetError`` for a damaged store."""
        self.store, self.chief = store, chief
        self.role = visitor_roles(store.manifest.users, seed, share)
        self.description = f"up to {store.manifest.events:,} ratings of {len(store)} shards"
        dataset = sample(store, sample_events, seed) if chief else _nobody(store)
        # ids that are texts are numbers in a dataset
        self._users = numbered(store.users, "user_id")
        self._rows = pd.Index(self._users["user_id"]).get_indexer(dataset.users["user_id"])
        timelines = build_timelines(dataset)
        role = np.repeat(self.role[self._rows], timelines.lengths)
        self.split = EvaluationSplit(dataset, timelines, PROTOCOL, seed, role)
        for part, label in (("training", TRAIN), ("validation", VALIDATION), ("test", TEST)):
            if chief and not (role == label).any():
                raise ConfigError(
                    f"{store.folder} is too small for protocol {PROTOCOL}: among {len(dataset.users):,} users none is "
                    f"left for {part}; prepare a larger dataset, or give more --sample-events"
                )

    @property
    def users(self) -> int:
        """How many users the store has."""
        return self.store.manifest.users

    @property
    def rows(self) -> np.ndarray:
        """Which of them are the sample's: int (n,)."""
        return self._rows

    @cached_property
    def dataset(self) -> Dataset:
        """All users and movies, without ratings: what a bundle names."""
        return replace(_nobody(self.store), users=self._users)

    def numbered_sample(self) -> Dataset:
        """Return the sample with all users, numbered as in the store; those outside it have no rating."""
        dataset = self.split.dataset
        user = self._rows[dataset.ratings["user"]].astype(np.int32)
        return replace(dataset, users=self.dataset.users, ratings=dataset.ratings.assign(user=user))

    @cached_property
    def statistics(self) -> Statistics:
        """Of all events, in one pass."""
        return statistics(self.store)

    @cached_property
    def totals(self) -> Statistics:
        """Of all training events, in one pass over the store."""
        return statistics(self.store, self.role == TRAIN)

    def batches(
        self, objective: "Objective", key: Sequence[int], stream: int, streams: int
    ) -> Iterator[tuple[Batch, float]]:
        """Yield the batches of the stream's shards, in random order: see ``TrainingData``."""
        rng = np.random.default_rng([*key, stream])
        mine = np.arange(stream, len(self.store), streams)
        events = sum(self.store.manifest.shards[shard].events for shard in mine)
        before = 0
        for shard in rng.permutation(mine):
            for chunk in _chunks(self.store.shard(int(shard)), rng):
                part, rows = self._split(chunk)
                local = objective.on(part, rows)
                groups = (
                    list(grouped(local.segments(rng), objective.config.batch_events, rng)) if len(local.users) else []
                )
                for at, group in enumerate(groups, start=1):
                    batch = local.batch(group, rng)
                    if batch is not None:
                        yield batch, (before + len(chunk) * at / len(groups)) / events
                before += len(chunk)

    def _split(self, events: pa.Table) -> tuple[EvaluationSplit, np.ndarray]:
        """Return whole users' events as a split, and the users' rows in the store."""
        user, item, level, timestamp, row = (events.column(name).to_numpy() for name in events.column_names)
        rows, begins = np.unique(user, return_index=True)
        rating = np.asarray(self.store.manifest.levels, np.float32)[level]
        timelines = Timelines(item, rating, timestamp, row, np.append(begins, len(user)))
        dataset = replace(self.dataset, users=self.dataset.users.iloc[rows])
        role = np.repeat(self.role[rows], timelines.lengths)
        return EvaluationSplit(dataset, timelines, PROTOCOL, self.split.seed, role), rows


def _chunks(shard: pa.Table, rng: np.random.Generator) -> Iterator[pa.Table]:
    """Cut a shard into parts of about ``CHUNK_EVENTS`` events, whole users, and yield them in random order."""
    user = shard.column("user").to_numpy()
    begins = np.flatnonzero(np.r_[True, user[1:] != user[:-1]]) if len(user) else np.zeros(0, np.int64)
    wanted = np.arange(0, len(user), CHUNK_EVENTS)
    # the first user who begins there or after
    cuts = np.unique(np.append(begins, len(user))[np.searchsorted(begins, wanted)])
    cuts = cuts[cuts < len(user)]
    ends = np.append(cuts[1:], len(user))
    for at in rng.permutation(len(cuts)):
        yield shard.slice(cuts[at], ends[at] - cuts[at])


def _nobody(store: Store) -> Dataset:
    """Return a dataset of all movies of a store and no user."""
    return as_dataset(store, store.shard(0).slice(0, 0))
