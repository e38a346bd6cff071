"""MovieLens' formats: "::" (1M and 10M), 100K (``u.*``) and the CSV family. Users and movies, line by line.

As in the README of each release, https://grouplens.org/datasets/movielens/; all values become those of ML-1M.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bst.datasets.parsing import Layout, Line, encoding_of, read_lines
from bst.datasets.tables import movie_layout, rating_layout
from bst.datasets.titles import printable, year_of
from bst.domain import AGES, GENRES, OCCUPATIONS, SEXES
from bst.schema import HALF_STARS, WHOLE_STARS
from bst.text import quoted

MAX_TITLE_LENGTH = 500  # characters; the longest of any release has about 200
MAX_AGE = 120
ADULT_AGE = 18
_YEAR = re.compile(r"([0-9]{4})(?:\.0)?")

_GENRES_100K = ("unknown", *GENRES)

# The 21 occupations of ML-100K as those of ML-1M, which has two kinds of students: they differ by age.
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

UserValues = tuple[int, str, int, str]  # user id, sex, age group, occupation
MovieValues = tuple[int, str, str]  # movie id, title, genres joined by "|"
UserRows = Iterator[tuple[Line, UserValues]]
MovieRows = Iterator[tuple[Line, MovieValues]]


@dataclass(frozen=True)
class Format:
    """One of MovieLens' formats: the names of its files, how they are read, and the rating levels it usually has.

    ``users`` is None where a release says nothing about its users; no file is then looked for. ``layout`` and
    ``read_movies`` add what they assume to a list of notes.
    """

    name: str
    ratings: tuple[str, ...]
    movies: tuple[str, ...]
    users: str | None
    layout: Callable[[Path, list[str]], Layout]
    read_movies: Callable[[Path, list[str]], MovieRows]
    read_users: Callable[[Path], UserRows] | None
    levels: tuple[float, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all its files, as released."""
        return self.ratings[0], self.movies[0], *([self.users] if self.users else [])


def _movies_dat(path: Path, notes: list[str]) -> MovieRows:
    layout = Layout("::", ("movie id", "title", "genres"))
    # Latin-1 as released, UTF-8 from 10M on; copies of the former that someone saved as UTF-8 are common.
    for line in read_lines(path, encoding_of(path)):
        movie_id, title, genres = line.split(layout)
        yield line, (line.integer("movie id", movie_id), _title(line, title), genres)


def _users_dat(path: Path) -> UserRows:
    layout = Layout("::", ("user id", "sex", "age", "occupation", "zip code"))
    for line in read_lines(path, "latin-1"):
        user_id, sex, age, occupation, _ = line.split(layout)
        user = line.integer("user id", user_id)
        age_group = line.integer("age", age)
        if age_group not in AGES:
            groups = ", ".join(map(str, AGES))
            raise line.error(f"age {age_group} is not an age group", f"The groups are {groups}.")
        code = line.integer("occupation", occupation, minimum=0)
        if code >= len(OCCUPATIONS):
            raise line.error(f"occupation {code} is unknown", f"The codes are 0 to {len(OCCUPATIONS) - 1}.")
        yield line, (user, _sex(line, sex), age_group, OCCUPATIONS[code])


def _movies_100k(path: Path, notes: list[str]) -> MovieRows:
    dates = ("release date", "video release date", "IMDb address")
    layout = Layout("|", ("movie id", "title", *dates, *_GENRES_100K))
    for line in read_lines(path, encoding_of(path)):
        movie_id, title, _, _, _, *flags = line.split(layout)
        movie = line.integer("movie id", movie_id)
        for genre, flag in zip(_GENRES_100K, flags, strict=True):
            if flag.strip() not in ("0", "1"):
                raise line.error(f"flag {quoted(flag)} for {genre} is neither 0 nor 1", "Write 0 or 1.")
        genres = [g for g, flag in zip(_GENRES_100K, flags, strict=True) if flag.strip() == "1" and g != "unknown"]
        yield line, (movie, _title(line, title), "|".join(genres))


def _users_100k(path: Path) -> UserRows:
    layout = Layout("|", ("user id", "age", "sex", "occupation", "zip code"))
    for line in read_lines(path, "latin-1"):
        user_id, age, sex, occupation, _ = line.split(layout)
        user = line.integer("user id", user_id)
        years = line.integer("age", age)
        if years > MAX_AGE:
            raise line.error(f"age {years} is out of range", f"Write the age in years, 1 to {MAX_AGE}.")
        occupation = occupation.strip()
        if occupation not in _OCCUPATIONS_100K:
            fix = "The words are those of u.occupation; other will do for anything else."
            raise line.error(f"occupation {quoted(occupation)} is unknown", fix)
        pupil = occupation == "student" and years < ADULT_AGE
        age_group = AGES[max(0, bisect_right(AGES, years) - 1)]
        yield line, (user, _sex(line, sex), age_group, "K-12 student" if pupil else _OCCUPATIONS_100K[occupation])


def _movies_csv(path: Path, notes: list[str]) -> MovieRows:
    encoding = encoding_of(path, "cp1252")
    layout = movie_layout(path, encoding, notes)
    if encoding != "utf-8":
        notes.append(f"{path.name} is not UTF-8; it is read as Latin-1 (Windows-1252).")
    id_column, title_column, genres_column, year_column = layout.columns
    for line in islice(read_lines(path, encoding), 1, None):
        fields = line.split(layout)
        title = _title(line, fields[title_column])
        if year_column >= 0 and year_of(title) is None and (year := _YEAR.fullmatch(fields[year_column].strip())):
            title = f"{title.strip()} ({year[1]})"
        genres = fields[genres_column] if genres_column >= 0 else ""
        yield line, (line.integer("movie id", fields[id_column]), title, genres)


def _title(line: Line, value: str) -> str:
    if not printable(value):
        raise line.error("the title is empty", "Fill in the title.")
    if len(value) > MAX_TITLE_LENGTH:
        raise line.error("the title is too long", f"A title has at most {MAX_TITLE_LENGTH} characters.")
    return value


def _sex(line: Line, value: str) -> str:
    if value.strip() not in SEXES:
        raise line.error(f"sex {quoted(value)} is unknown", "Write F or M.")
    return value.strip()


def _fixed(separator: str) -> Callable[[Path, list[str]], Layout]:
    layout = Layout(separator, ("user id", "movie id", "rating", "timestamp"))
    return lambda path, notes: layout


FORMATS = (
    Format("ML-1M", ("ratings.dat",), ("movies.dat",), "users.dat", _fixed("::"), _movies_dat, _users_dat, WHOLE_STARS),
    Format("ML-100K", ("u.data",), ("u.item",), "u.user", _fixed("\t"), _movies_100k, _users_100k, WHOLE_STARS),
    Format(
        "MovieLens in CSV",
        ("ratings.csv", "rating.csv"),
        ("movies.csv", "movie.csv"),
        users=None,
        layout=rating_layout,
        read_movies=_movies_csv,
        read_users=None,
        levels=HALF_STARS,
    ),
)
