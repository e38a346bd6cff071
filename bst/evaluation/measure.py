"""Everything that the Evaluation page shows, worked out of a bundle on labels that it was never trained on.

``measure`` asks the model, ``keep`` keeps what may be kept beside it, ``read`` opens that again without TensorFlow.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.errors import BundleError, ConfigError
from bst.evaluation import lists
from bst.evaluation import private_cache as local
from bst.evaluation.calibration import calibration, star_shares
from bst.evaluation.history_length import by_history, known_after
from bst.evaluation.predictions import Labels, intervals, versus
from bst.evaluation.slices import fairness, slices
from bst.evaluation.summary import TestPredictions, evaluate_predictions, predict_baselines
from bst.evaluation.worst import worst
from bst.metrics import rating_errors
from bst.models.config import TimelineConfig
from bst.schema import Dataset
from bst.timelines.arrays import tie_order_record
from bst.timelines.splits import TEST, EvaluationSplit, prepare

NAME = "evaluation"
VERSION = 1
# users whose lists are made: each of them is asked about every movie. A classic model reads a whole window for each
MOST_USERS, MOST_USERS_CLASSIC = 1000, 150

OnProgress = Callable[[float, str], None]


@dataclass(frozen=True)
class Measured:
    """``record``: plain values, aggregates only, see ``measure``. ``local``: rows of the dataset, for this computer."""

    record: dict
    local: local.Local | None


@dataclass(frozen=True)
class Answers:
    """What a model says of a task's test labels: what ``Labels`` needs, and the same under other conditions."""

    expected: np.ndarray | None = None
    distribution: np.ndarray | None = None
    without_gaps: np.ndarray | None = None
    as_visitor: np.ndarray | None = None
    places: np.ndarray | None = None


def own_split(bundle: Bundle, dataset: Dataset, source: str | None = None) -> EvaluationSplit:
    """Return the labels that a bundle was never trained on: those of its own protocol and seed.

    Raises ``ConfigError`` if the ratings are not those that it was split by, ``BundleError`` for other movies.
    """
    bundle.check_movies(dataset.movies)
    split = prepare(dataset, bundle.config, bundle.protocol, bundle.seed, bundle.share)
    if (len(dataset.users), len(split.test)) != (bundle.sizes.users, bundle.metrics.get("labels")):
        raise ConfigError(
            f"the ratings of {source or dataset.name} are not those that bundle {bundle.name} was trained on, so "
            f"nobody knows which of them it has seen; evaluate it on its own dataset, {bundle.dataset}"
        )
    return split


def measure(bundle: Bundle, split: EvaluationSplit, on_progress: OnProgress = lambda share, words: None) -> Measured:
    """Measure a bundle on the labels of its own task; ``on_progress`` is told a share of the whole, and in words.

    The record has ``labels``, ``metrics``, ``peers`` and all else that ``evaluate_predictions`` returns (of a
    classic model ``evaluate``); and ``users``, ``made`` (a date), ``seconds``, ``intervals`` and ``versus``,
    ``by_history`` and ``known_after`` (``history``), ``calibration`` and ``stars`` (``calibration``), ``slices`` and
    ``fairness`` (``slices``), ``ranking`` (``lists``). What does not apply is left out. Whoever wants to stop it raises
    an error of their own in ``on_progress``.
    """
    began = time.monotonic()
    on_progress(0.02, "loading the model")
    model = bundle.load_model(split.dataset.movies)
    on_progress(0.08, f"predicting {len(split.test):,} test ratings")
    answers = _ask(bundle, split, model, on_progress)
    record = {"protocol": bundle.protocol, "seed": bundle.seed, **tie_order_record(split.dataset)}
    labels = None
    baselines = {}
    if answers.expected is not None:
        on_progress(0.3, "predicting the same by simpler means")
        baselines = predict_baselines(split)
        labels = Labels(split, answers.expected, answers.distribution, baselines)
    record |= _brief(split, answers, baselines)
    record["users"] = len(np.unique(split.user[split.test]))
    ranked = _lists(bundle, split, model, answers, on_progress)
    on_progress(0.85, "working out intervals and groups")
    if labels is not None:
        record |= _of_labels(labels)
    if ranked:
        record["ranking"] = lists.ranking(split, *ranked)
    misses = worst(labels) if labels is not None else None
    record |= {"version": VERSION, "made": datetime.now(UTC).strftime("%Y-%m-%d")}
    record["seconds"] = round(time.monotonic() - began, 1)
    on_progress(1.0, "done")
    return Measured(record, None if misses is None else local.local_of(labels, misses))


def keep(bundle: Bundle, measured: Measured) -> str | None:
    """Keep what was measured: the record with the bundle, rows of the dataset on this computer alone.

    Returns in words what could not be kept, None if all was.
    """
    try:
        sidecars.keep(bundle, NAME, measured.record)
        if measured.local is not None:
            local.keep(bundle, measured.local)
    except (BundleError, OSError) as error:
        return f"not kept: {error}"
    return None


def read(bundle: Bundle) -> dict | None:
    """Return the record that was kept with a bundle, None if there is none of this version. Quick."""
    kept = sidecars.read(bundle, NAME)
    return kept if kept and kept.get("version") == VERSION else None


# ---- asking the model


def _ask(bundle: Bundle, split: EvaluationSplit, model, on_progress: OnProgress) -> Answers:
    if isinstance(bundle.config, TimelineConfig):
        return _ask_timeline(split, model, on_progress)
    from bst.models.classic.trainer import predict_windows

    low, high = split.dataset.levels[0], split.dataset.levels[-1]
    expected = np.clip(predict_windows(model, split, split.windows.test), low, high).astype(np.float64)
    if not model.config.user_id:
        return Answers(expected)
    on_progress(0.2, "predicting them once more for people it does not know")
    unknown = predict_windows(model, split, split.windows.test, as_visitor=True)
    return Answers(expected, as_visitor=np.clip(unknown, low, high).astype(np.float64))


def _ask_timeline(split: EvaluationSplit, model, on_progress: OnProgress) -> Answers:
    from bst.models.timeline.trainer import distributions, next_places

    levels, without, place, expected = None, None, None, None
    if model.rating:
        levels = distributions(model, split, TEST)
        expected = levels @ np.array(split.dataset.levels)
        if split.protocol == "visitor":
            on_progress(0.17, "predicting them once more, as if nobody had said when")
            without = distributions(model, split, TEST, gaps=False)
    if model.next:
        on_progress(0.26, "looking for the next movie in the whole catalogue")
        place = next_places(model, split, TEST)[0]
    return Answers(expected, levels, without, places=place)


def _brief(split: EvaluationSplit, answers: Answers, baselines: dict[str, np.ndarray]) -> dict:
    """Return the figures that training ends with, from predictions that are there already."""
    if answers.expected is None or answers.distribution is not None:
        predicted = TestPredictions(answers.distribution, answers.without_gaps, answers.places)
        return evaluate_predictions(split, predicted, baselines)
    actual = split.timelines.rating[split.test]
    found = {"labels": len(split.test), "metrics": rating_errors(answers.expected, actual)}
    if answers.as_visitor is not None:
        found["as_visitor"] = rating_errors(answers.as_visitor, actual)
    return found | {"peers": {name: rating_errors(stars, actual) for name, stars in baselines.items()}}


def _of_labels(labels: Labels) -> dict:
    stretches = by_history(labels)
    return {
        "intervals": intervals(labels),
        "versus": versus(labels),
        "by_history": stretches,
        "known_after": known_after(stretches),
        "calibration": calibration(labels),
        "stars": star_shares(labels),
        "slices": slices(labels),
        "fairness": fairness(labels),
    }


def _lists(bundle: Bundle, split: EvaluationSplit, model, answers: Answers, on_progress: OnProgress):
    """Return the labels that lists were made for, and the lists by order."""
    if answers.expected is None:  # of a next tower alone only the places are known
        labels = lists.sample(split, len(answers.places))
        return labels, {"next": lists.Ranked(answers.places), "popularity": lists.by_popularity(split, labels)}
    from bst.inference.recommender import Recommender

    timeline = isinstance(bundle.config, TimelineConfig)
    labels = lists.sample(split, MOST_USERS if timeline else MOST_USERS_CLASSIC)
    words = f"making the lists of {len(labels):,} users"
    on_progress(0.5, words)
    recommender = Recommender.load(bundle, split.dataset, model=model)
    ranked = lists.ask(recommender, split, labels, lambda share: on_progress(0.5 + 0.35 * share, words))
    if answers.places is not None:
        # measured with all users, and where equal scores are dealt with as for the figures of training
        mine = np.isin(split.last_labels(TEST), labels)
        ranked["next"] = lists.Ranked(answers.places[mine], ranked["next"].lists)
    return labels, ranked | {"popularity": lists.by_popularity(split, labels)}
