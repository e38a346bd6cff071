"""The snapshot of a run, written after each epoch, from which it continues: weights, optimiser, and the curves."""

import json
import zipfile
from pathlib import Path

import numpy as np

from bst.errors import TrainingError
from bst.files import as_array, write_arrays
from bst.models.trainer import Trainer, TrainingState
from bst.text import reason


def write_snapshot(path: Path, trainer: Trainer, state: TrainingState) -> None:
    """Replace the snapshot in one step. Raises ``OSError`` if it cannot be written."""
    arrays = {f"v{i}": variable.numpy() for i, variable in enumerate(trainer.variables)}
    arrays |= {f"best{i}": values for i, values in enumerate(state.best_weights)}
    scalars = {name: getattr(state, name) for name in ("epoch", "history", "best_epoch", "best_score")}
    write_arrays(path, arrays | {"state": as_array(json.dumps(scalars))})


def read_snapshot(path: Path, trainer: Trainer) -> TrainingState:
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
