"""Write one protocol's labels to a file, so that a peer in an environment of its own meets exactly ours.

    python benchmarks/peers/labels.py --protocol seed --seed 0 --out /tmp/seed-0.npz
    python benchmarks/peers/labels.py --protocol last --out /tmp/last.npz

Runs in the project's environment. The file holds ``user`` and ``movie`` (indices), ``rating`` (stars) and ``part``
(``TRAIN``, ``VALIDATION``, ``TEST`` of ``common.py``) of every event, in user and time order, and how many ``users``
and ``movies`` there are. It holds the dataset's rows, so the dataset's licence is its own: do not commit or share it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from common import TEST, TRAIN, VALIDATION

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bst.datasets import load
from bst.timelines import Timelines, build_timelines, build_windows, split_seed_protocol


def parts_seed(timelines: Timelines, seed: int) -> np.ndarray:
    """Part of each event under ``seed``: the targets of the test windows are test, everything else may be learned."""
    part = np.full(len(timelines.movie), TRAIN, np.int8)
    part[split_seed_protocol(build_windows(timelines, 4, 2), seed).test.target] = TEST
    return part


def parts_last(timelines: Timelines, seed: int) -> np.ndarray:
    """Part of each event under ``last``: each user's last is test, the one before validation, with any seed."""
    part = np.full(len(timelines.movie), TRAIN, np.int8)
    part[timelines.offsets[1:] - 1] = TEST
    part[timelines.offsets[1:] - 2] = VALIDATION
    return part


PARTS = {"seed": parts_seed, "last": parts_last}


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="ml-1m")
    parser.add_argument("--protocol", choices=sorted(PARTS), required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    dataset = load(options.dataset)
    timelines = build_timelines(dataset)
    if timelines.lengths.min() < 3:
        parser.error(f"{options.dataset} has users with fewer than 3 ratings, too few for a train, validation and test")
    part = PARTS[options.protocol](timelines, options.seed)
    np.savez(
        options.out,
        user=np.repeat(np.arange(len(timelines.lengths), dtype=np.int32), timelines.lengths),
        movie=timelines.movie,
        rating=timelines.rating,
        part=part,
        users=len(dataset.users),
        movies=len(dataset.movies),
        protocol=options.protocol,
        seed=options.seed,
    )
    print({name: int((part == code).sum()) for name, code in (("train", TRAIN), ("valid", VALIDATION), ("test", TEST))})


if __name__ == "__main__":
    main()
