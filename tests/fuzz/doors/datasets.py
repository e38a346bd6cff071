"""Folders of ratings in each format, in the forms in which people have them, whole and damaged."""

import csv
import gzip
import io
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.datasets import movielens
from bst.domain import AGES, GENRES, SEXES
from bst.errors import DatasetError
from bst.schema import HALF_STARS, WHOLE_STARS, Dataset
from bst.visitors.imports import Links, read_links
from tests.fuzz import naive_reader
from tests.fuzz.door import Door
from tests.fuzz.mutations import ODD_TEXT, damaged
from tests.fuzz.naive_reader import Columns, UnclearError
from tests.fuzz.outcome import WrongError, require, require_clear, require_equal

NAMES = ("Lantern", "Béchamel", "Sea (Mer, La)", "Owl, The", 'Say "Now"', "Ten, Nine; Eight", "A|B", "夜", "8½", "=1+1")
# how columns may be called, the usual name first
CALLED = {
    "user": ("userId", "user_id", "User", "uid"),
    "movie": ("movieId", "item_id", "movie id"),
    "rating": ("rating", "stars", "Rating"),
    "time": ("timestamp", "time", "date"),
    "id": ("movieId", "id", "item_id"),
    "title": ("title", "movie_title", "name"),
    "genres": ("genres", "genre"),
    "year": ("year", "release_year"),
    "other": ("comment", "x1"),
}
FIRST_SECOND, LAST_SECOND = 788_918_400, 4_102_444_799


@dataclass
class Folder:
    """The files of a dataset by name, unpacked; ``packed``: those that are compressed.

    ``whole``: nothing is damaged, so it has to be read. ``columns``: of its CSV files.
    """

    form: str
    files: dict[str, bytes]
    columns: dict[str, Columns] = field(default_factory=dict)
    packed: tuple[str, ...] = ()
    whole: bool = True


@dataclass
class _World:
    users: list[int]
    movies: list[tuple[int, str, int | None, list[str]]]
    ratings: list[tuple[int, int, float, int]]


ids = st.integers(1, 2**31 - 1) | st.integers(1, 50)
seconds = st.integers(FIRST_SECOND, LAST_SECOND) | st.integers(978_300_000, 978_300_009)


@st.composite
def worlds(draw: DrawFn, form: str) -> _World:
    """Draw users, movies and ratings; each user has one."""
    users = draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    numbers = draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    names = [draw(st.sampled_from(NAMES)) for _ in numbers]
    if form == "100K":
        names = [name.replace("|", " ") for name in names]
    movies = [
        (
            number,
            name,
            draw(st.none() | st.integers(1890, 2030)),
            draw(st.lists(st.sampled_from(GENRES), unique=True, max_size=2)),
        )
        for number, name in zip(numbers, names, strict=True)
    ]
    pairs = {(user, draw(st.sampled_from(numbers))) for user in users}
    pairs |= draw(st.sets(st.tuples(st.sampled_from(users), st.sampled_from(numbers)), max_size=6))
    levels = WHOLE_STARS if form in ("1M", "100K") else HALF_STARS
    rated = draw(st.permutations(sorted(pairs)))
    return _World(users, movies, [(*pair, draw(st.sampled_from(levels)), draw(seconds)) for pair in rated])


@st.composite
def folders(draw: DrawFn) -> Folder:
    """Draw a dataset in one of the formats, a good half of them with a damaged file."""
    form = draw(st.sampled_from(("1M", "10M", "100K", "CSV", "CSV")))
    world = draw(worlds(form))
    folder = draw({"100K": _as_100k, "CSV": _as_csv}.get(form, _as_dat)(form, world))
    if draw(st.integers(0, 9)) == 0:
        folder.packed = tuple(
            draw(st.lists(st.sampled_from(sorted(folder.files)), min_size=1, max_size=3, unique=True))
        )
    if draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(folder.files)))
        content = draw(damaged(folder.files[name]))
        folder.whole = content == folder.files[name]
        folder.files[name] = content
    return folder


def _title(movie: tuple[int, str, int | None, list[str]]) -> str:
    _, name, year, _ = movie
    return name if year is None else f"{name} ({year})"


def _text(draw: DrawFn, lines: list[str], encodings: tuple[str, ...] = ("utf-8", "latin-1")) -> bytes:
    """Draw the bytes of a file: its line ends, a byte order mark, its encoding, an empty line at its end."""
    text = "".join(line + end for line in lines for end in [draw(st.sampled_from(("\n", "\r\n")))][:1])
    text += draw(st.sampled_from(("", "", "\n", "\r\n\n")))
    encoding = draw(st.sampled_from(encodings))
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return draw(st.sampled_from((b"", b"\xef\xbb\xbf"))) + text.encode()


@st.composite
def _as_dat(draw: DrawFn, form: str, world: _World) -> Folder:
    files = {
        "movies.dat": _text(draw, [f"{m[0]}::{_title(m)}::{'|'.join(m[3])}" for m in world.movies]),
        "ratings.dat": _text(draw, [f"{u}::{m}::{stars:g}::{time}" for u, m, stars, time in world.ratings]),
    }
    if form == "1M":
        people = [
            f"{u}::{draw(st.sampled_from(SEXES))}::{draw(st.sampled_from(AGES))}::{draw(st.integers(0, 20))}::00000"
            for u in world.users
        ]
        files["users.dat"] = _text(draw, people)
    return Folder(form, files)


@st.composite
def _as_100k(draw: DrawFn, form: str, world: _World) -> Folder:
    flags = [[int(genre in m[3]) for genre in ("unknown", *GENRES)] for m in world.movies]
    movies = [
        f"{m[0]}|{_title(m)}|01-Jan-1995||u|{'|'.join(map(str, f))}" for m, f in zip(world.movies, flags, strict=True)
    ]
    files = {
        "u.item": _text(draw, movies),
        "u.data": _text(draw, [f"{u}\t{m}\t{stars:g}\t{time}" for u, m, stars, time in world.ratings]),
    }
    if draw(st.booleans()):
        jobs = st.sampled_from(sorted(naive_reader.OCCUPATIONS_100K))
        people = [
            f"{u}|{draw(st.integers(1, 90))}|{draw(st.sampled_from(SEXES))}|{draw(jobs)}|00000" for u in world.users
        ]
        files["u.user"] = _text(draw, people)
    return Folder(form, files)


@st.composite
def _as_csv(draw: DrawFn, form: str, world: _World) -> Folder:
    time = draw(st.sampled_from(("seconds", "seconds", "none", "ms", "iso", "float")))
    comma = draw(st.booleans())
    ratings = [
        {"user": str(u), "movie": str(m), "rating": f"{stars:.1f}", "time": _time(at, time), "other": "a, b"}
        for u, m, stars, at in world.ratings
    ]
    roles = [role for role in ("user", "movie", "rating", "time") if role != "time" or time != "none"]
    header = draw(_csv_header(roles))
    if header.separator != "," and comma:
        ratings = [row | {"rating": row["rating"].replace(".", ",")} for row in ratings]
    movies = [
        {"id": str(m[0]), "title": _title(m), "genres": "|".join(m[3]), "year": str(m[2] or ""), "other": "a, b"}
        for m in world.movies
    ]
    of_movies = draw(_csv_header(["id", "title", *draw(st.sampled_from((["genres"], ["genres", "year"], [])))]))
    written = {"ratings.csv": _csv(header, ratings), "movies.csv": _csv(of_movies, movies)}
    files = {name: _text(draw, lines, ("utf-8", "cp1252")) for name, (_, lines) in written.items()}
    return Folder("CSV", files, {name: columns for name, (columns, _) in written.items()})


def _time(second: int, unit: str) -> str:
    if unit == "ms":
        return str(second * 1000 + 7)
    if unit == "iso":
        return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{second}.25" if unit == "float" else str(second)


@st.composite
def _csv_header(draw: DrawFn, roles: list[str]) -> Columns:
    """Draw the columns: mostly as MovieLens has them, else in another order, by other names, with another separator."""
    if draw(st.booleans()):
        return Columns("", ",", tuple(roles))
    roles = list(draw(st.permutations([*roles, "other"])))
    called = {role: draw(st.sampled_from(CALLED[role])) for role in roles}
    return Columns("\0".join(called[role] for role in roles), draw(st.sampled_from(",;\t|")), tuple(roles))


def _csv(columns: Columns, rows: list[dict[str, str]]) -> tuple[Columns, list[str]]:
    """Return the columns with the header as it is written, and all lines."""
    names = columns.header.split("\0") if columns.header else [CALLED[role][0] for role in columns.roles]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=columns.separator, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row[role] for role in columns.roles] for row in rows)
    lines = text.getvalue().splitlines()
    return Columns(lines[0], columns.separator, columns.roles), lines


links_files = st.lists(
    st.lists(st.sampled_from(("1", "2", "0133093", "862", "tt0114709", *ODD_TEXT[:45])), min_size=2, max_size=4).map(
        ",".join
    ),
    max_size=4,
).map(lambda rows: "\n".join(["movieId,imdbId,tmdbId", *rows]).encode("utf-8", "surrogatepass"))


class Datasets(Door):
    """Every dataset that is read says what its files say; every other one is refused in a line."""

    name = "datasets"
    inputs = st.one_of(*[folders()] * 9, links_files, links_files.flatmap(damaged))

    def open(self) -> None:
        """Make the folder that all datasets lie in, one after another."""
        self.place = self.folder / "dataset"

    def check(self, given: Folder | bytes) -> bool:
        """Read a dataset and compare it with what the naive reader says."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        if isinstance(given, bytes):
            return self._check_links(given)
        for name, content in given.files.items():
            packed = name in given.packed
            (self.place / f"{name}{'.gz' * packed}").write_bytes(gzip.compress(content, 1) if packed else content)
        before = {path.name: path.read_bytes() for path in self.place.iterdir()}
        try:
            dataset = movielens.read(self.place)
        except DatasetError as error:
            require_clear(error, self.place, *(self.place / name for name in before))
            require(not given.whole, f"a whole dataset was refused: {error}")
            return False
        finally:
            require_equal({path.name: path.read_bytes() for path in self.place.iterdir()}, before, "the folder")
        try:
            right = naive_reader.read(given.form, given.files, given.columns)
        except UnclearError:
            return True
        except Exception as error:
            raise WrongError(f"read, although the plainest reader cannot: {error!r}") from error
        _compare(dataset, right)
        movies = movielens.read_movies(self.place)
        require(movies.equals(dataset.movies), "the catalogue alone is another one")
        return True

    def _check_links(self, content: bytes) -> bool:
        (self.place / "links.csv").write_bytes(content)
        try:
            links = read_links(self.place)
        except DatasetError as error:
            require_clear(error, self.place, self.place / "links.csv")
            return False
        require(_plain_links(content, links), f"ids that the file does not have: {links}")
        return True


def _plain_links(content: bytes, links: Links) -> bool:
    """Whether all ids are in the file as they are, without leading zeros."""
    text = content.decode("utf-8-sig", "replace")
    numbers = {*links.imdb, *links.tmdb, *links.imdb.values(), *links.tmdb.values()}
    return all(str(number) in text for number in numbers)


def _compare(dataset: Dataset, right: naive_reader.Content) -> None:
    movies = dataset.movies
    years = [None if year is movies["year"].dtype.na_value else int(year) for year in movies["year"]]
    rows = list(
        zip(movies["movie_id"].tolist(), movies["title"].tolist(), years, movies["genres"].tolist(), strict=True)
    )
    require_equal(rows, right.movies, "movies")
    users = dataset.users
    numbers = users["user_id"].tolist()
    if right.users is not None:
        parts = (_plain(users[name]) for name in ("sex", "age", "occupation"))
        require_equal(list(zip(numbers, *parts, strict=True)), right.users, "users")
    else:
        require_equal(sorted(numbers), sorted({user for user, *_ in right.ratings}), "users")
    movie_ids = movies["movie_id"].to_numpy()
    ratings = dataset.ratings
    read = list(
        zip(
            users["user_id"].to_numpy()[ratings["user"]].tolist(),
            movie_ids[ratings["movie"]].tolist(),
            ratings["rating"].tolist(),
            ratings["timestamp"].tolist(),
            strict=True,
        )
    )
    expected = right.ratings
    if not (right.users is not None and right.exact):  # ties are drawn, or the order within a second is kept
        read, expected = sorted(read), sorted(expected, key=lambda row: row[:2])
    require_equal([row[:3] for row in read], [row[:3] for row in expected], "ratings")
    for (*_, time), (*_, times) in zip(read, expected, strict=True):
        require(time in times, f"time {time}, right is {sorted(times)}")


def _plain(column: Any) -> list[Any]:
    return [None if value != value else value for value in column.tolist()]
