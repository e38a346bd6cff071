"""MovieLens' formats: "::" (1M and 10M), 100K (``u.*``) and the CSV family. Users and movies, line by line.

As in the README of each release, https://grouplens.org/datasets/movielens/; all in the words of ML-1M.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bst.datasets.parsing import (
    Layout,
    encoding_of,
    fault,
    quoted,
    split_line,
    split_quoted,
    text_lines,
    whole_number,
    wrong_count,
)
from bst.datasets.tables import movie_layout, rating_layout
from bst.datasets.titles import printable, year_of
from bst.schema import AGES, GENRES, HALF_STARS, OCCUPATIONS, SEXES, WHOLE_STARS

MOST_TITLE = 500  # characters; the longest of any release has about 200
_YEAR = re.compile(r"([0-9]{4})(?:\.0)?")

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


Lines = Iterator[tuple[int, str, tuple]]  # line number, its text, and what it says


@dataclass(frozen=True)
class Format:
    """One of MovieLens' formats: the names of its files, how they are read, and the stars it usually has.

    ``users`` is None where a release tells nothing about its users, and then no file is looked for. The two functions
    read a file line by line, and add what they assume to a list of notes.
    """

    name: str
    ratings: tuple[str, ...]
    movies: tuple[str, ...]
    users: str | None
    layout: Callable[[Path, list[str]], Layout]
    read_movies: Callable[[Path, list[str]], Lines]
    read_users: Callable[[Path], Lines] | None
    levels: tuple[float, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all its files, as released."""
        return self.ratings[0], self.movies[0], *([self.users] if self.users else [])


def _movies_dat(path: Path, notes: list[str]) -> Lines:
    layout = Layout("::", ("movie id", "title", "genres"))
    # Latin-1 as released, UTF-8 from 10M on; copies of the former that someone saved as UTF-8 are common.
    for line, text in text_lines(path, encoding_of(path)):
        number, title, genres = split_line(path, line, text, layout)
        yield line, text, (_movie_id(path, line, text, number), _title(path, line, text, title), genres)


def _users_dat(path: Path) -> Lines:
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


def _movies_100k(path: Path, notes: list[str]) -> Lines:
    dates = ("release date", "video release date", "IMDb address")
    layout = Layout("|", ("movie id", "title", *dates, *_GENRES_100K))
    for line, text in text_lines(path, encoding_of(path)):
        number, title, _, _, _, *flags = split_line(path, line, text, layout)
        movie = _movie_id(path, line, text, number)
        for genre, flag in zip(_GENRES_100K, flags, strict=True):
            if flag.strip() not in ("0", "1"):
                raise fault(path, line, f"flag {quoted(flag)} for {genre} is neither 0 nor 1", text, "Write 0 or 1.")
        genres = [g for g, flag in zip(_GENRES_100K, flags, strict=True) if flag.strip() == "1" and g != "unknown"]
        yield line, text, (movie, _title(path, line, text, title), "|".join(genres))


def _users_100k(path: Path) -> Lines:
    layout = Layout("|", ("user id", "age", "sex", "occupation", "zip code"))
    for line, text in text_lines(path, "latin-1"):
        number, age, sex, job, _ = split_line(path, line, text, layout)
        user = whole_number(path, line, text, "user id", number)
        years = whole_number(path, line, text, "age", age)
        if years > 120:
            raise fault(path, line, f"age {years} is out of range", text, "Write the age in years, 1 to 120.")
        word = _OCCUPATIONS_100K.get(job.strip())
        if word is None:
            mend = "The words are those of u.occupation; other will do for anything else."
            raise fault(path, line, f"occupation {quoted(job)} is unknown", text, mend)
        if job.strip() == "student" and years < 18:
            word = "K-12 student"
        group = AGES[max(0, bisect_right(AGES, years) - 1)]
        yield line, text, (user, _sex(path, line, text, sex), group, word)


def _movies_csv(path: Path, notes: list[str]) -> Lines:
    encoding = encoding_of(path, "cp1252")
    layout = movie_layout(path, encoding, notes)
    if encoding != "utf-8":
        notes.append(f"{path.name} is not UTF-8; it is read as Latin-1 (Windows-1252).")
    at_id, at_title, at_genres, at_year = layout.columns
    for at, (line, text) in enumerate(text_lines(path, encoding)):
        if at == 0:
            continue
        row = split_quoted(path, line, text, layout.separator)
        if len(row) != len(layout.fields):
            raise wrong_count(path, line, text, len(row), layout)
        title = _title(path, line, text, row[at_title])
        if at_year >= 0 and year_of(title) is None and (year := _YEAR.fullmatch(row[at_year].strip())):
            title = f"{title.strip()} ({year[1]})"
        yield line, text, (_movie_id(path, line, text, row[at_id]), title, row[at_genres] if at_genres >= 0 else "")


def _movie_id(path: Path, line: int, text: str, value: str) -> int:
    return whole_number(path, line, text, "movie id", value)


def _title(path: Path, line: int, text: str, value: str) -> str:
    if not printable(value):
        raise fault(path, line, "the title is empty", text, "Fill in the title.")
    if len(value) > MOST_TITLE:
        raise fault(path, line, "the title is too long", text, f"A title has at most {MOST_TITLE} characters.")
    return value


def _sex(path: Path, line: int, text: str, value: str) -> str:
    if value.strip() not in SEXES:
        raise fault(path, line, f"sex {quoted(value)} is unknown", text, "Write F or M.")
    return value.strip()


def _fixed(separator: str) -> Callable[[Path, list[str]], Layout]:
    layout = Layout(separator, ("user id", "movie id", "rating", "timestamp"))
    return lambda path, notes: layout


FORMATS = (
    Format(
        "ML-1M",
        ("ratings.dat",),
        ("movies.dat",),
        "users.dat",
        _fixed("::"),
        _movies_dat,
        _users_dat,
        WHOLE_STARS,
    ),
    Format(
        "ML-100K",
        ("u.data",),
        ("u.item",),
        "u.user",
        _fixed("\t"),
        _movies_100k,
        _users_100k,
        WHOLE_STARS,
    ),
    Format(
        "MovieLens in CSV",
        ("ratings.csv", "rating.csv"),
        ("movies.csv", "movie.csv"),
        None,
        rating_layout,
        _movies_csv,
        None,
        HALF_STARS,
    ),
)
