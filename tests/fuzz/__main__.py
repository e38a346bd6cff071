"""``python -m tests.fuzz``: try many inputs on every door, or on those that are named, and print a table.

Each door runs in a process of its own, one after another. Exit code 1 if there was any failure.
"""

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.fuzz.doors import DOORS
from tests.fuzz.runner import Result, try_door

INPUTS = 10_000


def main() -> int:
    """Run, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("doors", nargs="*", metavar="DOOR", help=f"all, or some of: {', '.join(DOORS)}")
    parser.add_argument("--inputs", type=int, default=INPUTS, help=f"for each door ({INPUTS})")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same inputs (0)")
    options = parser.parse_args()
    if unknown := set(options.doors) - set(DOORS):
        parser.error(f"no door: {', '.join(sorted(unknown))}; there are: {', '.join(DOORS)}")
    context = multiprocessing.get_context("spawn")
    results = []
    for name in options.doors or DOORS:
        with ProcessPoolExecutor(1, context) as process:
            results.append(process.submit(try_door, DOORS[name], options.inputs, options.seed).result())
        print(_row(results[-1]), file=sys.stderr, flush=True)
        for failure in results[-1].failures.values():
            print(f"  {failure}", file=sys.stderr, flush=True)
    print(f"\n{time.strftime('%Y-%m-%d')}, seed {options.seed}\n")
    print("| door | inputs | taken | refused | failures | slowest, s | memory | minutes |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(map(_row, results)))
    return int(any(result.failures for result in results))


def _row(result: Result) -> str:
    cells = [result.door, f"{result.inputs:,}", f"{result.taken:,}", f"{result.refused:,}", len(result.failures)]
    cells += [f"{result.slowest_s:.1f}", f"× {result.memory:.2f}", f"{result.seconds / 60:.1f}"]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
