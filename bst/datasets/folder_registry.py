"""A registry of the folders of people's own datasets on this computer, so that a bundle finds its dataset by name.

A bundle may be passed on, so it names its dataset and not the dataset's folder. The folder is registered in one small
file outside the bundle, which git ignores; if that file is lost, only the path has to be given again.
"""

import json
from contextlib import suppress
from pathlib import Path

from bst.files import locked, remove_temporaries, write_whole
from bst.settings import get_settings
from bst.strict_json import read_json

WAIT_S = 5.0


def registry_file() -> Path:
    """Return the path of the registry."""
    return get_settings().cache / "folders.json"


def registered_folders() -> dict[str, Path]:
    """Return the registered folders by the names of their datasets; none if the registry is missing or damaged."""
    try:
        entries = read_json(registry_file())
        return {
            name: Path(folder) for name, folder in entries.items() if isinstance(folder, str) and "\0" not in folder
        }
    except (OSError, ValueError, AttributeError):
        return {}


def register(name: str, folder: Path) -> None:
    """Add the folder of a dataset to the registry. If the registry cannot be written, nothing happens."""
    folder = folder.resolve()
    if registered_folders().get(name) == folder:
        return
    file = registry_file()
    with suppress(OSError), locked(file, WAIT_S):  # so that of two programs neither loses the other's entry
        remove_temporaries(file)
        folders = registered_folders() | {name: folder}
        write_whole(file, json.dumps({name: str(path) for name, path in sorted(folders.items())}, indent=1) + "\n")
