"""A folder in any of MovieLens' formats, read and validated into one ``schema.Dataset``.

Variants of the formats that other people made are read where that is possible; what was assumed is listed in
``Dataset.notes``.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from bst.datasets import tie_order
from bst.datasets.folders import file_of, inner_folders, packed_hint, require_plain_text
from bst.datasets.formats import FORMATS, Format, MovieValues, UserValues
from bst.datasets.parsing import Line
from bst.datasets.ratings import RatingColumns, read_rating_columns
from bst.datasets.tie_order import TieOrder
from bst.datasets.titles import clean_genres, display_title, printable, year_of
from bst.datasets.validation import (
    UNITS,
    Ids,
    RatingsFile,
    allowed_levels,
    finest_unit,
    rating_rows,
    require_ratings,
)
from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.errors import DatasetError
from bst.schema import Dataset
from bst.text import shorten

Values = TypeVar("Values", UserValues, MovieValues)
MAX_NAMED_FOLDERS = 5  # in a message


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
    """Read a folder in any of the formats, recognised by the files in it; each of them may be compressed by gzip.

    ``name`` defaults to the folder's name and ``title`` to ``name``. A folder with a ``world.json`` holds a simulated
    audience. Raises ``DatasetError`` with file, line, value and fix for the first fault: in users, then movies, then
    ratings.
    """
    folder = Path(folder)
    name = name or folder.resolve().name
    with _read_errors(folder):
        return _read(detect(folder), name, title or name)


def read_movies(folder: Path | str) -> pd.DataFrame:
    """Read the catalogue alone: the ``movies`` of ``schema.Dataset``. Raises as ``read`` does."""
    folder = Path(folder)
    with _read_errors(folder):
        return _movies(detect(folder))


def detect(folder: Path) -> Files:
    """Return the files of a dataset in a folder, or in the one folder within it.

    Raises ``DatasetError`` where there are none, one of them is missing, or one is something else in disguise.
    """
    if not folder.is_dir():
        problem = "is a file, not a folder" if folder.exists() else "does not exist"
        fix = "unzip it and name the folder" if folder.suffix == ".zip" else "name the folder"
        raise DatasetError(f"{folder} {problem}; {fix} that holds the files of a MovieLens release")
    notes: list[str] = []
    best, paths = _best_format(folder)
    if not any(paths):
        inner = _folder_within(folder)
        notes.append(f"The files are in the folder {shorten(inner.name)} within {shorten(folder.name)}.")
        folder = inner
        best, paths = _best_format(folder)
    ratings, movies, *users = paths
    if ratings is None or movies is None:
        missing = best.files[0] if ratings is None else best.files[1]
        present = next(path.name for path in paths if path)
        hint = packed_hint(folder) or "unzip the whole dataset again"
        raise DatasetError(
            f"{folder / missing} is missing, though {present} is there; {hint} ({best.name} needs "
            f"{', '.join(best.files)})"
        )
    for path in filter(None, paths):
        require_plain_text(path)
    if users == [None]:
        notes.append(f"There is no {best.users}: nothing is known about the users.")
    return Files(best, folder, ratings, movies, users[0] if users else None, notes)


def _folder_within(folder: Path) -> Path:
    """Return the one folder within another that has files of a dataset; raise ``DatasetError`` for none or several."""
    inner = [path for path in inner_folders(folder) if any(_best_format(path)[1])]
    if len(inner) > 1:
        names = ", ".join(path.name for path in inner[:MAX_NAMED_FOLDERS])
        raise DatasetError(f"{folder} holds several datasets; name one of its folders: {names}")
    if not inner:
        sets = "; ".join(", ".join(each.files) for each in FORMATS)
        hint = packed_hint(folder) or f"one of these sets is needed: {sets}"
        raise DatasetError(f"{folder} holds no MovieLens files; {hint}")
    return inner[0]


def _best_format(folder: Path) -> tuple[Format, list[Path | None]]:
    """Return the format of which a folder has most, and its files: ratings, movies, users; None for a missing one."""
    paths = {
        each: [file_of(folder, names) for names in (each.ratings, each.movies, *([[each.users]] if each.users else []))]
        for each in FORMATS
    }
    best = max(FORMATS, key=lambda each: sum(path is not None for path in paths[each]) / len(paths[each]))
    return best, paths[best]


def has_files(folder: Path) -> bool:
    """Whether a folder, or one within it, has any file of a format; ``read`` checks whether they are valid."""
    try:
        return folder.is_dir() and any(any(_best_format(path)[1]) for path in (folder, *inner_folders(folder)))
    except OSError:
        return False


@contextmanager
def _read_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        path = error.filename or folder
        raise DatasetError(f"{path} cannot be read ({error.strerror}); check its permissions") from error


def _read(files: Files, name: str, title: str) -> Dataset:
    usual, notes = files.format, files.notes
    users = _users(files.users, usual) if files.users else None
    movies = _movies(files)
    layout = usual.layout(files.ratings, notes)
    columns, malformed = read_rating_columns(files.ratings, layout)
    if layout.has_times:
        columns = _in_finest_unit(columns, files.ratings.name, notes)
    levels = allowed_levels(columns.rating, usual.levels)
    if levels != usual.levels and files.users:
        notes.append(f"{files.ratings.name} has half stars, so ratings go from 0.5 to 5 in steps of a half.")
    user_ids = pd.unique(columns.user) if users is None else users["user_id"].to_numpy()
    ratings = rating_rows(
        RatingsFile(files.ratings, layout, columns, malformed),
        Ids(user_ids, files.users.name if files.users else None),
        Ids(movies["movie_id"].to_numpy(), files.movies.name),
        levels,
    )
    if users is None:
        users = _user_frame([(int(user_id), None, None, None) for user_id in user_ids])
    elif files.users:
        require_ratings(files.users, users, ratings, files.ratings.name)
    order, ties = _rating_order(columns, ratings["user"].to_numpy(), in_order=files.users is not None)
    if order is not None:
        ratings = ratings.take(order).reset_index(drop=True)
    if not layout.has_times:
        consequence = (
            "each user's ratings are in the order of the file"
            if ties == "file"
            else "in which order a user rated is not known"
        )
        notes.append(f"{files.ratings.name} has no times: {consequence}.")
    simulated = (files.folder / "world.json").is_file()
    return Dataset(name, title, users, movies, ratings, levels, simulated, ties, layout.has_times, tuple(notes))


def _in_finest_unit(columns: RatingColumns, file: str, notes: list[str]) -> RatingColumns:
    """Return columns with the unit in which their times make sense, and note it."""
    per_second = finest_unit(columns)
    if per_second // columns.per_second in UNITS:
        notes.append(f"The times in {file} are read as {UNITS[per_second // columns.per_second]}.")
    if columns.text_times:
        notes.append(f"The times in {file} are read as dates in UTC.")
    return replace(columns, per_second=per_second)


def _rating_order(columns: RatingColumns, user: np.ndarray, in_order: bool) -> tuple[np.ndarray | None, TieOrder]:
    """Return the order in which ratings are kept, None for that of the file, and what orders ties in time.

    ``in_order``: the order of the file is known to be meaningful, as it is in the formats with a file of users.
    """
    order: np.ndarray | None = None
    ties: TieOrder = "file"
    if not in_order:
        order, ties = tie_order.order(user, columns.user, columns.movie, columns.time)
    if order is None and columns.per_second > 1:  # the order within a second is known, and must not get lost
        order = np.argsort(columns.time, kind="stable")
    return order, ties


def _users(path: Path, file_format: Format) -> pd.DataFrame:
    if file_format.read_users is None:
        raise ValueError(f"{file_format.name} has no file of users")
    return _user_frame(_distinct(path, file_format.read_users(path), "user"))


def _user_frame(users: Sequence[tuple[int, str | None, int | None, str | None]]) -> pd.DataFrame:
    user_ids, sexes, ages, occupations = zip(*users, strict=True)
    return pd.DataFrame(
        {
            "user_id": np.asarray(user_ids, np.int64),
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


def _distinct(path: Path, rows: Iterable[tuple[Line, Values]], entity: str) -> list[Values]:
    """Return the values of a file; raise ``DatasetError`` where an id is repeated or there are no lines at all."""
    first_lines: dict[int, int] = {}
    distinct = []
    for line, values in rows:
        first = first_lines.setdefault(values[0], line.number)
        if first != line.number:
            raise line.error(f"{entity} id {values[0]} is a duplicate", f"It was in line {first}: keep one.")
        distinct.append(values)
    if not distinct:
        problem, fix = f"there are no {entity}s", "The file is empty: download the dataset again."
        raise Line(path, 1, "").error(problem, fix)
    return distinct
