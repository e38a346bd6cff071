"""The figures that every training ends with: errors, calibration, ranks, beside the peers on the same labels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bst.baselines.bias import BASELINES, bias_fold_in, global_mean, item_mean
from bst.baselines.factorisation import EM_SETTINGS, Factorisation
from bst.metrics import by_history, ece, hit_rate, median, ndcg, nll, paired_bootstrap, rating_errors
from bst.timelines.arrays import Windows
from bst.timelines.splits import TEST, EvaluationSplit

LIKED = 4.0  # stars from which on a movie counts as liked
K = 10

Predict = Callable[[Windows], np.ndarray]


def evaluate(
    split: EvaluationSplit, predict: Predict, levels: tuple[float, ...], as_visitor: Predict | None = None
) -> dict:
    """Measure a model that reads windows on a task's test labels.

    ``predict`` maps windows to (windows,) stars; what lies outside the rating levels is clipped, as the app does.
    ``as_visitor`` does the same with the user ids hidden, for a model that reads them.

    Returns ``labels`` (how many), ``metrics`` (``mae``, ``rmse`` of the model), ``as_visitor`` (the same without user
    ids, if asked for) and ``baselines`` (the same of each peer, all of which know the user).
    """
    test = split.windows.test
    actual = split.timelines.rating[test.target]
    known, movie = split.known, split.timelines.movie[test.target]

    def errors(of: Predict) -> dict[str, float]:
        return rating_errors(np.clip(of(test), levels[0], levels[-1]), actual)

    result = {"labels": len(test), "metrics": errors(predict)}
    if as_visitor:
        result["as_visitor"] = errors(as_visitor)
    result["peers"] = {name: rating_errors(peer(known, test.user, movie), actual) for name, peer in BASELINES.items()}
    return result


@dataclass(frozen=True)
class TestPredictions:
    """What a timeline model says of a task's test labels, in timeline order.

    ``distribution`` (labels, levels), and ``without_gaps`` the same with all time gaps unknown; None without a rating
    tower. ``places`` int (users,): where the movie of each user's last test label stands among all movies that the
    user had not seen, 1 for the most likely; None without a next tower.
    """

    distribution: np.ndarray | None = None
    without_gaps: np.ndarray | None = None
    places: np.ndarray | None = None


def evaluate_predictions(
    split: EvaluationSplit, predicted: TestPredictions, baselines: dict[str, np.ndarray] | None = None
) -> dict:
    """Measure a timeline model on a task's test labels.

    Returns ``labels``; ``metrics``: ``mae``, ``rmse`` (of the mean), ``median_mae``, ``nll``, ``ece`` (of the
    probability of 4 stars or more), ``mae_by_history``, ``ndcg@10`` and ``hr@10`` (each user's last test label, whole
    catalogue, seen movies excluded); ``gaps_unknown``: the rating figures with all time gaps unknown, as in the app;
    ``baselines``: ``mae``, ``rmse``, ``mae_by_history`` of each; ``popularity``: the rank figures of naming what most
    watched; ``ahead_of_svd``: by history length, and for all, the difference of MAE to SVD (negative: the model is
    better) as ``[difference, low, high]`` with a 95 % interval (``metrics.paired_bootstrap``). What does not apply is
    left out. ``baselines``: what ``predict_baselines`` returns, where it was called before.
    """
    result: dict = {"labels": len(split.test), "metrics": {}}
    if predicted.distribution is not None:
        result["metrics"] |= rating_figures(split, predicted.distribution)
    if predicted.places is not None:
        result["metrics"] |= _rank_figures(predicted.places)
        result["popularity"] = _rank_figures(_popularity_places(split))
    if predicted.distribution is None:
        return result
    if predicted.without_gaps is not None:
        result["gaps_unknown"] = rating_figures(split, predicted.without_gaps)
    actual, history = split.timelines.rating[split.test], split.history[split.test]
    baselines = predict_baselines(split) if baselines is None else baselines
    result["peers"] = {
        name: rating_errors(stars, actual) | {"mae_by_history": by_history(np.abs(stars - actual), history)}
        for name, stars in baselines.items()
    }
    ours = np.abs(predicted.distribution @ np.array(split.dataset.levels) - actual)
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


def rating_figures(split: EvaluationSplit, distribution: np.ndarray, role: int = TEST) -> dict:
    """Return the rating figures of predicted distributions (labels, levels) on the labels of a role."""
    at = np.flatnonzero(split.role == role)
    levels = np.array(split.dataset.levels)
    actual = split.timelines.rating[at]
    expected = distribution @ levels
    return rating_errors(expected, actual) | {
        "median_mae": float(np.abs(median(distribution, levels) - actual).mean()),
        "nll": nll(distribution, np.searchsorted(levels, actual)),
        "ece": ece(distribution[:, levels >= LIKED].sum(axis=1), actual >= LIKED),
        "mae_by_history": by_history(np.abs(expected - actual), split.history[at]),
    }


def _rank_figures(places: np.ndarray) -> dict[str, float]:
    return {f"ndcg@{K}": ndcg(places, K), f"hr@{K}": hit_rate(places, K)}


def _popularity_places(split: EvaluationSplit) -> np.ndarray:
    count = np.bincount(split.known.movie, minlength=len(split.dataset.movies))
    labels = split.last_labels(TEST)
    return places(split, labels, np.broadcast_to(count, (len(labels), len(count))))


def places(split: EvaluationSplit, labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return where labelled movies stand among all movies that their user had not seen before: (labels,) int64.

    ``labels``: places in the timelines; ``scores`` (labels, movies), higher is more likely. 1 for the top; whatever
    scores the same as the labelled movie stands behind it by half.
    """
    events, place = split.timelines, np.empty(len(labels), np.int64)
    for i, at in enumerate(labels):
        unseen = np.ones(scores.shape[1], bool)
        unseen[events.movie[events.offsets[split.user[at]] : at]] = False
        unseen[events.movie[at]] = True
        mine, rest = scores[i, events.movie[at]], scores[i, unseen]
        place[i] = 1 + (rest > mine).sum() + ((rest == mine).sum() - 1) // 2
    return place


def predict_baselines(split: EvaluationSplit) -> dict[str, np.ndarray]:
    """Predict the test labels by each peer: (labels,) stars. Where users are held out, peers fold them in."""
    known, events, at = split.known, split.timelines, split.test
    user, movie = split.user[at], events.movie[at]
    if split.protocol != "visitor":
        found = {name: peer(known, user, movie) for name, peer in BASELINES.items()}
        return found | {"svd": Factorisation.fit(known).predict(user, movie)}
    # test users are whole timelines, so their places are whole stretches
    lengths = events.lengths[np.unique(user)]
    ratings = movie, events.rating[at], np.append(0, np.cumsum(lengths))
    found = {"global_mean": global_mean(known, user, movie), "item_mean": item_mean(known, user, movie)}
    found["bias"] = bias_fold_in(known, *ratings)
    found["svd_fold_in"] = Factorisation.fit(known).fold_in(*ratings)
    found["svd_em_fold_in"] = Factorisation.fit(known, **EM_SETTINGS).fold_in(*ratings)
    return found
