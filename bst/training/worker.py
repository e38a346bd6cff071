"""One worker of a run of several: a process of this computer, or a task of Ray Train.

python -m bst.training.worker RUN_FOLDER BUNDLES      with the cluster in TF_CONFIG, started by ``local_workers``
"""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from bst import backend
from bst.errors import BSTError
from bst.settings import override_settings
from bst.training.listeners import Listeners, OnRow
from bst.training.local_workers import EXPLAINED
from bst.training.messages import MessageWriter
from bst.training.run_settings import read_settings
from bst.training.runs import LOADING_TENSORFLOW, work


def train_together(run_folder: Path, bundles: Path, on_epoch: OnRow = lambda row: None) -> None:
    """Do one worker's part of a run, and return when all have done theirs.

    ``on_epoch`` is called after each epoch, on the chief when the snapshot is written. Raises as ``runs.train``.
    """
    backend.load()
    from bst.models.replicas import Replicas

    replicas = Replicas.from_environment()  # before anything else that TensorFlow does
    messages = MessageWriter(run_folder) if replicas.is_chief else None

    def on_stage(message: str) -> None:
        if messages and message != LOADING_TENSORFLOW:
            messages.stage(message)

    def tell_epoch(row: dict[str, float]) -> None:
        if messages:
            messages.epoch(row)
        on_epoch(row)

    def on_progress(progress: Any) -> None:
        if messages:
            messages.progress(progress)

    with override_settings(runs=run_folder.parent, bundles=bundles):
        settings = read_settings(run_folder)
        listeners = Listeners(on_stage, tell_epoch, on_progress)
        work(settings, run_folder, bundles / run_folder.name, True, listeners, replicas)
    replicas.wait()  # the cluster must last until the chief has measured and saved


def _end_with_parent() -> None:
    """End this process when the one that started it has ended."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(run_folder: str, bundles: str) -> int:
    """Work in this process; return the exit code: 0, or 2 for an error that the last line explains."""
    _end_with_parent()
    try:
        train_together(Path(run_folder), Path(bundles))
    except BSTError as error:
        print(f"error: {error}")
        return EXPLAINED
    except MemoryError:
        print("error: memory ran out; use fewer --workers, a smaller share of users or a smaller model")
        return EXPLAINED
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    # not sys.exit: at the end of a cluster in which a worker has failed TensorFlow waits for the others
    os._exit(code)
