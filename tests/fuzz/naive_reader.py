"""A dataset's files read in the plainest way, in pure Python: what the real reader is held against.

It takes more than the real one and checks nothing, so it tells what a file says, not whether that may be used. Titles
and genres are shown as ``bst.datasets.titles`` shows them, which has tests of its own.
"""

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bst.datasets.titles import clean_genres, display_title, printable, year_of
from bst.domain import AGES, GENRES, OCCUPATIONS

OCCUPATIONS_100K = {
    "student": "college/grad student",
    "librarian": "academic/educator",
    "none": "unemployed",
    "healthcare": "doctor/health care",
    "marketing": "sales/marketing",
}
EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1995, 2100))


class UnclearError(Exception):
    """What the file says depends on something that this reader does not know: the names of other columns."""


@dataclass
class Content:
    """What the files say. ``movies``: (id, title, year, genres); ``users``: (id, sex, age, occupation), or None.

    ``ratings``: (user id, movie id, stars, times that it may mean); ``exact``: the times are whole seconds as written.
    """

    movies: list[tuple]
    users: list[tuple] | None
    ratings: list[tuple[int, int, float, frozenset[int]]]
    exact: bool


@dataclass(frozen=True)
class Columns:
    """The first line of a CSV file as it was written, what separates its fields, and the role of each column."""

    header: str
    separator: str
    roles: tuple[str, ...]


def read(form: str, files: Mapping[str, bytes], columns: Mapping[str, Columns]) -> Content:
    """Read the unpacked files of a dataset by name. Raises ``UnclearError``, or whatever Python raises for nonsense."""
    if form == "CSV":
        movies = [_movie_csv(row) for row in _table(files["movies.csv"], columns["movies.csv"])]
        return _content(movies, None, list(_table(files["ratings.csv"], columns["ratings.csv"])))
    of_users, of_movies, of_ratings, mark = ("users.dat", "movies.dat", "ratings.dat", "::")
    read_user, read_movie = _user, _movie
    if form == "100K":
        of_users, of_movies, of_ratings, mark = ("u.user", "u.item", "u.data", "|")
        read_user, read_movie = _user_100k, _movie_100k
    users = None
    if of_users in files:
        users = [read_user(*line.split(mark)) for line in _lines(files[of_users])]
    movies = [read_movie(*line.split(mark)) for line in _lines(files[of_movies])]
    return _content(
        movies, users, [_rating(*line.split("\t" if mark == "|" else mark)) for line in _lines(files[of_ratings])]
    )


def _rating(user: str, movie: str, rating: str, time: str) -> dict[str, str]:
    return {"user": user, "movie": movie, "rating": rating, "time": time}


def _content(movies: list[tuple], users: list[tuple] | None, rows: list[dict[str, str]]) -> Content:
    times = [_times(row.get("time", "0")) for row in rows]
    if rows and "time" in rows[0]:
        times = _in_unit(times)
    ratings = [
        (_integer(row["user"]), _integer(row["movie"]), float(row["rating"].strip().replace(",", ".")), time)
        for row, time in zip(rows, times, strict=True)
    ]
    exact = all(re.fullmatch("[0-9]{9,10}", row["time"]) for row in rows if "time" in row)
    return Content(movies, users, ratings, exact)


def _lines(content: bytes) -> Iterator[str]:
    content = content.removeprefix(b"\xef\xbb\xbf")
    text = _decoded(content)
    for line in text.split("\n"):
        if line.strip():
            yield line.rstrip("\r")


def _decoded(content: bytes, fallback: str = "latin-1") -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return content.decode(fallback)
        except UnicodeDecodeError:
            return content.decode("latin-1")


def _table(content: bytes, columns: Columns) -> Iterator[dict[str, str]]:
    lines = [
        line.rstrip("\r")
        for line in _decoded(content.removeprefix(b"\xef\xbb\xbf"), "cp1252").split("\n")
        if line.strip()
    ]
    if not lines or lines[0] != columns.header:
        raise UnclearError
    for line in lines[1:]:
        # no field of a line goes on in the next one
        (fields,) = csv.reader([line], delimiter=columns.separator)
        yield dict(zip(columns.roles, _exactly(fields, len(columns.roles)), strict=True))


def _exactly(fields: list[str], number: int) -> list[str]:
    if len(fields) != number:
        raise ValueError(f"{len(fields)} fields")
    return fields


def _integer(text: str) -> int:
    text = text.strip()
    return int(text.removesuffix(".0"))


def _times(text: str) -> tuple[float, ...]:
    """Return seconds since 1970: whole numbers where they are written as such."""
    text = text.strip()
    try:
        return (int(text),)
    except ValueError:
        pass
    try:
        seconds = float(text)
        if not math.isfinite(seconds):
            raise OverflowError
        return (seconds,)
    except ValueError:
        time = datetime.fromisoformat(text)
        return ((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp(),)


def _in_unit(times: list[tuple[float, ...]]) -> list[frozenset[int]]:
    """Return whole seconds; times are in the unit in which all of them make sense, seconds where none is better."""
    values = [value for (value,) in times]
    for unit in (1, 1000, 10**6, 10**9):
        if values and min(values) // unit >= EARLIEST and max(values) // unit < LATEST:
            return [_seconds(value, unit) for value in values]
    return [_seconds(value, 1) for value in values]


def _seconds(value: float, unit: int) -> frozenset[int]:
    """Return the second of a time; where it has decimals, also that of the nearest millisecond."""
    exact = int(value // unit)
    return frozenset((exact, int(round(value * 1000) // (unit * 1000)) if isinstance(value, float) else exact))


def _user(user: str, sex: str, age: str, occupation: str, _: str) -> tuple:
    return _integer(user), sex.strip(), _integer(age), OCCUPATIONS[_integer(occupation)]


def _user_100k(user: str, age: str, sex: str, occupation: str, _: str) -> tuple:
    years = _integer(age)
    group = max((low for low in AGES if low <= years), default=AGES[0])
    occupation = occupation.strip()
    if occupation not in OCCUPATIONS_100K:
        raise UnclearError
    young = occupation == "student" and years < 18
    return _integer(user), sex.strip(), group, "K-12 student" if young else OCCUPATIONS_100K[occupation]


def _movie(movie_id: str, title: str, genres: str) -> tuple:
    return _integer(movie_id), display_title(printable(title)), year_of(title), clean_genres(genres)


def _movie_100k(movie_id: str, title: str, _: str, __: str, ___: str, unknown: str, *flags: str) -> tuple:
    names = [genre for genre, flag in zip(GENRES, flags, strict=True) if int(flag)]
    int(unknown)
    return _movie(movie_id, title, "|".join(names))


def _movie_csv(row: dict[str, str]) -> tuple:
    title, year = row["title"], row.get("year", "").strip()
    if year_of(title) is None and re.fullmatch(r"[0-9]{4}(\.0)?", year):
        title = f"{title.strip()} ({year[:4]})"
    return _movie(row["id"], title, row.get("genres", ""))
