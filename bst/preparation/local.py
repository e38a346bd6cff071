"""The engine for one machine: DuckDB in this process. It maps ids to rows and divides events; what it cannot hold in
its share of the memory it puts into files of the unfinished work.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from bst.errors import DatasetError
from bst.optional import require
from bst.preparation.memory import PROGRAM_BYTES
from bst.preparation.parts import Part
from bst.preparation.plan import WORK, Plan, prepared, prepared_schema
from bst.preparation.reading import IdTypes
from bst.preparation.survey import Survey, merge, survey_part
from bst.store.manifest import ShardRecord
from bst.store.shards import EVENTS, arrange, write_shard
from bst.text import shorten

PURPOSE = "Preparing with --engine local"
_DIVIDED, _DONE, _SPILL = "divided", "divided.done", "spill"
# of the memory: what DuckDB may take, the rest is for what is being read and for Python
_DUCKDB_SHARE = 0.5
# events wait in DuckDB until a file of their shard is worth writing: so much of its memory may be in such queues
_WAITING_SHARE, _WAITING_BYTES, _LEAST_WAITING = 0.25, 64, 2048


class LocalEngine:
    """``memory`` in bytes, of the whole process; ``threads`` of DuckDB."""

    def __init__(self, memory: int, threads: int):
        require("duckdb", PURPOSE)
        self.memory, self.threads = memory, threads

    def survey(self, parts: tuple[Part, ...], types: IdTypes, items: pa.Array) -> Survey:
        """Return the survey of all parts. Raises as ``survey_part``."""
        return merge((survey_part(part, types, items) for part in parts), types)

    def write_shards(
        self, store: Path, plan: Plan, missing: list[int], on_shard: Callable[[ShardRecord], None]
    ) -> None:
        """Divide all events, unless that is done already, and write the missing shards into a store."""
        work = store / WORK
        if not (work / _DONE).exists():
            self._divide(store, plan)
            (work / _DONE).touch()
        for index in missing:
            folder = work / _DIVIDED / f"shard={index}"
            on_shard(write_shard(store, index, arrange(_read(folder))))
            shutil.rmtree(folder, ignore_errors=True)

    def settings(self, work: Path, shards: int) -> dict[str, Any]:
        """Return the settings of DuckDB."""
        limit = int((self.memory - PROGRAM_BYTES) * _DUCKDB_SHARE)
        waiting = int(limit * _WAITING_SHARE / (_WAITING_BYTES * shards * self.threads))
        return {
            "memory_limit": f"{limit // 10**6}MB",
            "threads": self.threads,
            "temp_directory": str(work / _SPILL),
            # the rows carry their order
            "preserve_insertion_order": False,
            "partitioned_write_flush_threshold": max(_LEAST_WAITING, waiting),
            "partitioned_write_max_open_files": max(100, shards),
        }

    def _divide(self, store: Path, plan: Plan) -> None:
        import duckdb

        work = store / WORK
        shutil.rmtree(work / _DIVIDED, ignore_errors=True)
        settings = self.settings(work, plan.shards)
        # these two are not settings of a database, but of a connection to it
        ours = {name: settings.pop(name) for name in list(settings) if name.startswith("partitioned_write")}
        with duckdb.connect(config=settings) as connection:
            for name, value in ours.items():
                connection.execute(f"SET {name} = {value}")
            events = pa.RecordBatchReader.from_batches(prepared_schema(plan.types), part_events(plan))
            connection.register("events", events)
            try:
                written = connection.execute(
                    f"""
                    COPY (
                        SELECT u.file_row_number AS "user", i.file_row_number::INTEGER AS item,
                               level, "timestamp", "row", u.file_row_number % {plan.shards} AS shard
                        FROM events
                        JOIN read_parquet(?, file_row_number = true) u USING (user_id)
                        JOIN read_parquet(?, file_row_number = true) i USING (item_id)
                    ) TO '{_quoted(work / _DIVIDED)}' (FORMAT parquet, PARTITION_BY (shard), COMPRESSION snappy)
                    """,
                    [str(store / "users.parquet"), str(store / "items.parquet")],
                ).fetchall()[0][0]
            except duckdb.OutOfMemoryException as error:
                problem = shorten(str(error).partition("Possible solutions")[0].strip(), 120)
                raise DatasetError(f"--memory is too little to divide the events: {problem}; give it more") from error
        if written != plan.manifest["events"]:
            raise DatasetError("the files of the source have changed while they were read: prepare the store again")


def part_events(plan: Plan) -> Iterator[pa.RecordBatch]:
    """Yield the events of all parts, which DuckDB asks for as it goes."""
    for index in range(len(plan.parts)):
        yield from prepared(plan, index)


def _read(folder: Path) -> pa.Table:
    """Return the events of one shard; none where it has no user."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        return EVENTS.empty_table()
    return pa.concat_tables(parquet.read_table(file, partitioning=None) for file in files)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
