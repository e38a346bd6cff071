"""The users to score: those of a dataset in memory, or of a prepared store, as shards that a worker can read.

Both are cut in the same way, user % shards, and give the same shards. A user's list is made from what is known of them
and from their newest events with their times, as in training; of several events of one item the last counts. Whatever
they have had is left out of the list.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from bst.bundles import rating_counts
from bst.domain import Domain
from bst.errors import ConfigError
from bst.schema import Dataset
from bst.scoring.packed import PackedVisitors
from bst.store import Store
from bst.store.shards import arrange
from bst.store.tables import movie_frame
from bst.store.writing import event_table

# users of a dataset in one shard, unless their number is given: some seconds of work, which is what a kill costs
USERS_A_SHARD = 256
MOST_SHARDS = 100_000


@dataclass(frozen=True)
class UserShard:
    """The users of a shard, ``ids`` as in the dataset (users,), and their histories."""

    ids: np.ndarray
    visitors: PackedVisitors


class ShardReader(ABC):
    """Reads a shard where it is scored. It is sent to the workers, so it is small or holds the shard itself."""

    @abstractmethod
    def read(self) -> UserShard:
        """Return the users of the shard. Raises ``DatasetError`` for a damaged file."""


class Source(ABC):
    """Users in shards.

    ``name``; ``users``: their number; ``shards``: the number of shards; ``levels``: the rating levels.
    """

    name: str
    users: int
    shards: int
    levels: tuple[float, ...]

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256 of what decides the lists, so that lists of other events are recognised."""

    @property
    @abstractmethod
    def movies(self) -> pd.DataFrame:
        """The items, as ``Dataset.movies``."""

    @abstractmethod
    def reader(self, index: int) -> ShardReader:
        """Return the reader of a shard."""

    @abstractmethod
    def rating_counts(self) -> np.ndarray:
        """Return how many events each item has: (items,) int64."""


class DatasetSource(Source):
    """The users of a dataset in memory, in the requested number of shards.

    Raises ``ConfigError`` for a number of shards that cannot be.
    """

    def __init__(self, dataset: Dataset, shards: int | None = None):
        users = len(dataset.users)
        self.shards = -(-users // USERS_A_SHARD) if shards is None else shards
        if not 1 <= self.shards <= min(users, MOST_SHARDS):
            raise ConfigError(f"{users:,} users make 1 … {min(users, MOST_SHARDS):,} shards, not {shards}")
        self.name, self.users, self.levels = dataset.name, users, dataset.levels
        self._dataset, self._codes = dataset, user_codes(dataset.users, dataset.domain)
        events = arrange(event_table(dataset))
        self._events = {name: events.column(name).to_numpy() for name in ("user", "item", "level", "timestamp")}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of users and events."""
        digest = hashlib.sha256(str([*self.levels, *self._dataset.users["user_id"]]).encode())
        for values in (*self._events.values(), *self._codes.values()):
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()

    @property
    def movies(self) -> pd.DataFrame:
        """The dataset's items."""
        return self._dataset.movies

    def reader(self, index: int) -> ShardReader:
        """Return a shard in memory."""
        users = np.arange(index, self.users, self.shards)
        bounds = np.searchsorted(self._events["user"], np.stack([users, users + 1]))
        which = np.concatenate([np.arange(*pair) for pair in bounds.T.tolist()])
        events = {name: values[which] for name, values in self._events.items()}
        ids = self._dataset.users["user_id"].to_numpy()
        shard = _user_shard(ids, self._codes, users, events, self.levels, self._dataset.domain)
        return LoadedShard(shard)

    def rating_counts(self) -> np.ndarray:
        """Return how many ratings each item has."""
        return rating_counts.count(self._dataset)


@dataclass(frozen=True)
class LoadedShard(ShardReader):
    """A shard that is in memory."""

    shard: UserShard

    def read(self) -> UserShard:
        """Return the shard."""
        return self.shard


class StoreSource(Source):
    """The users of a prepared store, in the store's own shards."""

    def __init__(self, store: Store):
        manifest = store.manifest
        self.name, self.users, self.shards = manifest.name, manifest.users, len(store)
        self.levels, self._store = manifest.levels, store

    @property
    def fingerprint(self) -> str:
        """The store's own."""
        return self._store.manifest.fingerprint

    @property
    def movies(self) -> pd.DataFrame:
        """The store's items."""
        return movie_frame(self._store.items)

    def reader(self, index: int) -> ShardReader:
        """Return what reads a shard from the store's folder, which workers must see under the same path."""
        return StoredShard(self._store.folder.resolve(), self.fingerprint, index)

    def rating_counts(self) -> np.ndarray:
        """Return how many events each item has; reads all shards."""
        counts = np.zeros(self._store.manifest.items, np.int64)
        for events in self._store.shards():
            counts += np.bincount(events.column("item").to_numpy(), minlength=len(counts))
        return counts


@dataclass(frozen=True)
class StoredShard(ShardReader):
    """A shard of a store."""

    folder: Path
    fingerprint: str
    index: int

    def read(self) -> UserShard:
        """Read the shard. Raises ``DatasetError`` where the store is another one by now, or damaged."""
        store = _opened(self.folder, self.fingerprint)
        table: pa.Table = store.shard(self.index)
        events = {name: table.column(name).to_numpy() for name in ("user", "item", "level", "timestamp")}
        ids, codes = _users_of(self.folder, self.fingerprint)
        users = np.arange(self.index, len(ids), len(store))
        return _user_shard(ids, codes, users, events, store.manifest.levels, store.domain)


@cache
def _opened(folder: Path, fingerprint: str) -> Store:
    store = Store.open(folder)
    if store.manifest.fingerprint != fingerprint:
        raise ConfigError(f"{folder} was prepared anew meanwhile: score it again, into another folder")
    return store


@cache
def _users_of(folder: Path, fingerprint: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the ids of a store's users and the codes of what is known of them; a worker reads them once."""
    store = _opened(folder, fingerprint)
    return store.users["user_id"].to_numpy(), user_codes(store.users, store.domain)


def user_codes(users: pd.DataFrame, domain: Domain) -> dict[str, np.ndarray]:
    """Return what is known of users, as ``PackedVisitors.demographics``, from the categorical columns of a frame."""
    return {one.key: users[name].cat.codes.to_numpy(np.int32) for name, one in domain.demographics.items()}


def _user_shard(
    ids: np.ndarray,
    codes: Mapping[str, np.ndarray],
    users: np.ndarray,
    events: Mapping[str, np.ndarray],
    levels: tuple[float, ...],
    domain: Domain,
) -> UserShard:
    """Return some ``users`` (rows) with their ``events``, which are sorted by user and are of no other users."""
    offsets = np.append(np.searchsorted(events["user"], users), len(events["user"]))
    visitors = PackedVisitors(
        movie=events["item"].astype(np.int32),
        rating=np.asarray(levels, np.float32)[events["level"]],
        timestamp=events["timestamp"],
        offsets=offsets.astype(np.int64),
        demographics={name: values[users] for name, values in codes.items()},
        domain=domain,
    )
    return UserShard(ids[users], visitors)
