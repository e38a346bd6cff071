"""MovieLens in its three formats, parsed and validated: 1M ("::"), 100K (``u.*``) and the CSV family.

Formats as in the README of each release, https://grouplens.org/datasets/movielens/. All three end
as one ``schema.Dataset`` with the words of ML-1M.
"""

import csv
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bst.datasets.parsing import (
    Layout,
    check_header,
    clean_genres,
    display_title,
    encoding_of,
    fault,
    read_rating_columns,
    split_line,
    text_lines,
    whole_number,
    wrong_count,
    year_of,
)
from bst.datasets.validation import rating_rows, require_ratings
from bst.errors import DatasetError
from bst.schema import AGES, GENRES, HALF_STARS, OCCUPATIONS, SEXES, WHOLE_STARS, Dataset

# A user as (id, sex, age, occupation); a movie as (id, title, genres).
User = tuple[int, str, int, str]
Movie = tuple[int, str, str]

_GENRES_100K = ("unknown", *GENRES)

# The 21 occupations of ML-100K in the words of ML-1M; students are told apart by age.
_OCCUPATIONS_100K = {
    "administrator": "clerical/admin",
    "artist": "artist",
    "doctor": "doctor/health care",
    "educator": "academic/educator",
    "engineer": "technician/engineer",
    "entertainment": "other",
    "executive": "executive/managerial",
    "healthcare": "doctor/health care",
    "homemaker": "homemaker",
    "lawyer": "lawyer",
    "librarian": "academic/educator",
    "marketing": "sales/marketing",
    "none": "unemployed",
    "other": "other",
    "programmer": "programmer",
    "retired": "retired",
    "salesman": "sales/marketing",
    "scientist": "scientist",
    "student": "college/grad student",
    "technician": "technician/engineer",
    "writer": "writer",
}


@dataclass(frozen=True)
class Format:
    """One of MovieLens' formats: its files, their layouts, and the stars it allows.

    ``users`` is None where a release tells nothing about its users.
    """

    name: str
    files: tuple[str, ...]
    ratings: Layout
    read_movies: Callable[[Path], Iterator[tuple[int, str, Movie]]]
    read_users: Callable[[Path], Iterator[tuple[int, str, User]]] | None
    levels: tuple[float, ...]

    @property
    def ratings_file(self) -> str:
        """Name of the file of ratings."""
        return self.files[0]

    @property
    def movies_file(self) -> str:
        """Name of the file of movies."""
        return self.files[1]

    @property
    def users_file(self) -> str | None:
        """Name of the file of users, if the format has one."""
        return self.files[2] if len(self.files) > 2 else None


def read(folder: Path | str, *, name: str | None = None, title: str | None = None) -> Dataset:
    """Read a folder in any of the three formats, told apart by the files in it.

    ``name`` defaults to the folder's name and ``title`` to ``name``. A folder with a ``world.json``
    holds a simulated audience. Raises ``DatasetError`` with file, line, value and mend for the first
    fault found: users, then movies, then ratings.
    """
    folder = Path(folder)
    name = name or folder.resolve().name
    with _readable(folder):
        return _read(folder, detect(folder), name, title or name)


def read_movies(folder: Path | str) -> pd.DataFrame:
    """Read the catalogue alone: the ``movies`` of ``schema.Dataset``. Raises as ``read`` does."""
    folder = Path(folder)
    with _readable(folder):
        kind = detect(folder)
        return _movies(folder / kind.movies_file, kind)


def detect(folder: Path) -> Format:
    """Return the format of the files in a folder, or raise ``DatasetError`` for one without, or a missing file."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise DatasetError(f"{folder} {what}; name the folder that holds the files of a MovieLens release")
    present = {kind: [f for f in kind.files if (folder / f).is_file()] for kind in FORMATS}
    best = max(FORMATS, key=lambda kind: len(present[kind]) / len(kind.files))
    if not present[best]:
        known = "; ".join(", ".join(kind.files) for kind in FORMATS)
        raise DatasetError(f"{folder} holds no MovieLens files; one of these sets is needed: {known}")
    for file in best.files:
        if file not in present[best]:
            raise DatasetError(
                f"{folder / file} is missing, though {present[best][0]} is there; "
                f"unzip the whole dataset again ({best.name} needs {', '.join(best.files)})"
            )
    return best


def has_files(folder: Path) -> bool:
    """Tell whether a folder holds any file of any of the formats; ``read`` tells whether they are sound."""
    try:
        return any((folder / file).is_file() for kind in FORMATS for file in kind.files)
    except OSError:
        return False


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise DatasetError(f"{where} cannot be read ({error.strerror}); see who may read it") from error


def _read(folder: Path, kind: Format, name: str, title: str) -> Dataset:
    users = _users(folder / kind.users_file, kind) if kind.users_file else None
    movies = _movies(folder / kind.movies_file, kind)
    path = folder / kind.ratings_file
    columns, malformed = read_rating_columns(path, kind.ratings)
    user_ids = pd.unique(columns.user) if users is None else users["user_id"].to_numpy()
    ratings = rating_rows(
        path,
        kind.ratings,
        columns,
        malformed,
        user_ids,
        movies["movie_id"].to_numpy(),
        kind.levels,
        kind.users_file,
        kind.movies_file,
    )
    if users is None:
        users = _user_frame(user_ids, *([None] * len(user_ids) for _ in range(3)))
    else:
        require_ratings(folder / kind.users_file, users, ratings, kind.ratings_file)
    simulated = (folder / "world.json").is_file()
    return Dataset(name, title, users, movies, ratings, kind.levels, simulated)


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


def _movies(path: Path, kind: Format) -> pd.DataFrame:
    return movie_frame(*zip(*_distinct(path, kind.read_movies(path), "movie"), strict=True))


def movie_frame(ids: Sequence[int], titles: Sequence[str], genres: Sequence[str]) -> pd.DataFrame:
    """Return ``Dataset.movies`` of ids, titles and genres as they are written in the files."""
    return pd.DataFrame(
        {
            "movie_id": np.asarray(ids, np.int64),
            "title": pd.Series([display_title(title) for title in titles], dtype="str"),
            "year": pd.array([year_of(title) for title in titles], dtype="Int16"),
            "genres": pd.Series([clean_genres(text) for text in genres], dtype="str"),
        }
    )


def _distinct(path: Path, entries: Iterator[tuple[int, str, tuple]], what: str) -> list[tuple]:
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


def _movies_1m(path: Path) -> Iterator[tuple[int, str, Movie]]:
    layout = Layout("::", ("movie id", "title", "genres"))
    # Latin-1 as released; copies that someone saved as UTF-8 are common.
    for line, text in text_lines(path, encoding_of(path)):
        number, title, genres = split_line(path, line, text, layout)
        yield line, text, (_movie_id(path, line, text, number), _title(path, line, text, title), genres)


def _users_1m(path: Path) -> Iterator[tuple[int, str, User]]:
    layout = Layout("::", ("user id", "sex", "age", "occupation", "zip code"))
    for line, text in text_lines(path, "latin-1"):
        number, sex, age, job, _ = split_line(path, line, text, layout)
        user = whole_number(path, line, text, "user id", number)
        years = whole_number(path, line, text, "age", age)
        if years not in AGES:
            groups = ", ".join(map(str, AGES))
            raise fault(path, line, f"age {years} is no age group", text, f"The groups are {groups}.")
        code = whole_number(path, line, text, "occupation", job, least=0)
        if code >= len(OCCUPATIONS):
            mend = f"The codes are 0 to {len(OCCUPATIONS) - 1}."
            raise fault(path, line, f"occupation {code} is unknown", text, mend)
        yield line, text, (user, _sex(path, line, text, sex), years, OCCUPATIONS[code])


def _movies_100k(path: Path) -> Iterator[tuple[int, str, Movie]]:
    dates = ("release date", "video release date", "IMDb address")
    layout = Layout("|", ("movie id", "title", *dates, *_GENRES_100K))
    for line, text in text_lines(path, encoding_of(path)):
        number, title, _, _, _, *flags = split_line(path, line, text, layout)
        movie = _movie_id(path, line, text, number)
        for genre, flag in zip(_GENRES_100K, flags, strict=True):
            if flag.strip() not in ("0", "1"):
                raise fault(path, line, f"flag {flag!r} for {genre} is neither 0 nor 1", text, "Write 0 or 1.")
        genres = [g for g, flag in zip(_GENRES_100K, flags, strict=True) if flag.strip() == "1" and g != "unknown"]
        yield line, text, (movie, _title(path, line, text, title), "|".join(genres))


def _users_100k(path: Path) -> Iterator[tuple[int, str, User]]:
    layout = Layout("|", ("user id", "age", "sex", "occupation", "zip code"))
    for line, text in text_lines(path, "latin-1"):
        number, age, sex, job, _ = split_line(path, line, text, layout)
        user = whole_number(path, line, text, "user id", number)
        years = whole_number(path, line, text, "age", age)
        if years > 120:
            raise fault(path, line, f"age {years} is out of range", text, "Write the age in years, 1 to 120.")
        word = _OCCUPATIONS_100K.get(job.strip())
        if word is None:
            known = ", ".join(_OCCUPATIONS_100K)
            raise fault(path, line, f"occupation {job!r} is unknown", text, f"Known are {known}.")
        if job.strip() == "student" and years < 18:
            word = "K-12 student"
        group = AGES[max(0, bisect_right(AGES, years) - 1)]
        yield line, text, (user, _sex(path, line, text, sex), group, word)


def _movies_csv(path: Path) -> Iterator[tuple[int, str, Movie]]:
    layout = Layout(",", ("movieId", "title", "genres"), header=True)
    for at, (line, text) in enumerate(text_lines(path, "utf-8")):
        # One reader a line: no title of MovieLens has a line break in it, and an unclosed quote is
        # found in its own line instead of swallowing the rest of the file.
        try:
            row = next(csv.reader([text], strict=True))
        except csv.Error as error:
            mend = "Put a title with a comma or a quote into quotes, and double the quotes inside."
            raise fault(path, line, f"broken quoting ({error})", text, mend) from error
        if at == 0:
            check_header(path, line, text, row, layout)
            continue
        if len(row) != len(layout.fields):
            raise wrong_count(path, line, text, len(row), layout)
        yield line, text, (_movie_id(path, line, text, row[0]), _title(path, line, text, row[1]), row[2])


def _movie_id(path: Path, line: int, text: str, value: str) -> int:
    return whole_number(path, line, text, "movie id", value)


def _title(path: Path, line: int, text: str, value: str) -> str:
    if not value.strip():
        raise fault(path, line, "the title is empty", text, "Fill in the title.")
    return value


def _sex(path: Path, line: int, text: str, value: str) -> str:
    if value.strip() not in SEXES:
        raise fault(path, line, f"sex {value!r} is unknown", text, "Write F or M.")
    return value.strip()


_RATING_FIELDS = ("user id", "movie id", "rating", "timestamp")
FORMATS = (
    Format(
        "ML-1M",
        ("ratings.dat", "movies.dat", "users.dat"),
        Layout("::", _RATING_FIELDS),
        _movies_1m,
        _users_1m,
        WHOLE_STARS,
    ),
    Format(
        "ML-100K",
        ("u.data", "u.item", "u.user"),
        Layout("\t", _RATING_FIELDS),
        _movies_100k,
        _users_100k,
        WHOLE_STARS,
    ),
    Format(
        "MovieLens in CSV",
        ("ratings.csv", "movies.csv"),
        Layout(",", ("userId", "movieId", "rating", "timestamp"), header=True),
        _movies_csv,
        None,
        HALF_STARS,
    ),
)
