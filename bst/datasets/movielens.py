"""A folder in any of MovieLens' formats, read and validated: it ends as one ``schema.Dataset``.

What other people made of the formats is read where it can be; what was
assumed is said in ``Dataset.notes``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from bst.datasets import tie_order
from bst.datasets.folders import file_of, inner_folders, packed_hint, require_plain
from bst.datasets.formats import FORMATS, Format, Lines
from bst.datasets.parsing import fault, shorten
from bst.datasets.ratings import RatingColumns, read_rating_columns
from bst.datasets.titles import clean_genres, display_title, printable, year_of
from bst.datasets.validation import UNITS, allowed_levels, finest_unit, rating_rows, require_ratings
from bst.errors import DatasetError
from bst.schema import AGES, OCCUPATIONS, SEXES, Dataset


@dataclass(frozen=True)
class Files:
    """A format and its files in a folder; ``users`` is None where there is none. ``notes``: what was assumed."""

    format: Format
    folder: Path
    ratings: Path
    movies: Path
    users: Path | None
    notes: list[str] = field(default_factory=list)


def read(folder: Path | str, *, name: str | None = None, title: str | None = None) -> Dataset:
    """Read a folder in any of the formats, told apart by the files in it; each of them may be packed by gzip.

    ``name`` defaults to the folder's name and ``title`` to ``name``. A folder with a ``world.json``
    holds a simulated audience. Raises ``DatasetError`` with file, line, value and mend for the first
    fault found: users, then movies, then ratings.
    """
    folder = Path(folder)
    name = name or folder.resolve().name
    with _readable(folder):
        return _read(detect(folder), name, title or name)


def read_movies(folder: Path | str) -> pd.DataFrame:
    """Read the catalogue alone: the ``movies`` of ``schema.Dataset``. Raises as ``read`` does."""
    folder = Path(folder)
    with _readable(folder):
        return _movies(detect(folder))


def detect(folder: Path) -> Files:
    """Return the files of a dataset in a folder, or in the one folder within it.

    Raises ``DatasetError`` where there are none, one of them is missing, or one is something else in disguise.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        mend = "unzip it and name the folder" if folder.suffix == ".zip" else "name the folder"
        raise DatasetError(f"{folder} {what}; {mend} that holds the files of a MovieLens release")
    notes: list[str] = []
    kind, present = _best(folder)
    if not any(present):
        inner = [path for path in inner_folders(folder) if any(_best(path)[1])]
        if len(inner) > 1:
            names = ", ".join(path.name for path in inner[:5])
            raise DatasetError(f"{folder} holds several datasets; name one of its folders: {names}")
        if not inner:
            known = "; ".join(", ".join(kind.files) for kind in FORMATS)
            hint = packed_hint(folder) or f"one of these sets is needed: {known}"
            raise DatasetError(f"{folder} holds no MovieLens files; {hint}")
        notes.append(f"The files are in the folder {shorten(inner[0].name)} within {shorten(folder.name)}.")
        folder = inner[0]
        kind, present = _best(folder)
    ratings, movies, *users = present
    for path, name in zip((ratings, movies), kind.files, strict=False):
        if path is None:
            there = next(path.name for path in present if path)
            hint = packed_hint(folder) or "unzip the whole dataset again"
            raise DatasetError(
                f"{folder / name} is missing, though {there} is there; {hint} ({kind.name} needs "
                f"{', '.join(kind.files)})"
            )
    for path in present:
        if path:
            require_plain(path)
    if users == [None]:
        notes.append(f"There is no {kind.users}: nothing is known about the users.")
    return Files(kind, folder, ratings, movies, users[0] if users else None, notes)


def _best(folder: Path) -> tuple[Format, list[Path | None]]:
    """Return the format of which most is in a folder, and its files: ratings, movies, users; None if missing."""
    present = {
        kind: [file_of(folder, names) for names in (kind.ratings, kind.movies, *([[kind.users]] if kind.users else []))]
        for kind in FORMATS
    }
    best = max(FORMATS, key=lambda kind: sum(path is not None for path in present[kind]) / len(present[kind]))
    return best, present[best]


def has_files(folder: Path) -> bool:
    """Tell whether a folder, or one within it, holds any file of a format; ``read`` tells whether they are sound."""
    try:
        return folder.is_dir() and (any(_best(folder)[1]) or any(any(_best(path)[1]) for path in inner_folders(folder)))
    except OSError:
        return False


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise DatasetError(f"{where} cannot be read ({error.strerror}); see who may read it") from error


def _read(files: Files, name: str, title: str) -> Dataset:
    kind, notes = files.format, files.notes
    users = _users(files.users, kind) if files.users else None
    movies = _movies(files)
    layout = kind.layout(files.ratings, notes)
    columns, malformed = read_rating_columns(files.ratings, layout)
    timed = layout.columns[3] >= 0
    if timed:
        unit = finest_unit(columns)
        if unit // columns.per_second in UNITS:
            notes.append(f"The times in {files.ratings.name} are read as {UNITS[unit // columns.per_second]}.")
        if columns.text_times:
            notes.append(f"The times in {files.ratings.name} are read as dates in UTC.")
        columns = replace(columns, per_second=unit)
    levels = allowed_levels(columns.rating, kind.levels)
    if levels != kind.levels and files.users:
        notes.append(f"{files.ratings.name} has half stars, so ratings go from 0.5 to 5 in steps of a half.")
    user_ids = pd.unique(columns.user) if users is None else users["user_id"].to_numpy()
    ratings = rating_rows(
        files.ratings,
        layout,
        columns,
        malformed,
        user_ids,
        movies["movie_id"].to_numpy(),
        levels,
        files.users and files.users.name,
        files.movies.name,
    )
    if users is None:
        users = _user_frame(user_ids, *([None] * len(user_ids) for _ in range(3)))
    else:
        require_ratings(files.users, users, ratings, files.ratings.name)
    order, ties = _order(columns, ratings["user"].to_numpy(), in_order=files.users is not None)
    if order is not None:
        ratings = ratings.take(order).reset_index(drop=True)
    if not timed:
        order_words = "each user's ratings stand in the order of the file"
        order_words = order_words if ties == "file" else "in which order a user rated is not known"
        notes.append(f"{files.ratings.name} has no times: {order_words}.")
    simulated = (files.folder / "world.json").is_file()
    return Dataset(name, title, users, movies, ratings, levels, simulated, ties, timed, tuple(notes))


def _order(columns: RatingColumns, user: np.ndarray, in_order: bool) -> tuple[np.ndarray | None, str]:
    """Return the order in which ratings are kept, None for that of the file, and what orders ties in time.

    ``in_order``: the format is one of those whose files are in an order that means something.
    """
    order, ties = (None, "file") if in_order else tie_order.order(user, columns.user, columns.movie, columns.time)
    if order is None and columns.per_second > 1:  # what came first within a second is known, and must not get lost
        order = np.argsort(columns.time, kind="stable")
    return order, ties


def _users(path: Path, kind: Format) -> pd.DataFrame:
    users = _distinct(path, kind.read_users(path), "user")
    return _user_frame(*zip(*users, strict=True))


def _user_frame(ids, sexes, ages, occupations) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": np.asarray(ids, np.int64),
            "sex": pd.Categorical(sexes, categories=SEXES),
            "age": pd.Categorical(ages, categories=AGES),
            "occupation": pd.Categorical(occupations, categories=OCCUPATIONS),
        }
    )


def _movies(files: Files) -> pd.DataFrame:
    movies = _distinct(files.movies, files.format.read_movies(files.movies, files.notes), "movie")
    return movie_frame(*zip(*movies, strict=True))


def movie_frame(ids: Sequence[int], titles: Sequence[str], genres: Sequence[str]) -> pd.DataFrame:
    """Return ``Dataset.movies`` of ids, titles and genres as they are written in the files."""
    return pd.DataFrame(
        {
            "movie_id": np.asarray(ids, np.int64),
            "title": pd.Series([display_title(printable(title)) for title in titles], dtype="str"),
            "year": pd.array([year_of(title) for title in titles], dtype="Int16"),
            "genres": pd.Series([clean_genres(text) for text in genres], dtype="str"),
        }
    )


def _distinct(path: Path, entries: Lines, what: str) -> list[tuple]:
    """Return the entries of a file; raise ``DatasetError`` where an id comes twice or nothing comes at all."""
    seen: dict[int, int] = {}
    kept = []
    for line, text, entry in entries:
        first = seen.setdefault(entry[0], line)
        if first != line:
            raise fault(path, line, f"{what} id {entry[0]} comes again", text, f"It was in line {first}: keep one.")
        kept.append(entry)
    if not kept:
        raise fault(path, 1, f"there are no {what}s", "", "The file is empty: download the dataset again.")
    return kept
