"""The summary that every training ends with: errors, calibration and ranks, and those of the baselines."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bst.baselines.bias import BASELINES, bias_fold_in, global_mean, item_mean
from bst.baselines.factorisation import EM_SETTINGS, Factorisation
from bst.evaluation.records import EvaluationRecord, Interval, Metrics
from bst.metrics import (
    LIKED,
    by_history,
    ece,
    hit_rate,
    median,
    ndcg,
    nll,
    paired_bootstrap,
    probability_liked,
    rating_errors,
)
from bst.timelines.arrays import Windows, tie_order_record
from bst.timelines.splits import TEST, EvaluationSplit

K = 10

Predict = Callable[[Windows], np.ndarray]


@dataclass(frozen=True)
class TestPredictions:
    """A model's predictions of the test labels of a split, in timeline order; None for what it does not predict.

    ``distribution`` (labels, levels), and ``without_gaps`` the same with all time gaps unknown; or, of a model that
    regresses the rating, ``stars`` (labels,), and ``as_visitor`` the same without user ids. ``next_ranks`` int
    (users,): the rank of the movie of each user's last test label among all movies that the user had not seen, 1 for
    the most likely.
    """

    distribution: np.ndarray | None = None
    without_gaps: np.ndarray | None = None
    next_ranks: np.ndarray | None = None
    stars: np.ndarray | None = None
    as_visitor: np.ndarray | None = None

    def expected(self, levels: tuple[float, ...]) -> np.ndarray | None:
        """Return the expected rating of each label: (labels,) stars; None for a model that predicts none."""
        return self.stars if self.distribution is None else self.distribution @ np.array(levels)


def evaluate(
    split: EvaluationSplit, predict: Predict, levels: tuple[float, ...], as_visitor: Predict | None = None
) -> EvaluationRecord:
    """Measure a model that reads windows on the test labels of a split, and the bias baselines on the same labels.

    ``predict`` maps windows to (windows,) stars, which are clipped to the rating levels, as in the app. ``as_visitor``
    does the same without user ids, for a model that reads them.
    """
    assert split.windows is not None
    test = split.windows.test
    known, movie = split.known, split.timelines.movie[test.target]

    def clipped(predict: Predict) -> np.ndarray:
        return np.clip(predict(test), levels[0], levels[-1])

    predictions = TestPredictions(stars=clipped(predict), as_visitor=clipped(as_visitor) if as_visitor else None)
    baselines = {name: baseline(known, test.user, movie) for name, baseline in BASELINES.items()}
    return evaluate_predictions(split, predictions, baselines)


def evaluate_predictions(
    split: EvaluationSplit, predictions: TestPredictions, baselines: dict[str, np.ndarray] | None = None
) -> EvaluationRecord:
    """Return the summary of a model's predictions on the test labels of a split.

    ``baselines``: what ``predict_baselines`` returns, where it was called before. A model that predicts distributions
    gets all of ``rating_figures``, and its improvement over SVD with a 95% interval (``metrics.paired_bootstrap``); one
    that regresses the rating gets MAE and RMSE. The metrics of next-movie predictions are over each user's last test
    label, among the whole catalogue without the movies seen before.
    """
    actual, history = split.timelines.rating[split.test], split.history[split.test]
    expected, distribution = predictions.expected(split.dataset.levels), predictions.distribution
    metrics: dict = {}
    if distribution is not None:
        metrics |= rating_figures(split, distribution)
    elif expected is not None:
        metrics |= rating_errors(expected, actual)
    popularity = None
    if predictions.next_ranks is not None:
        metrics |= _rank_metrics(predictions.next_ranks)
        popularity = Metrics(_rank_metrics(_popularity_ranks(split)))
    if expected is None:
        baselines = {}
    elif baselines is None:
        baselines = predict_baselines(split)
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
        gaps_unknown=_optional(predictions.without_gaps, lambda rows: rating_figures(split, rows)),
        as_visitor=_optional(predictions.as_visitor, lambda stars: rating_errors(stars, actual)),
        improvement_over_svd={} if distribution is None else _improvement_over_svd(split, distribution, baselines),
        protocol=split.protocol,
        seed=split.seed,
        tie_order=tie_order_record(split.dataset).get("tie_order"),
    )


def _optional(predictions: np.ndarray | None, measure: Callable[[np.ndarray], dict]) -> Metrics | None:
    return None if predictions is None else Metrics.from_json(measure(predictions))


def _improvement_over_svd(
    split: EvaluationSplit, distribution: np.ndarray, baselines: dict[str, np.ndarray]
) -> dict[str, Interval]:
    """Return MAE less that of the first SVD baseline for all labels and by exact history length."""
    actual, history, user = (of[split.test] for of in (split.timelines.rating, split.history, split.user))
    error = np.abs(distribution @ np.array(split.dataset.levels) - actual)
    svd = np.abs(next(stars for name, stars in baselines.items() if name.startswith("svd")) - actual)
    lengths = {"all": np.ones(len(history), bool)}
    lengths |= {length: history == int(length) for length in by_history(error, history)}
    return {
        length: Interval(float((error - svd)[where].mean()), *paired_bootstrap(error[where], svd[where], user[where]))
        for length, where in lengths.items()
    }


def rating_figures(split: EvaluationSplit, distribution: np.ndarray, role: int = TEST) -> dict:
    """Return the rating figures of predicted distributions (labels, levels) on the labels of a role."""
    at = np.flatnonzero(split.role == role)
    levels = np.array(split.dataset.levels)
    actual = split.timelines.rating[at]
    expected = distribution @ levels
    return rating_errors(expected, actual) | {
        "median_mae": float(np.abs(median(distribution, levels) - actual).mean()),
        "nll": nll(distribution, np.searchsorted(levels, actual)),
        "ece": ece(probability_liked(distribution, levels), actual >= LIKED),
        "mae_by_history": by_history(np.abs(expected - actual), split.history[at]),
    }


def _rank_metrics(places: np.ndarray) -> dict[str, float]:
    return {f"ndcg@{K}": ndcg(places, K), f"hr@{K}": hit_rate(places, K)}


def _popularity_ranks(split: EvaluationSplit) -> np.ndarray:
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
    """Predict the test labels by each baseline: (labels,) stars. Users who are held out are folded in."""
    known, events, at = split.known, split.timelines, split.test
    user, movie = split.user[at], events.movie[at]
    if split.protocol != "visitor":
        predictions = {name: baseline(known, user, movie) for name, baseline in BASELINES.items()}
        return predictions | {"svd": Factorisation.fit(known).predict(user, movie)}
    # all events of a test user are labels, so the labels are whole timelines
    lengths = events.lengths[np.unique(user)]
    ratings = movie, events.rating[at], np.append(0, np.cumsum(lengths))
    return {
        "global_mean": global_mean(known, user, movie),
        "item_mean": item_mean(known, user, movie),
        "bias": bias_fold_in(known, *ratings),
        "svd_fold_in": Factorisation.fit(known).fold_in(*ratings),
        "svd_em_fold_in": Factorisation.fit(known, **EM_SETTINGS).fold_in(*ratings),
    }
