"""Write one protocol's labels to a file, so that a package in an environment of its own is measured on exactly ours.

    python benchmarks/other_packages/labels.py --protocol windows --seed 0 --out /tmp/windows-0.npz
    python benchmarks/other_packages/labels.py --protocol visitor --seed 0 --out /tmp/visitor-0.npz
    python benchmarks/other_packages/labels.py --protocol last --out /tmp/last.npz

Runs in the project's environment. What the file holds is in ``common.Labels``. These are the dataset's rows, so the
dataset's licence is theirs: do not commit or share them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bst.datasets import load
from bst.domain import DEMOGRAPHICS
from bst.models.registry import prepare, preset
from bst.schema import item_features
from bst.timelines.splits import PROTOCOLS, TEST, TRAIN, VALIDATION


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="ml-1m")
    parser.add_argument("--protocol", choices=PROTOCOLS, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    dataset = load(options.dataset)
    split = prepare(dataset, preset("timeline"), options.protocol, options.seed)
    np.savez(
        options.out,
        user=split.user.astype(np.int32),
        movie=split.timelines.movie,
        rating=split.timelines.rating,
        timestamp=split.timelines.timestamp,
        part=split.role,
        users=len(dataset.users),
        movies=len(dataset.movies),
        demographics=np.stack([dataset.users[name].cat.codes for name in DEMOGRAPHICS], axis=1).astype(np.int32),
        item_features=item_features(dataset.movies),
        protocol=options.protocol,
        seed=options.seed,
    )
    names = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}
    print({name: int((split.role == role).sum()) for role, name in names.items()})


if __name__ == "__main__":
    main()
