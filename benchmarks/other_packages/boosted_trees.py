"""Gradient-boosted trees under ``visitor``: scikit-learn's, over what the simple models and counts say of each label.

    python benchmarks/other_packages/boosted_trees.py /tmp/visitor-0.npz --out /tmp/trees-0.npz

Columns: the user's mean residual so far (all, the latest 5 and 20, the latest one) and its spread, the movie's mean and
count, the factor model's fold-in with its variance, the residuals of similar movies, the user's mean residual in the
movie's genres, the movie's residual among people of the same sex, age group and occupation, the number of events, the
day and the time since the event before, demographics, genres and decade. All that was fitted on other users is out of
fold for the training users. Runs in the project's environment, whose factor model it uses.
"""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from common import TEST, TRAIN, VALIDATION, Labels, Stopwatch, keep_predictions, parser, report
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingRegressor

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bst.baselines.bias import Interactions
from bst.baselines.factorisation import Factorisation

FOLDS = 4
SHRINKAGE = 100.0  # co-ratings that a similarity is shrunk by
DAY_S = 86_400


def of_others(labels: Labels, learn: np.ndarray, apply: np.ndarray) -> np.ndarray:
    """Return the columns that are fitted on other users' ratings: (events of ``apply``, columns).

    ``learn`` bool (events,), ``apply`` bool (events,): whole users each.
    """
    user, movie, rating = (values[learn] for values in (labels.user, labels.movie, labels.rating))
    known = Interactions(user, movie, rating, labels.users, labels.movies)
    mu, count = rating.mean(dtype=np.float64), np.bincount(movie, minlength=labels.movies)
    mean = mu + np.bincount(movie, rating - mu, labels.movies) / (count + 10)
    lengths = np.bincount(labels.user[apply], minlength=labels.users)
    offsets = np.append(0, np.cumsum(lengths[lengths > 0]))
    m, r = labels.movie[apply], labels.rating[apply]
    prediction, variance = Factorisation.fit_em(known).fold_in_with_variance(m, r, offsets)
    at, shape = (user, movie), (labels.users, labels.movies)
    residuals, rated = csr_matrix((rating - mean[movie], at), shape), csr_matrix((np.ones(len(user)), at), shape)
    similarity = ((residuals.T @ residuals).toarray() / ((rated.T @ rated).toarray() + SHRINKAGE)).astype(np.float32)
    similar = np.empty((2, len(m)))
    for first, end in pairwise(offsets):
        s = np.tril(similarity[np.ix_(m[first:end], m[first:end])], -1)
        similar[0, first:end] = s @ (r - mean[m])[first:end]
        similar[1, first:end] = similar[0, first:end] / (np.abs(s).sum(axis=1) + 0.1)
    columns = [mean[m], np.log1p(count[m]), prediction, prediction - mean[m], variance, *similar]
    for values in labels.demographics.T:
        cell, cells = values[user] * labels.movies + movie, (values.max() + 1) * labels.movies
        total, n = np.bincount(cell, rating - mean[movie], cells), np.bincount(cell, minlength=cells)
        columns.append((total / (n + 20))[values[labels.user[apply]] * labels.movies + m])
    return np.stack(columns, axis=1).astype(np.float32)


def of_history(labels: Labels, mean: np.ndarray) -> np.ndarray:
    """Return the columns of each event that rest on the user's earlier ratings and on the label's movie and time."""
    columns = np.empty((len(labels.user), 10), np.float32)
    genres = labels.item_features[:, :18]
    for first, end in pairwise(labels.offsets):
        at, n = slice(first, end), np.arange(end - first)
        residual = labels.rating[at] - mean[labels.movie[at]]
        total, squares = (np.append(0, np.cumsum(values)) for values in (residual, residual**2))
        latest = [(total[n] - total[np.maximum(n - k, 0)]) / (np.minimum(n, k) + 2) for k in (1, 5, 20)]
        spread = np.sqrt((squares[n] + 5) / (n + 5))
        g = genres[labels.movie[at]]
        per_genre = (np.cumsum(g * residual[:, None], axis=0) - g * residual[:, None]) / (np.cumsum(g, axis=0) - g + 5)
        of_genres = (per_genre * g).sum(axis=1) / np.maximum(g.sum(axis=1), 1)
        time = labels.timestamp[at]
        gap = np.log1p(np.diff(time, prepend=time[:1]))
        days = (time - time[0]) / DAY_S
        columns[at] = np.stack(
            [total[n] / (n + 5), *latest, spread, of_genres, np.log1p(n), gap, days, time / DAY_S], axis=1
        )
    return columns


def main() -> None:
    """Fit, predict and report."""
    command = parser(__doc__, keeps=True)
    command.add_argument("--trees", type=int, default=400)
    command.add_argument("--leaves", type=int, default=63)
    command.add_argument("--rate", type=float, default=0.06)
    options = command.parse_args()
    labels, watch = Labels.read(options.labels, "visitor"), Stopwatch()
    train, held_out = labels.part == TRAIN, np.isin(labels.part, (VALIDATION, TEST))
    _, mean = labels.residuals()
    fold = np.random.default_rng(labels.seed).integers(0, FOLDS, labels.users)[labels.user]
    others = np.empty((len(labels.user), 10), np.float32)
    others[held_out] = of_others(labels, train, held_out)
    for k in range(FOLDS):
        others[train & (fold == k)] = of_others(labels, train & (fold != k), train & (fold == k))
    known = [labels.demographics[labels.user], labels.item_features[labels.movie]]
    columns = np.concatenate([others, of_history(labels, mean), *known], axis=1)
    print(f"columns after {watch.seconds()} s", flush=True)
    # trees add to the factor model's prediction
    base = others[:, 2]
    model = HistGradientBoostingRegressor(
        max_iter=options.trees,
        max_leaf_nodes=options.leaves,
        learning_rate=options.rate,
        min_samples_leaf=200,
        l2_regularization=10,
        early_stopping=False,
        random_state=labels.seed,
    ).fit(columns[train], (labels.rating - base)[train])
    fitted = watch.seconds()
    stars = np.zeros(len(labels.user))
    stars[held_out] = base[held_out] + model.predict(columns[held_out])
    seconds = {"fit_s": fitted, "predict_s": round(watch.seconds() - fitted, 1)}
    settings = {"trees": options.trees, "leaves": options.leaves, "rate": options.rate}
    report(
        "boosted trees", labels, int(held_out.sum()), seconds, keep_predictions(options.out, labels, stars), **settings
    )


if __name__ == "__main__":
    main()
