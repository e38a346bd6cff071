"""From a bundle and a source of users to a folder of lists: plan, resume, score, count."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyarrow import parquet

from bst.batch_scoring.distributed import run_ray
from bst.batch_scoring.local import run_local
from bst.batch_scoring.plan import Plan
from bst.batch_scoring.sources import Source
from bst.batch_scoring.worker import Job, ShardReport
from bst.bundles import rating_counts
from bst.bundles.bundle import Bundle
from bst.errors import ConfigError, DatasetError
from bst.files import locked
from bst.inference import engines, ranking
from bst.inference.ranking import Order

Run = Callable[[Job, Source, Sequence[int], int], Iterator[ShardReport]]
# what runs the workers
ENGINES: dict[str, Run] = {"local": run_local, "ray": run_ray}


@dataclass(frozen=True)
class ScoringSummary:
    """What a run has done.

    ``users``, ``rows``, ``shards``: in the folder, which is complete; ``scored_users`` and ``scored_shards``: by this
    run, the others were there. ``seconds``: of this run, the loading of the model included.
    """

    folder: Path
    order: Order
    users: int
    rows: int
    shards: int
    scored_users: int
    scored_shards: int
    seconds: float

    @property
    def users_per_second(self) -> float:
        """How many users this run scored in a second."""
        return self.scored_users / self.seconds if self.seconds else 0.0


def score(
    bundle: Bundle,
    source: Source,
    out: Path,
    *,
    k: int = 10,
    order: Order | None = None,
    engine: str = "local",
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ScoringSummary:
    """Write the first ``k`` items of every user's list to a folder of Parquet files, one for each shard of the source.

    Rows: ``user_id``, ``item_id`` as in the dataset, ``score`` float32, what the list is ordered by (order "like": the
    probability of being taken and liked; "next": of being the next; "rating": ``ranking.cautious_rating``, stars;
    "blend": the blend of the two probabilities), and ``rank`` int32 from 1. The lists are those of ``Recommender.rank``
    without what a user has had. Every user is in one shard, once; one with nothing left has no row.

    A shard that is there is not scored again, so that the same call goes on where it was interrupted. ``order``: the
    model's default if None; ``workers``: processes, as many as there are processors if None. ``on_progress`` gets the
    number of users that are done, and of all.

    Raises ``ConfigError`` for options that cannot be or a folder of other lists, ``BundleError`` and ``DatasetError``
    where bundle and source do not fit, ``InUseError`` if another program is at work on the folder.
    """
    began = time.monotonic()
    orders = ranking.orders_of(bundle.config.tasks)
    order = orders[0] if order is None else order
    if order not in orders:
        raise ConfigError(f"model {bundle.name} cannot order by {order!r}; it can by: {', '.join(orders)}")
    if engine not in ENGINES:
        raise ConfigError(f"there is no engine {engine!r}; choose one of: {', '.join(ENGINES)}")
    workers = _processors() if workers is None else workers
    if k < 1 or workers < 1:
        raise ConfigError(f"lists have 1 item or more, and 1 worker or more makes them, not {k} and {workers}")
    bundle.check_movies(source.movies)
    if tuple(source.levels) != tuple(bundle.levels):
        raise DatasetError(
            f"{source.name} has ratings {source.levels}, and bundle {bundle.name} was trained on {bundle.levels}"
        )
    plan = Plan.of(bundle, source.name, source.fingerprint, order, k, source.shards, source.users)
    counts = None
    if order == "rating" and rating_counts.read(bundle) is None:
        counts = source.rating_counts()
    out = out.resolve()
    with locked(out):
        plan.claim(out)
        missing = [index for index in range(plan.shards) if not plan.is_done(out, index)]
        scored = sum(map(plan.users_of, missing))
        done = plan.users - scored
        on_progress(done, plan.users)
        if missing:
            job = Job(plan, bundle.folder, source.movies, source.levels, out, engines.chosen(), counts)
            for report in ENGINES[engine](job, source, missing, workers):
                done += report.users
                on_progress(done, plan.users)
        rows = sum(parquet.read_metadata(out / plan.file(index)).num_rows for index in range(plan.shards))
        plan.complete(out, rows)
    return ScoringSummary(
        out, order, plan.users, rows, plan.shards, scored, len(missing), round(time.monotonic() - began, 3)
    )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
