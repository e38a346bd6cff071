"""Folders of people's own datasets, remembered on this computer, so that a bundle finds its dataset by name.

A bundle may be passed on, so it names its dataset and not where that lies. Where it lies is kept in one small file
outside of it, which git ignores; nothing is lost with it but the way there.
"""

import json
from pathlib import Path

from bst.files import write_whole
from bst.settings import get_settings


def registry() -> Path:
    """Return the file in which the folders are kept."""
    return get_settings().cache / "folders.json"


def folders() -> dict[str, Path]:
    """Return the remembered folders by the names of their datasets; none where the file is missing or damaged."""
    try:
        known = json.loads(registry().read_text("utf-8"))
        return {name: Path(folder) for name, folder in known.items() if isinstance(folder, str) and "\0" not in folder}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def remember(name: str, folder: Path) -> None:
    """Keep where a dataset lies. A computer that cannot keep it goes on without."""
    known = folders()
    folder = folder.resolve()
    if known.get(name) == folder:
        return
    known[name] = folder
    file = registry()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps({name: str(path) for name, path in sorted(known.items())}, indent=1) + "\n")
    except OSError:
        pass
