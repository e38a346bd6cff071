"""The project's own peers under ``visitor``: bias and matrix factorisation with fold-in, on held-out visitors.

    python benchmarks/peers/fold_in.py --seed 0 --part validation
    python benchmarks/peers/fold_in.py --seed 0 --part test

Runs in the project's environment. Settings were chosen on ``validation``; ``test`` is for the figures of the README.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bst.baselines import Known, bias_fold_in
from bst.datasets import load
from bst.factorisation import STRONGEST, Factorisation
from bst.metrics import by_history, rating_errors
from bst.timelines import build_timelines


def main() -> None:
    """Fit on the training users, fold the held-out ones in, and report one JSON object a peer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="ml-1m")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", choices=("validation", "test"), default="validation")
    options = parser.parse_args()
    dataset = load(options.dataset)
    events = build_timelines(dataset)
    users = len(events.lengths)
    order = np.random.default_rng(options.seed).permutation(users)
    tenth, twentieth = users // 10, users // 20
    held = {"test": order[:tenth], "validation": order[tenth : tenth + twentieth]}[options.part]
    owner = np.repeat(np.arange(users), events.lengths)
    learned = np.isin(owner, order[tenth + twentieth :])
    known = Known(owner[learned], events.movie[learned], events.rating[learned], users, len(dataset.movies))
    asked = np.isin(owner, held)
    movie, rating = events.movie[asked], events.rating[asked]
    lengths = events.lengths[np.sort(held)]
    offsets = np.append(0, np.cumsum(lengths))
    history = np.arange(len(movie)) - np.repeat(offsets[:-1], lengths)
    peers = {
        "bias": lambda: bias_fold_in(known, movie, rating, offsets),
        "factorisation": lambda: Factorisation.fit(known).fold_in(movie, rating, offsets),
        "factorisation, uncertain": lambda: Factorisation.fit(known, **STRONGEST).fold_in(movie, rating, offsets),
    }
    for name, peer in peers.items():
        start = time.process_time()
        predicted = peer()
        figures = rating_errors(predicted, rating)
        figures["rounded_mae"] = float(np.abs(np.rint(predicted) - rating).mean())
        said = {"peer": name, "protocol": "visitor", "part": options.part, "seed": options.seed, "labels": len(rating)}
        said |= {"processor_s": round(time.process_time() - start, 1)}
        said |= {key: round(value, 4) for key, value in figures.items()}
        lengths_mae = by_history(np.abs(predicted - rating), history)
        print(json.dumps(said | {"mae_by_history": {key: round(value, 3) for key, value in lengths_mae.items()}}))


if __name__ == "__main__":
    main()
