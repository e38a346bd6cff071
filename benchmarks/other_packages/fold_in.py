"""The project's own baselines under ``visitor``: bias and matrix factorisation with fold-in, on held-out visitors.

    python benchmarks/other_packages/fold_in.py --seed 0 --part validation
    python benchmarks/other_packages/fold_in.py --seed 0 --part test

Runs in the project's environment. Settings were chosen on ``validation``; ``test`` is for the figures of the README.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bst.baselines.bias import bias_fold_in
from bst.baselines.factorisation import Factorisation
from bst.datasets import load
from bst.metrics import by_history, rating_errors
from bst.models.registry import prepare, preset
from bst.timelines.splits import TEST, TRAIN, VALIDATION


def main() -> None:
    """Fit on the training users, fold the held-out ones in, and print one JSON object per baseline."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="ml-1m")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", choices=("validation", "test"), default="validation")
    options = parser.parse_args()
    split = prepare(load(options.dataset), preset("timeline"), "visitor", options.seed)
    labelled = split.role == (TEST if options.part == "test" else VALIDATION)
    # what is reported on test may be learned from the validation users, too
    known = split.known if options.part == "test" else split.ratings(split.role == TRAIN)
    movie, rating, history = split.timelines.movie[labelled], split.timelines.rating[labelled], split.history[labelled]
    offsets = np.append(np.flatnonzero(history == 0), len(history))
    baselines = {
        "bias": lambda: bias_fold_in(known, movie, rating, offsets),
        "factorisation": lambda: Factorisation.fit(known).fold_in(movie, rating, offsets),
        "factorisation, expectation maximisation": lambda: Factorisation.fit_em(known).fold_in(movie, rating, offsets),
    }
    for name, predict in baselines.items():
        start = time.process_time()
        predicted = predict()
        figures = rating_errors(predicted, rating)
        figures["rounded_mae"] = float(np.abs(np.rint(predicted) - rating).mean())
        result = {
            "baseline": name,
            "protocol": "visitor",
            "part": options.part,
            "seed": options.seed,
            "labels": len(rating),
        }
        result |= {"processor_s": round(time.process_time() - start, 1)}
        result |= {key: round(value, 4) for key, value in figures.items()}
        lengths_mae = by_history(np.abs(predicted - rating), history)
        print(json.dumps(result | {"mae_by_history": {key: round(value, 3) for key, value in lengths_mae.items()}}))


if __name__ == "__main__":
    main()
