"""Runs in a process of their own: started, watched, cancelled and resumed from anywhere, a page or a notebook.

The process outlives the one that started it. Besides what ``bst.training.runs`` writes, its folder ``runs/NAME`` then
holds ``process.json`` (which process, and whether it was cancelled), ``progress.json`` (how far it is, written twice a
second), ``log.txt`` (everything that it printed) and ``owner.json`` (see ``ownership``). A run whose process is gone
was cancelled or has died; both can be resumed. In public mode runs can only be watched.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from bst import error_log, public_mode
from bst.errors import BSTError, TrainingError
from bst.files import InUseError, clean_up, locked, remove_folder, write_whole
from bst.public_mode import Feature
from bst.settings import get_settings, override_settings
from bst.training import ownership
from bst.training.ownership import Owner
from bst.training.run_folder import cannot_be_kept, check_name, check_new, reserved
from bst.training.run_process import find_process, launch, read_json_file
from bst.training.run_settings import RunSettings, fitted, read_settings, write_settings
from bst.training.run_status import Reporter, RunStatus, status, statuses
from bst.training.runs import train

__all__ = ["RunStatus", "cancel", "discard", "resume", "start", "status", "statuses"]

# seconds that a process has to end when it is asked to, before it is killed
PATIENCE_S = 3.0
# while another server starts a run, it is waited for so long: it takes a moment
STARTING_S = 10.0
# how much lower the priority of a run is than that of the app in front of a person
NICENESS = 5


def start(settings: RunSettings, name: str, owner: str = "") -> None:
    """Start a run in a process of its own. It ends as the bundle ``name``. ``owner``: whose it is, see ``ownership``.

    Raises as ``runs.fitted``, and ``TrainingError`` if the name is taken or not allowed, another run is under way,
    there are too many already, or the folder cannot be written.
    """
    public_mode.require(Feature.TRAINING)
    folder = _folder(name)
    check_name(name)
    settings = fitted(settings)
    with _alone(), reserved(folder):
        check_new(name, folder, get_settings().bundles / name)
        try:
            remove_folder(folder)  # a program that was killed had begun it
            folder.mkdir()
            ownership.write(folder, Owner(owner, time.time()))
            write_settings(folder, settings)
            launch(folder)
        except OSError as error:
            with suppress(OSError):
                remove_folder(folder)
            raise cannot_be_kept(folder, error) from error


def resume(name: str) -> None:
    """Continue a run that was cancelled or has died, after its last complete epoch. It stays whose it was.

    Raises ``TrainingError`` if there is no such run, its settings cannot be read, or a run is under way.
    """
    public_mode.require(Feature.RUNS)
    folder = _folder(name)
    with _alone(), reserved(folder):
        read_settings(folder)
        try:
            launch(folder)
        except OSError as error:
            raise TrainingError(f"the run {name} cannot continue: {error}; make room or fix its folder") from error


def cancel(name: str, asker: str | None = None, confirmed: bool = False) -> None:
    """End a run's process, and return when it has ended: after little more than ``PATIENCE_S`` seconds at most.

    What it has learnt up to its last complete epoch is kept. A run that has ended already is not changed. ``asker``:
    who asks, see ``ownership.require``, which raises ``TrainingError``.
    """
    public_mode.require(Feature.RUNS)
    folder = _folder(name)
    ownership.require(name, ownership.read(folder), asker, confirmed)
    process = find_process(folder)
    if process is None:
        return
    record = read_json_file(folder / "process.json")
    with suppress(OSError):  # the disk is full: all the more reason to end it
        write_whole(folder / "process.json", json.dumps(record | {"cancelled": True}))
    try:
        processes = [process, *process.children(recursive=True)]
        for running in processes:
            running.terminate()
        _, alive = psutil.wait_procs(processes, PATIENCE_S)
        for running in alive:
            running.kill()
        psutil.wait_procs(alive, PATIENCE_S)
    except psutil.NoSuchProcess:
        pass  # it ended by itself


def discard(name: str, asker: str | None = None, confirmed: bool = False) -> None:
    """Remove a run that is not under way, with all that it has learnt.

    ``asker``: who asks, see ``ownership.require``. Raises ``TrainingError`` while it runs, if it is someone else's, or
    if the folder cannot be removed.
    """
    public_mode.require(Feature.RUNS)
    folder = _folder(name)
    ownership.require(name, ownership.read(folder), asker, confirmed)
    if find_process(folder):
        raise TrainingError(f"run {name} is under way; cancel it first")
    with reserved(folder):
        try:
            remove_folder(folder)
        except OSError as error:
            raise TrainingError(f"run {name} cannot be removed: {error}; fix the rights of {folder}") from error
    clean_up(get_settings().bundles / name)  # it may have been killed while its bundle was written


def _folder(name: str) -> Path:
    return get_settings().runs / name


@contextmanager
def _alone() -> Iterator[None]:
    """Let one run start at a time, whichever server starts it. Raises ``TrainingError`` if one is under way."""
    runs = get_settings().runs
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(runs / ".starting", STARTING_S))  # no run has a name that begins with a dot
        except InUseError as error:
            raise TrainingError("another run is just being started; try again in a moment") from error
        except OSError as error:
            raise cannot_be_kept(runs, error) from error
        _refuse_second()
        yield


def _refuse_second() -> None:
    running = [run for run in statuses() if run.state == "running"]
    if running:
        raise TrainingError(
            f"run {running[0].name} is under way ({running[0].share:.0%} done), and two at a time would slow each "
            "other down; wait for it, or cancel it"
        )


def main(run_folder: str, bundles: str) -> int:
    """Train in this process what a run's folder defines; the bundle goes into the folder ``bundles``.

    Returns the exit code: 0, 2 for an error that one line explains, or 1 for one that only the log does.
    """
    error_log.install()
    folder = Path(run_folder)
    reporter = Reporter(folder)
    if os.name == "posix":
        os.nice(NICENESS)

    def on_stage(message: str) -> None:
        print(message)
        reporter.on_stage(message)

    def on_epoch(row: dict[str, float]) -> None:
        print(", ".join(f"{name} {value:.4g}" for name, value in row.items()))

    try:
        with override_settings(runs=folder.parent, bundles=Path(bundles)):
            train(
                read_settings(folder),
                folder.name,
                resume=True,
                on_stage=on_stage,
                on_epoch=on_epoch,
                on_progress=reporter.on_progress,
            )
    except BSTError as error:
        print(f"error: {error}")
        return 2
    except MemoryError:
        print("error: memory ran out; choose a smaller share of users, a smaller dataset or a smaller model")
        return 2
    except Exception as error:
        known_as = error_log.report(error, task="training")
        print(
            f"error: something went wrong; error {known_as}. Resume the run; if it happens again, give this number to "
            "the operator of this app: log.txt in the run's folder has the rest"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
