"""Ranking catalogues of up to 87,000 movies: milliseconds, memory, and what two stages miss of the exact list.
And 1 million items: a training step, the index, lists, and what else a large catalogue costs.

    python benchmarks/large_catalogue.py --bundle ml-1m
    python benchmarks/large_catalogue.py --items 1000000                  # results/large_catalogue.json

The catalogue is grown: each further movie has the weights of a movie of the bundle, with noise of half of their
standard deviation added, and a number of ratings as low as the rarest movies'. So the model is a trained one, and
recall@10 says how many of the ten best by the whole model are among the ten of the two stages.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

SIZES = (20_000, 87_000)
RESULT = Path(__file__).resolve().parent / "results" / "large_catalogue.json"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="ml-1m", help="a bundle of the timeline model (default: %(default)s)")
    parser.add_argument("--events", type=int, default=50, help="length of the history (default: %(default)s)")
    parser.add_argument("--visitors", type=int, default=20, help="how many visitors (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--items", type=int, help="measure a catalogue of this many items, instead: 1000000")
    parser.add_argument("--parts", help="some of its parts, with commas (default: all)")
    options = parser.parse_args()
    if options.items:
        from benchmarks import million

        parts = options.parts.split(",") if options.parts else list(million.PARTS)
        figures = million.measure(options.bundle, options.items, parts)
        result = {"command": f"python benchmarks/large_catalogue.py --items {options.items}", "items": options.items}
        # parts that were not measured now stay
        known = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
        parts = known["parts"] | figures if known.get("items") == options.items else figures
        RESULT.write_text(json.dumps(known | result | {"parts": parts}, indent=1) + "\n")
        print(json.dumps(figures, indent=1))
        return
    results = [measure(options.bundle, size, options.events, options.visitors) for size in SIZES]
    if options.json:
        print(json.dumps(results))
        return
    for result in results:
        print(f"{result['movies']:,} movies, {options.events} events, peak memory {result['peak_mb']:.0f} MB")
        for order, row in result["orders"].items():
            print(f"  {order:8} {row['median_ms']:6.1f} ms   recall@10 of the exact list {row['recall']:.3f}")
        print(f"  the whole model over the whole catalogue {result['exact_ms']:.1f} ms")


def grown(bundle: str, size: int):
    """Return a recommender over a catalogue of ``size`` movies."""
    import numpy as np

    from bst.bundles.bundle import open_bundle
    from bst.datasets import load_movies
    from bst.datasets.catalogue import Catalogue
    from bst.inference import engines
    from bst.inference.recommender import Recommender

    opened = open_bundle(bundle)
    movies, rng = load_movies(opened.dataset), np.random.default_rng(0)
    source = np.concatenate([np.arange(len(movies)), rng.integers(0, len(movies), size - len(movies))])
    from benchmarks.grown import FEW, grow

    weights = grow(opened.load_weights(movies), len(movies), size)
    frame = movies.iloc[source].reset_index(drop=True)
    frame["movie_id"] = np.arange(1, size + 1)
    opened = replace(opened, sizes=replace(opened.sizes, movies=size))
    catalogue = Catalogue(frame)
    counts = np.full(size, FEW)
    counts[: len(movies)] = Recommender.load(bundle).rating_counts
    scorer = engines.make_scorer("numpy", opened, weights, catalogue.rows)
    return Recommender(opened, catalogue, scorer, rating_counts=counts)


def measure(bundle: str, size: int, events: int, visitors: int) -> dict:
    """Return the figures of one size."""
    import numpy as np

    from bst.inference import ranking
    from bst.inference.recommender import RankOptions
    from bst.schema import Event, Visitor

    recommender, rng = grown(bundle, size), np.random.default_rng(1)
    levels = recommender.bundle.levels
    people = [
        Visitor(
            {"sex": "F", "age": 25},
            tuple(Event(int(m), float(rng.choice(levels))) for m in rng.permutation(3000)[:events] + 1),
        )
        for _ in range(visitors)
    ]

    def timed(order: str) -> tuple[list[list[int]], float]:
        lists, times = [], []
        for visitor in people:
            began = time.perf_counter()
            lists.append([row.movie_id for row in recommender.rank(visitor, 10, RankOptions(order=order))])
            times.append((time.perf_counter() - began) * 1000)
        return lists, statistics.median(times)

    recommender.rank(people[0])
    two_stages, ranking.MOST_IN_ONE_STAGE = ranking.MOST_IN_ONE_STAGE, 0
    fast = {order: timed(order) for order in recommender.orders}
    began = time.perf_counter()
    for visitor in people:
        assert len(recommender.predict(visitor).expected)
    exact_ms = (time.perf_counter() - began) * 1000 / visitors
    ranking.MOST_IN_ONE_STAGE = 10**9
    orders = {}
    for order, (lists, median_ms) in fast.items():
        exact, _ = timed(order)
        hits = [len(set(one) & set(other)) / 10 for one, other in zip(lists, exact, strict=True)]
        orders[order] = {"median_ms": median_ms, "recall": statistics.mean(hits)}
    ranking.MOST_IN_ONE_STAGE = two_stages
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"movies": size, "orders": orders, "exact_ms": exact_ms, "peak_mb": peak}


if __name__ == "__main__":
    main()
