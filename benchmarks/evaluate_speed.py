"""How long it takes to measure a bundle in full, step by step, and to open what was kept of it.

    python benchmarks/evaluate_speed.py [BUNDLE]

Seconds on the clock and of processor time. Nothing is kept.
"""

import os
import resource
import sys
import time
from itertools import pairwise

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from bst import datasets
from bst.bundles.bundle import open_bundle
from bst.evaluation import measure, user_results


def processor() -> float:
    """Return the processor time of this process so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(name: str) -> None:
    """Measure a bundle and print a line a step."""
    clock = time.monotonic()
    kept = measure.read(open_bundle(name)), user_results.read(open_bundle(name))
    message = "there" if all(part is not None for part in kept) else "not all there"
    print(f"opened what was kept ({message}) in {time.monotonic() - clock:.3f} s")
    clock, used, steps = time.monotonic(), processor(), []

    def on_progress(share: float, message: str) -> None:
        now = time.monotonic() - clock, processor() - used
        if not steps or steps[-1][0] != message:
            steps.append((message, *now))

    bundle = open_bundle(name)
    on_progress(0.0, "reading the dataset")
    measure.measure(bundle, measure.own_split(bundle, datasets.load(bundle.dataset)), on_progress)
    for (message, began, cpu), (_, end, cpu_end) in pairwise(steps):
        print(f"{end - began:7.1f} s {cpu_end - cpu:7.1f} s processor  {message}")
    print(f"{steps[-1][1]:7.1f} s {steps[-1][2]:7.1f} s processor  in all")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "ml-1m")
