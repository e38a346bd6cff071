"""The engine on a cluster: Ray Data, whose actors have the model and one thread each.

All machines must see the bundle, the store and the folder of lists under the same paths.
"""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np

from bst import cluster
from bst.batch_scoring.sources import Source
from bst.batch_scoring.worker import Job, ShardReport, ShardScorer
from bst.errors import ScoringError

PURPOSE = "Scoring with --engine ray"


class _Actor:
    """Scores the shards of a batch, which are pickled readers."""

    def __init__(self, job: Job):
        self._job = job

    @cached_property
    def _scorer(self) -> ShardScorer:
        # with the first shard, so that what is wrong with it is an error of a task: Ray starts a failed actor again
        return ShardScorer(self._job)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        pairs = zip(batch["index"].tolist(), batch["reader"].tolist(), strict=True)
        reports = [asdict(self._scorer(index, pickle.loads(reader))) for index, reader in pairs]
        return {name: np.array([report[name] for report in reports]) for name in reports[0]}


def run_ray(job: Job, source: Source, shards: Sequence[int], workers: int) -> Iterator[ShardReport]:
    """Score shards and yield them as they are written, on ``workers`` actors.

    Uses the cluster at ``RAY_ADDRESS``, one that this process is connected to, or starts one on this machine. A shard
    whose actor dies is scored again by another. Raises ``MissingPackageError`` where Ray is not installed,
    ``ScoringError`` where it does not start.
    """
    data: Any = cluster.data(PURPOSE)
    with cluster.joined(PURPOSE, ScoringError, workers), cluster.plain_errors():
        items = [{"index": index, "reader": pickle.dumps(source.reader(index))} for index in shards]
        written = data.from_items(items, override_num_blocks=len(items)).map_batches(
            _Actor,
            fn_constructor_args=(job,),
            batch_size=1,
            num_cpus=1,
            compute=data.ActorPoolStrategy(size=min(workers, len(items))),
        )
        for row in written.iter_rows():
            yield ShardReport(**row)
