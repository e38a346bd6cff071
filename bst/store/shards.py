"""The events of a store: their columns, the one function that puts a shard in order, and how a shard is written.

Every engine that partitions events calls ``arrange`` and ``write_shard``: equal events give equal bytes.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from bst.errors import DatasetError
from bst.files import replacing
from bst.store.manifest import ShardRecord, checksum, shard_file

# ``user`` and ``item`` are rows of users.parquet and items.parquet, ``level`` an index into the levels of the manifest
# (0 where there are no ratings), ``timestamp`` seconds since 1970, ``row`` what orders events of the same second
EVENTS = pa.schema(
    [
        pa.field("user", pa.int64(), nullable=False),
        pa.field("item", pa.int32(), nullable=False),
        pa.field("level", pa.uint8(), nullable=False),
        pa.field("timestamp", pa.int64(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
    ]
)
MOST_LEVELS = 256
ROW_GROUP = 2**20


def arrange(events: pa.Table) -> pa.Table:
    """Put the events of one shard in order: by user, timestamp and row, each pair of user and item once, the last one.

    ``events`` has the columns of ``EVENTS``, in any order, with nothing missing. Pure: what comes out depends on which
    events there are, not on their order or their chunks. Of one user's events of the same time and row, the lower item
    comes first.
    Raises ``DatasetError`` where a value is missing or is no row at all.
    """
    columns = {}
    for field in EVENTS:
        column = events.column(field.name)
        if column.null_count:
            raise DatasetError(f"{column.null_count:,} events have no {field.name}: prepare the store again")
        columns[field.name] = column.cast(field.type).to_numpy()
    user, item = columns["user"], columns["item"]
    if len(user) and min(user.min(), item.min()) < 0:
        raise DatasetError("an event's user or item is negative: prepare the store again")
    order = _order(*columns.values())
    order = order[_is_last_of_its_pair(user[order], item[order])]
    # one chunk, so that the file does not show how the events came
    arrays = [pa.array(columns[field.name][order], field.type) for field in EVENTS]
    return pa.Table.from_arrays(arrays, schema=EVENTS)


def _order(user: np.ndarray, item: np.ndarray, level: np.ndarray, timestamp: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return the order (user, timestamp, row, item, level)."""
    # an engine that keeps the order of the rows saves a sort: the next one is stable
    ascends = bool((row[1:] > row[:-1]).all())
    order = np.lexsort((timestamp, user) if ascends else (row, timestamp, user))
    keys = (column[order] for column in (user, timestamp, row))
    equal = np.logical_and.reduce([key[1:] == key[:-1] for key in keys])
    return np.lexsort((level, item, row, timestamp, user)) if equal.any() else order


def _is_last_of_its_pair(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Return which events have no later one of the same user and item: (events,) bool. Sorted by user and time."""
    if not len(user):
        return np.zeros(0, bool)
    # users are sorted: their rank is small, so that a pair fits a number of 64 bits
    rank = np.cumsum(np.r_[False, user[1:] != user[:-1]])
    pair = rank * (int(item.max()) + 1) + item
    sorted_pairs = np.sort(pair)
    if not (sorted_pairs[1:] == sorted_pairs[:-1]).any():
        return np.ones(len(user), bool)
    order = np.argsort(pair, kind="stable")
    last = np.empty(len(user), bool)
    last[order] = np.r_[pair[order][1:] != pair[order][:-1], True]
    return last


def write_shard(folder: Path, index: int, events: pa.Table) -> ShardRecord:
    """Write a shard that ``arrange`` has put in order into a store, beside its place and then renamed.

    Two processes may write the same shard: both write the same bytes.
    """
    write_parquet(folder / shard_file(index), events)
    return _record(folder, index, events.column("user").to_numpy())


def shard_record(folder: Path, index: int) -> ShardRecord:
    """Return the record of a shard that is there. Raises ``DatasetError`` for one that cannot be read."""
    path = folder / shard_file(index)
    try:
        return _record(folder, index, parquet.read_table(path, columns=["user"]).column("user").to_numpy())
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path} is damaged: {error}. Remove it, and prepare the store again.") from error


def _record(folder: Path, index: int, user: np.ndarray) -> ShardRecord:
    users = int((user[1:] != user[:-1]).sum()) + (len(user) > 0)
    return ShardRecord(shard_file(index), users, len(user), checksum(folder / shard_file(index)))


def write_parquet(path: Path, table: pa.Table) -> None:
    """Replace a Parquet file in one step. The settings are the same for all files of a store and all engines."""
    with replacing(path) as file:
        parquet.write_table(
            table, file, compression="zstd", row_group_size=ROW_GROUP, use_dictionary=False, write_statistics=True
        )
