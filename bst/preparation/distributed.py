"""The engine for a cluster: Ray Data. Its tasks read parts, map ids to rows, and write whole shards.

All machines must see the source and the store under the same paths.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from bst import cluster
from bst.errors import DatasetError
from bst.preparation.parts import Part
from bst.preparation.plan import Plan, prepared
from bst.preparation.reading import IdTypes
from bst.preparation.survey import Survey, merge, survey_part
from bst.store.manifest import ShardRecord
from bst.store.shards import EVENTS, arrange, write_shard

PURPOSE = "Preparing with --engine ray"
# of the memory: what Ray's shared objects may take; the rest is for its processes
_OBJECTS_SHARE, _LEAST_OBJECTS = 0.4, 80 * 10**6


class RayEngine:
    """Uses the cluster at ``RAY_ADDRESS``, one that this process is connected to, or starts one on this machine.

    ``memory`` in bytes limits the objects of a cluster that it starts, and ``threads`` its processes; a cluster that is
    there has its own limits.
    """

    def __init__(self, memory: int, threads: int):
        self._data: Any = cluster.data(PURPOSE)
        self.memory, self.threads = memory, threads

    def survey(self, parts: tuple[Part, ...], types: IdTypes, items: pa.Array) -> Survey:
        """Return the survey of all parts, each by a task of its own. Raises as ``survey_part``."""
        import ray

        with self._cluster(), cluster.plain_errors():
            known = ray.put(items)
            task = ray.remote(survey_part)
            tasks = [task.remote(part, types, known) for part in parts]
            return merge((ray.get(each) for each in tasks), types)

    def write_shards(
        self, store: Path, plan: Plan, missing: list[int], on_shard: Callable[[ShardRecord], None]
    ) -> None:
        """Write the missing shards into a store."""
        import ray

        with self._cluster(), cluster.plain_errors():
            ids = [parquet.read_table(store / f"{name}s.parquet", columns=[f"{name}_id"]) for name in ("user", "item")]
            shared: Any = ray.put((plan, *(each.column(0).combine_chunks() for each in ids)))
            wanted = np.zeros(plan.shards, bool)
            wanted[missing] = True

            def read(indices: dict[str, np.ndarray]) -> Iterator[pa.Table]:
                plan, users, items = ray.get(shared)
                for index in indices["id"].tolist():
                    yield from _divided(plan, users, items, index, wanted)

            def write(events: pa.Table) -> pa.Table:
                index = events.column("shard")[0].as_py()
                return _as_table(index, write_shard(store, index, arrange(events.drop_columns("shard"))))

            parts = self._data.range(len(plan.parts), override_num_blocks=len(plan.parts))
            # all rows of a group are in one task, which a repartition promises only up to the size of a block
            groups = parts.map_batches(read, batch_size=1).groupby("shard", num_partitions=len(missing))
            written = groups.map_groups(write, batch_format="pyarrow")
            found = set()
            for row in written.iter_rows():
                found.add(row.pop("shard"))
                on_shard(ShardRecord(**row))
        for index in sorted(set(missing) - found):  # of no user
            on_shard(write_shard(store, index, EVENTS.empty_table()))

    def _cluster(self) -> AbstractContextManager[None]:
        objects = max(_LEAST_OBJECTS, int(self.memory * _OBJECTS_SHARE))
        return cluster.joined(PURPOSE, DatasetError, self.threads, objects)


def _divided(plan: Plan, users: pa.Array, items: pa.Array, index: int, wanted: np.ndarray) -> Iterator[pa.Table]:
    """Yield the events of a part that belong to the ``wanted`` shards, with their ``shard``."""
    user_rows, item_rows = (
        pd.Index(users.to_numpy(zero_copy_only=False)),
        pd.Index(items.to_numpy(zero_copy_only=False)),
    )
    for batch in prepared(plan, index):
        user = user_rows.get_indexer(batch.column("user_id").to_numpy(zero_copy_only=False))
        item = item_rows.get_indexer(batch.column("item_id").to_numpy(zero_copy_only=False))
        shard = user % plan.shards
        events = pa.table(
            {
                "user": pa.array(user, pa.int64()),
                "item": pa.array(item.astype(np.int32)),
                **{name: batch.column(name) for name in ("level", "timestamp", "row")},
                "shard": pa.array(shard.astype(np.int32)),
            }
        )
        yield events if wanted.all() else events.filter(pa.array(wanted[shard]))


def _as_table(index: int, record: ShardRecord) -> pa.Table:
    columns = {"shard": index, "file": record.file, "users": record.users, "events": record.events}
    return pa.table({name: [value] for name, value in {**columns, "sha256": record.sha256}.items()})
