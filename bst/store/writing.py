"""A store from a dataset that is in memory."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from bst.errors import ConfigError, DatasetError
from bst.files import draft_of, replace_folder
from bst.schema import Dataset
from bst.store.manifest import Manifest, ShardRecord, checksum
from bst.store.reading import Store
from bst.store.shards import EVENTS, MOST_LEVELS, arrange, write_parquet, write_shard
from bst.store.tables import item_table, user_table

MOST_SHARDS = 1000


def write_store(dataset: Dataset, folder: str | Path, shards: int) -> Store:
    """Write a dataset as a store of that many shards, and open it. A store that is there is replaced.

    Users and items keep their order, and ``row`` is the row of ``Dataset.ratings``. Raises ``ConfigError`` for an
    impossible number of shards, ``DatasetError`` for a folder that is there and is not a store, ``OSError`` for one
    that cannot be written.
    """
    folder = Path(folder)
    require_shards(shards)
    if folder.exists() and any(folder.iterdir()) and not (folder / "shards").is_dir():
        raise DatasetError(f"{folder} is there and is no store: name a new folder")
    with draft_of(folder) as draft:
        tables = write_tables(draft, item_table(dataset.movies), user_table(dataset.users, dataset.domain))
        (draft / "shards").mkdir()
        records = tuple(
            write_shard(draft, index, arrange(events)) for index, events in enumerate(_partitions(dataset, shards))
        )
        dataset_manifest(dataset, records, tables).write(draft)
        replace_folder(folder, draft)
    return Store.open(folder)


def dataset_manifest(dataset: Dataset, shards: tuple[ShardRecord, ...], tables: dict[str, str]) -> Manifest:
    """Return the manifest of a dataset whose files are written."""
    times = dataset.ratings["timestamp"]
    events = sum(shard.events for shard in shards)
    return Manifest(
        name=dataset.name,
        title=dataset.title,
        domain=dataset.domain.to_dict(),
        levels=tuple(dataset.levels),
        users=len(dataset.users),
        items=len(dataset.movies),
        events=events,
        first=int(times.min()),
        last=int(times.max()),
        shards=shards,
        tables=tables,
        duplicates=len(dataset.ratings) - events,
        simulated=dataset.simulated,
        tie_order=dataset.tie_order,
        has_times=dataset.has_times,
        notes=tuple(dataset.notes),
    )


def write_tables(folder: Path, items: pa.Table, users: pa.Table) -> dict[str, str]:
    """Write the tables of items and users into a store, and return their checksums."""
    for name, table in (("items.parquet", items), ("users.parquet", users)):
        write_parquet(folder / name, table)
    return {name: checksum(folder / name) for name in ("items.parquet", "users.parquet")}


def require_shards(shards: int) -> None:
    """Raise ``ConfigError`` for a number of shards that cannot be."""
    if not 1 <= shards <= MOST_SHARDS:
        raise ConfigError(f"a store has 1 … {MOST_SHARDS:,} shards, not {shards}")


def event_table(dataset: Dataset) -> pa.Table:
    """Return all events of a dataset, in the order of its rows, with the columns of ``shards.EVENTS``.

    Raises ``DatasetError`` for more levels than fit.
    """
    if len(dataset.levels) > MOST_LEVELS:
        raise DatasetError(f"{dataset.name} has {len(dataset.levels)} rating levels; a store holds {MOST_LEVELS}")
    ratings = dataset.ratings
    level = np.searchsorted(dataset.levels, ratings["rating"].to_numpy())
    columns = (ratings["user"], ratings["movie"], level, ratings["timestamp"], np.arange(len(ratings)))
    arrays = [
        pa.array(np.asarray(column).astype(field.type.to_pandas_dtype()), field.type)
        for column, field in zip(columns, EVENTS, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=EVENTS)


def _partitions(dataset: Dataset, shards: int) -> list[pa.Table]:
    events = event_table(dataset)
    shard = dataset.ratings["user"].to_numpy() % shards
    order = np.argsort(shard, kind="stable")
    ends = np.cumsum(np.bincount(shard, minlength=shards))[:-1]
    return [events.take(pa.array(which)) for which in np.split(order, ends)]
