"""How close ranking comes to what the processor can do: operations, bytes, and the share of the measured peak.

    python benchmarks/roofline.py --bundle ml-1m

Operations are counted from the shapes of the rating tower (a multiplication and an addition are two); bytes are the
features of all movies and the result, each once. The peak is that of a product of two large matrices in the same
threads; the bandwidth that of a copy too large for the caches. A computation with more operations a byte than
peak / bandwidth is limited by arithmetic, not by memory (Williams, Waterman & Patterson 2009, "Roofline").
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

REPEATS = 15
SIZE, COPY_BYTES = 1536, 256 * 2**20


def operations(config, movies: int, levels: int, events: int) -> dict[str, float]:
    """Return the operations of scoring a catalogue after ``events`` events, by part."""
    from bst.models.timeline.definition import CONTENT_EXPANSION, HIDDEN_UNITS, QUERY_EXPANSION, VISITOR_NUMBERS

    tower, tokens = config.rating, events + 1
    width, attended = tower.width, tower.heads * tokens
    block = 2 * tokens * (4 * width**2 + 2 * CONTENT_EXPANSION * width**2 + 2 * tokens * width)
    factors = config.factors + 1
    return {
        "encoding the history": (tower.layers - 1) * block,
        "attention of candidates": movies * tower.layers * 2 * (2 * width * attended + attended * tower.heads),
        "feed-forward of candidates": movies * tower.layers * 2 * 2 * QUERY_EXPANSION * width**2,
        "head": movies * 2 * HIDDEN_UNITS * (width + len(VISITOR_NUMBERS) + levels),
        "factor model": movies * 2 * (factors**2 + 2 * factors),
    }


def data_bytes(config, movies: int, levels: int) -> int:
    """Return the bytes that must be read or written at least once for a list."""
    from bst.models.timeline.definition import HIDDEN_UNITS

    per_movie = config.rating.width + HIDDEN_UNITS + config.factors + 1 + 3 + levels
    return 4 * movies * per_movie


def best(function, repeats: int = REPEATS) -> float:
    """Return the least seconds of several calls."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="ml-1m", help="a bundle of the timeline model (default: %(default)s)")
    parser.add_argument("--events", type=int, default=50, help="length of the history (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    import numpy as np
    from rank_speed import Visitors

    from bst.inference.recommender import Recommender
    from bst.parallel import map_parallel, workers

    recommender = Recommender.load(options.bundle)
    config, movies, levels = recommender.bundle.config, len(recommender.catalogue), len(recommender.bundle.levels)
    visitors = Visitors(recommender).draw(options.events, 3 * REPEATS)
    matrices = [np.ones((SIZE, SIZE), np.float32) for _ in range(workers())]
    source = np.ones(COPY_BYTES // 4, np.float32)
    target = np.empty_like(source)
    halves = np.array_split(np.arange(len(source)), workers())
    peak = workers() * 2 * SIZE**3 / best(lambda: map_parallel(lambda a: a @ a, matrices))
    bandwidth = (
        2
        * COPY_BYTES
        / best(
            lambda: map_parallel(lambda part: np.copyto(target[part[0] : part[-1]], source[part[0] : part[-1]]), halves)
        )
    )
    times = []
    for visitor in visitors:
        began = time.perf_counter()
        assert len(recommender.predict(visitor).expected)  # ratings alone
        times.append(time.perf_counter() - began)
    seconds, counted = statistics.median(times), operations(config, movies, levels, options.events)
    total, moved = sum(counted.values()), data_bytes(config, movies, levels)
    result = {
        "bundle": recommender.bundle.title,
        "events": options.events,
        "operations": counted,
        "total_gflop": total / 1e9,
        "megabytes": moved / 2**20,
        "operations_per_byte": total / moved,
        "peak_gflops": peak / 1e9,
        "bandwidth_gb_per_s": bandwidth / 1e9,
        "operations_per_byte_at_the_ridge": peak / bandwidth,
        "median_ms": seconds * 1000,
        "least_possible_ms": max(total / peak, moved / bandwidth) * 1000,
        "share_of_peak": total / seconds / peak,
        "threads": workers(),
    }
    print(json.dumps(result) if options.json else text(result))


def text(result: dict) -> str:
    """Return the figures for a terminal."""
    total = result["total_gflop"] * 1e9
    lines = [f"{result['bundle']}, {result['events']} events, {result['threads']} threads"]
    lines += [f"  {part:28} {1e-6 * n:8.1f} MFLOP {n / total:6.1%}" for part, n in result["operations"].items()]
    lines += [
        f"  {result['total_gflop']:.2f} GFLOP and {result['megabytes']:.1f} MB: "
        f"{result['operations_per_byte']:.0f} operations a byte; arithmetic is the limit from "
        f"{result['operations_per_byte_at_the_ridge']:.0f} on",
        f"  peak {result['peak_gflops']:.0f} GFLOP/s, memory {result['bandwidth_gb_per_s']:.0f} GB/s: "
        f"at least {result['least_possible_ms']:.1f} ms; took {result['median_ms']:.1f} ms, "
        f"{result['share_of_peak']:.0%} of the peak",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
