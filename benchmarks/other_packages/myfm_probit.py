"""myFM under ``windows``: a Bayesian factorisation machine with an ordered probit, by Gibbs sampling.

    python benchmarks/other_packages/myfm_probit.py /tmp/windows-0.npz --rank 10 --iterations 300

Its input is one-hot user and movie. It is trained on all ratings but the test labels, so it knows what each user rated
after the label, which our models do not. It gives a distribution over stars, so mean, median and
likelihood are reported.
"""

import numpy as np
from common import TEST, TRAIN, VALIDATION, Labels, Stopwatch, parser, rating_figures, report
from myfm import MyFMOrderedProbit
from scipy.sparse import csr_matrix


def one_hot(labels: Labels, user: np.ndarray, movie: np.ndarray) -> csr_matrix:
    """Rows with a 1 for the user and a 1 for the movie: (events, users + movies)."""
    columns = np.stack([user, movie + labels.users], axis=1).ravel()
    starts = np.arange(0, 2 * len(user) + 1, 2)
    return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(user), labels.users + labels.movies))


def main() -> None:
    """Fit, predict and report."""
    command = parser(__doc__)
    command.add_argument("--rank", type=int, default=10)
    command.add_argument("--iterations", type=int, default=300)
    command.add_argument("--burn-in", type=int, default=50, help="samples at the start that are not kept")
    options = command.parse_args()
    labels, watch = Labels.read(options.labels, "windows"), Stopwatch()
    user, movie, rating = labels.of(TRAIN, VALIDATION)
    model = MyFMOrderedProbit(rank=options.rank, random_seed=labels.seed).fit(
        one_hot(labels, user, movie),
        rating.astype(np.int64) - 1,
        n_iter=options.iterations,
        n_kept_samples=options.iterations - options.burn_in,
        group_shapes=[labels.users, labels.movies],
    )
    fitted = watch.seconds()
    user, movie, rating = labels.of(TEST)
    distribution = model.predict_proba(one_hot(labels, user, movie))
    stars = np.arange(1, 6)
    given = distribution[np.arange(len(rating)), rating.astype(np.int64) - 1]
    median = stars[(np.cumsum(distribution, axis=1) >= 0.5 - 1e-7).argmax(axis=1)]
    figures = rating_figures(distribution @ stars, rating) | {
        "median_mae": float(np.abs(median - rating).mean()),
        "nll": float(-np.log(np.maximum(given, 1e-12)).mean()),
    }
    seconds = {"fit_s": fitted, "predict_s": round(watch.seconds() - fitted, 1)}
    result = {"rank": options.rank, "iterations": options.iterations, "burn_in": options.burn_in}
    report("myFM ordered probit", labels, len(rating), seconds, figures, **result)


if __name__ == "__main__":
    main()
