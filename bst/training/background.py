"""Runs in a process of their own: started, watched, cancelled and resumed from anywhere, a page or a notebook.

The process outlives whoever started it. Beside what ``bst.training.runs`` keeps, its folder ``runs/NAME`` then holds
``process.json`` (which process, and whether it was cancelled), ``progress.json`` (how far it is, written anew twice a
second) and ``log.txt`` (all that it said). A run whose process is gone is cancelled or has died; either can go on.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import psutil

from bst.errors import BSTError, TrainingError
from bst.files import write_whole
from bst.settings import PROJECT, get_settings, override_settings
from bst.training.runs import RunSettings, check_new, read_settings, train

# how long a process may take to end when it is asked to, before it is ended; seconds
PATIENCE_S = 3.0
WRITE_EVERY_S = 0.5
LOG_LINES = 12
# processes that this one started: only their parent is told how they ended
_children: dict[Path, subprocess.Popen] = {}
_starting = threading.Lock()


@dataclass(frozen=True)
class Status:
    """How a run is doing.

    ``state``: ``"running"``, ``"cancelled"`` or ``"died"``. ``stage`` says in words what is being done. ``epoch`` of
    ``epochs`` is under way, ``share`` (0 … 1) of the whole run done, ``remaining_s`` seconds estimated to be left, None
    while unknown; ``metrics`` of the epoch under way. ``history``: the learning curves so far, one row an epoch.
    ``log``: the last lines; ``ending`` says of a run that died how, as far as anyone knows.
    """

    name: str
    state: str
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


def start(settings: RunSettings, name: str) -> None:
    """Start a run in a process of its own. It ends as the bundle ``name``.

    Raises ``TrainingError`` if the name is taken or no name, another run is under way, or the folder cannot be written.
    """
    folder = _folder(name)
    with _starting:
        _refuse_second()
        check_new(name, folder, get_settings().bundles / name)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:  # of two servers that start the same name, one makes the folder
            raise TrainingError(f"{folder} is there already; choose another name, or remove it") from None
        except OSError as error:
            raise TrainingError(f"the run cannot be kept in {folder}: {error}; make room or mend the folder") from error
        try:
            write_whole(folder / "run.json", json.dumps(settings.to_dict(), indent=2).encode())
            _launch(folder)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise TrainingError(f"the run cannot be kept in {folder}: {error}; make room or mend the folder") from error


def resume(name: str) -> None:
    """Go on with a run that was cancelled or has died, from its last whole epoch.

    Raises ``TrainingError`` if there is no such run, its settings cannot be read, or a run is under way.
    """
    folder = _folder(name)
    with _starting:
        _refuse_second()
        read_settings(folder)
        try:
            _launch(folder)
        except OSError as error:
            raise TrainingError(f"the run {name} cannot go on: {error}; make room or mend its folder") from error


def cancel(name: str) -> None:
    """End a run's process, and return when it has ended, after ``PATIENCE_S`` seconds and a moment at most.

    What it has learnt up to its last whole epoch is kept; at a run that has ended already nothing changes.
    """
    folder = _folder(name)
    process = _process(folder)
    if process is None:
        return
    said = _read(folder / "process.json")
    write_whole(folder / "process.json", json.dumps(said | {"cancelled": True}).encode())
    try:
        everyone = [process, *process.children(recursive=True)]
        for one in everyone:
            one.terminate()
        _, left = psutil.wait_procs(everyone, PATIENCE_S)
        for one in left:
            one.kill()
        psutil.wait_procs(left, PATIENCE_S)
    except psutil.NoSuchProcess:
        pass  # it was quicker


def process_of(name: str) -> psutil.Process | None:
    """Return the process in which a run is under way, None if it is not."""
    return _process(_folder(name))


def discard(name: str) -> None:
    """Remove a run that is not under way, with all that it has learnt. Raises ``TrainingError`` while it runs."""
    if _process(_folder(name)):
        raise TrainingError(f"run {name} is under way; cancel it first")
    shutil.rmtree(_folder(name), ignore_errors=True)


def statuses() -> list[Status]:
    """Return how all unfinished runs are doing, the one under way first, then by name."""
    found = [status(path.parent.name) for path in sorted(get_settings().runs.glob("[!.]*/run.json"))]
    return sorted((one for one in found if one), key=lambda one: one.state != "running")


def status(name: str) -> Status | None:
    """Return how an unfinished run is doing; None if there is none of that name, or it cannot be read."""
    folder = _folder(name)
    process = _process(folder)  # first: a run that ends meanwhile takes its folder with it
    try:
        settings = read_settings(folder)
    except TrainingError:
        return None
    said, progress = _read(folder / "process.json"), _read(folder / "progress.json")
    state = "running" if process else "cancelled" if said.get("cancelled") else "died"
    return Status(
        name,
        state,
        settings,
        **{key: progress[key] for key in _PROGRESS if key in progress},
        history=_history(folder),
        log=_last_lines(folder),
        ending=_ending(folder) if state == "died" else "",
    )


_PROGRESS = ("stage", "epoch", "epochs", "share", "remaining_s", "metrics")


class Reporter:
    """Writes ``process.json`` and ``progress.json`` of a run, from the process that trains, if its folder is there.

    That a page cannot follow a run is no reason to end it: what cannot be written is left out.
    """

    def __init__(self, folder: Path):
        self.folder, self.said, self.last = folder, {}, 0.0

    def on_stage(self, words: str) -> None:
        """Tell what is being done."""
        self._write(stage=words)

    def on_progress(self, progress) -> None:
        """Tell how far it is, but not too often."""
        if time.monotonic() - self.last > WRITE_EVERY_S:
            said = {"epoch": progress.epoch, "epochs": progress.epochs, "share": progress.share}
            self._write(**said, remaining_s=progress.remaining_s, metrics=progress.metrics)

    def _write(self, **said) -> None:
        self.last, self.said = time.monotonic(), self.said | said
        try:
            if self.folder.is_dir():
                if _process(self.folder) is None:
                    _note_process(self.folder, os.getpid())
                write_whole(self.folder / "progress.json", json.dumps(self.said).encode())
        except OSError:
            pass


def _folder(name: str) -> Path:
    return get_settings().runs / name


def _refuse_second() -> None:
    running = [one for one in statuses() if one.state == "running"]
    if running:
        raise TrainingError(
            f"run {running[0].name} is under way ({running[0].share:.0%} done), and two at a time would slow each "
            "other down; wait for it, or cancel it"
        )


def _launch(folder: Path) -> None:
    settings = get_settings()
    command = [sys.executable, "-m", "bst.training.background", str(folder.resolve()), str(settings.bundles.resolve())]
    # a group of its own: neither Ctrl-C at the server nor its end is meant for the run
    apart = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x00000200}
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
            **apart,
        )
    _children[folder.resolve()] = child
    _note_process(folder, child.pid)


def _note_process(folder: Path, pid: int) -> None:
    # a process id is used again one day; with the time at which it began it is not
    try:
        began = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        began = 0.0  # ended already
    write_whole(folder / "process.json", json.dumps({"pid": pid, "began": began}).encode())


def _process(folder: Path) -> psutil.Process | None:
    """Return the process that trains in a folder, if it is alive."""
    said, child = _read(folder / "process.json"), _children.get(folder.resolve())
    try:
        process = psutil.Process(int(said["pid"]))
        if child and child.pid == process.pid:  # asked like this, as threads may outlive what looks dead from outside
            return process if child.poll() is None else None
        same = abs(process.create_time() - float(said["began"])) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return None


def _ending(folder: Path) -> str:
    child = _children.get(folder.resolve())
    code = child.poll() if child else None
    if code is not None and code < 0:
        return f"It was ended from outside (signal {-code})" + (
            ", as happens when memory runs out." if code == -9 else "."
        )
    last = _last_lines(folder)
    if last and last[-1].startswith("error: "):
        return last[-1].removeprefix("error: ")
    if last and "Error" in last[-1]:
        return f"It failed: {last[-1]}"
    return "It was ended from outside, by the system or with the computer."


def _history(folder: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(folder / "history.csv")
    except (OSError, ValueError):
        return pd.DataFrame()


def _last_lines(folder: Path) -> tuple[str, ...]:
    try:
        with (folder / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 20_000))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(line for line in lines if line.strip())[-LOG_LINES:]


def _read(path: Path) -> dict:
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def main(folder: str, bundles: str) -> int:
    """Train in this process what the run's folder asks for; the bundle goes into the folder ``bundles``.

    Returns the exit code: 0, or 2 for a clear refusal.
    """
    at = Path(folder)
    reporter = Reporter(at)
    if os.name == "posix":
        os.nice(5)  # the app in front of a person comes first

    def on_stage(words: str) -> None:
        print(words)
        reporter.on_stage(words)

    def on_epoch(row: dict) -> None:
        print(", ".join(f"{name} {value:.4g}" for name, value in row.items()))

    try:
        with override_settings(runs=at.parent, bundles=Path(bundles)):
            train(
                read_settings(at),
                at.name,
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
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
