"""Where everything lies: the folders of this installation, read from the environment once and used by all.

    BST_HOME           where an installed package keeps data and models: the user's folder for application data unless
                       set; a checkout keeps them in itself
    BST_DATA_DIR       the folder of the datasets; ``data`` in the project unless set
    BST_CACHE_DIR      the folder of what is remembered on this computer; ``data/.cache`` in the project unless set
    BST_DOWNLOAD_URL   a mirror of the MovieLens releases
    BST_TMDB_KEY       a key of The Movie Database, for real posters; without one they are drawn, and nothing is asked
    BST_TMDB_URL       another address of its API
    BST_ENGINE         what predicts: numpy (the default), or keras, the Keras model itself, for reference
    BST_MODEL_URL      a model server (python -m bst serve) to ask instead of loading weights; none unless set
    BST_MAX_RUNS       how many unfinished trainings may be kept: 20 unless set
    BST_MAX_BUNDLES    how many trained models: 200 unless set
    BST_MAX_DISK_GB    how many gigabytes (of 10^9 bytes) both may take: 50 unless set
    BST_PUBLIC         1 for an app that strangers may open: ``public_mode`` says what it then refuses; 0 unless set

Read them with ``get_settings()`` when they are needed, never at import: tests replace them with ``override_settings``.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bst.errors import ConfigError
from bst.installation import PROJECT, home
from bst.text import quoted

TMDB_URL = "https://api.themoviedb.org/3"
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


@dataclass(frozen=True)
class Settings:
    """Folders and addresses.

    Datasets are looked for in ``data``, where downloads go, and then in ``project_data``, where the demo world lies.
    ``bundles`` holds the trained models and ``runs`` the unfinished trainings. ``cache`` holds the registry of dataset
    folders, and ``evaluation_cache`` what an evaluation keeps of a dataset's rows. ``results`` holds figures that
    the project's benchmarks wrote. ``download_url`` is the mirror to
    download from, None for each release's own address. ``tmdb_key`` and ``tmdb_url`` are for the API of The Movie
    Database; no key, no posters from there. ``engine``: see ``inference.engines``. ``public``: strangers may open the
    app, and may do less with it. ``model_url``: the address of a model server, which is asked instead of loading
    weights; None to load them. ``max_runs``, ``max_bundles``, ``max_disk_gb``: see ``training.quotas``.
    """

    data: Path
    project_data: Path
    bundles: Path
    runs: Path
    cache: Path
    evaluation_cache: Path
    results: Path
    download_url: str | None = None
    engine: str = "numpy"
    model_url: str | None = None
    # its key is not shown in a traceback
    tmdb_key: str | None = field(default=None, repr=False)
    tmdb_url: str = TMDB_URL
    public: bool = False
    max_runs: int = 20
    max_bundles: int = 200
    max_disk_gb: float = 50

    @classmethod
    def from_environment(cls) -> "Settings":
        """Return the settings of a program that has just been started.

        Raises ``ConfigError`` for a value that means nothing, or if an installed package cannot write its folder.
        """
        try:
            folder = home()
        except OSError as error:
            raise ConfigError(
                f"{error.filename}: {error.strerror}; set BST_HOME to a folder that can be written"
            ) from error
        data = folder / "data"
        return cls(
            data=_folder("BST_DATA_DIR", data),
            project_data=data,
            bundles=data / "bundles",
            runs=folder / "runs",
            cache=_folder("BST_CACHE_DIR", data / ".cache"),
            evaluation_cache=data / ".cache" / "evaluation",
            results=PROJECT / "benchmarks" / "results",
            download_url=os.environ.get("BST_DOWNLOAD_URL") or None,
            model_url=_address("BST_MODEL_URL"),
            tmdb_key=os.environ.get("BST_TMDB_KEY") or None,
            tmdb_url=os.environ.get("BST_TMDB_URL") or TMDB_URL,
            engine=os.environ.get("BST_ENGINE") or "numpy",
            public=_switch("BST_PUBLIC"),
            max_runs=_count("BST_MAX_RUNS", cls.max_runs),
            max_bundles=_count("BST_MAX_BUNDLES", cls.max_bundles),
            max_disk_gb=_number("BST_MAX_DISK_GB", cls.max_disk_gb),
        )


def _switch(variable: str) -> bool:
    # a typing error must not leave open what was meant to be closed
    chosen = os.environ.get(variable, "").strip().lower()
    if chosen not in YES + NO:
        raise ConfigError(f"{variable} must be 1 or 0 (or true, yes, on; false, no, off), not {quoted(chosen)}")
    return chosen in YES


def _address(variable: str) -> str | None:
    """Return an address of HTTP without the slash at its end. Raises ``ConfigError`` for any other text."""
    chosen = os.environ.get(variable, "").strip()
    if not chosen:
        return None
    try:
        parts = urlsplit(chosen)
        valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is not a number, half a bracket
        valid = False
    if not valid or parts.query or parts.fragment or parts.username or not (chosen.isascii() and chosen.isprintable()):
        raise ConfigError(f"{variable} must be an address such as http://127.0.0.1:8600, not {quoted(chosen)}")
    return chosen.rstrip("/")


def _number(variable: str, default: float) -> float:
    chosen = os.environ.get(variable, "").strip()
    try:
        number = float(chosen) if chosen else default
    except ValueError:
        number = -1
    if not 0 <= number < math.inf:
        raise ConfigError(f"{variable} must be a number, 0 or more, not {quoted(chosen)}")
    return number


def _count(variable: str, default: int) -> int:
    number = _number(variable, default)
    if number != int(number):  # one of 0.5 would be none at all
        raise ConfigError(f"{variable} must be a whole number, not {quoted(os.environ[variable])}")
    return int(number)


def _folder(variable: str, default: Path) -> Path:
    chosen = os.environ.get(variable)
    # os.path, as pathlib raises where "~name" is no user's home
    return Path(os.path.expanduser(chosen)) if chosen else default  # noqa: PTH111


_current: Settings | None = None


def get_settings() -> Settings:
    """Return the settings of this process."""
    global _current
    if _current is None:
        _current = Settings.from_environment()
    return _current


@contextmanager
def override_settings(**changes: Any) -> Iterator[Settings]:
    """Replace some settings for all threads of this process, until the block ends.

    >>> with override_settings(runs=Path("elsewhere")):
    ...     get_settings().runs.name
    'elsewhere'
    """
    global _current
    before = get_settings()
    _current = replace(before, **changes)
    try:
        yield _current
    finally:
        _current = before
