"""The full evaluation of a bundle, on labels that it was never trained on.

``measure`` loads and evaluates the model, ``keep`` writes the result, ``read`` opens it again without TensorFlow.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.errors import BundleError, ConfigError
from bst.evaluation import lists, user_results
from bst.evaluation.calibration import calibration, rating_shares
from bst.evaluation.history_length import by_history, known_after
from bst.evaluation.predictions import TestLabels, baseline_comparisons, error_bounds, metric_bounds
from bst.evaluation.records import VERSION, EvaluationRecord, RatingEvaluation
from bst.evaluation.slices import fairness, slices
from bst.evaluation.summary import evaluate_predictions, predict_baselines, predict_quick_baselines
from bst.evaluation.user_errors import user_errors, with_listed_likes
from bst.evaluation.user_results import UserResults
from bst.evaluation.worst_errors import worst_errors
from bst.inference.recommender import Recommender
from bst.models.registry import family_of, prepare
from bst.schema import Dataset
from bst.scoring.results import TestPredictions
from bst.timelines.splits import TEST, EvaluationSplit

NAME = "evaluation"
OnProgress = Callable[[float, str], None]


@dataclass(frozen=True)
class Evaluation:
    """The result of ``measure``: aggregates, and what is about single users; see ``user_results``."""

    record: EvaluationRecord
    users: UserResults | None


def own_split(bundle: Bundle, dataset: Dataset, source: str | None = None) -> EvaluationSplit:
    """Return the labels that a bundle was never trained on: those of its own protocol and seed.

    Raises ``ConfigError`` if the ratings are not those that it was split by, ``BundleError`` for other movies.
    """
    bundle.check_movies(dataset.movies)
    split = prepare(dataset, bundle.config, bundle.protocol, bundle.seed, bundle.share)
    if (len(dataset.users), len(split.test)) != (bundle.sizes.users, bundle.metrics.get("labels")):
        raise ConfigError(
            f"the ratings of {source or dataset.name} are not those that bundle {bundle.name} was trained on, so "
            f"it is unknown which of them it has seen; evaluate it on its own dataset, {bundle.dataset}"
        )
    return split


def measure(bundle: Bundle, split: EvaluationSplit, on_progress: OnProgress = lambda share, text: None) -> Evaluation:
    """Evaluate a bundle on the test labels of its own split (``own_split``).

    ``on_progress`` gets the share that is done and what comes next, in words; to stop, it may raise an error of its
    own. Raises ``ConfigError`` for a model that predicts neither ratings nor the next movie.
    """
    if not {"rating", "next"} & set(bundle.config.tasks):
        raise ConfigError(
            f"bundle {bundle.name} has a like tower alone, and lists are made by models that predict ratings, too; "
            "train --tower rating --tower like, or all towers"
        )
    began = time.monotonic()
    on_progress(0.02, "loading the model")
    model = bundle.load_model(split.dataset.movies)
    on_progress(0.08, f"predicting {len(split.test):,} test ratings")
    predictions = family_of(bundle.config).predict_test(
        model, split, lambda share, message: on_progress(0.08 + 0.22 * share, message)
    )
    labels = None
    if predictions.expected is not None:
        on_progress(0.3, "predicting them with the baselines")
        labels = TestLabels(split, predictions.expected, predictions.distribution, predict_baselines(split))
    record = evaluate_predictions(split, predictions, labels.baselines if labels else None)
    recommender = Recommender.load(bundle, split.dataset) if bundle.recommends else None
    ranked = _lists(recommender, bundle, split, predictions, on_progress)
    on_progress(0.8, "computing intervals and groups")
    if labels:
        record = _with_ratings(record, labels)
    record = replace(
        record,
        protocol=bundle.stored_protocol or bundle.protocol,
        users=len(np.unique(split.user[split.test])),
        ranking=lists.ranking(split, *ranked),
        made=datetime.now(UTC).strftime("%Y-%m-%d"),
        seconds=round(time.monotonic() - began, 1),
    )
    users = None
    if labels and recommender:
        users = _user_results(labels, recommender, lambda share, message: on_progress(0.9 + 0.1 * share, message))
    on_progress(1.0, "done")
    return Evaluation(record, users)


def measure_users(
    bundle: Bundle, split: EvaluationSplit, on_progress: OnProgress = lambda share, text: None
) -> UserResults:
    """Return what ``measure`` does of single users, and nothing else: several times as fast.

    The baselines are those that take no time, so the best of them is not that of a full evaluation. Raises
    ``ConfigError`` for a model that predicts no ratings.
    """
    if "rating" not in bundle.config.tasks:
        raise ConfigError(f"bundle {bundle.name} predicts no ratings, so there are no errors of users")
    # as long as it takes on an idle processor, TensorFlow included, so that the time left can be estimated
    on_progress(0.35, "loading the model")
    model = bundle.load_model(split.dataset.movies)
    message = f"predicting {len(split.test):,} test ratings"
    on_progress(0.4, message)
    expected = family_of(bundle.config).expected_test(
        model, split, lambda share: on_progress(0.4 + 0.5 * share, message)
    )
    labels = TestLabels(split, expected, baselines=predict_quick_baselines(split))
    recommender = Recommender.load(bundle, split.dataset)
    results = _user_results(labels, recommender, lambda share, message: on_progress(0.9 + 0.1 * share, message))
    on_progress(1.0, "done")
    return results


def _user_results(labels: TestLabels, recommender: Recommender, on_progress: OnProgress) -> UserResults:
    rows = user_errors(labels)
    if labels.split.holds_out_users:
        message = f"making lists for {len(rows):,} users"
        rows = with_listed_likes(rows, recommender, labels.split, lambda share: on_progress(share, message))
    return UserResults(rows, worst_errors(labels))


def _with_ratings(record: EvaluationRecord, labels: TestLabels) -> EvaluationRecord:
    """Add what a full evaluation measures of predicted ratings: intervals, and ``RatingEvaluation``."""
    bins = by_history(labels)
    return replace(
        record,
        metrics=replace(record.metrics, bounds=metric_bounds(labels)),
        baselines={
            name: replace(metrics, bounds=error_bounds(labels, labels.baseline_errors[name]))
            for name, metrics in record.baselines.items()
        },
        rating=RatingEvaluation(
            comparisons=baseline_comparisons(labels),
            by_history=bins,
            known_after=known_after(bins),
            calibration=calibration(labels),
            shares=rating_shares(labels),
            slices=slices(labels),
            fairness=fairness(labels),
        ),
    )


def keep(bundle: Bundle, evaluation: Evaluation) -> str | None:
    """Keep the record with the bundle, and the results of users where ``user_results`` has them.

    Returns a message about what could not be written, None if everything was.
    """
    try:
        sidecars.save(bundle, NAME, evaluation.record.to_dict())
        if evaluation.users is not None:
            user_results.keep(bundle, evaluation.users)
    except BundleError as error:
        return f"not kept: {error}"
    return None


def keep_users(bundle: Bundle, results: UserResults) -> str | None:
    """Keep the results of users alone. Returns a message if they could not be written, None if they were."""
    try:
        user_results.keep(bundle, results)
    except BundleError as error:
        return f"not kept: {error}"
    return None


def read(bundle: Bundle) -> EvaluationRecord | None:
    """Return the record that was kept with a bundle, None if there is none of this version. Quick."""
    return sidecars.read_record(bundle, NAME, VERSION, EvaluationRecord.from_dict)


def summary(bundle: Bundle) -> EvaluationRecord:
    """Return what training measured of a bundle. Raises ``BundleError`` if its ``metrics.json`` is damaged."""
    try:
        return EvaluationRecord.from_dict(bundle.metrics)
    except ValueError as error:
        raise BundleError(f"{bundle.folder / 'metrics.json'}: {error}; get the bundle again") from error


def _lists(
    recommender: Recommender | None,
    bundle: Bundle,
    split: EvaluationSplit,
    predictions: TestPredictions,
    on_progress: OnProgress,
) -> tuple[np.ndarray, dict[str, lists.RankedLists]]:
    """Return the labels that lists were made for, and the lists by order."""
    ranks = predictions.ranks
    if recommender is None:  # of a next tower alone, where there are ratings, only the ranks are known
        assert ranks is not None
        labels = lists.sample(split, len(ranks))
        return labels, {"next": lists.RankedLists(ranks), "popularity": lists.rank_by_popularity(split, labels)}
    labels = lists.sample(split, family_of(bundle.config).evaluation_users)
    message = f"ranking the catalogue for {len(labels):,} users"
    on_progress(0.5, message)
    ranked = lists.rank_catalogue(recommender, split, labels, lambda share: on_progress(0.5 + 0.3 * share, message))
    if ranks is not None:
        # the ranks of all users that the summary has, which treat equal scores in the same way
        sampled = np.isin(split.last_labels(TEST), labels)
        ranked["next"] = lists.RankedLists(ranks[sampled], ranked["next"].lists)
    return labels, ranked | {"popularity": lists.rank_by_popularity(split, labels)}
