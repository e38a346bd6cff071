"""Workers as tasks of Ray Train, on one computer or a cluster; it starts them anew when one of them dies.

The folders of runs and bundles, the dataset and this project must be at the same paths on all computers of the cluster,
as on a shared file system. ``RAY_ADDRESS`` names a cluster; without it Ray is started on this computer.
"""

import importlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bst import cluster
from bst.errors import BSTError, TrainingError
from bst.files import write_whole
from bst.settings import get_settings, override_settings
from bst.training.local_workers import HOST, MOST_RESTARTS
from bst.training.messages import FOLDER, MessageReader

PURPOSE = "Training with --engine ray"
POLL_S = 0.2
# in the run's folder of workers: what one of them cannot mend by another try, in one line
_REFUSAL = "refusal.txt"


def run(run_folder: Path, bundles: Path, workers: int, messages: MessageReader) -> None:
    """Train with ``workers`` tasks of Ray Train what a run's folder defines, and return when the bundle is complete.

    Raises ``MissingPackageError`` without Ray, ``TrainingError`` with what a worker said, or after too many deaths.
    """
    os.environ.setdefault("RAY_TRAIN_V2_ENABLED", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # Ray's part for TensorFlow loads it here, too
    with cluster.joined(PURPOSE, TrainingError, max(workers, os.cpu_count() or 1)):
        _train(run_folder, bundles, workers, messages)


def _train(run_folder: Path, bundles: Path, workers: int, messages: MessageReader) -> None:
    train: Any = cluster.load("ray.train", PURPOSE)
    tensorflow: Any = cluster.load("ray.train.tensorflow", PURPOSE)
    settings = get_settings()
    refusal = run_folder / FOLDER / _REFUSAL
    refusal.unlink(missing_ok=True)
    # not in the run's folder, which the chief removes before Ray has written its last word
    storage = run_folder.with_name(f".{run_folder.name}.ray")
    shutil.rmtree(storage, ignore_errors=True)
    trainer = tensorflow.TensorflowTrainer(
        _loop,
        train_loop_config={
            "run": str(run_folder.resolve()),
            "bundles": str(bundles.resolve()),
            "data": str(settings.data.absolute()),
            "cache": str(settings.cache.absolute()),
            "threads": max(1, (os.cpu_count() or 1) // workers),
        },
        scaling_config=train.ScalingConfig(num_workers=workers, resources_per_worker={"CPU": 1}),
        run_config=train.RunConfig(
            name=run_folder.name,
            storage_path=str(storage.resolve()),
            failure_config=train.FailureConfig(max_failures=MOST_RESTARTS),
        ),
    )
    outcome: list[Any] = []

    def fit() -> None:
        try:
            outcome.append(trainer.fit().error)
        except Exception as error:
            outcome.append(error)

    try:
        _follow(fit, messages)
    finally:
        shutil.rmtree(storage, ignore_errors=True)
    if refusal.exists():
        raise TrainingError(refusal.read_text("utf-8"))
    if outcome[0] is not None:
        raise TrainingError(f"Ray Train gave up: {_reason(outcome[0])}; continue with --resume")


def _follow(fit: Callable[[], None], messages: MessageReader) -> None:
    """Run ``fit`` to its end, and hand on messages meanwhile."""
    fitting = threading.Thread(target=fit, daemon=True)  # so that progress is shown meanwhile, and Ctrl-C is heard
    fitting.start()
    while fitting.is_alive():
        fitting.join(POLL_S)
        messages()
    messages()


def _reason(error: Any) -> str:
    """Return the one line of an error of Ray's that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else type(error).__name__)


def _loop(config: dict[str, Any]) -> None:
    """What each worker runs."""
    refusal = Path(config["run"]) / FOLDER / _REFUSAL
    if refusal.exists():
        return  # Ray starts all anew after any error
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(config["threads"])
    stay_on_this_computer()
    from ray import train

    # by its name, as a process would be started: it imports the module that starts workers
    worker = importlib.import_module("bst.training.worker")
    with override_settings(data=Path(config["data"]), cache=Path(config["cache"])):
        # all report to Ray, or it waits; what a restart needs is the snapshot in the run's folder
        try:
            worker.train_together(Path(config["run"]), Path(config["bundles"]), train.report)
        except BSTError as error:
            write_whole(refusal, str(error))
            raise


def stay_on_this_computer() -> None:
    """Let workers that are all on one computer talk over the loopback interface, not over that of the network."""
    task = json.loads(os.environ["TF_CONFIG"])
    addresses = [address.rsplit(":", 1) for address in task["cluster"]["worker"]]
    if len({host for host, _ in addresses}) == 1:
        task["cluster"]["worker"] = [f"{HOST}:{port}" for _, port in addresses]
        os.environ["TF_CONFIG"] = json.dumps(task)
