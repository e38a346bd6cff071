"""A process of ``test_workers_equal``: trains on the cluster of ``TF_CONFIG``, or alone, and keeps what it learnt.

fit_alone.py WORLD OUT ACCUMULATE DROPOUT [DEVICES]
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from bst import backend
from bst.datasets import load
from bst.models.registry import prepare
from bst.models.timeline.config import TimelineConfig, TowerConfig


def tiny_config(dropout: float = 0.1, epochs: int = 2, train_length: int = 10) -> TimelineConfig:
    """Return a configuration of three towers that trains within seconds."""
    tower = TowerConfig(width=8, layers=1, dropout=dropout, learning_rate=0.02, epochs=epochs)
    short = {"train_length": train_length, "max_history": 12, "batch_events": 200, "factors": 4}
    quick = {"warm_up": 5, "averaging": 0.9, "negatives": 16}
    return TimelineConfig("timeline", replace(tower, layers=2), tower, tower, **short, **quick)


def main(world: str, out: str, accumulate: str, dropout: str, devices: str = "1") -> None:
    """Train two epochs and write all variables after each of them."""
    backend.load()
    import tensorflow as tf

    if int(devices) > 1:  # stand for GPUs
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * int(devices)
        )
    from bst.models.replicas import Replicas
    from bst.models.timeline.parallel_trainer import ParallelTrainer
    from bst.models.timeline.training_data import SplitData

    if int(devices) > 1:
        replicas = Replicas(tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(int(devices))]))
    else:
        replicas = Replicas.from_environment()
    config = tiny_config(float(dropout))
    split = prepare(load(world), config, "visitor", 3)
    trainer = ParallelTrainer(config, SplitData(split), 3, replicas, accumulate=int(accumulate))

    def keep(state) -> None:
        arrays = {
            f"{i:04d} {v.path if hasattr(v, 'path') else v.name}": v.numpy() for i, v in enumerate(trainer.variables)
        }
        np.savez(Path(out) / f"{os.environ.get('NAME', 'alone')}-{state.epoch}.npz", **arrays)

    state = trainer.fit(epochs=2, patience=2, on_epoch=keep)
    for row in state.history:
        print({name: round(value, 4) for name, value in row.items()})
    replicas.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
