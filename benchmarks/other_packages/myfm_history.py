"""myFM under ``visitor``: a Bayesian factorisation machine, ordered probit, that knows a user by the earlier ratings.

    python benchmarks/other_packages/myfm_history.py /tmp/visitor-0.npz --out /tmp/myfm-0.npz

Columns instead of a user id, as in SVD++ (Koren, KDD 2008): which movies were rated before, their residuals, both over
√n, sex, age group, occupation and the number of events; and of the label the movie,
its genres and its decade. So that events share columns, a history is read as it was at its latest snapshot: after 0 … 8
events, then each time that it has grown by half in training, by a tenth in prediction. ``--labels`` of the training
labels, drawn at random, are fitted. Stars are the means of the predicted distribution.
"""

import numpy as np
from common import TRAIN, Labels, Stopwatch, keep_predictions, parser, report
from myfm import MyFMOrderedProbit, RelationBlock
from scipy.sparse import csr_matrix, hstack

EXACT = 8  # histories up to this length are read exactly
COUNTS = 16  # columns of the number of events, in halves of powers of two


def snapshots(longest: int, growth: float) -> np.ndarray:
    """Return the lengths at which a history is read, ascending."""
    lengths = list(range(EXACT + 1))
    while lengths[-1] < longest:
        lengths.append(max(lengths[-1] + 1, int(lengths[-1] * growth)))
    return np.array(lengths)


def history_block(labels: Labels, residual: np.ndarray, events: np.ndarray, growth: float) -> RelationBlock:
    """Return the columns of the histories before ``events``, indices into the labels: one row for each snapshot."""
    lengths, offsets, history = snapshots(int(labels.history.max()), growth), labels.offsets, labels.history
    user, length = labels.user[events], lengths[np.searchsorted(lengths, history[events], side="right") - 1]
    pairs, row_of = np.unique(np.stack([user, length], axis=1), axis=0, return_inverse=True)
    rows = np.repeat(np.arange(len(pairs)), pairs[:, 1])
    at = np.concatenate([np.arange(offsets[u], offsets[u] + n) for u, n in pairs])
    weight, shape = 1 / np.sqrt(pairs[rows, 1]), (len(pairs), labels.movies)
    rated = csr_matrix((weight, (rows, labels.movie[at])), shape)
    liked = csr_matrix((weight * residual[at], (rows, labels.movie[at])), shape)
    known = [np.eye(values.max() + 1)[values[pairs[:, 0]]] for values in labels.demographics.T]
    count = np.eye(COUNTS)[np.minimum((2 * np.log2(1 + pairs[:, 1])).astype(int), COUNTS - 1)]
    columns = hstack([rated, liked, *(csr_matrix(part) for part in (*known, count))]).tocsr()
    return RelationBlock(row_of.ravel(), columns)


def label_columns(labels: Labels, events: np.ndarray) -> csr_matrix:
    """Return the movie, its genres and its decade of each label."""
    movie = labels.movie[events]
    one_hot = csr_matrix((np.ones(len(events)), (np.arange(len(events)), movie)), (len(events), labels.movies))
    return hstack([one_hot, csr_matrix(labels.item_features.astype(np.float64)[movie])]).tocsr()


def main() -> None:
    """Fit, predict and report."""
    command = parser(__doc__, keeps=True)
    command.add_argument("--rank", type=int, default=10)
    command.add_argument("--iterations", type=int, default=150)
    command.add_argument("--burn-in", type=int, default=50, help="samples at the start that are not kept")
    command.add_argument("--labels", dest="count", type=int, default=300_000)
    options = command.parse_args()
    labels, watch = Labels.read(options.labels, "visitor"), Stopwatch()
    residual, _ = labels.residuals()
    rng, train = np.random.default_rng(labels.seed), np.flatnonzero(labels.part == TRAIN)
    events = np.sort(rng.choice(train, min(options.count, len(train)), replace=False))
    demographics = [int(values.max()) + 1 for values in labels.demographics.T]
    groups = [labels.movies, labels.item_features.shape[1], labels.movies, labels.movies, *demographics, COUNTS]
    model = MyFMOrderedProbit(rank=options.rank, random_seed=labels.seed).fit(
        label_columns(labels, events),
        labels.rating[events].astype(np.int64) - 1,
        X_rel=[history_block(labels, residual, events, 1.5)],
        n_iter=options.iterations,
        n_kept_samples=options.iterations - options.burn_in,
        group_shapes=groups,
    )
    fitted = watch.seconds()
    held_out = np.flatnonzero(labels.part != TRAIN)
    block = history_block(labels, residual, held_out, 1.1)
    distribution = model.predict_proba(label_columns(labels, held_out), [block])
    stars = np.zeros(len(labels.user))
    stars[held_out] = distribution @ np.arange(1, 6)
    seconds = {"fit_s": fitted, "predict_s": round(watch.seconds() - fitted, 1)}
    settings = {"rank": options.rank, "iterations": options.iterations, "burn_in": options.burn_in}
    settings |= {"training_labels": len(events)}
    figures = keep_predictions(options.out, labels, stars)
    report("myFM ordered probit on histories", labels, len(held_out), seconds, figures, **settings)


if __name__ == "__main__":
    main()
