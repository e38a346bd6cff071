"""Which datasets there are, where they come from, where they lie, and how to get hold of one.

The terms of MovieLens are at https://grouplens.org/datasets/movielens/; each release repeats them in
its README.
"""

import difflib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bst.datasets import movielens, remembered
from bst.datasets.demo_catalogue import fingerprint, read_catalogue
from bst.datasets.drafts import draft_folder, sweep
from bst.datasets.parsing import quoted
from bst.errors import DatasetError
from bst.schema import HALF_STARS, WHOLE_STARS, Dataset
from bst.settings import get_settings

_DRAFT = ".world-"
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


@dataclass(frozen=True)
class Source:
    """One known dataset. ``url`` is empty where it is not downloaded; counts are None where they change.

    ``known_hash`` is "sha256:…" or "md5:…" of the zip, or None; ``size`` its bytes; ``format`` one of
    "1m", "100k", "10m", "csv", "demo". ``top`` is the folder in the zip, where that has another name.
    """

    name: str
    title: str
    url: str
    known_hash: str | None
    format: str
    licence: str = _LICENCE
    users: int | None = None
    movies: int | None = None
    ratings: int | None = None
    size: int | None = None
    top: str = ""

    @property
    def levels(self) -> tuple[float, ...]:
        """The ratings that it has."""
        return HALF_STARS if self.format in ("csv", "10m") else WHOLE_STARS

    @property
    def folder(self) -> str:
        """Name of the folder that unzipping it gives."""
        return self.top or self.name


@dataclass(frozen=True)
class Status:
    """Whether a source can be loaded now. ``folder`` is None where it is not on disk.

    ``hint`` is one sentence on how to get it, empty where there is nothing to do.
    """

    source: Source
    present: bool
    folder: Path | None
    hint: str


# MD5 sums are those that GroupLens publishes beside each zip. ml-latest-small is renewed from time to
# time under one name, so it has neither a checksum nor counts.
SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source("demo", "Demo world (simulated)", "", None, "demo", _OWN_LICENCE),
        Source(
            "ml-100k",
            "MovieLens 100K",
            WEB + "ml-100k.zip",
            "md5:0e33842e24a9c977be4e0107933c0723",
            "100k",
            users=943,
            movies=1_682,
            ratings=100_000,
            size=4_924_029,
        ),
        Source(
            "ml-1m",
            "MovieLens 1M",
            WEB + "ml-1m.zip",
            "sha256:a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
            "1m",
            users=6_040,
            movies=3_883,
            ratings=1_000_209,
            size=5_917_549,
        ),
        # its README counts 71,567 users, the range of their ids; so many of them have ratings
        Source(
            "ml-10m",
            "MovieLens 10M",
            WEB + "ml-10m.zip",
            "md5:ce571fd55effeba0271552578f2648bd",
            "10m",
            users=69_878,
            movies=10_681,
            ratings=10_000_054,
            size=65_566_137,
            top="ml-10M100K",
        ),
        Source("ml-latest-small", "MovieLens Latest (small)", WEB + "ml-latest-small.zip", None, "csv"),
        Source(
            "ml-20m",
            "MovieLens 20M",
            WEB + "ml-20m.zip",
            "md5:cd245b17a1ae2cc31bb14903e1204af3",
            "csv",
            users=138_493,
            movies=27_278,
            ratings=20_000_263,
            size=198_702_078,
        ),
        Source(
            "ml-25m",
            "MovieLens 25M",
            WEB + "ml-25m.zip",
            "md5:6b51fb2759a8657d3bfcbfc42b592ada",
            "csv",
            users=162_541,
            movies=62_423,
            ratings=25_000_095,
            size=261_978_986,
        ),
        Source(
            "ml-32m",
            "MovieLens 32M",
            WEB + "ml-32m.zip",
            "md5:d472be332d4daa821edc399621853b57",
            "csv",
            users=200_948,
            movies=87_585,
            ratings=32_000_204,
            size=238_950_008,
        ),
    )
}


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
    near = difflib.get_close_matches(name, SOURCES, n=3, cutoff=0.5)
    choice = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(SOURCES)}."
    raise DatasetError(
        f"unknown dataset {quoted(name)}: {choice} A folder with MovieLens files will do, too: --dataset FOLDER"
    )


def licence_text(name: str) -> str:
    """Return the terms of a source in our own words, to be shown before a download."""
    return source_of(name).licence


def find(name_or_path: str | Path) -> Path | None:
    """Return the folder that holds a dataset, or None.

    A known name is looked for in ``data_dir()``, then in the project's ``data``; anything else is the
    path of a folder, or the name of one in those two places. Last come the folders that a training was
    given, which are remembered on this computer.
    """
    name = str(name_or_path)
    if name == "demo":
        return demo_dir() if movielens.has_files(demo_dir()) else None
    if not name:
        return None
    if name not in SOURCES and (folder := _as_folder(name)):
        return folder
    for place in _places(name):
        if movielens.has_files(place):
            return place
    folder = remembered.folders().get(name)
    return folder if folder and movielens.has_files(folder) else None


def remember(name_or_path: str | Path, dataset: Dataset) -> None:
    """Keep on this computer where a dataset lies that was read from a folder, so that ``find`` knows it by its name."""
    folder = find(name_or_path)
    if folder and dataset.name != "demo" and folder.resolve() not in map(Path.resolve, _places(dataset.name)):
        remembered.remember(dataset.name, folder)


def usable() -> dict[str, str]:
    """Return name → title of all datasets that can be loaded now: known ones that are here, and remembered folders.

    The demo world is always among them: it is simulated when it is needed first.
    """
    known = {name: source.title for name, source in SOURCES.items() if name == "demo" or find(name)}
    own = {name: name for name in remembered.folders() if name not in SOURCES and find(name)}
    return known | own


def available() -> list[Status]:
    """Return for each source whether it is here, where, and how to get it otherwise."""
    return [_status(source) for source in SOURCES.values()]


def load(name_or_path: str | Path) -> Dataset:
    """Read and validate a dataset by name or folder; the demo world is made where it is not there yet.

    Raises ``DatasetError`` for an unknown name, a missing dataset (with the command that gets it) or bad files.
    """
    if str(name_or_path) == "demo":
        return _load_demo()
    folder = _found(name_or_path)
    name = _name(folder)
    return movielens.read(folder, name=name, title=SOURCES[name].title if name in SOURCES else name)


def load_movies(name_or_path: str | Path) -> pd.DataFrame:
    """Read the catalogue alone, as ``Dataset.movies``: quick, and the demo world needs no simulation for it."""
    if str(name_or_path) == "demo":
        return _demo_movies()
    return movielens.read_movies(_found(name_or_path))


def _as_folder(path: str) -> Path | None:
    try:
        folder = Path(path).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # a name too long for a path, no right to look, no such home
        return None


def _places(name: str) -> list[Path]:
    names = (name, SOURCES[name].folder) if name in SOURCES else (name,)
    return list(dict.fromkeys(parent / each for parent in (data_dir(), get_settings().project_data) for each in names))


def _status(source: Source) -> Status:
    folder = find(source.name)
    if source.name == "demo":
        hint = "" if folder else "It is simulated at first use, or now by: python -m bst simulate"
        return Status(source, True, folder, hint)
    hint = "" if folder else f"Get it by: python -m bst download {source.name}"
    return Status(source, folder is not None, folder, hint)


def _found(name_or_path: str | Path) -> Path:
    folder = find(name_or_path)
    if folder is not None:
        return folder
    name = str(name_or_path)
    if isinstance(name_or_path, Path) or any(mark in name for mark in "/\\"):
        raise DatasetError(f"{name} is no folder that can be read; name the one with the files of a MovieLens release")
    if lost := remembered.folders().get(name):
        again = f", or get it by: python -m bst download {name}" if name in SOURCES else ""
        raise DatasetError(f"{name} was in {lost} and is no longer there; name its folder: --dataset FOLDER{again}")
    source_of(name)
    places = " and ".join(map(str, _places(name)))
    raise DatasetError(f"{name} is not here (looked in {places}); get it by: python -m bst download {name}")


def _load_demo() -> Dataset:
    from bst.datasets import simulation  # here, because most sessions need no simulator

    folder = demo_dir()
    if _is_current(folder, simulation.VERSION):
        return _read_demo(folder)
    sweep(folder.parent, _DRAFT)
    world = simulation.simulate(users=DEMO_USERS, ratings=DEMO_RATINGS, seed=DEMO_SEED)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with draft_folder(folder.parent, _DRAFT) as draft:
            written = simulation.write(world, draft / "world")
            shutil.rmtree(folder, ignore_errors=True)
            written.rename(folder)
    except (OSError, DatasetError):
        # Another process was quicker, or the project cannot be written: then the world is not kept.
        if not _is_current(folder, simulation.VERSION):
            with tempfile.TemporaryDirectory() as work:
                return _read_demo(simulation.write(world, Path(work) / "world"))
    return _read_demo(folder)


def _is_current(folder: Path, version: int) -> bool:
    """Tell whether a demo world was made by this simulator from the catalogue as it is now."""
    try:
        about = json.loads((folder / "world.json").read_text("utf-8"))
        return (about["catalogue_sha256"], about["version"]) == (fingerprint(), version)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _read_demo(folder: Path) -> Dataset:
    try:
        return movielens.read(folder, name="demo", title=SOURCES["demo"].title)
    except DatasetError as error:
        raise DatasetError(f"{error} Or delete {folder}: the demo world is then simulated anew.") from error


def _demo_movies() -> pd.DataFrame:
    films = read_catalogue()
    return movielens.movie_frame(
        films["movie_id"], [f"{t} ({y})" for t, y in zip(films["title"], films["year"], strict=True)], films["genres"]
    )


def _name(folder: Path) -> str:
    name = folder.resolve().name
    return next((source.name for source in SOURCES.values() if source.folder == name), name)
