"""Item-item ridge under ``visitor``: each movie's residual predicted from the residuals of all earlier ratings.

    python benchmarks/other_packages/item_ridge.py /tmp/visitor-0.npz --out /tmp/item-ridge-0.npz

The closed form of EASE (Steck 2019, arXiv 1905.03375), for ratings that are mostly missing: the covariance of two
movies' residuals comes from the users who rated both, shrunk by ``--shrinkage`` co-ratings, and the ridge regression is
solved for the movies that a user has rated so far. It is then a Gaussian process over movies, and row t of one Cholesky
factor per user holds the regression of their t-th rating on the ones before it. A user's own bias is the variance
``--bias`` that all pairs have in common. Fitted on the training users' ratings alone. Needs NumPy and SciPy.
"""

import numpy as np
from common import TRAIN, Labels, Stopwatch, keep_predictions, parser, report
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_matrix


def covariance(labels: Labels, residual: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return Σ r_i r_j / (n_ij + shrinkage) over the users who rated both movies: (movies, movies)."""
    train = labels.part == TRAIN
    at, shape = (labels.user[train], labels.movie[train]), (labels.users, labels.movies)
    values, rated = csr_matrix((residual[train], at), shape), csr_matrix((np.ones(train.sum()), at), shape)
    return (values.T @ values).toarray() / ((rated.T @ rated).toarray() + shrinkage)


def definite(matrix: np.ndarray, components: int) -> np.ndarray:
    """Return its nearest matrix without negative eigenvalues, of its ``components`` largest ones."""
    value, vector = np.linalg.eigh(matrix)
    value, vector = np.maximum(value[-components:], 0), vector[:, -components:]
    return (vector * value) @ vector.T


def main() -> None:
    """Fit, predict and report."""
    command = parser(__doc__, keeps=True)
    command.add_argument("--shrinkage", type=float, default=400.0, help="co-ratings that a covariance is shrunk by")
    command.add_argument("--components", type=int, default=60)
    command.add_argument("--noise", type=float, default=0.5, help="variance of a rating, in squared stars")
    command.add_argument("--bias", type=float, default=0.05, help="variance that all movies have in common")
    options = command.parse_args()
    labels, watch = Labels.read(options.labels, "visitor"), Stopwatch()
    residual, mean = labels.residuals()
    common = covariance(labels, residual, options.shrinkage)
    np.fill_diagonal(common, 0)  # of a movie with itself: the user's own noise is in it
    movies = definite(common, options.components) + options.bias
    fitted = watch.seconds()
    stars, offsets = np.zeros(len(labels.user)), labels.offsets
    for user in np.unique(labels.user[labels.part != TRAIN]):
        at = slice(offsets[user], offsets[user + 1])
        movie = labels.movie[at]
        lower = cholesky(movies[np.ix_(movie, movie)] + options.noise * np.eye(len(movie)), lower=True)
        innovation = solve_triangular(lower, residual[at], lower=True)
        stars[at] = mean[movie] + lower @ innovation - np.diag(lower) * innovation
    seconds = {"fit_s": fitted, "predict_s": round(watch.seconds() - fitted, 1)}
    settings = {name: getattr(options, name) for name in ("shrinkage", "components", "noise", "bias")}
    report(
        "item ridge",
        labels,
        int((labels.part != TRAIN).sum()),
        seconds,
        keep_predictions(options.out, labels, stars),
        **settings,
    )


if __name__ == "__main__":
    main()
