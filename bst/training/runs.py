"""Runs: one training, from a dataset to a bundle, that survives being killed.

While a run is under way its folder ``runs/NAME`` holds ``run.json`` (its settings), ``history.csv`` (the curves so far)
and ``snapshot.npz`` (everything needed to continue). Each is replaced in one step, so a kill at any moment loses at
most the epoch under way. When the run ends, the bundle appears complete and the run's folder is removed. The process
that trains holds the lock of the folder, so that no other trains, removes or replaces it.
"""

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from bst import backend
from bst.bundles.bundle import Bundle, fingerprint, open_bundle, save_bundle
from bst.datasets import load_domain
from bst.errors import BSTError, TrainingError
from bst.evaluation.summary import evaluate_predictions
from bst.files import (
    InUseError,
    as_array,
    locked,
    remove_folder,
    remove_temporaries,
    write_arrays,
    write_whole,
)
from bst.models.config import ModelConfig, Sizes
from bst.models.family import count_parameters
from bst.models.registry import family_of, for_domain, preset_title, read_config
from bst.models.trainer import Model, OnProgress, Trainer, TrainingState
from bst.presentation.model_card import write_card
from bst.schema import Dataset
from bst.settings import get_settings
from bst.text import reason
from bst.timelines.arrays import assumptions
from bst.timelines.splits import protocol_name
from bst.training import local_workers, quotas, ray_workers
from bst.training.messages import MessageReader
from bst.training.run_data import SAMPLE_EVENTS, RunData, check_workers, open_data

LOADING_TENSORFLOW = "loading TensorFlow"
# with fewer users, averages over a sample of them mean nothing
MIN_USERS_FOR_INSIGHTS = 100
# most file systems allow 255 bytes, and a draft of a bundle has a longer name
MAX_NAME_BYTES = 200
MAX_NAME_CHARACTERS = 80
# starting a run holds its lock for a moment, to lay out its folder
WAIT_S = 5.0

# who starts workers: this computer's processes, or Ray Train
Engine = Literal["local", "ray"]
OnStage = Callable[[str], None]
OnRow = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class RunSettings:
    """Everything that defines a run: the same settings on the same machine give the same bundle.

    ``workers`` processes train together, started by ``engine``; ``steps_per_epoch``: a tower takes at most so many
    steps in an epoch, None for all. ``sample_events`` of a prepared store, at most, are what is fitted once, validated
    and measured on.
    """

    dataset: str
    config: ModelConfig
    protocol: str = "windows"
    epochs: int = 5
    seed: int = 0
    patience: int = 3
    share: float = 1.0
    workers: int = 1
    engine: Engine = "local"
    steps_per_epoch: int | None = None
    sample_events: int = SAMPLE_EVENTS

    def __post_init__(self) -> None:
        """Give the protocol its present name."""
        object.__setattr__(self, "protocol", protocol_name(self.protocol))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self) | {"config": self.config.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunSettings":
        """Read what ``to_dict`` wrote. Raises ``ConfigError``, ``KeyError`` or ``TypeError`` for anything else."""
        return cls(**dict(values) | {"config": read_config(values["config"])})


def read_settings(folder: Path) -> RunSettings:
    """Return the settings of the unfinished run in a folder. Raises ``TrainingError`` if there is none to read."""
    path = folder / "run.json"
    if not path.is_file():
        raise TrainingError(f"there is no unfinished run in {folder}; start it without --resume")
    try:
        return RunSettings.from_dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError, BSTError) as error:
        raise TrainingError(f"{path} is damaged ({reason(error)}); start again with --overwrite") from error


def write_settings(folder: Path, settings: RunSettings) -> None:
    """Write the settings of a run into its folder. Raises ``OSError`` if they cannot be written."""
    write_whole(folder / "run.json", json.dumps(settings.to_dict(), indent=2))


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
    alone = settings.workers == 1 and settings.engine == "local" and settings.steps_per_epoch is None
    check_workers(settings.config, settings.dataset, settings.workers, alone=alone)
    with reserved(folder, WAIT_S):
        if resume:
            _check_resumed(folder, settings)
            for file in ("snapshot.npz", "history.csv", "progress.json"):
                remove_temporaries(folder / file)
        else:
            check_new(name, folder, target, overwrite=overwrite)
            remove_folder(folder)
        if settings.workers > 1 or settings.engine == "ray":
            return _start_workers(settings, folder, target, on_stage, on_epoch, on_progress)
        bundle = work(settings, folder, target, resume, on_stage, on_epoch, on_progress)
        assert bundle is not None
        return bundle


def _start_workers(
    settings: RunSettings,
    folder: Path,
    target: Path,
    on_stage: OnStage,
    on_epoch: OnRow,
    on_progress: OnProgress,
) -> Bundle:
    """Let the workers of a run train, each in a process of its own, and return the bundle."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_settings(folder, settings)
        messages = MessageReader(folder, on_stage, on_epoch, on_progress)
    except OSError as error:
        raise cannot_be_kept(folder, error) from error
    on_stage(f"starting {settings.workers} workers")
    if settings.engine == "ray":
        ray_workers.run(folder, target.parent, settings.workers, messages)
    else:
        local_workers.run(folder, target.parent, settings.workers, messages, on_stage)
    return open_bundle(target)


def fitted(settings: RunSettings) -> RunSettings:
    """Return settings without what there is nothing to train on in the dataset: see ``registry.for_domain``.

    Raises ``DatasetError`` for a dataset that is not here, ``ConfigError`` for a model that nothing is left of.
    """
    config = for_domain(settings.config, load_domain(settings.dataset))
    epochs = config.epochs if settings.epochs == settings.config.epochs else settings.epochs
    return replace(settings, config=config, epochs=epochs)


@contextmanager
def reserved(folder: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock of a run's folder. Raises ``TrainingError`` if another process trains it, or it cannot be kept."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, wait_s))
        except InUseError as error:
            raise TrainingError(
                f"run {folder.name} is under way in another process; wait until it has finished, or choose another name"
            ) from error
        except OSError as error:
            raise cannot_be_kept(folder, error) from error
        yield


def cannot_be_kept(folder: Path, error: OSError) -> TrainingError:
    """Return the error of a run whose folder cannot be written."""
    return TrainingError(f"the run cannot be kept in {folder}: {error}; make room or mend the folder")


def work(
    settings: RunSettings,
    folder: Path,
    target: Path,
    resume: bool,
    on_stage: OnStage,
    on_epoch: OnRow,
    on_progress: OnProgress,
    replicas: Any = None,
) -> Bundle | None:
    """Do this process's part of a run whose folder is held by ``train``; the chief returns the bundle.

    ``replicas``: the ``models.replicas.Replicas`` of a run of several workers, of which this process is one. Raises
    as ``train``.
    """
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
        model, state = _fit(settings, data, folder, resume, on_stage, on_epoch, on_progress, is_chief)
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


def save_insights(bundle: Bundle, dataset: Dataset) -> None:
    """Work out ``explanation.insights`` of a new bundle and keep them with it. Raises ``BundleError``."""
    from bst.explanation import insights
    from bst.inference.recommender import Recommender

    recommender = Recommender.load(bundle, dataset)
    insights.save_insights(bundle, insights.make_insights(recommender, dataset))


def check_name(name: str) -> None:
    """Raise ``TrainingError`` unless a run and its bundle may have a name: a plain word."""
    short = 1 <= len(name) <= MAX_NAME_CHARACTERS and len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES
    if not short or name.startswith((".", "-")) or not all(c.isalnum() or c in "._-" for c in name):
        raise TrainingError(
            f"{name[:100]!r} cannot be the name of a bundle: use 1 … {MAX_NAME_CHARACTERS} letters, digits, '.', '_' "
            f"and '-', of {MAX_NAME_BYTES} bytes at most"
        )


def check_new(name: str, folder: Path, target: Path, *, overwrite: bool = False) -> None:
    """Raise ``TrainingError`` if there is an unfinished run of a name, or a bundle, or no room (see ``quotas``)."""
    if overwrite:
        return
    if (folder / "run.json").is_file():
        raise TrainingError(f"an unfinished run is in {folder}; continue it (--resume), or drop it (--overwrite)")
    if target.exists():
        raise TrainingError(f"a bundle {name} is there already; choose another --name, or --overwrite it")
    quotas.check()


def _check_resumed(folder: Path, settings: RunSettings) -> None:
    now, before = _lasting(settings), _lasting(read_settings(folder))
    changed = [key for key, value in now.items() if before.get(key) != value]
    if changed:
        raise TrainingError(
            f"the unfinished run in {folder} was started with another {' and '.join(changed)}; "
            "give the same settings, or start again with --overwrite"
        )


def _lasting(settings: RunSettings) -> dict[str, Any]:
    """Return the settings that a run must keep when it is resumed."""
    values = settings.to_dict()
    for name in ("epochs", "engine"):
        del values[name]
    if family_of(settings.config).epochs_can_be_raised:  # a longer run is the same run
        del values["config"]["epochs"]
    return values


def _fit(
    settings: RunSettings,
    data: RunData,
    folder: Path,
    resume: bool,
    on_stage: OnStage,
    on_epoch: OnRow,
    on_progress: OnProgress,
    is_chief: bool,
) -> tuple[Model, TrainingState]:
    on_stage("preparing the training")
    trainer = data.trainer()
    state = TrainingState()
    if not is_chief:  # it takes weights and state from the chief, and writes nothing
        state = trainer.fit(
            epochs=settings.epochs,
            patience=settings.patience,
            on_epoch=lambda state: on_epoch(state.history[-1]),
        )
        return trainer.model, state
    if resume and (folder / "snapshot.npz").is_file():
        state = _read_snapshot(folder / "snapshot.npz", trainer)
        on_stage(f"continuing after epoch {state.epoch}")
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder, settings)

    def save_epoch(state: TrainingState) -> None:
        _write_snapshot(folder / "snapshot.npz", trainer, state)
        write_whole(folder / "history.csv", pd.DataFrame(state.history).to_csv(index=False, float_format="%.6g"))
        on_epoch(state.history[-1])

    on_stage(f"training on {trainer.training_set}")
    state = trainer.fit(
        epochs=settings.epochs, patience=settings.patience, state=state, on_epoch=save_epoch, on_progress=on_progress
    )
    return trainer.model, state


def _write_snapshot(path: Path, trainer: Trainer, state: TrainingState) -> None:
    arrays = {f"v{i}": variable.numpy() for i, variable in enumerate(trainer.variables)}
    arrays |= {f"best{i}": values for i, values in enumerate(state.best_weights)}
    scalars = {name: getattr(state, name) for name in ("epoch", "history", "best_epoch", "best_score")}
    write_arrays(path, arrays | {"state": as_array(json.dumps(scalars))})


def _read_snapshot(path: Path, trainer: Trainer) -> TrainingState:
    """Return the state of a snapshot, and set the trainer's variables to it. Raises ``TrainingError``."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            scalars = json.loads(stored["state"].tobytes())
            for i, variable in enumerate(trainer.variables):
                variable.assign(stored[f"v{i}"])
            weights = len(trainer.model.get_weights()) if scalars["best_epoch"] else 0  # 0: no epoch gave numbers yet
            best_weights = [stored[f"best{i}"] for i in range(weights)]
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} cannot be read ({reason(error)}); start again with --overwrite") from error
    return TrainingState(**scalars, best_weights=best_weights)


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
