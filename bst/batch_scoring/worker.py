"""What scores one shard, in whatever process an engine runs it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from bst.batch_scoring.plan import KEY, USERS, Plan
from bst.batch_scoring.sources import ShardReader, UserShard
from bst.bundles.bundle import open_bundle
from bst.errors import BundleError
from bst.files import replacing
from bst.inference.engines import Engine
from bst.inference.many import RankedMany
from bst.inference.ranking import RankOptions
from bst.inference.recommender import Recommender
from bst.parallel import one_thread
from bst.schema import Dataset


@dataclass(frozen=True)
class Job:
    """What a worker needs beside shards; it is sent to other processes.

    ``movies``: the items. ``counts``: how many ratings each has, where the order needs them and the bundle lacks them.
    """

    plan: Plan
    bundle: Path
    movies: pd.DataFrame
    levels: tuple[float, ...]
    out: Path
    engine: Engine
    counts: np.ndarray | None = None


@dataclass(frozen=True)
class ShardReport:
    """A shard that is written: its index, and how many users and rows it has."""

    index: int
    users: int
    rows: int


class ShardScorer:
    """A model in a process, on one thread: call it with a shard."""

    def __init__(self, job: Job):
        """Load the model. Raises ``BundleError`` if it is another one by now."""
        self.job, bundle = job, open_bundle(job.bundle)
        if bundle.weights_sha256 != job.plan.weights:
            raise BundleError(f"bundle {bundle.name} was replaced by a newer training meanwhile; name another --out")
        no_users, no_ratings = pd.DataFrame({"user_id": []}), pd.DataFrame({"user": [], "movie": []}, dtype=np.int32)
        items = Dataset(
            job.plan.dataset, bundle.dataset_title, no_users, job.movies, no_ratings, job.levels, domain=bundle.domain
        )
        self._recommender = Recommender.load(bundle, items, engine=job.engine, rating_counts=job.counts)
        self._ids = _id_array(job.movies["movie_id"])

    def __call__(self, index: int, reader: ShardReader) -> ShardReport:
        """Score a shard and write it beside its place, then rename it: it is whole, or not there.

        Two workers may write the same shard: both write the same rows.
        """
        plan, shard = self.job.plan, reader.read()
        with one_thread():
            lists = self._recommender.rank_many(shard.visitors, plan.k, RankOptions(order=plan.order))
        table = self._table(shard, lists)
        with replacing(self.job.out / plan.file(index)) as file:
            parquet.write_table(table, file, compression="zstd")
        return ShardReport(index, len(shard.ids), len(table))

    def _table(self, shard: UserShard, lists: RankedMany) -> pa.Table:
        listed = lists.rows >= 0  # (users, k)
        user, position = np.nonzero(listed)
        columns = {
            "user_id": _id_array(pd.Series(shard.ids)).take(pa.array(user)),
            "item_id": self._ids.take(pa.array(lists.rows[listed])),
            "score": pa.array(lists.scores[listed], pa.float32()),
            "rank": pa.array(position + 1, pa.int32()),
        }
        users = str(len(shard.ids)).encode()
        return pa.table(columns).replace_schema_metadata({KEY: self.job.plan.key.encode(), USERS: users})


def _id_array(ids: pd.Series) -> pa.Array:
    return pa.array(ids.to_numpy(), pa.int64() if pd.api.types.is_integer_dtype(ids) else pa.string())
