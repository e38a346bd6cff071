"""Sanity of a model: does the expected rating of a movie rise when its near neighbours in the history are rated higher?

    python benchmarks/neighbours.py --bundle ml-1m

Takes test visitors of the bundle's ``visitor`` split. Neighbours are computed without the model: two movies are similar
when the training users who rated both agree (cosine of the residuals rating − movie mean, shrunk by n / (n + 50) with n
raters in common). For one candidate per visitor, the three nearest movies in the history are set to 5 stars,
then to 1 star; the same is done with the three least similar movies. Prints the share of visitors for whom the raised
history gives the higher expected rating, and the mean difference in stars.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bst.datasets import load
from bst.inference.recommender import Recommender
from bst.models.registry import prepare
from bst.schema import Event, Visitor
from bst.timelines.splits import TEST, TRAIN

SHRINKAGE = 50


def similarity(split) -> np.ndarray:
    """Return how similarly the training users rate any two movies: (movies, movies), −1 … 1."""
    known = split.ratings(split.role == TRAIN)
    rated = np.zeros((known.users, known.movies), np.float32)
    rated[known.user, known.movie] = 1
    total = np.bincount(known.movie, known.rating, known.movies)
    mean = total / np.maximum(np.bincount(known.movie, minlength=known.movies), 1)
    rest = np.zeros_like(rated)
    rest[known.user, known.movie] = known.rating - mean[known.movie]
    common = rated.T @ rated
    norm = np.sqrt((rest**2).T @ rated)
    return (rest.T @ rest) / np.maximum(norm * norm.T, 1e-6) * common / (common + SHRINKAGE)


def main() -> None:
    """Ask, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="ml-1m")
    parser.add_argument("--visitors", type=int, default=300)
    parser.add_argument("--events", type=int, default=20, help="newest events of each visitor that are the history")
    options = parser.parse_args()

    from bst.bundles.bundle import open_bundle

    bundle = open_bundle(options.bundle)
    dataset = load(bundle.dataset)
    split = prepare(dataset, bundle.config, "visitor", bundle.seed)
    recommender = Recommender.load(bundle, dataset)
    similar, ids = similarity(split), dataset.movies["movie_id"].to_numpy()
    rng = np.random.default_rng(0)
    users = rng.permutation(np.unique(split.user[split.role == TEST]))
    moved = {"nearest": [], "farthest": []}
    for user in users[: options.visitors]:
        first, end = split.timelines.offsets[user : user + 2]
        movie, rating = split.timelines.movie[first:end], split.timelines.rating[first:end]
        # the newest event is the candidate, those before it the history
        history, stars, candidate = movie[-options.events - 1 : -1], rating[-options.events - 1 : -1], movie[-1]
        order = np.argsort(-similar[candidate, history])
        for name, which in (("nearest", order[:3]), ("farthest", order[-3:])):
            expected = []
            for level in (bundle.levels[-1], bundle.levels[0]):
                changed = stars.copy()
                changed[which] = level
                events = tuple(Event(int(ids[m]), float(r)) for m, r in zip(history, changed, strict=True))
                expected.append(recommender.expected_ratings(Visitor(history=events), [int(ids[candidate])])[0])
            moved[name].append(expected[0] - expected[1])
    summary = {"bundle": bundle.name, "visitors": len(moved["nearest"]), "events": options.events}
    for name, differences in moved.items():
        summary[name] = {
            "share_higher": float(np.mean(np.array(differences) > 0)),
            "mean_stars": float(np.mean(differences)),
        }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
