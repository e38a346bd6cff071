"""A bundle's model for other servers: written beside, asked the same questions as the app's engine, then kept.

    saved-model   a SavedModel of TensorFlow with the signatures of ``models.exported``
    npz           what the NumPy engine computes from: all weights as plain arrays, and what they belong to as JSON

Both have ``export.json`` beside them. Unlike a bundle they hold genres and years of the dataset's items, and the ids.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bst import backend
from bst.domain import Domain
from bst.errors import BundleError
from bst.files import draft_of, replace_folder, write_arrays
from bst.inference import engines
from bst.inference.recommender import Recommender
from bst.models.registry import family_of
from bst.schema import Event, Visitor
from bst.scoring.encoding import encode_demographics

Format = Literal["saved-model", "npz"]
FORMATS: dict[Format, str] = {
    "saved-model": "a SavedModel of TensorFlow with named signatures",
    "npz": "all weights as arrays of NumPy, and a description as JSON",
}
DESCRIPTION, WEIGHTS, SAVED_MODEL = "export.json", "weights.npz", "saved_model"
# an export that answers otherwise by more than this is not kept
TOLERANCE = 1e-5
# of the visitors of the check: lengths of their histories, beyond what the model reads too
LENGTHS, CANDIDATES, SEED = (0, 1, 2, 5, 20, 80, 310), 50, 0
FIRST_TIME, MOST_SECONDS_BETWEEN = 946_684_800, 10_000_000

Differences = dict[str, float]
Say = Callable[[str], None]


def export(
    recommender: Recommender, target: Path, form: Format, overwrite: bool = False, say: Say = lambda message: None
) -> Differences:
    """Write the model of a recommender to a folder; return the largest difference of each answer from the engine's.

    All of it is written, or nothing. Raises ``BundleError`` if the folder is there already, cannot be written, or the
    export answers otherwise.
    """
    if target.exists() and not overwrite:
        raise BundleError(f"{target} is there already; choose another folder, or --overwrite")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(target) as draft:
            write, ask = _WAYS[form]
            write(recommender, draft)
            (draft / DESCRIPTION).write_text(json.dumps(_description(recommender, form), indent=2) + "\n", "utf-8")
            say("comparing its answers with those of the app")
            differences = _differences(recommender, ask(recommender, draft))
            worst = max(differences, key=differences.__getitem__)
            if not differences[worst] <= TOLERANCE:
                far = f"{worst} differs by {differences[worst]:.1g} from the app's"
                raise BundleError(f"the export was not kept: its {far}; report this")
            replace_folder(target, draft)
    except OSError as error:
        raise BundleError(f"{target} cannot be written: {error}; choose another folder") from error
    return differences


def _description(recommender: Recommender, form: Format) -> dict[str, Any]:
    bundle = recommender.bundle
    return {
        "format": form,
        "bundle": bundle.name,
        "title": bundle.title,
        "version": bundle.weights_sha256,
        "dataset": bundle.dataset,
        "simulated": bundle.simulated,
        "levels": list(bundle.levels),
        "max_history": recommender.max_history,
        "tasks": list(recommender.tasks),
        "demographics": {one.key: list(one.values) for one in recommender.domain.demographics.values()},
        "config": bundle.config.to_dict(),
        "sizes": {"users": bundle.sizes.users, "movies": bundle.sizes.movies},
        "item_ids": recommender.catalogue.movies["movie_id"].tolist(),
    }


# ---- what is written, and its inputs


# of visitors and ids of candidates to what is predicted, by name: (visitors, candidates, …) each
Ask = Callable[[list[Visitor], np.ndarray], dict[str, np.ndarray]]


def _write_saved_model(recommender: Recommender, folder: Path) -> None:
    backend.load()
    import tensorflow as tf

    from bst.models.exported import Exported

    bundle, movies = recommender.bundle, recommender.catalogue.movies
    model = bundle.load_model(movies)
    scorer: Any = family_of(bundle.config).keras_scorer(model, bundle.levels, recommender.catalogue.rows)
    ids = movies["movie_id"].to_numpy(np.int64)
    demographics = tuple(one.key for one in recommender.domain.demographics.values())
    exported = Exported(model, scorer.towers(), ids, bundle.levels, recommender.max_history, demographics)
    tf.saved_model.save(exported, str(folder / SAVED_MODEL), exported.signatures())


def _ask_saved_model(recommender: Recommender, folder: Path) -> Ask:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / SAVED_MODEL))

    def ask(visitors: list[Visitor], candidates: np.ndarray) -> dict[str, np.ndarray]:
        inputs = {name: tf.constant(values) for name, values in _tensors(visitors, recommender.domain).items()}
        answer = loaded.signatures["predict"](candidates=tf.constant(candidates), **inputs)
        rows = recommender.catalogue.rows(candidates)
        for task in recommender.tasks:
            if task != "rating":
                answer[f"{task}_logit"] = loaded.signatures[task](**inputs)[f"{task}_logit"].numpy()[:, rows]
        return {name: np.asarray(values) for name, values in answer.items()}

    return ask


def _write_npz(recommender: Recommender, folder: Path) -> None:
    write_arrays(folder / WEIGHTS, dict(recommender.bundle.load_weights(recommender.catalogue.movies)))


def _ask_npz(recommender: Recommender, folder: Path) -> Ask:
    with np.load(folder / WEIGHTS, allow_pickle=False) as stored:
        weights = {name: stored[name] for name in stored.files}
    scorer = engines.make_scorer("numpy", recommender.bundle, weights, recommender.catalogue.rows)
    return _ask_engine(Recommender(recommender.bundle, recommender.catalogue, scorer))


def _ask_engine(recommender: Recommender) -> Ask:
    def ask(visitors: list[Visitor], candidates: np.ndarray) -> dict[str, np.ndarray]:
        predictions = recommender.predict_many(visitors, candidates.tolist())
        answer = {"expected": predictions.expected}
        if predictions.distribution is not None:
            answer["distribution"] = predictions.distribution
        for task in recommender.bundle.config.tasks:
            if task != "rating":
                answer[f"{task}_logit"] = recommender.catalogue_logits(visitors, task, candidates.tolist())
        return answer

    return ask


_WAYS: dict[Format, tuple[Callable[[Recommender, Path], None], Callable[[Recommender, Path], Ask]]] = {
    "saved-model": (_write_saved_model, _ask_saved_model),
    "npz": (_write_npz, _ask_npz),
}


# ---- the check


def _differences(recommender: Recommender, ask: Ask) -> Differences:
    rng = np.random.default_rng(SEED)
    ids = recommender.catalogue.movies["movie_id"].to_numpy(np.int64)
    candidates = rng.choice(ids, min(CANDIDATES, len(ids)), replace=False)
    visitors = [_visitor(recommender, rng, length) for length in LENGTHS]
    expected, found = _ask_engine(recommender)(visitors, candidates), ask(visitors, candidates)
    return {name: float(np.abs(values - found[name]).max()) for name, values in expected.items()}


def _visitor(recommender: Recommender, rng: np.random.Generator, length: int) -> Visitor:
    """Return a visitor with some demographics and some timestamps known."""
    known = {name: rng.choice([None, *one.values]) for name, one in recommender.domain.demographics.items()}
    ids = recommender.catalogue.movies["movie_id"].to_numpy()
    movies = rng.choice(ids, min(length, len(ids)), replace=False)
    times = FIRST_TIME + np.cumsum(rng.integers(0, MOST_SECONDS_BETWEEN, len(movies)) * rng.integers(0, 2, len(movies)))
    unknown = rng.random(len(movies)) < 1 / 4
    history = tuple(
        Event(int(movie), float(rating), None if hidden else int(time))
        for movie, rating, time, hidden in zip(
            movies, rng.choice(recommender.bundle.levels, len(movies)), times, unknown, strict=True
        )
    )
    return Visitor(known, history)


def _tensors(visitors: list[Visitor], domain: Domain) -> dict[str, Any]:
    """Return visitors as the signatures take them."""
    shape = len(visitors), max(len(visitor.history) for visitor in visitors)
    item_id, timestamp = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    rating = np.zeros(shape, np.float32)
    for row, visitor in enumerate(visitors):
        for column, event in enumerate(visitor.history):
            item_id[row, column], rating[row, column] = event.movie_id, event.rating
            timestamp[row, column] = -1 if event.timestamp is None else event.timestamp
    codes = encode_demographics(visitors, domain)
    return {"item_id": item_id, "rating": rating, "timestamp": timestamp, **codes}
