"""The status of unfinished runs, for pages and notebooks, and the files in a run's folder that it is read from."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from bst import error_log
from bst.errors import TrainingError
from bst.files import write_whole
from bst.models.trainer import Progress
from bst.settings import get_settings
from bst.training import ownership
from bst.training.ownership import Owner
from bst.training.run_process import exit_code, find_process, read_json_file, record_process
from bst.training.run_settings import RunSettings, read_settings

WRITE_EVERY_S = 0.5
LOG_LINES = 12
LOG_TAIL_BYTES = 20_000
# the exit code of a process that Linux killed, as it does when memory runs out
KILLED = -9

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


def statuses() -> list[RunStatus]:
    """Return the status of all unfinished runs, the one under way first, then by name."""
    unfinished = [status(path.parent.name) for path in sorted(get_settings().runs.glob("[!.]*/run.json"))]
    return sorted((run for run in unfinished if run), key=lambda run: run.state != "running")


def status(name: str) -> RunStatus | None:
    """Return the status of an unfinished run; None if there is none of that name, or it cannot be read."""
    folder = get_settings().runs / name
    process = find_process(folder)  # first: a run that ends meanwhile removes its folder
    try:
        settings = read_settings(folder)
    except TrainingError:
        return None
    cancelled = read_json_file(folder / "process.json").get("cancelled")
    state: State = "running" if process else "cancelled" if cancelled else "died"
    progress = read_json_file(folder / "progress.json")
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
                if find_process(self.folder) is None:
                    record_process(self.folder, os.getpid())
                write_whole(self.folder / "progress.json", json.dumps(self.progress))
        except OSError:
            pass


def _ending(folder: Path) -> str:
    code = exit_code(folder)
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
