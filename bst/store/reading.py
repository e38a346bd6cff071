"""A prepared store, read shard by shard."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from bst.domain import Domain
from bst.errors import DatasetError
from bst.store.manifest import Manifest, checksum, read_manifest
from bst.store.shards import EVENTS
from bst.store.tables import item_frame, user_frame


class Store:
    """A folder that ``python -m bst prepare`` or ``write_store`` made. Opening it reads the manifest alone."""

    def __init__(self, folder: Path, manifest: Manifest):
        self.folder, self.manifest = folder, manifest

    @classmethod
    def open(cls, folder: str | Path) -> "Store":
        """Open a store. Raises ``DatasetError`` for what is none, is unfinished, or lacks one of its files."""
        folder = Path(folder)
        manifest = read_manifest(folder)
        for file in (*manifest.tables, *(shard.file for shard in manifest.shards)):
            if not (folder / file).is_file():
                raise DatasetError(f"{folder / file} is missing: prepare the store again")
        return cls(folder, manifest)

    def __len__(self) -> int:
        """Return the number of shards."""
        return len(self.manifest.shards)

    @cached_property
    def domain(self) -> Domain:
        """What the items are called, and which columns describe users and items."""
        return self.manifest.described

    @cached_property
    def items(self) -> pd.DataFrame:
        """All items, in the order of their rows: ``item_id``, ``title``, ``year`` (Int16), ``tags`` ("A|B")."""
        return item_frame(self._table("items.parquet", self.manifest.items))

    @cached_property
    def users(self) -> pd.DataFrame:
        """All users, in the order of their rows: ``user_id``, and a categorical column for each demographic."""
        return user_frame(self._table("users.parquet", self.manifest.users), self.domain)

    def shard(self, index: int) -> pa.Table:
        """Return the events of a shard, sorted by user, timestamp and row, with the columns of ``shards.EVENTS``.

        Raises ``DatasetError`` for a damaged file, ``IndexError`` for a shard that is not there.
        """
        record = self.manifest.shards[index]
        events = self._table(record.file, record.events)
        if not events.schema.equals(EVENTS):
            raise _damaged(self.folder / record.file, "its columns are not those of events")
        return events

    def shards(self) -> Iterator[pa.Table]:
        """Yield all shards, one at a time."""
        return (self.shard(index) for index in range(len(self)))

    def verify(self) -> None:
        """Compare each file with its checksum. Raises ``DatasetError`` for the first that differs."""
        sums = self.manifest.tables | {shard.file: shard.sha256 for shard in self.manifest.shards}
        for file, expected in sums.items():
            if checksum(self.folder / file) != expected:
                raise _damaged(self.folder / file, "its checksum is not that of the manifest")

    def _table(self, file: str, rows: int) -> pa.Table:
        path = self.folder / file
        try:
            table = parquet.read_table(path, partitioning=None)
        except (OSError, pa.ArrowException) as error:
            raise _damaged(path, str(error)) from error
        if len(table) != rows:
            raise _damaged(path, f"it has {len(table):,} rows, not {rows:,}")
        return table


def _damaged(path: Path, problem: str) -> DatasetError:
    return DatasetError(f"{path} is damaged: {problem}. Prepare the store again.")
