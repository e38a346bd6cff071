"""Reading MovieLens 1M: our loading with validation, and our windows, beside the public example's preparation.

    python benchmarks/load_speed.py --rounds 3

In turn, each in a process of its own. Ours checks every column, range, id and duplicate; the public way checks nothing,
and its seconds include cutting and writing the windows, so they stand beside the sum of ours.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from epoch_speed import in_turn  # which also makes bst importable from anywhere


def measure_public(folder: Path) -> dict:
    """Measure the public example's preparation, in seconds."""
    import public_example

    with tempfile.TemporaryDirectory() as work:
        began = time.perf_counter()
        prepared = public_example.prepare(folder, Path(work))
        return {"total_s": time.perf_counter() - began, "windows": prepared.windows}


def measure_ours(folder: Path) -> dict:
    """Measure loading with validation, and cutting into windows, in seconds."""
    from bst.datasets import load
    from bst.timelines.arrays import build_timelines, build_windows

    began = time.perf_counter()
    dataset = load(folder)
    loaded = time.perf_counter()
    windows = build_windows(build_timelines(dataset), 4, 2, deduplicate=False)
    done = time.perf_counter()
    return {"load_s": loaded - began, "windows_s": done - loaded, "total_s": done - began, "windows": len(windows)}


WAYS = {"public": measure_public, "ours": measure_ours}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset-dir", type=Path, help="the folder of MovieLens 1M (default: $BST_DATA_DIR/ml-1m)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is measured (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()

    from bst.datasets import data_dir

    folder = options.dataset_dir or data_dir() / "ml-1m"
    if options.way:
        print(json.dumps(WAYS[options.way](folder)))
        return
    runs = in_turn(__file__, WAYS, options.rounds, "--dataset-dir", str(folder))
    medians = {
        way: {name: statistics.median(run[name] for run in of_way) for name in of_way[0]}
        for way, of_way in runs.items()
    }
    if options.json:
        print(json.dumps({"rounds": options.rounds, "medians": medians, "runs": runs}))
        return
    ours, public = medians["ours"], medians["public"]
    print(f"public: files → windows {public['total_s']:.2f} s ({public['windows']:,.0f} windows)")
    print(f"ours:   files → windows {ours['total_s']:.2f} s ({ours['windows']:,.0f} windows), of which")
    print(f"        loading and validating {ours['load_s']:.2f} s, windows {ours['windows_s']:.2f} s")
    print(f"ours is {public['total_s'] / ours['total_s']:.1f} times as fast (medians of {options.rounds})")


if __name__ == "__main__":
    main()
