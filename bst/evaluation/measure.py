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
from bst.evaluation.summary import evaluate_predictions, predict_baselines
from bst.evaluation.worst import worst
from bst.models.registry import family_of, prepare
from bst.models.trainer import Model
from bst.schema import Dataset
from bst.scoring.results import TestPredictions
from bst.timelines.arrays import tie_order_record
from bst.timelines.splits import TEST, EvaluationSplit

NAME = "evaluation"
VERSION = 1
OnProgress = Callable[[float, str], None]


@dataclass(frozen=True)
class Measured:
    """``record``: plain values, aggregates only, see ``measure``. ``local``: rows of the dataset, for this computer."""

    record: dict
    local: local.Local | None


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

    The record has ``labels``, ``metrics``, ``peers`` and all else that ``evaluate_predictions`` returns; and ``users``,
    ``made`` (a date), ``seconds``, ``intervals`` and ``versus``, ``by_history`` and ``known_after``
    (``history_length``), ``calibration`` and ``stars`` (``calibration``), ``slices`` and ``fairness`` (``slices``),
    ``ranking`` (``lists``). What does not apply is left out. Whoever wants to stop it raises an error of their own in
    ``on_progress``.
    """
    began = time.monotonic()
    on_progress(0.02, "loading the model")
    model = bundle.load_model(split.dataset.movies)
    on_progress(0.08, f"predicting {len(split.test):,} test ratings")
    predictions = family_of(bundle.config).predict_test(
        model, split, lambda share, message: on_progress(0.08 + 0.22 * share, message)
    )
    record = {
        "protocol": bundle.stored_protocol or bundle.protocol,
        "seed": bundle.seed,
        **tie_order_record(split.dataset),
    }
    labels = None
    baselines = {}
    if predictions.expected is not None:
        on_progress(0.3, "predicting the same by simpler means")
        baselines = predict_baselines(split)
        labels = Labels(split, predictions.expected, predictions.distribution, baselines)
    record |= evaluate_predictions(split, predictions, baselines)
    record["users"] = len(np.unique(split.user[split.test]))
    ranked = _lists(bundle, split, model, predictions, on_progress)
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
        sidecars.save(bundle, NAME, measured.record)
        if measured.local is not None:
            local.keep(bundle, measured.local)
    except (BundleError, OSError) as error:
        return f"not kept: {error}"
    return None


def read(bundle: Bundle) -> dict | None:
    """Return the record that was kept with a bundle, None if there is none of this version. Quick."""
    kept = sidecars.read(bundle, NAME)
    return kept if kept and kept.get("version") == VERSION else None


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


def _lists(
    bundle: Bundle, split: EvaluationSplit, model: Model, predictions: TestPredictions, on_progress: OnProgress
) -> tuple[np.ndarray, dict[str, lists.Ranked]]:
    """Return the labels that lists were made for, and the lists by order."""
    ranks = predictions.ranks
    if predictions.expected is None:  # of a next tower alone only the ranks are known
        assert ranks is not None
        labels = lists.sample(split, len(ranks))
        return labels, {"next": lists.Ranked(ranks), "popularity": lists.by_popularity(split, labels)}
    from bst.inference.recommender import Recommender

    labels = lists.sample(split, family_of(bundle.config).evaluation_users)
    message = f"making the lists of {len(labels):,} users"
    on_progress(0.5, message)
    recommender = Recommender.load(bundle, split.dataset, model=model)
    ranked = lists.ask(recommender, split, labels, lambda share: on_progress(0.5 + 0.35 * share, message))
    if ranks is not None:
        # measured with all users, and where equal scores are dealt with as for the figures of training
        sampled = np.isin(split.last_labels(TEST), labels)
        ranked["next"] = lists.Ranked(ranks[sampled], ranked["next"].lists)
    return labels, ranked | {"popularity": lists.by_popularity(split, labels)}
