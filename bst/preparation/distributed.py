"""The engine for a cluster: Ray Data. Its tasks read parts, map ids to rows, and write whole shards.

All machines must see the source and the store under the same paths.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from bst.errors import BSTError
from bst.optional import require
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
        require("ray.data", PURPOSE)
        self.memory, self.threads = memory, threads

    def survey(self, parts: tuple[Part, ...], types: IdTypes, items: pa.Array) -> Survey:
        """Return the survey of all parts, each by a task of its own. Raises as ``survey_part``."""
        import ray

        with self._cluster(), _plain_errors():
            known = ray.put(items)
            task = ray.remote(survey_part)
            tasks = [task.remote(part, types, known) for part in parts]
            return merge((ray.get(each) for each in tasks), types)

    def write_shards(
        self, store: Path, plan: Plan, missing: list[int], on_shard: Callable[[ShardRecord], None]
    ) -> None:
        """Write the missing shards into a store."""
        import ray.data

        with self._cluster(), _plain_errors():
            _quiet()
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

            parts = ray.data.range(len(plan.parts), override_num_blocks=len(plan.parts))
            # all rows of a group are in one task, which a repartition promises only up to the size of a block
            groups = parts.map_batches(read, batch_size=1).groupby("shard", num_partitions=len(missing))
            written = groups.map_groups(write, batch_format="pyarrow")
            found = set()
            for row in written.iter_rows():
                found.add(row.pop("shard"))
                on_shard(ShardRecord(**row))
        for index in sorted(set(missing) - found):  # of no user
            on_shard(write_shard(store, index, EVENTS.empty_table()))

    @contextmanager
    def _cluster(self) -> Iterator[None]:
        import ray

        if ray.is_initialized():
            yield
            return
        options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if not os.environ.get("RAY_ADDRESS"):
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # nobody but this machine reaches it
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            options |= {
                "num_cpus": self.threads,
                "object_store_memory": max(_LEAST_OBJECTS, int(self.memory * _OBJECTS_SHARE)),
                "include_dashboard": False,
                "_node_ip_address": "127.0.0.1",
            }
        ray.init(**options)
        try:
            yield
        finally:
            ray.shutdown()


def _quiet() -> None:
    """Leave progress to the caller: Ray Data would write a dozen lines every ten seconds."""
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise the error of a task as the task did: what a person can mend is one line, without Ray's account of it."""
    from ray.exceptions import RayTaskError

    try:
        yield
    except RayTaskError as error:
        cause: Any = error
        while isinstance(cause, RayTaskError) and cause.cause is not None:
            cause = cause.cause
        if isinstance(cause, BSTError):
            raise cause from None
        raise


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
