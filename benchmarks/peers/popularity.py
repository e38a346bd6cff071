"""Popularity under ``last``: the movies rated most often, without those that the user has rated.

python benchmarks/peers/popularity.py /tmp/last.npz
"""

import numpy as np
from common import TEST, TRAIN, VALIDATION, Labels, Stopwatch, parser, ranking_figures, report


def main() -> None:
    """Rank and report."""
    options = parser(__doc__).parse_args()
    labels, watch = Labels.read(options.labels, "last"), Stopwatch()
    user, movie, _ = labels.of(TRAIN, VALIDATION)
    asked_user, asked_movie, _ = labels.of(TEST)
    # one number a movie; of two that are equally popular, the one first in the file stands first
    position = np.empty(labels.movies, np.int64)
    position[np.argsort(-np.bincount(movie, minlength=labels.movies), kind="stable")] = np.arange(labels.movies)
    target = np.empty(labels.users, np.int64)
    target[asked_user] = position[asked_movie]
    seen_above = np.bincount(user, position[movie] < target[user], labels.users)
    place = target[asked_user] + 1 - seen_above[asked_user].astype(np.int64)
    report("popularity", labels, len(place), {"seconds": watch.seconds()}, ranking_figures(place))


if __name__ == "__main__":
    main()
