"""Runs: one training, from a dataset to a bundle, that survives being killed.

While a run is under way its folder ``runs/NAME`` holds ``run.json`` (its settings), ``history.csv`` (the curves so far)
and ``snapshot.npz`` (everything needed to continue). Each is replaced in one step, so a kill at any moment loses at
most the epoch under way. When the run ends, the bundle appears complete and the run's folder is removed. The process
that trains holds the lock of the folder, so that no other trains, removes or replaces it.
"""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from bst import backend
from bst.bundles.bundle import Bundle, fingerprint, open_bundle, save_bundle
from bst.errors import BSTError, TrainingError
from bst.evaluation.summary import evaluate_predictions
from bst.files import remove_folder, remove_temporaries, write_whole
from bst.models.config import Sizes
from bst.models.family import count_parameters
from bst.models.registry import family_of, preset_title
from bst.models.trainer import Model, OnProgress, TrainingState
from bst.presentation.model_card import write_card
from bst.schema import Dataset
from bst.settings import get_settings
from bst.timelines.arrays import assumptions
from bst.training import local_workers, ray_workers
from bst.training.listeners import Listeners, OnRow, OnStage
from bst.training.messages import MessageReader
from bst.training.run_data import RunData, check_workers, open_data
from bst.training.run_folder import cannot_be_kept, check_name, check_new, reserved
from bst.training.run_settings import RunSettings, check_resumed, fitted, write_settings
from bst.training.snapshot import read_snapshot, write_snapshot
from bst.wording import reword

LOADING_TENSORFLOW = "loading TensorFlow"
# with fewer users, averages over a sample of them mean nothing
MIN_USERS_FOR_INSIGHTS = 100
# starting a run holds its lock for a moment, to lay out its folder
WAIT_S = 5.0


def train(
    settings: RunSettings,
    name: str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    on_stage: OnStage = lambda message: None,
    on_epoch: OnRow = lambda row: None,
    on_progress: OnProgress = lambda progress: None,
) -> Bundle:
    """Train a model and return its bundle, ``data/bundles/NAME`` unless ``bst.settings`` name another folder.

    With ``resume`` the unfinished run of that name continues where it was. ``on_stage`` gets a sentence about what is
    being done, ``on_epoch`` each finished row of the curves, ``on_progress`` a ``Progress`` several times a second.

    Raises ``TrainingError`` if the name is taken, there is nothing to resume, the settings are not those of the run to
    resume, another process trains it, or training diverges; ``DatasetError`` or ``ConfigError`` for settings that are
    not possible.
    """
    folder, target = get_settings().runs / name, get_settings().bundles / name
    check_name(name)
    settings = fitted(settings)
    listeners = Listeners(on_stage, on_epoch, on_progress)
    alone = settings.workers == 1 and settings.engine == "local" and settings.steps_per_epoch is None
    check_workers(settings.config, settings.dataset, settings.workers, alone=alone)
    with reserved(folder, WAIT_S):
        if resume:
            check_resumed(folder, settings)
            for file in ("snapshot.npz", "history.csv", "progress.json"):
                remove_temporaries(folder / file)
        else:
            check_new(name, folder, target, overwrite=overwrite)
            remove_folder(folder)
        if settings.workers > 1 or settings.engine == "ray":
            return _start_workers(settings, folder, target, listeners)
        bundle = work(settings, folder, target, resume, listeners)
        assert bundle is not None
        return bundle


def _start_workers(settings: RunSettings, folder: Path, target: Path, listeners: Listeners) -> Bundle:
    """Let the workers of a run train, each in a process of its own, and return the bundle."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_settings(folder, settings)
        messages = MessageReader(folder, listeners)
    except OSError as error:
        raise cannot_be_kept(folder, error) from error
    listeners.on_stage(f"starting {settings.workers} workers")
    if settings.engine == "ray":
        ray_workers.run(folder, target.parent, settings.workers, messages)
    else:
        local_workers.run(folder, target.parent, settings.workers, messages, listeners.on_stage)
    return open_bundle(target)


def work(
    settings: RunSettings,
    folder: Path,
    target: Path,
    resume: bool,
    listeners: Listeners,
    replicas: Any = None,
) -> Bundle | None:
    """Do this process's part of a run whose folder is held by ``train``; the chief returns the bundle.

    ``replicas``: the ``models.replicas.Replicas`` of a run of several workers, of which this process is one. Raises
    as ``train``.
    """
    on_stage = listeners.on_stage
    on_stage(f"reading {settings.dataset}")
    data = open_data(
        settings.dataset,
        settings.config,
        settings.protocol,
        settings.seed,
        settings.share,
        steps=settings.steps_per_epoch,
        sample_events=settings.sample_events,
        replicas=replicas,
    )
    dataset, split = data.dataset, data.split
    for note in assumptions(dataset):
        on_stage(note)
    on_stage(LOADING_TENSORFLOW)
    backend.load()
    is_chief = replicas is None or replicas.is_chief
    try:
        model, state = _fit(settings, data, folder, resume, listeners, is_chief)
    except OSError as error:
        raise cannot_be_kept(folder, error) from error
    if not is_chief:
        return None
    family = family_of(settings.config)
    if not state.best_epoch:
        raise TrainingError(
            f"after {state.epoch} epochs no prediction is a number: training diverged; start again with --overwrite "
            f"and {family.divergence_advice(settings.config)}"
        )

    on_stage(f"measuring on {len(split.test):,} test labels")
    record = evaluate_predictions(split, family.predict_test(model, split))
    bundle = _bundle(settings, dataset, model, state, target)
    bundle = save_bundle(bundle, model, state.history, record.to_dict(), write_card(bundle, record))
    try:
        remove_folder(folder)
    except OSError as error:  # the bundle is complete
        on_stage(f"the folder of the finished run cannot be removed: {error}; remove {folder}")
    try:
        data.save_sidecars(bundle)
    except BSTError as error:  # the bundle is complete without them
        on_stage(f"numbers of ratings and of users are missing: {error}")
    if "rating" in settings.config.tasks and len(split.dataset.users) >= MIN_USERS_FOR_INSIGHTS:
        on_stage("checking how far its attention can be trusted")
        try:
            save_insights(bundle, data.sample())
        except BSTError as error:  # the bundle is complete without them
            on_stage(f"insights are missing: {error}")
    return bundle


def _fit(
    settings: RunSettings,
    data: RunData,
    folder: Path,
    resume: bool,
    listeners: Listeners,
    is_chief: bool,
) -> tuple[Model, TrainingState]:
    listeners.on_stage("preparing the training")
    trainer = data.trainer()
    state = TrainingState()
    if not is_chief:  # it takes weights and state from the chief, and writes nothing
        state = trainer.fit(
            epochs=settings.epochs,
            patience=settings.patience,
            on_epoch=lambda state: listeners.on_epoch(state.history[-1]),
        )
        return trainer.model, state
    if resume and (folder / "snapshot.npz").is_file():
        state = read_snapshot(folder / "snapshot.npz", trainer)
        listeners.on_stage(f"continuing after epoch {state.epoch}")
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder, settings)

    def save_epoch(state: TrainingState) -> None:
        write_snapshot(folder / "snapshot.npz", trainer, state)
        write_whole(folder / "history.csv", pd.DataFrame(state.history).to_csv(index=False, float_format="%.6g"))
        listeners.on_epoch(state.history[-1])

    listeners.on_stage(reword(f"training on {trainer.training_set}", data.dataset.domain))
    state = trainer.fit(
        epochs=settings.epochs,
        patience=settings.patience,
        state=state,
        on_epoch=save_epoch,
        on_progress=listeners.on_progress,
    )
    return trainer.model, state


def save_insights(bundle: Bundle, dataset: Dataset) -> None:
    """Work out ``explanation.insights`` of a new bundle and keep them with it. Raises ``BundleError``."""
    from bst.explanation import insights
    from bst.inference.recommender import Recommender

    recommender = Recommender.load(bundle, dataset)
    insights.save_insights(bundle, insights.make_insights(recommender, dataset))


def _bundle(settings: RunSettings, dataset: Dataset, model: Model, state: TrainingState, folder: Path) -> Bundle:
    return Bundle(
        folder=folder,
        title=f"{preset_title(settings.config.preset)} · {dataset.title}",
        dataset=dataset.name,
        dataset_title=dataset.title,
        simulated=dataset.simulated,
        levels=dataset.levels,
        movies_fingerprint=fingerprint(dataset.movies),
        sizes=Sizes.of(dataset),
        config=settings.config,
        protocol=settings.protocol,
        seed=settings.seed,
        epochs=state.epoch,
        best_epoch=state.best_epoch,
        created=datetime.now(UTC).strftime("%Y-%m-%d"),
        versions={package: _version(package) for package in ("keras", "tensorflow", "numpy")},
        parameters=count_parameters(model),
        share=settings.share,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:  # TensorFlow without GPU support is a package of another name
        return version(f"{package}-cpu")
