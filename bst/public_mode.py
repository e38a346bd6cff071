"""What an app that strangers may open (``BST_PUBLIC=1``) does not offer, and what a page says in its place.

Each is refused where it begins: by the function of the library or of the page that would do it calls ``require``. Pages
also show ``refusal`` instead of the button. The command line is the operator's, and is not restricted.
"""

import os
import re
import tempfile
from enum import Enum
from pathlib import Path

from bst.errors import SwitchedOffError
from bst.installation import PROJECT
from bst.settings import get_settings

# a path from the root, of at least one folder; not what follows a colon or a slash, which is an address on the web
_PATH = re.compile(r"""(?<![\w:/\\.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/:*?"'<>|,;()]+[\\/])+""")


class Feature(Enum):
    """What is switched off in public mode, as the subject of a sentence."""

    TRAINING = "Training a model"
    RUNS = "Ending, resuming or deleting a run"
    DOWNLOADS = "Downloading a dataset"
    MEASURING = "Measuring a model"
    STORY_FILES = "Opening a story from a file"
    REAL_USERS = "Showing single users of a dataset of real people"
    PATHS = "Showing where files and logs are"


def refusal(feature: Feature) -> str | None:
    """Return the sentence that a page shows where a feature's control would be; None where the feature is offered."""
    return f"{feature.value} is switched off on this public server." if get_settings().public else None


def require(feature: Feature) -> None:
    """Raise ``SwitchedOffError`` in public mode."""
    if why := refusal(feature):
        raise SwitchedOffError(why)


def without_paths(text: str) -> str:
    """Return a text as strangers may read it: in public mode, of each path in it only the last part is left, and
    nothing of the address of the model server.

    >>> from bst.settings import override_settings
    >>> with override_settings(public=True):
    ...     without_paths("/srv/data/ml-1m/ratings.dat, line 3: 7 is not in 1/2 … 5")
    'ratings.dat, line 3: 7 is not in 1/2 … 5'
    """
    if not refusal(Feature.PATHS):
        return text
    if address := get_settings().model_url:
        text = text.replace(f" at {address}", "")
    # those that are known first, as their names may have blanks; the longest first, as one may lie in another
    for folder in sorted(map(str, _folders()), key=len, reverse=True):
        text = text.replace(folder + os.sep, "").replace(folder, Path(folder).name)
    return _PATH.sub("", text)


def _folders() -> set[Path]:
    settings = get_settings()
    folders = {
        PROJECT,
        settings.data,
        settings.project_data,
        settings.bundles,
        settings.runs,
        settings.cache,
        settings.evaluation_cache,
        settings.results,
        Path(tempfile.gettempdir()),
    }
    return {path for folder in folders for path in (folder, folder.absolute()) if len(path.parts) > 1}
