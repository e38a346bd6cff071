"""The engine on a cluster: Ray Data, whose actors have the model and one thread each.

All machines must see the bundle, the store and the folder of lists under the same paths.
"""

import logging
import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np

from bst import errors
from bst.batch_scoring.sources import Source
from bst.batch_scoring.worker import Job, ShardReport, ShardScorer
from bst.errors import BSTError, ScoringError
from bst.optional import require

PURPOSE = "Scoring with --engine ray"
OBJECT_STORE_BYTES = 100 * 2**20


class _Actor:
    """Scores the shards of a batch, which are pickled readers.

    What a person can mend comes back as the name of the error and its message: Ray wraps what is raised beyond
    recognition, and tries it again.
    """

    def __init__(self, job: Job):
        self._job = job

    @cached_property
    def _scorer(self) -> ShardScorer:
        # with the first shard, so that what is wrong with it is an error of a task: Ray starts a failed actor again
        return ShardScorer(self._job)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        pairs = zip(batch["index"].tolist(), batch["reader"].tolist(), strict=True)
        try:
            reports = [asdict(self._scorer(index, pickle.loads(reader))) | {"error": ""} for index, reader in pairs]
        except BSTError as error:
            failed = {"index": -1, "users": 0, "rows": 0, "error": f"{type(error).__name__}: {error}"}
            reports = [failed for _ in batch["index"]]
        return {name: np.array([report[name] for report in reports]) for name in reports[0]}


def run_ray(job: Job, source: Source, shards: Sequence[int], workers: int) -> Iterator[ShardReport]:
    """Score shards and yield them as they are written, on ``workers`` actors.

    Uses the cluster at ``RAY_ADDRESS``, one that this process is connected to, or starts one on this machine. A shard
    whose actor dies is scored again by another. Raises ``MissingPackageError`` where Ray is not installed,
    ``ScoringError`` where it does not start.
    """
    data = require("ray.data", PURPOSE)
    with _cluster(workers):
        data.DataContext.get_current().enable_progress_bars = False  # progress is the caller's
        logging.getLogger("ray.data").setLevel(logging.WARNING)
        items = [{"index": index, "reader": pickle.dumps(source.reader(index))} for index in shards]
        written = data.from_items(items, override_num_blocks=len(items)).map_batches(
            _Actor,
            fn_constructor_args=(job,),
            batch_size=1,
            num_cpus=1,
            compute=data.ActorPoolStrategy(size=min(workers, len(items))),
        )
        for row in written.iter_rows():
            if error := row.pop("error"):
                kind, _, message = error.partition(": ")
                raise getattr(errors, kind)(message)
            yield ShardReport(**row)


@contextmanager
def _cluster(workers: int) -> Iterator[None]:
    import ray

    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if not os.environ.get("RAY_ADDRESS"):
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # nobody but this machine reaches it
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        options |= {
            "num_cpus": workers,
            "object_store_memory": OBJECT_STORE_BYTES,
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",
        }
    try:
        ray.init(**options)
    except Exception as error:  # Ray has no class of its own for it
        raise ScoringError(
            f"Ray did not start, or RAY_ADDRESS leads to none: {error}; try again, or use --engine local"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()
