"""What a run trains on: a dataset in memory, or a prepared store of which a sample is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bst.bundles import rating_counts, user_groups
from bst.bundles.bundle import Bundle
from bst.datasets import find, load, register_folder
from bst.datasets.prepared import is_store
from bst.errors import ConfigError
from bst.models.config import ModelConfig
from bst.models.family import ParallelTraining
from bst.models.registry import family_of, prepare
from bst.models.trainer import Trainer
from bst.schema import Dataset
from bst.store import Store
from bst.timelines.splits import TRAIN, EvaluationSplit

# seven tenths of them for factor models, and more than a thousand held-out users
SAMPLE_EVENTS = 1_000_000


@dataclass(frozen=True)
class RunData:
    """``dataset``: users and movies; ``split``: what is measured on; ``trainer`` makes a training that has not begun.

    ``item_counts`` returns how many ratings each movie has: (movies,) int64. ``sample`` returns a dataset of the same
    users and movies with the ratings that are in memory.
    """

    dataset: Dataset
    split: EvaluationSplit
    trainer: Callable[[], Trainer]
    item_counts: Callable[[], np.ndarray]
    sample: Callable[[], Dataset]

    def save_sidecars(self, bundle: Bundle) -> None:
        """Keep with a bundle what lists and pages need of the dataset. Raises ``BundleError``."""
        rating_counts.save_counts(bundle, self.item_counts())
        user_groups.save(bundle, self.dataset)


def store_folder(dataset: str) -> Path | None:
    """Return the folder of the prepared store that a dataset is; None for any other."""
    folder = find(dataset)
    return folder if folder and is_store(folder) else None


def check_workers(config: ModelConfig, dataset: str, workers: int, *, alone: bool) -> None:
    """Raise ``ConfigError`` if a model cannot be trained by that many workers, or from a dataset that is a store.

    ``alone``: whether one process of this computer takes all steps of an epoch, the only way for some models.
    """
    if workers < 1:
        raise ConfigError(f"--workers must be at least 1, not {workers}")
    folder = store_folder(dataset)
    if folder or not alone:
        _parallel(config, "not from a prepared store" if alone else "without --workers, --engine and --steps-per-epoch")
    if folder and workers > (shards := len(Store.open(folder))):
        raise ConfigError(
            f"{workers} workers are more than the {shards} shards of {folder}, of which each reads its own; use fewer "
            f"--workers, or prepare it with --shards {workers} or more"
        )


def _parallel(config: ModelConfig, otherwise: str = "without workers or a prepared store") -> ParallelTraining:
    """Return how workers train a model. Raises ``ConfigError`` where they cannot, with how it is trained."""
    parallel = family_of(config).parallel
    if parallel is None:
        raise ConfigError(
            f"preset {config.preset} is trained by one process that has the whole dataset in memory: {otherwise}; or "
            "use --preset timeline"
        )
    return parallel


def open_data(
    dataset: str,
    config: ModelConfig,
    protocol: str,
    seed: int,
    share: float,
    *,
    steps: int | None = None,
    sample_events: int = SAMPLE_EVENTS,
    replicas: Any = None,
) -> RunData:
    """Read what a run trains on, for this process's part of it.

    ``replicas``: a ``models.replicas.Replicas``; None for one process that trains alone. ``steps``: at most that many
    in an epoch; ``sample_events``: at most that many events of a store, in whole users, are what is fitted once,
    validated and measured on. Raises ``DatasetError`` or ``ConfigError``.
    """
    family, chief = family_of(config), replicas is None or replicas.is_chief
    if folder := store_folder(dataset):
        parallel = _parallel(config)
        if protocol not in parallel.store_protocols:
            raise ConfigError(
                f"protocol {protocol} needs all ratings in memory; give --protocol {parallel.store_protocols[0]}"
            )
        store = Store.open(folder)
        data = parallel.data(store, seed, share, sample_events, chief=chief)
        register_folder(dataset, data.dataset)
        return RunData(
            data.dataset,
            data.split,
            lambda: parallel.trainer(config, data, seed, replicas, steps),
            lambda: data.statistics.item_count,
            data.numbered_sample,
        )
    loaded = load(dataset)
    register_folder(dataset, loaded)
    split = prepare(loaded, config, protocol, seed, share)
    users = len(np.unique(split.user[split.role == TRAIN]))
    if replicas and replicas.size > users:
        raise ConfigError(f"{replicas.size} workers are more than the {users} users to train on: use fewer --workers")

    def trainer() -> Trainer:
        if replicas is None and steps is None:
            return family.trainer(config, split, seed)
        parallel = _parallel(config)
        data = parallel.data(split, seed, share, sample_events)
        return parallel.trainer(config, data, seed, replicas, steps)

    return RunData(loaded, split, trainer, lambda: rating_counts.count(loaded), lambda: loaded)
