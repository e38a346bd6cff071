"""The known datasets: where they come from, where they are on this computer, and how to get and load one.

The terms of MovieLens are at https://grouplens.org/datasets/movielens/; each release repeats them in its README.
"""

import difflib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from bst.datasets import movielens, own
from bst.datasets.demo_catalogue import fingerprint, read_catalogue
from bst.datasets.folder_registry import register, registered_folders
from bst.datasets.prepared import is_store, load_store, load_store_movies
from bst.domain import MOVIES, Domain
from bst.errors import DatasetError
from bst.files import clean_up, draft_of, replace_folder
from bst.schema import HALF_STARS, WHOLE_STARS, Dataset
from bst.settings import get_settings
from bst.store import Store
from bst.text import quoted

# while another program simulates the demo world, it is waited for so long: it takes some seconds
DEMO_WAIT_S = 120.0
DEMO_USERS, DEMO_RATINGS, DEMO_SEED = 2_000, 300_000, 1
WEB = "https://files.grouplens.org/datasets/movielens/"

_LICENCE = (
    "MovieLens data belong to GroupLens, University of Minnesota. You may use them for research. You may not "
    "redistribute them without separate permission, nor use them commercially without permission from GroupLens, nor "
    "suggest that the University or GroupLens endorses your work; they come without any guarantee. Cite: F. M. Harper "
    "and J. A. Konstan (2015), The MovieLens Datasets: History and Context, ACM TiiS 5(4), article 19. "
    "Terms: https://grouplens.org/datasets/movielens/"
)
_OWN_LICENCE = (
    "Simulated by BST Studio; no rating comes from a person. Use it as you like, under the project's licence."
)


SourceFormat = Literal["1m", "100k", "10m", "csv", "demo"]


@dataclass(frozen=True)
class Source:
    """One known dataset. ``url`` is empty where it is not downloaded; counts are None where they change.

    ``known_hash`` is "sha256:…" or "md5:…" of the zip, or None; ``size`` the bytes of the zip. ``zip_folder`` is the
    folder in the zip, if that has another name.
    """

    name: str
    title: str
    url: str
    known_hash: str | None
    format: SourceFormat
    licence: str = _LICENCE
    users: int | None = None
    movies: int | None = None
    ratings: int | None = None
    size: int | None = None
    zip_folder: str = ""

    @property
    def levels(self) -> tuple[float, ...]:
        """Its rating levels, ascending."""
        return HALF_STARS if self.format in ("csv", "10m") else WHOLE_STARS

    @property
    def folder(self) -> str:
        """Name of the folder that unzipping it creates."""
        return self.zip_folder or self.name


@dataclass(frozen=True)
class Availability:
    """Whether a source can be loaded now. ``folder`` is None where it is not on disk.

    ``hint`` is one sentence on how to get it, empty where there is nothing to do.
    """

    source: Source
    present: bool
    folder: Path | None
    hint: str


def _release(
    name: str,
    version: str,
    source_format: SourceFormat,
    known_hash: str | None = None,
    users: int | None = None,
    movies: int | None = None,
    ratings: int | None = None,
    size: int | None = None,
    zip_folder: str = "",
) -> Source:
    """Return a release of MovieLens. MD5 sums are those that GroupLens publishes beside each zip."""
    title, url = f"MovieLens {version}", f"{WEB}{name}.zip"
    return Source(name, title, url, known_hash, source_format, _LICENCE, users, movies, ratings, size, zip_folder)


_ML_1M_HASH = "sha256:a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20"
_ML_10M_HASH = "md5:ce571fd55effeba0271552578f2648bd"
_RELEASES = (
    _release("ml-100k", "100K", "100k", "md5:0e33842e24a9c977be4e0107933c0723", 943, 1_682, 100_000, 4_924_029),
    _release("ml-1m", "1M", "1m", _ML_1M_HASH, 6_040, 3_883, 1_000_209, 5_917_549),
    # its README counts 71,567 users, which is the range of their ids; this many of them have ratings
    _release("ml-10m", "10M", "10m", _ML_10M_HASH, 69_878, 10_681, 10_000_054, 65_566_137, zip_folder="ml-10M100K"),
    # it is updated from time to time under the same name, so it has neither a checksum nor counts
    _release("ml-latest-small", "Latest (small)", "csv"),
    _release("ml-20m", "20M", "csv", "md5:cd245b17a1ae2cc31bb14903e1204af3", 138_493, 27_278, 20_000_263, 198_702_078),
    _release("ml-25m", "25M", "csv", "md5:6b51fb2759a8657d3bfcbfc42b592ada", 162_541, 62_423, 25_000_095, 261_978_986),
    _release("ml-32m", "32M", "csv", "md5:d472be332d4daa821edc399621853b57", 200_948, 87_585, 32_000_204, 238_950_008),
)
_DEMO = Source("demo", "Demo world (simulated)", "", None, "demo", _OWN_LICENCE)
SOURCES: dict[str, Source] = {source.name: source for source in (_DEMO, *_RELEASES)}


def data_dir() -> Path:
    """Return the folder of the datasets: ``$BST_DATA_DIR``, or ``data`` in the project."""
    return get_settings().data


def demo_dir() -> Path:
    """Return the folder of the demo world: generated, and never taken from ``$BST_DATA_DIR``."""
    return get_settings().project_data / "demo" / "world"


def source_of(name: str) -> Source:
    """Return a known source, or raise ``DatasetError`` with the nearest names."""
    if name in SOURCES:
        return SOURCES[name]
    similar = difflib.get_close_matches(name, SOURCES, n=3, cutoff=0.5)
    suggestion = f"did you mean {' or '.join(similar)}?" if similar else f"known are {', '.join(SOURCES)}."
    raise DatasetError(
        f"unknown dataset {quoted(name)}: {suggestion} A folder with MovieLens files will do, too: --dataset FOLDER"
    )


def licence_text(name: str) -> str:
    """Return the terms of a source in our own words, to be shown before a download."""
    return source_of(name).licence


def find(name_or_path: str | Path) -> Path | None:
    """Return the folder that holds a dataset, or None.

    A known name is looked for in ``data_dir()``, then in the project's ``data``; anything else is the path of a folder,
    or the name of one in these two. Last come the folders that were registered on this computer by a training.
    """
    name = str(name_or_path)
    if name == "demo":
        return demo_dir() if movielens.has_files(demo_dir()) else None
    if not name:
        return None
    if name not in SOURCES and (folder := _as_folder(name)):
        return folder
    folders = _usual_folders(name)
    if registered := registered_folders().get(name):
        folders.append(registered)
    return next((folder for folder in folders if _has_dataset(folder)), None)


def _has_dataset(folder: Path) -> bool:
    return own.is_stored(folder) or movielens.has_files(folder) or is_store(folder)


def register_folder(name_or_path: str | Path, dataset: Dataset) -> None:
    """Register the folder that a dataset was read from on this computer, so that ``find`` knows it by its name."""
    folder = find(name_or_path)
    if folder and dataset.name != "demo" and folder.resolve() not in map(Path.resolve, _usual_folders(dataset.name)):
        register(dataset.name, folder)


def usable() -> dict[str, str]:
    """Return name → title of all datasets that can be loaded now: known ones that are here, and registered folders.

    The demo world is always among them: it is simulated when it is first needed.
    """
    known = {name: source.title for name, source in SOURCES.items() if name == "demo" or find(name)}
    imported = {folder.name: _title(folder) for folder in imported_folders()}
    registered = {name: name for name in registered_folders() if name not in SOURCES and find(name)}
    return known | registered | imported


def imported_folders() -> list[Path]:
    """Return the folders of all imported datasets, by name."""
    try:
        return sorted(folder for folder in data_dir().iterdir() if own.is_stored(folder))
    except OSError:  # there is no such folder
        return []


def _title(folder: Path) -> str:
    try:
        return own.read_title(folder)
    except DatasetError:
        return folder.name


def require_new_name(name: str, *, overwrite: bool = False) -> Path:
    """Return the folder for an imported dataset of this name.

    Raises ``DatasetError`` for a name that is not a plain word or is taken, unless that is by an imported dataset and
    ``overwrite`` is true.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", name):
        raise DatasetError(f"{quoted(name)} cannot be the name of a dataset: use letters, digits, '.', '_' and '-'")
    folder = data_dir() / name
    if name in SOURCES or (folder.exists() and not own.is_stored(folder)):
        raise DatasetError(f"{quoted(name)} is something else already; choose another --name")
    if folder.exists() and not overwrite:
        raise DatasetError(f"there is a dataset {quoted(name)} already; choose another --name, or add --overwrite")
    return folder


def available() -> list[Availability]:
    """Return for each source whether it is here, where, and how to get it otherwise."""
    return [_availability(source) for source in SOURCES.values()]


def load(name_or_path: str | Path) -> Dataset:
    """Read and validate a dataset by name or folder; the demo world is simulated if it is not there yet.

    Raises ``DatasetError`` for an unknown name, a missing dataset (with the command that gets it) or bad files.
    """
    if str(name_or_path) == "demo":
        return _load_demo()
    folder = _require_folder(name_or_path)
    if is_store(folder):
        return load_store(folder)
    name = _name(folder)
    if own.is_stored(folder):
        return own.read_stored(folder, name)
    _require_imported(folder)
    return movielens.read(folder, name=name, title=SOURCES[name].title if name in SOURCES else name)


def load_movies(name_or_path: str | Path) -> pd.DataFrame:
    """Read the catalogue alone, as ``Dataset.movies``: fast, and the demo world needs no simulation for it."""
    if str(name_or_path) == "demo":
        return _demo_movies()
    folder = _require_folder(name_or_path)
    if is_store(folder):
        return load_store_movies(folder)
    if own.is_stored(folder):
        return own.read_items(folder)
    _require_imported(folder)
    return movielens.read_movies(folder)


def load_domain(name_or_path: str | Path) -> Domain:
    """Return what a dataset is about: fast, as nothing else is read. Errors as in ``load``."""
    if str(name_or_path) == "demo":
        return MOVIES
    folder = _require_folder(name_or_path)
    if is_store(folder):
        return Store.open(folder).domain
    return own.read_domain(folder) if own.is_stored(folder) else MOVIES


def _require_imported(folder: Path) -> None:
    """Raise ``DatasetError`` for a folder in the format of one's own data, which is not read where it lies."""
    if own.is_own(folder) and not movielens.has_files(folder):
        raise DatasetError(f"{folder} has to be imported first: python -m bst import {folder}")


def _as_folder(path: str) -> Path | None:
    try:
        folder = Path(path).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # a name too long for a path, no permission, no such user
        return None


def _usual_folders(name: str) -> list[Path]:
    names = (name, SOURCES[name].folder) if name in SOURCES else (name,)
    return list(dict.fromkeys(parent / each for parent in (data_dir(), get_settings().project_data) for each in names))


def _availability(source: Source) -> Availability:
    folder = find(source.name)
    if source.name == "demo":
        hint = "" if folder else "It is simulated at first use, or now by: python -m bst simulate"
        return Availability(source, True, folder, hint)
    hint = "" if folder else f"Get it by: python -m bst download {source.name}"
    return Availability(source, folder is not None, folder, hint)


def _require_folder(name_or_path: str | Path) -> Path:
    folder = find(name_or_path)
    if folder is not None:
        return folder
    name = str(name_or_path)
    if isinstance(name_or_path, Path) or any(mark in name for mark in "/\\"):
        raise DatasetError(
            f"{name} is not a folder that can be read; name the one with the files of a MovieLens release"
        )
    if lost := registered_folders().get(name):
        again = f", or get it by: python -m bst download {name}" if name in SOURCES else ""
        raise DatasetError(f"{name} was in {lost} and is no longer there; name its folder: --dataset FOLDER{again}")
    source_of(name)
    folders = " and ".join(map(str, _usual_folders(name)))
    raise DatasetError(f"{name} is not here (looked in {folders}); get it by: python -m bst download {name}")


def _load_demo() -> Dataset:
    from bst.datasets import simulation  # here, because most sessions need no simulator

    folder = demo_dir()
    clean_up(folder)
    if _is_current(folder, simulation.VERSION):
        return _read_demo(folder)
    world = None
    try:
        with draft_of(folder, DEMO_WAIT_S) as draft:
            if not _is_current(folder, simulation.VERSION):
                world = simulation.simulate(users=DEMO_USERS, ratings=DEMO_RATINGS, seed=DEMO_SEED)
                replace_folder(folder, simulation.write(world, draft / "world"))
    except (OSError, DatasetError):  # the project's folder cannot be written, or the disk is full: it is not kept
        world = world or simulation.simulate(users=DEMO_USERS, ratings=DEMO_RATINGS, seed=DEMO_SEED)
        return replace(world.dataset, title=SOURCES["demo"].title)
    return _read_demo(folder)


def _is_current(folder: Path, version: int) -> bool:
    """Whether a demo world was simulated by this version from the current catalogue."""
    try:
        world = json.loads((folder / "world.json").read_text("utf-8"))
        return (world["catalogue_sha256"], world["version"]) == (fingerprint(), version)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _read_demo(folder: Path) -> Dataset:
    try:
        return movielens.read(folder, name="demo", title=SOURCES["demo"].title)
    except DatasetError as error:
        raise DatasetError(f"{error} Or delete {folder}: the demo world is then simulated anew.") from error


def _demo_movies() -> pd.DataFrame:
    films = read_catalogue()
    titles = [f"{title} ({year})" for title, year in zip(films["title"], films["year"], strict=True)]
    return movielens.movie_frame(films["movie_id"].tolist(), titles, films["genres"].tolist())


def _name(folder: Path) -> str:
    name = folder.resolve().name
    return next((source.name for source in SOURCES.values() if source.folder == name), name)
