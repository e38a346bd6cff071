"""Ranking the whole catalogue for one visitor with a long history: milliseconds from question to sorted list.

    python benchmarks/rank_speed.py --bundle demo

The library alone, without the app around it. A classic model reads only the newest events of a history, so the length
hardly shows; the script says how many events the model read.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name, or its folder (default: %(default)s)")
    parser.add_argument("--events", type=int, default=50, help="length of the history (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=50, help="how often it is measured (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    import numpy as np

    from bst.inference.recommender import Recommender
    from bst.schema import Event, Visitor

    recommender = Recommender.load(options.bundle)
    rng = np.random.default_rng(0)
    movie_ids = recommender.catalogue.movies["movie_id"].to_numpy()
    levels = recommender.bundle.levels

    def random_visitor() -> Visitor:
        chosen = rng.choice(movie_ids, options.events, replace=False)
        return Visitor("F", 25, None, tuple(Event(int(movie), float(rng.choice(levels))) for movie in chosen))

    began = time.perf_counter()
    recommender.rank(random_visitor())
    first = (time.perf_counter() - began) * 1000
    times = []
    for visitor in [random_visitor() for _ in range(options.repeats)]:
        began = time.perf_counter()
        recommender.rank(visitor)
        times.append((time.perf_counter() - began) * 1000)
    result = {
        "bundle": recommender.bundle.title,
        "movies": len(recommender.catalogue),
        "events": options.events,
        "events_read": len(recommender.read_events(random_visitor())),
        "first_ms": first,
        "median_ms": statistics.median(times),
        "p95_ms": float(np.percentile(times, 95)),
    }
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['bundle']}: {result['movies']:,} movies ranked for a visitor with {options.events} events", end=" ")
    print(f"(the model reads the newest {result['events_read']})")
    print(f"median {result['median_ms']:.1f} ms, 95 % within {result['p95_ms']:.1f} ms, first {first:.0f} ms")


if __name__ == "__main__":
    main()
