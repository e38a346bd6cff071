"""The engine on this machine: processes, each with the model and one thread."""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from bst.batch_scoring.sources import ShardReader, Source
from bst.batch_scoring.worker import Job, ShardReport, ShardScorer
from bst.errors import ScoringError

# shards that wait beside the one that each worker scores
WAITING = 1


def run_local(job: Job, source: Source, shards: Sequence[int], workers: int) -> Iterator[ShardReport]:
    """Score shards and yield them as they are written. One worker is this process itself.

    Raises ``ScoringError`` if a worker is killed, for example for lack of memory; what is written stays.
    """
    workers = min(workers, len(shards))
    if workers <= 1:
        scorer = ShardScorer(job)
        for index in shards:
            yield scorer(index, source.reader(index))
        return
    # a new interpreter each: threads and locks of this process are not in it
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(job,)) as pool:
        waiting, running = iter(shards), set[Future[ShardReport]]()
        try:
            while True:
                for index in waiting:
                    running.add(pool.submit(_score, index, source.reader(index)))
                    if len(running) >= workers * (1 + WAITING):
                        break
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BrokenProcessPool:
            raise ScoringError(
                "a worker was killed, perhaps for lack of memory: run the same command again, it goes on; "
                "--workers 1 takes less memory"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_scorer: ShardScorer | None = None
_problem: Exception | None = None


def _start(job: Job) -> None:
    """Load the model in a new process. An error is raised by the first shard, as the pool would hide it."""
    global _scorer, _problem
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _scorer = ShardScorer(job)
    except Exception as error:
        _problem = error


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: it would wait for more work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _score(index: int, reader: ShardReader) -> ShardReport:
    if _scorer is None:
        assert _problem is not None
        raise _problem
    return _scorer(index, reader)
