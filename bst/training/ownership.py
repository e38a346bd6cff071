"""The owner of a training run: the browser that started it. Others may watch it, and must confirm to end or delete it.

An owner is known by a text that says nothing about them (a page makes it from a random number in the browser); "" is
the owner of a run that was started without a browser, from the command line or a program.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from bst.errors import TrainingError
from bst.files import write_whole

FILE = "owner.json"


@dataclass(frozen=True)
class Owner:
    """``key``: who started a run. ``started``: when, in seconds since 1970; None if that is not known."""

    key: str = ""
    started: float | None = None


def write(folder: Path, owner: Owner) -> None:
    """Note whose run is in a folder. Raises ``OSError`` if that cannot be written."""
    write_whole(folder / FILE, json.dumps({"key": owner.key, "started": owner.started}))


def read(folder: Path) -> Owner:
    """Return the owner of the run in a folder, with an empty key if no browser started it or its record is missing."""
    try:
        values = json.loads((folder / FILE).read_text("utf-8"))
        return Owner(str(values["key"]), float(values["started"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Owner()


def require(name: str, owner: Owner, asker: str | None, confirmed: bool) -> None:
    """Raise ``TrainingError`` unless ``asker`` may end or delete a run: it is theirs, or they confirmed it.

    ``asker``: a browser's key, "" if it has none; None for a program, which may.
    """
    own = asker is None or (asker != "" and asker == owner.key)
    if not own and not confirmed:
        raise TrainingError(f"run {name} was started by someone else; confirm that you want to end it")
