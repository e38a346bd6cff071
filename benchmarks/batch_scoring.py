"""Lists of all users: one by one, in batches, and by the command on this machine's processes and on Ray.

    python benchmarks/batch_scoring.py --bundle ml-1m --keep

The same users have their lists made one by one and in batches, in turns, in one process on one thread; then the command
scores all users with two workers, by each engine, from start to end. Seconds of the processor are those of all
processes of the command, also of those that Ray starts; wall time depends on what else the machine does, and the load
beside it says how much that was. ``--keep`` writes ``results/batch_scoring.json``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.results import FOLDER

PROJECT = Path(__file__).resolve().parent.parent
ROUNDS, SAMPLE_S, K, WORKERS = 2, 0.2, 10, 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="ml-1m", help="a bundle of the timeline model (default: %(default)s)")
    parser.add_argument("--users", type=int, default=200, help="users in one process (default: %(default)s)")
    parser.add_argument("--engine", action="append", choices=("local", "ray"), help="commands to run (both)")
    parser.add_argument("--keep", action="store_true", help="write results/batch_scoring.json")
    options = parser.parse_args()
    result = {
        "bundle": options.bundle,
        "k": K,
        "processors": os.cpu_count(),
        "users_compared": options.users,
        "ms_per_user": in_one_process(options.bundle, options.users),
        "commands": {engine: command(options.bundle, engine) for engine in options.engine or ("local", "ray")},
        "command": "python " + " ".join(["benchmarks/batch_scoring.py", *sys.argv[1:]]),
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    print(json.dumps(result, indent=2))
    if options.keep:
        (FOLDER / "batch_scoring.json").write_text(json.dumps(result, indent=2) + "\n")


def in_one_process(bundle: str, count: int) -> dict[str, dict[str, float]]:
    """Return milliseconds of the processor for each user, by order: the best of each way's rounds."""
    import numpy as np

    from bst.batch_scoring import DatasetSource
    from bst.datasets import load
    from bst.inference.ranking import RankOptions
    from bst.inference.recommender import Recommender
    from bst.parallel import one_thread

    recommender = Recommender.load(bundle)
    dataset = load(recommender.bundle.dataset)
    shard = DatasetSource(dataset, len(dataset.users) // count).reader(0).read()
    ids = dataset.movies["movie_id"].to_numpy()
    visitors = [shard.visitors.visitor(index, ids, recommender.max_history) for index in range(len(shard.ids))]
    movie_ids = ids.tolist()
    found: dict[str, dict[str, float]] = {}
    with one_thread():
        recommender.rank_many(visitors[:8])
        for order in recommender.orders:
            options = RankOptions(order=order)
            ways = {
                "rank": lambda options=options: [recommender.rank(one, K, options) for one in visitors],
                "ranked_rows": lambda options=options: [recommender.ranked_rows(one, options, K) for one in visitors],
                "rank_many": lambda options=options: recommender.rank_many(shard.visitors, K, options),
            }
            for _ in range(ROUNDS):
                lists = {}
                for way, make in ways.items():
                    recommender._cached_predictions.cache_clear()
                    began = time.process_time()
                    lists[way] = make()
                    took = (time.process_time() - began) * 1000 / len(visitors)
                    best = found.setdefault(order, {})
                    best[way] = round(min(took, best.get(way, took)), 2)
            rows = lists["rank_many"].rows
            same = all(np.array_equal(a[a >= 0], b) for a, b in zip(rows, lists["ranked_rows"], strict=True))
            found[order]["equal_lists"] = same
        began = time.process_time()
        recommender.predict_many(visitors[:32], movie_ids, recommender.tasks)
        found["predict_many"] = {"whole_catalogue": round((time.process_time() - began) * 1000 / 32, 2)}
    return found


def command(bundle: str, engine: str) -> dict[str, float]:
    """Run the command for all users: what it reports, and the processor's seconds; or its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["score", "--bundle", bundle, "--out", f"{folder}/lists", "--engine", engine, "--json"]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT)}
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "bst", *arguments, "--workers", str(WORKERS)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=PROJECT,
        )
        processor_s, load = _processor_seconds(process)
        wall_s = time.monotonic() - began
        output = process.stdout.read()
        if process.returncode:
            return {"exit_code": process.returncode}  # what it said is on standard error
        answer = json.loads(output)
    return {
        "users": answer["scored_users"],
        "rows": answer["rows"],
        "workers": WORKERS,
        "wall_s": round(wall_s, 1),
        "processor_s": round(processor_s, 1),
        "processor_ms_per_user": round(processor_s * 1000 / answer["scored_users"], 2),
        "users_per_second": answer["users_per_second"],
        "load": round(load, 1),
    }


def _processor_seconds(process: subprocess.Popen) -> tuple[float, float]:
    """Return the processor's time of a process and all its descendants until it ends, and the machine's mean load."""
    import psutil

    root, seconds, loads = psutil.Process(process.pid), {}, []
    while process.poll() is None:
        loads.append(os.getloadavg()[0])
        try:
            family = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            break
        for member in family:
            try:
                times = member.cpu_times()
                seconds[member.pid, member.create_time()] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
        time.sleep(SAMPLE_S)
    process.wait()
    return sum(seconds.values()), sum(loads) / len(loads)


if __name__ == "__main__":
    main()
