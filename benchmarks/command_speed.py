"""What commands cost: processor seconds of a whole process, imports included.

python benchmarks/command_speed.py --bundle ml-1m
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))


def measured(arguments: list[str], rounds: int) -> dict[str, float]:
    """Return medians of processor seconds, seconds and peak memory of ``python -m bst`` with these arguments."""
    processor, wall = [], []
    for _ in range(rounds):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [sys.executable, "-m", "bst", *arguments]
        subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        wall.append(time.perf_counter() - began)
    return {"processor_s": statistics.median(processor), "wall_s": statistics.median(wall)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="demo", help="a bundle's name, or its folder (default: %(default)s)")
    parser.add_argument("--events", type=int, default=10, help="length of the history (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    from bst.bundles.bundle import open_bundle
    from bst.datasets import load_movies

    ids = load_movies(open_bundle(options.bundle).dataset)["movie_id"].tolist()
    step = len(ids) // (options.events + 1)
    watched = [f"--watched={movie}={1 + i % 5}" for i, movie in enumerate(ids[:: max(step, 1)][: options.events])]
    visitor = ["--bundle", options.bundle, "--sex", "F", "--age", "25", *watched]
    os.environ.pop("OPENBLAS_NUM_THREADS", None)  # as a person starts them
    commands = {
        "help": ["--help"],
        "recommend": ["recommend", *visitor],
        "explain": ["explain", *visitor, "--movie", str(ids[-1])],
        "whatif": ["whatif", *visitor, "--rate", f"{ids[0]}=5"],
    }
    result = {"bundle": options.bundle, "events": options.events}
    result |= {name: measured(arguments, options.rounds) for name, arguments in commands.items()}
    if options.json:
        print(json.dumps(result))
        return
    for name in commands:
        print(f"{name:10} {result[name]['processor_s']:.2f} s of the processor, {result[name]['wall_s']:.2f} s")


if __name__ == "__main__":
    main()
