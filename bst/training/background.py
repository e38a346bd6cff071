"""Runs in a process of their own: started, watched, cancelled and resumed from anywhere, a page or a notebook.

The process outlives the one that started it. Besides what ``bst.training.runs`` writes, its folder ``runs/NAME`` then
holds ``process.json`` (which process, and whether it was cancelled), ``progress.json`` (how far it is, written twice a
second), ``log.txt`` (everything that it printed) and ``owner.json`` (see ``ownership``). A run whose process is gone
was cancelled or has died; both can be resumed. In public mode runs can only be watched.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import psutil

from bst import error_log, public_mode
from bst.errors import BSTError, TrainingError
from bst.files import InUseError, clean_up, locked, remove_folder, write_whole
from bst.models.trainer import Progress
from bst.public_mode import Feature
from bst.settings import PROJECT, get_settings, override_settings
from bst.training import ownership
from bst.training.ownership import Owner
from bst.training.runs import (
    RunSettings,
    cannot_be_kept,
    check_name,
    check_new,
    fitted,
    read_settings,
    reserved,
    train,
    write_settings,
)

# seconds that a process has to end when it is asked to, before it is killed
PATIENCE_S = 3.0
# while another server starts a run, it is waited for so long: it takes a moment
STARTING_S = 10.0
WRITE_EVERY_S = 0.5
LOG_LINES = 12
LOG_TAIL_BYTES = 20_000
# how much lower the priority of a run is than that of the app in front of a person
NICENESS = 5
# the exit code of a process that Linux killed, as it does when memory runs out
KILLED = -9
# processes that this one started: only the parent of a process gets its exit code
_children: dict[Path, subprocess.Popen] = {}

State = Literal["running", "cancelled", "died"]


@dataclass(frozen=True)
class RunStatus:
    """The status of an unfinished run.

    ``stage`` is a sentence about what is being done. ``epoch`` of ``epochs`` is under way; ``share`` (0 … 1) of the run
    is done; ``remaining_s`` is an estimate in seconds, None while unknown; ``metrics`` are those of the epoch under
    way. ``history``: the learning curves so far, one row an epoch. ``log``: the last lines. ``ending`` is a sentence
    about how a run died, as far as it is known. ``owner``: who started it.
    """

    name: str
    state: State
    settings: RunSettings
    stage: str = ""
    epoch: int = 0
    epochs: int = 0
    share: float = 0.0
    remaining_s: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    log: tuple[str, ...] = ()
    ending: str = ""
    owner: Owner = field(default_factory=Owner)


# the fields of ``RunStatus`` that a run writes into ``progress.json``
_PROGRESS_FIELDS = ("stage", "epoch", "epochs", "share", "remaining_s", "metrics")


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
            _launch(folder)
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
            _launch(folder)
        except OSError as error:
            raise TrainingError(f"the run {name} cannot continue: {error}; make room or mend its folder") from error


def cancel(name: str, asker: str | None = None, confirmed: bool = False) -> None:
    """End a run's process, and return when it has ended: after little more than ``PATIENCE_S`` seconds at most.

    What it has learnt up to its last complete epoch is kept. A run that has ended already is not changed. ``asker``:
    who asks, see ``ownership.require``, which raises ``TrainingError``.
    """
    public_mode.require(Feature.RUNS)
    folder = _folder(name)
    ownership.require(name, ownership.read(folder), asker, confirmed)
    process = _process(folder)
    if process is None:
        return
    record = _read_json(folder / "process.json")
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


def process_of(name: str) -> psutil.Process | None:
    """Return the process of a run that is under way, None otherwise."""
    return _process(_folder(name))


def discard(name: str, asker: str | None = None, confirmed: bool = False) -> None:
    """Remove a run that is not under way, with all that it has learnt.

    ``asker``: who asks, see ``ownership.require``. Raises ``TrainingError`` while it runs, if it is somebody else's, or
    if the folder cannot be removed.
    """
    public_mode.require(Feature.RUNS)
    folder = _folder(name)
    ownership.require(name, ownership.read(folder), asker, confirmed)
    if _process(folder):
        raise TrainingError(f"run {name} is under way; cancel it first")
    with reserved(folder):
        try:
            remove_folder(folder)
        except OSError as error:
            raise TrainingError(f"run {name} cannot be removed: {error}; mend the rights of {folder}") from error
    clean_up(get_settings().bundles / name)  # it may have been killed while its bundle was written


def statuses() -> list[RunStatus]:
    """Return the status of all unfinished runs, the one under way first, then by name."""
    unfinished = [status(path.parent.name) for path in sorted(get_settings().runs.glob("[!.]*/run.json"))]
    return sorted((run for run in unfinished if run), key=lambda run: run.state != "running")


def status(name: str) -> RunStatus | None:
    """Return the status of an unfinished run; None if there is none of that name, or it cannot be read."""
    folder = _folder(name)
    process = _process(folder)  # first: a run that ends meanwhile removes its folder
    try:
        settings = read_settings(folder)
    except TrainingError:
        return None
    cancelled = _read_json(folder / "process.json").get("cancelled")
    state: State = "running" if process else "cancelled" if cancelled else "died"
    progress = _read_json(folder / "progress.json")
    return RunStatus(
        name,
        state,
        settings,
        **{key: progress[key] for key in _PROGRESS_FIELDS if key in progress},
        history=_history(folder),
        log=_last_lines(folder),
        ending=_ending(folder) if state == "died" else "",
        owner=ownership.read(folder),
    )


class Reporter:
    """Writes ``process.json`` and ``progress.json`` of a run, from the process that trains, if its folder is there.

    A file that cannot be written is no reason to end a training: pages then know less of it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.progress: dict[str, Any] = {}
        self.last_write = 0.0

    def on_stage(self, message: str) -> None:
        """Report what is being done."""
        self._write(stage=message)

    def on_progress(self, progress: Progress) -> None:
        """Report how far the run is, every ``WRITE_EVERY_S`` seconds at most."""
        if time.monotonic() - self.last_write > WRITE_EVERY_S:
            self._write(
                epoch=progress.epoch,
                epochs=progress.epochs,
                share=progress.share,
                remaining_s=progress.remaining_s,
                metrics=progress.metrics,
            )

    def _write(self, **fields: Any) -> None:
        self.last_write, self.progress = time.monotonic(), self.progress | fields
        try:
            if self.folder.is_dir():
                if _process(self.folder) is None:
                    _write_process(self.folder, os.getpid())
                write_whole(self.folder / "progress.json", json.dumps(self.progress))
        except OSError:
            pass


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


def _launch(folder: Path) -> None:
    settings = get_settings()
    command = [sys.executable, "-m", "bst.training.background", str(folder.resolve()), str(settings.bundles.resolve())]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
    # absolute, as they may be relative to where the server was started, which is not where the run works
    environment |= {"BST_DATA_DIR": str(settings.data.absolute()), "BST_CACHE_DIR": str(settings.cache.absolute())}
    (folder / "progress.json").unlink(missing_ok=True)
    with (folder / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            command,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            # a group of its own: neither Ctrl-C in the server's terminal nor the server's end may reach the run
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    _children[folder.resolve()] = child
    try:
        _write_process(folder, child.pid)
    except OSError:  # a run without its record could be neither shown nor cancelled
        child.kill()
        child.wait()
        raise


def _write_process(folder: Path, pid: int) -> None:
    # a process id is used again one day; psutil's hash is of the id and of when the process began, by a clock
    # that is not adjusted
    try:
        identity = hash(psutil.Process(pid))
    except psutil.NoSuchProcess:
        identity = 0  # ended already
    write_whole(folder / "process.json", json.dumps({"pid": pid, "identity": identity}))


def _process(folder: Path) -> psutil.Process | None:
    """Return the process that trains in a folder, if it is alive."""
    record, child = _read_json(folder / "process.json"), _children.get(folder.resolve())
    try:
        process = psutil.Process(int(record["pid"]))
        if child and child.pid == process.pid:  # its own parent knows for certain; threads can outlive a zombie
            return process if child.poll() is None else None
        same = hash(process) == record["identity"]
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return None


def _ending(folder: Path) -> str:
    child = _children.get(folder.resolve())
    code = child.poll() if child else None
    if code is not None and code < 0:
        reason = ", as happens when memory runs out" if code == KILLED else ""
        return f"It was stopped from outside (signal {-code}){reason}."
    last_line = (_last_lines(folder) or ("",))[-1]
    if last_line.startswith("error: "):
        return last_line.removeprefix("error: ")
    if "Error" in last_line:
        return f"It failed: {last_line}"
    return "It was stopped from outside, by the system or with the computer."


def _history(folder: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(folder / "history.csv")
    except (OSError, ValueError):
        return pd.DataFrame()


def _last_lines(folder: Path) -> tuple[str, ...]:
    try:
        with (folder / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    # the line of an unexpected error is for the operator
    shown = [line for line in lines if line.strip() and not line.startswith(error_log.LINE_START)]
    return tuple(shown[-LOG_LINES:])


def _read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file; an empty one where it is missing or damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


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
            "whoever runs the app: log.txt in the run's folder has the rest"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
