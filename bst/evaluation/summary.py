"""The figures that every training ends with: errors, calibration, ranks, beside the peers on the same labels."""

import numpy as np

from bst.baselines.bias import BASELINES, bias_fold_in, global_mean, item_mean
from bst.baselines.factorisation import Factorisation
from bst.metrics import by_history, paired_bootstrap, rank_figures, rating_errors, rating_figures
from bst.scoring.results import TestPredictions
from bst.timelines.splits import TEST, EvaluationSplit


def evaluate_predictions(
    split: EvaluationSplit, predicted: TestPredictions, baselines: dict[str, np.ndarray] | None = None
) -> dict:
    """Measure predictions of a split's test labels.

    Returns ``labels``; ``metrics``: ``mae``, ``rmse`` (of the mean), ``median_mae``, ``nll``, ``ece`` (of the
    probability of 4 stars or more), ``mae_by_history``, ``ndcg@10`` and ``hr@10`` (each user's last test label, whole
    catalogue, seen movies excluded); ``gaps_unknown``: the rating figures with all time gaps unknown, as in the app;
    ``as_visitor``: the errors with all user ids unknown; ``peers``: ``mae``, ``rmse``, ``mae_by_history`` of each
    baseline; ``popularity``: the rank figures of naming what most watched; ``ahead_of_svd``: by history length, and for
    all, the difference of MAE to SVD (negative: the model is better) as ``[difference, low, high]`` with a 95% interval
    (``metrics.paired_bootstrap``). What does not apply is left out. ``baselines``: what ``predict_baselines`` returns,
    where it was called before.
    """
    result: dict = {"labels": len(split.test), "metrics": {}}
    actual, history = split.timelines.rating[split.test], split.history[split.test]
    levels = np.array(split.dataset.levels)
    if predicted.distribution is not None:
        result["metrics"] |= rating_figures(predicted.distribution, levels, actual, history)
    elif predicted.expected is not None:
        result["metrics"] |= rating_errors(predicted.expected, actual)
    if predicted.ranks is not None:
        result["metrics"] |= rank_figures(predicted.ranks)
        result["popularity"] = rank_figures(_popularity_ranks(split))
    if predicted.expected is None:
        return result
    if predicted.as_visitor is not None:
        result["as_visitor"] = rating_errors(predicted.as_visitor, actual)
    if predicted.without_gaps is not None:
        result["gaps_unknown"] = rating_figures(predicted.without_gaps, levels, actual, history)
    if baselines is None:
        baselines = predict_baselines(split, simple=predicted.distribution is None)
    result["peers"] = {name: rating_errors(stars, actual) for name, stars in baselines.items()}
    if predicted.distribution is None:
        return result
    for name, stars in baselines.items():
        result["peers"][name]["mae_by_history"] = by_history(np.abs(stars - actual), history)
    ours = np.abs(predicted.expected - actual)
    theirs = np.abs(next(stars for name, stars in baselines.items() if name.startswith("svd")) - actual)
    lengths = {"all": np.ones(len(history), bool)}
    lengths |= {length: history == int(length) for length in result["metrics"]["mae_by_history"]}
    result["ahead_of_svd"] = {
        length: [
            float((ours - theirs)[which].mean()),
            *paired_bootstrap(ours[which], theirs[which], split.user[split.test][which]),
        ]
        for length, which in lengths.items()
    }
    return result


def _popularity_ranks(split: EvaluationSplit) -> np.ndarray:
    count = np.bincount(split.known.movie, minlength=len(split.dataset.movies))
    labels = split.last_labels(TEST)
    return split.ranks(labels, np.broadcast_to(count, (len(labels), len(count))))


def predict_baselines(split: EvaluationSplit, *, simple: bool = False) -> dict[str, np.ndarray]:
    """Predict the test labels by each baseline: (labels,) stars. Where users are held out, baselines fold them in.

    ``simple``: only those that need no matrix factorisation, which takes longest.
    """
    known, events, at = split.known, split.timelines, split.test
    user, movie = split.user[at], events.movie[at]
    if split.protocol != "visitor":
        found = {name: baseline(known, user, movie) for name, baseline in BASELINES.items()}
        return found if simple else found | {"svd": Factorisation.fit(known).predict(user, movie)}
    # test users are whole timelines, so their places are whole stretches
    lengths = events.lengths[np.unique(user)]
    ratings = movie, events.rating[at], np.append(0, np.cumsum(lengths))
    found = {"global_mean": global_mean(known, user, movie), "item_mean": item_mean(known, user, movie)}
    found["bias"] = bias_fold_in(known, *ratings)
    found["svd_fold_in"] = Factorisation.fit(known).fold_in(*ratings)
    found["svd_em_fold_in"] = Factorisation.fit_em(known).fold_in(*ratings)
    return found
