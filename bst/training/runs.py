"""Runs: one training, from a dataset to a bundle, that survives being killed.

While a run is under way its folder ``runs/NAME`` holds ``run.json`` (its settings), ``history.csv`` (the curves so far)
and ``snapshot.npz`` (everything needed to go on). Each is written beside itself and renamed, so a kill at any moment
loses at most the epoch under way. When the run ends, the bundle appears whole and the run's folder goes.
"""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from bst import backend
from bst.bundles import bundle as bundles
from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.datasets import load, register_folder
from bst.errors import BSTError, TrainingError
from bst.evaluation.summary import evaluate_predictions
from bst.files import write_whole
from bst.models.config import ModelConfig, Sizes
from bst.models.family import count_parameters
from bst.models.registry import family_of, prepare, preset_title, read_config
from bst.models.trainer import Trainer, TrainingState
from bst.presentation.model_card import write_card
from bst.schema import Dataset
from bst.settings import get_settings
from bst.timelines.arrays import assumptions, tie_order_record
from bst.timelines.splits import EvaluationSplit

LOADING_TENSORFLOW = "loading TensorFlow"
# a sample of visitors tells nothing where there are hardly any
LEAST_USERS = 100
# most file systems take 255 bytes, and a draft of a bundle has a longer name
MOST_NAME_BYTES = 200


@dataclass(frozen=True)
class RunSettings:
    """All that defines a run: the same settings on the same machine give the same bundle."""

    dataset: str
    config: ModelConfig
    protocol: str = "seed"
    epochs: int = 5
    seed: int = 0
    patience: int = 3
    share: float = 1.0

    def to_dict(self) -> dict:
        """Return plain values, ready for JSON."""
        return asdict(self) | {"config": self.config.to_dict()}

    @classmethod
    def from_dict(cls, values: dict) -> "RunSettings":
        """Read what ``to_dict`` wrote. Raises ``ConfigError``, ``KeyError`` or ``TypeError`` for anything else."""
        return cls(**dict(values) | {"config": read_config(dict(values["config"]))})


def read_settings(folder: Path) -> RunSettings:
    """Return the settings of the unfinished run in a folder. Raises ``TrainingError`` if there is none to read."""
    path = folder / "run.json"
    if not path.is_file():
        raise TrainingError(f"there is no unfinished run in {folder}; start it without --resume")
    try:
        return RunSettings.from_dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError, BSTError) as error:
        raise TrainingError(f"{path} is damaged ({error}); start again with --overwrite") from error


def train(
    settings: RunSettings,
    name: str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    on_stage: Callable[[str], None] = lambda words: None,
    on_epoch: Callable[[dict], None] = lambda row: None,
    on_progress: Callable = lambda progress: None,
) -> Bundle:
    """Train a model and return its bundle, ``data/bundles/NAME`` unless the settings say otherwise.

    With ``resume`` the unfinished run of that name goes on where it was. ``on_stage`` is told in words what is being
    done, ``on_epoch`` each finished row of the curves, ``on_progress`` a ``training.Progress`` several times a second.

    Raises ``TrainingError`` if the name is taken, there is nothing to resume, or the settings are not those of the run
    to resume; ``DatasetError`` or ``ConfigError`` for what is asked for.
    """
    folder, target = get_settings().runs / name, get_settings().bundles / name
    if resume:
        _check_resumed(folder, settings)
    else:
        check_new(name, folder, target, overwrite=overwrite)
        shutil.rmtree(folder, ignore_errors=True)

    on_stage(f"reading {settings.dataset}")
    dataset = load(settings.dataset)
    register_folder(settings.dataset, dataset)
    for note in assumptions(dataset):
        on_stage(note)
    split = prepare(dataset, settings.config, settings.protocol, settings.seed, settings.share)
    family = family_of(settings.config)
    on_stage(LOADING_TENSORFLOW)
    backend.load()
    try:
        model, state = _fit(settings, split, folder, resume, on_stage, on_epoch, on_progress)
    except OSError as error:
        raise TrainingError(f"the run cannot be kept in {folder}: {error}; make room or mend the folder") from error
    if not state.best_epoch:
        raise TrainingError(
            f"after {state.epoch} epochs no prediction is a number: training diverged; start again with --overwrite "
            f"and {family.diverged(settings.config)}"
        )

    on_stage(f"measuring on {len(split.test):,} test labels")
    result = evaluate_predictions(split, family.predict_test(model, split))
    result = {"protocol": settings.protocol, "seed": settings.seed, **tie_order_record(dataset), **result}
    made = _describe(settings, dataset, split, model, state, target)
    made = bundles.save_bundle(made, model, state.history, result, write_card(made, result))
    shutil.rmtree(folder, ignore_errors=True)
    if len(dataset.users) >= LEAST_USERS:
        on_stage("looking how far its attention may be trusted")
        try:
            keep_insights(made, dataset)
        except BSTError as error:  # the bundle is whole without
            on_stage(f"left out: {error}")
    return made


def keep_insights(bundle: Bundle, dataset: Dataset) -> None:
    """Work out ``explanation.insights`` of a new bundle and keep them with it. Raises ``BundleError``."""
    from bst.explanation.insights import make_insights
    from bst.inference.recommender import Recommender

    recommender = Recommender.load(bundle, dataset)
    sidecars.keep(bundle, "insights", make_insights(recommender, dataset))


def check_new(name: str, folder: Path, target: Path, *, overwrite: bool = False) -> None:
    """Raise ``TrainingError`` unless a run may start under a name: none that is unfinished, no bundle, a plain word."""
    short = 1 <= len(name) <= 80 and len(name.encode("utf-8", "replace")) <= MOST_NAME_BYTES
    if not short or name.startswith((".", "-")) or not all(c.isalnum() or c in "._-" for c in name):
        raise TrainingError(
            f"{name[:100]!r} is no name for a bundle: use 1 … 80 letters, digits, '.', '_' and '-', "
            f"of {MOST_NAME_BYTES} bytes at most"
        )
    if overwrite:
        return
    if (folder / "run.json").is_file():
        raise TrainingError(f"an unfinished run is in {folder}; go on with it (--resume), or drop it (--overwrite)")
    if target.exists():
        raise TrainingError(f"a bundle {name} is there already; choose another --name, or --overwrite it")


def _check_resumed(folder: Path, settings: RunSettings) -> None:
    now, before = (_lasting(which) for which in (settings, read_settings(folder)))
    odd = [key for key, value in now.items() if before.get(key) != value]
    if odd:
        raise TrainingError(
            f"the unfinished run in {folder} was started with another {' and '.join(odd)}; "
            "give the same settings, or start again with --overwrite"
        )


def _lasting(settings: RunSettings) -> dict:
    """Return the settings that a run must keep when it is resumed."""
    values = settings.to_dict()
    del values["epochs"]
    if family_of(settings.config).epochs_can_be_raised:  # a longer run is the same run
        del values["config"]["epochs"]
    return values


def _fit(settings: RunSettings, split: EvaluationSplit, folder: Path, resume, on_stage, on_epoch, on_progress):
    on_stage("preparing the training")
    trainer = family_of(settings.config).trainer(settings.config, split, settings.seed)
    state = TrainingState()
    if resume and (folder / "snapshot.npz").is_file():
        state = _read_snapshot(folder / "snapshot.npz", trainer)
        on_stage(f"going on after epoch {state.epoch}")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "run.json", json.dumps(settings.to_dict(), indent=2).encode())

    def keep(state: TrainingState) -> None:
        _write_snapshot(folder / "snapshot.npz", trainer, state)
        curves = pd.DataFrame(state.history).to_csv(index=False, float_format="%.6g")
        write_whole(folder / "history.csv", curves.encode())
        on_epoch(state.history[-1])

    on_stage(f"training on {trainer.training_set}")
    state = trainer.fit(
        epochs=settings.epochs, patience=settings.patience, state=state, on_epoch=keep, on_progress=on_progress
    )
    return trainer.model, state


def _write_snapshot(path: Path, trainer: Trainer, state: TrainingState) -> None:
    arrays = {f"v{i}": v.numpy() for i, v in enumerate(trainer.variables)}
    arrays |= {f"best{i}": values for i, values in enumerate(state.best_weights)}
    said = {"epoch": state.epoch, "history": state.history}
    said |= {"best_epoch": state.best_epoch, "best_score": state.best_score}
    work = path.with_suffix(".tmp.npz")
    np.savez(work, state=np.frombuffer(json.dumps(said).encode(), np.uint8), **arrays)
    work.replace(path)


def _read_snapshot(path: Path, trainer: Trainer) -> TrainingState:
    try:
        with np.load(path, allow_pickle=False) as stored:
            said = json.loads(stored["state"].tobytes())
            for i, variable in enumerate(trainer.variables):
                variable.assign(stored[f"v{i}"])
            # none where no epoch has given numbers yet
            best = [stored[f"best{i}"] for i in range(len(trainer.model.get_weights()) if said["best_epoch"] else 0)]
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} cannot be read ({error}); start again with --overwrite") from error
    return TrainingState(**said, best_weights=best)


def _describe(settings: RunSettings, dataset: Dataset, split: EvaluationSplit, model, state, target: Path) -> Bundle:
    packages = ("keras", "tensorflow", "numpy")
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except ModuleNotFoundError:  # the same TensorFlow goes by two package names
            versions[package] = version("tensorflow-cpu")
    return Bundle(
        folder=target,
        title=f"{preset_title(settings.config.preset)} · {dataset.title}",
        dataset=dataset.name,
        dataset_title=dataset.title,
        simulated=dataset.simulated,
        levels=dataset.levels,
        movies_fingerprint=bundles.fingerprint(dataset.movies),
        sizes=Sizes(len(dataset.users), len(dataset.movies)),
        config=settings.config,
        protocol=settings.protocol,
        seed=settings.seed,
        epochs=state.epoch,
        best_epoch=state.best_epoch,
        created=datetime.now(UTC).strftime("%Y-%m-%d"),
        versions=versions,
        parameters=count_parameters(model),
        share=settings.share,
    )
