"""Messages from the chief of several workers to the process that started them: JSON lines in the run's folder."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bst.models.trainer import Progress
from bst.training.listeners import Listeners

FOLDER = "workers"  # in the folder of a run: these messages, and what each worker printed
_FILE = "messages.jsonl"


class MessageWriter:
    """The chief's side."""

    def __init__(self, run: Path):
        self._path = run / FOLDER / _FILE

    def stage(self, message: str) -> None:
        """Report what is being done."""
        self._write("stage", message)

    def epoch(self, row: dict[str, float]) -> None:
        """Report a finished epoch."""
        self._write("epoch", row)

    def progress(self, progress: Progress) -> None:
        """Report progress."""
        self._write("progress", asdict(progress))

    def _write(self, kind: str, value: Any) -> None:
        if self._path.parent.is_dir():  # the run's folder is removed a moment before the end
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([kind, value]) + "\n")


class MessageReader:
    """The other side: hands on what is new, each time that it is called."""

    def __init__(
        self,
        run: Path,
        listeners: Listeners,
    ):
        self._path, self._at = run / FOLDER / _FILE, 0
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._listeners: dict[str, Callable[[Any], None]] = {
            "stage": listeners.on_stage,
            "epoch": listeners.on_epoch,
            "progress": lambda values: listeners.on_progress(Progress(**values)),
        }

    def __call__(self) -> None:
        """Hand on all complete messages since the last time."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                content = file.read()
        except OSError:
            return
        complete = content[: content.rfind(b"\n") + 1]
        self._at += len(complete)
        for line in complete.splitlines():
            kind, value = json.loads(line)
            self._listeners[kind](value)
