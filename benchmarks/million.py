"""The parts of ``large_catalogue.py`` for 1 million items: each runs in a process of its own and returns figures."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

USERS, EVENTS = 2_000, 50
Figures = dict[str, float]


def peak_mb() -> float:
    """Return the most memory that this process has taken."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def timed(action: Callable[[], Any], times: int = 1) -> float:
    """Return processor milliseconds of an action, the mean of some times."""
    began = time.process_time()
    for _ in range(times):
        action()
    return round((time.process_time() - began) * 1000 / times, 1)


def made_up_split(items: int):
    """Return a split of made-up ratings: items by a power law."""
    import pandas as pd

    from bst.domain import AGES, OCCUPATIONS, SEXES
    from bst.schema import Dataset
    from bst.timelines.splits import prepare

    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(USERS), EVENTS)
    item = (items * rng.random(len(user)) ** 3).astype(np.int64)
    ratings = pd.DataFrame({"user": user, "movie": item}).drop_duplicates().astype("int32")
    ratings["rating"] = rng.integers(1, 6, len(ratings)).astype(np.float32)
    ratings["timestamp"] = 1_000_000_000 + 3600 * np.arange(len(ratings), dtype=np.int64)
    users = pd.DataFrame(
        {
            "user_id": np.arange(1, USERS + 1),
            "sex": pd.Categorical(["F", "M"] * (USERS // 2), SEXES),
            "age": pd.Categorical([25] * USERS, AGES),
            "occupation": pd.Categorical(["artist"] * USERS, OCCUPATIONS),
        }
    )
    movies = pd.DataFrame(
        {
            "movie_id": np.arange(1, items + 1),
            "title": pd.Series(np.arange(items)).map("Item {}".format),
            "year": pd.array(rng.integers(1930, 2001, items), dtype="Int16"),
            "genres": np.array(["Drama", "Comedy", "Drama|War"])[rng.integers(0, 3, items)],
        }
    )
    return prepare(Dataset("made-up", "Made up", users, movies, ratings.reset_index(drop=True)), "visitor", 0)


def train(items: int, task: str, steps: int = 8) -> Figures:
    """Return processor time and memory of training steps of one tower, and of what is fitted before."""
    from bst import backend

    backend.load()
    from bst.models.registry import preset
    from bst.models.timeline.trainer import TimelineTrainer

    split = made_up_split(items)
    before, began = peak_mb(), time.process_time()
    trainer = TimelineTrainer(preset("timeline").with_tasks([task]), split, 0)
    start = time.process_time() - began
    tower, rng = trainer.towers[task], np.random.default_rng(0)
    from bst.timelines.segments import grouped

    groups = list(grouped(tower.objective.segments(rng), trainer.config.batch_events, rng))
    batches = [tower.objective.batch(group, rng) for group in groups[: steps + 1]]
    tower.train(batches[0], 0.0)  # compiles
    rows = [len(batch["rows"]) if "rows" in batch else items for batch in batches]
    began, wall = time.process_time(), time.perf_counter()
    for batch in batches[1:]:
        tower.train(batch, 0.1)
    cpu, elapsed = time.process_time() - began, time.perf_counter() - wall
    held = sum(int(np.prod(variable.shape)) * 4 for variable in trainer.variables)
    return {
        "start_s": round(start, 1),
        "step_cpu_ms": round(cpu * 1000 / steps, 1),
        "step_ms": round(elapsed * 1000 / steps, 1),
        "rows_a_step": round(float(np.mean(rows[1:]))),
        "held_mb": round(held / 1e6),
        "before_mb": before,
        "peak_mb": peak_mb(),
    }


def train_whole(items: int, task: str) -> Figures:
    """Return the same for steps that change the whole tables, as those of small catalogues do."""
    from bst.models.timeline import next_objective, objectives, predictions, trainer
    from bst.models.timeline.config import TimelineConfig

    for module in (objectives, predictions, trainer):
        module.MOST_WHOLE = 10**9
    plain = TimelineConfig.with_tasks
    TimelineConfig.with_tasks = lambda self, tasks: replace(  # type: ignore[method-assign]
        plain(self, tasks), negatives=next_objective.LEAST_NEGATIVES
    )
    return train(items, task, steps=3)


def rank(folder: Path) -> Figures:
    """Return figures of loading a bundle of 1 million items and making lists of it, before and with an index."""
    from bst.inference import index_store
    from bst.inference.recommender import Filters, RankOptions, Recommender
    from bst.schema import Event, Visitor

    figures: Figures = {}
    bundle = next((folder / "bundles").iterdir())
    began = time.process_time()
    recommender = Recommender.load(bundle, str(next((folder / "data").iterdir())))
    figures["load_s"], figures["load_peak_mb"] = round(time.process_time() - began, 1), peak_mb()
    catalogue = recommender.catalogue
    title = str(catalogue.movies["title"].iloc[12_345])
    figures["first_find_s"] = round(timed(lambda: catalogue.find(title)) / 1000, 1)
    figures["find_ms"], figures["search_ms"] = (
        timed(lambda: catalogue.find(title)),
        timed(lambda: catalogue.search("amber birch", 20)),
    )
    rng = np.random.default_rng(1)

    def visitor() -> Visitor:
        ids = rng.permutation(3_000)[:EVENTS] + 1
        return Visitor(history=tuple(Event(int(movie), float(rng.integers(1, 6))) for movie in ids))

    people = [visitor() for _ in range(20)]
    selection = recommender.preselection
    exact: dict[str, list[list[int]]] = {}
    for way in ("scored", "index"):
        if way == "index":
            began = time.process_time()
            selection.build()
            figures["index_build_s"] = round(time.process_time() - began, 1)
            figures["index_mb"] = round(
                sum(one.stat().st_size for one in index_store.folder_of(recommender.bundle).iterdir()) / 1e6
            )
        selection._read.cache_clear()
        for order in recommender.orders:
            options = RankOptions(order=order)
            recommender.rank(people[0], 10, options)
            selection._read.cache_clear()
            began, lists = time.process_time(), []
            for one in people:
                lists.append([row.movie_id for row in recommender.rank(one, 10, options)])
            figures[f"{way}_{order}_ms"] = round((time.process_time() - began) * 1000 / len(people), 1)
            if way == "scored":
                exact[order] = lists
            else:
                hits = [len(set(a) & set(b)) / 10 for a, b in zip(lists, exact[order], strict=True)]
                figures[f"recall_{order}"] = round(float(np.mean(hits)), 4)
        filtered = RankOptions(order="next", filters=Filters(genres=("Horror",)))
        figures[f"{way}_filtered_ms"] = timed(lambda options=filtered: recommender.rank(people[1], 10, options), 3)
    figures["whole_list_ms"] = timed(lambda: recommender.ranked_rows(people[2], RankOptions(order="next")))
    figures["one_movie_ms"] = timed(lambda: recommender.recommendation(people[3], 77))
    figures["predict_all_s"] = round(timed(lambda: recommender.predict(people[4]).expected) / 1000, 1)
    figures["peak_mb"] = peak_mb()
    return figures


PARTS: dict[str, Callable[[int, Path], Figures]] = {
    "train next": lambda items, folder: train(items, "next"),
    "train rating": lambda items, folder: train(items, "rating"),
    "train next, whole tables": lambda items, folder: train_whole(items, "next"),
    "rank": lambda items, folder: rank(folder),
}


def measure(bundle: str, items: int, parts: list[str]) -> dict[str, Figures]:
    """Return the figures of some parts, by name."""
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if "rank" in parts:
            from benchmarks import grown

            grown.write_bundle(
                folder / "bundles" / "grown", bundle, grown.write_dataset(folder / "data" / "big", items)
            )
        settings = {"BST_CACHE_DIR": str(folder / "cache"), "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        settings |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
        for part in parts:
            command = [sys.executable, __file__, part, str(items), str(folder)]
            done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["killed"])[-1]
                print(f"{part}: {last}", file=sys.stderr)
                continue
            results[part] = json.loads(done.stdout.strip().splitlines()[-1])
            print(part, results[part], file=sys.stderr, flush=True)
    return results


if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))))
