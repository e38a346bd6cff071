"""Popularity under ``last``: the movies rated most often, without those that the user has rated.

python benchmarks/other_packages/popularity.py /tmp/last.npz
"""

import numpy as np
from common import TEST, TRAIN, VALIDATION, Labels, Stopwatch, parser, ranking_figures, report


def main() -> None:
    """Rank and report."""
    options = parser(__doc__).parse_args()
    labels, watch = Labels.read(options.labels, "last"), Stopwatch()
    user, movie, _ = labels.of(TRAIN, VALIDATION)
    label_user, label_movie, _ = labels.of(TEST)
    # one score per movie; equally popular movies keep the order of the file
    position = np.empty(labels.movies, np.int64)
    position[np.argsort(-np.bincount(movie, minlength=labels.movies), kind="stable")] = np.arange(labels.movies)
    target = np.empty(labels.users, np.int64)
    target[label_user] = position[label_movie]
    seen_above = np.bincount(user, position[movie] < target[user], labels.users)
    rank = target[label_user] + 1 - seen_above[label_user].astype(np.int64)
    report("popularity", labels, len(rank), {"seconds": watch.seconds()}, ranking_figures(rank))


if __name__ == "__main__":
    main()
