"""The summary that every training ends with: errors, calibration and ranks, and those of the baselines."""

from typing import Any

import numpy as np

from bst.baselines.bias import BASELINES, bias_fold_in, global_mean, item_mean
from bst.baselines.factorisation import Factorisation
from bst.evaluation.records import EvaluationRecord, Interval, Metrics
from bst.metrics import by_history, paired_bootstrap, rank_figures, rating_errors, rating_figures
from bst.scoring.results import TestPredictions
from bst.timelines.arrays import tie_order_record
from bst.timelines.splits import TEST, EvaluationSplit


def evaluate_predictions(
    split: EvaluationSplit, predictions: TestPredictions, baselines: dict[str, np.ndarray] | None = None
) -> EvaluationRecord:
    """Return the summary of a model's predictions on the test labels of a split.

    ``baselines``: what ``predict_baselines`` returns, where it was called before. A model that predicts distributions
    gets all of ``metrics.rating_figures``, and its improvement over SVD with a 95% interval
    (``metrics.paired_bootstrap``); one that regresses the rating gets MAE and RMSE. The metrics of next-movie
    predictions are over each user's last test label, among the whole catalogue without the movies seen before.
    """
    actual, history = split.timelines.rating[split.test], split.history[split.test]
    levels, distribution, expected = np.array(split.dataset.levels), predictions.distribution, predictions.expected
    metrics: dict[str, Any] = {}
    if distribution is not None:
        metrics |= rating_figures(distribution, levels, actual, history)
    elif expected is not None:
        metrics |= rating_errors(expected, actual)
    popularity, request_known, gaps_unknown, as_visitor = None, None, None, None
    if predictions.ranks is not None:
        metrics |= rank_figures(predictions.ranks)
        popularity = Metrics(rank_figures(_popularity_ranks(split)))
    if predictions.timed_ranks is not None:
        request_known = Metrics(rank_figures(predictions.timed_ranks))
    if predictions.without_gaps is not None:
        gaps_unknown = Metrics.from_json(rating_figures(predictions.without_gaps, levels, actual, history))
    if predictions.as_visitor is not None:
        as_visitor = Metrics(rating_errors(predictions.as_visitor, actual))
    if expected is None:
        baselines = {}
    elif baselines is None:
        baselines = predict_baselines(split, simple=distribution is None)
    return EvaluationRecord(
        labels=len(split.test),
        metrics=Metrics.from_json(metrics),
        baselines={
            name: Metrics(
                rating_errors(stars, actual),
                by_history(np.abs(stars - actual), history) if distribution is not None else {},
            )
            for name, stars in baselines.items()
        },
        popularity=popularity,
        request_known=request_known,
        gaps_unknown=gaps_unknown,
        as_visitor=as_visitor,
        improvement_over_svd=(
            {} if distribution is None or expected is None else _improvement_over_svd(split, expected, baselines)
        ),
        protocol=split.protocol,
        seed=split.seed,
        tie_order=tie_order_record(split.dataset).get("tie_order"),
    )


def _improvement_over_svd(
    split: EvaluationSplit, expected: np.ndarray, baselines: dict[str, np.ndarray]
) -> dict[str, Interval]:
    """Return MAE less that of the first SVD baseline for all labels and by exact history length."""
    actual, history, user = (of[split.test] for of in (split.timelines.rating, split.history, split.user))
    error = np.abs(expected - actual)
    svd = np.abs(next(stars for name, stars in baselines.items() if name.startswith("svd")) - actual)
    lengths = {"all": np.ones(len(history), bool)}
    lengths |= {length: history == int(length) for length in by_history(error, history)}
    return {
        length: Interval(float((error - svd)[where].mean()), *paired_bootstrap(error[where], svd[where], user[where]))
        for length, where in lengths.items()
    }


def _popularity_ranks(split: EvaluationSplit) -> np.ndarray:
    count = np.bincount(split.known.movie, minlength=len(split.dataset.movies))
    labels = split.last_labels(TEST)
    return split.ranks(labels, np.broadcast_to(count, (len(labels), len(count))))


def predict_baselines(split: EvaluationSplit, *, simple: bool = False) -> dict[str, np.ndarray]:
    """Predict the test labels by each baseline: (labels,) stars. Users who are held out are folded in.

    ``simple``: only those that need no matrix factorisation, which takes longest.
    """
    known, events, at = split.known, split.timelines, split.test
    user, movie = split.user[at], events.movie[at]
    if not split.holds_out_users:
        predictions = {name: baseline(known, user, movie) for name, baseline in BASELINES.items()}
        return predictions if simple else predictions | {"svd": Factorisation.fit(known).predict(user, movie)}
    # all events of a test user are labels, so the labels are whole timelines
    lengths = events.lengths[np.unique(user)]
    ratings = movie, events.rating[at], np.append(0, np.cumsum(lengths))
    return {
        "global_mean": global_mean(known, user, movie),
        "item_mean": item_mean(known, user, movie),
        "bias": bias_fold_in(known, *ratings),
        "svd_fold_in": Factorisation.fit(known).fold_in(*ratings),
        "svd_em_fold_in": Factorisation.fit_em(known).fold_in(*ratings),
    }


def predict_quick_baselines(split: EvaluationSplit) -> dict[str, np.ndarray]:
    """Predict the test labels by item means and user + item bias, which take no time: (labels,) stars each."""
    known, events, at = split.known, split.timelines, split.test
    user, movie = split.user[at], events.movie[at]
    if not split.holds_out_users:
        return {name: BASELINES[name](known, user, movie) for name in ("item_mean", "bias")}
    ends = np.append(0, np.cumsum(events.lengths[np.unique(user)]))
    return {
        "item_mean": item_mean(known, user, movie),
        "bias": bias_fold_in(known, movie, events.rating[at], ends),
    }
