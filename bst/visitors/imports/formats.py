"""What the columns of a table mean: rows of an export → entries.

The format is recognised by the columns, whatever their order:

    Letterboxd   ratings.csv: Date, Name, Year, Letterboxd URI, Rating (0.5–5); so have diary.csv and reviews.csv;
                 watched.csv has no Rating
    IMDb         ratings: Const, Your Rating (1–10), Date Rated, Title, Original Title, Title Type, Year, …;
                 2017–18: Date Added; until 2017: position, const, created, …, Title, Title type, …, You rated, …
    Trakt        CSV: rated_at or watched_at, type, title, year, …, imdb_id, tmdb_id, …, rating (1–10); the JSON of its
                 own export and of its API is brought to the same columns before (also TMDB's export)
    BST Studio   movie_id, rating, timestamp, title: ``bst.visitors.export.history_as_csv``
    MovieLens    movielens-ratings.csv: movie_id, imdb_id, tmdb_id, rating (0.5–5), average_rating, title;
                 or as in its datasets: userId, movieId, rating, timestamp, maybe title
    Letterboxd's import layout (https://letterboxd.com/about/importing-data/)
                 Title, Year, Rating (0.5–5) or Rating10, WatchedDate, imdbID, tmdbID, …
    a table      a title and a rating, maybe year and date; what its ratings go up to is inferred from them
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from bst.datasets.titles import display_title
from bst.visitors.imports.entries import EXPECTED, Entry, ImportProblem
from bst.visitors.imports.names import year_behind
from bst.visitors.imports.tables import Row, Table

# what cannot be watched in one sitting, or not at all, in the languages in which IMDb names it
_NO_FILM = re.compile(
    r"seri|show|season|episod|épisod|folge|game|spiel|juego|videogioco|jeu|podcast|music", re.IGNORECASE
)
_MINI_SERIES = re.compile(r"mini.?s[eé]ri|limited series", re.IGNORECASE)
_SHORT = re.compile(r"short|kurz|court|corto|curta", re.IGNORECASE)
_WHOLE_FILM = re.compile(r"(feature )?film|movie|documentary|película|filme|filma", re.IGNORECASE)

_TITLES = ("title", "name", "movie", "film", "movietitle", "filmtitle", "movies", "films")
_RATINGS = ("rating", "myrating", "yourrating", "userrating", "rating5", "rating10", "rating100", "score", "stars")
_YEARS = ("year", "releaseyear", "yearreleased", "released", "releasedate")
_DATES = ("watcheddate", "datewatched", "watchedat", "watchedon", "dateseen", "daterated", "ratedat", "dateadded")
_DATES += ("date", "createdat", "created", "timestamp", "when")
_IMPORT_LAYOUT = {"rating10", "watcheddate", "imdbid", "tmdbid", "letterboxduri"}

_NUMBER = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,3})?)(?: ?/ ?(5|10|100)|( ?%))?")
_LEAST = {5: 0.5, 10: 1.0, 100: 0.0}


@dataclass(frozen=True)
class Format:
    """A table's meaning: ``source``; ``read`` makes an entry of a row, its line and its date; ``date`` is its text.

    ``newest_first``: the order of rows where no date tells. ``in_order``: the rows are oldest first, whatever their
    dates say. ``remarks``: what was assumed.
    """

    source: str
    read: Callable[[Row, int, datetime | None], Entry]
    date: Callable[[Row], str]
    newest_first: bool = False
    in_order: bool = False
    remarks: tuple[str, ...] = ()


def format_of(table: Table) -> Format:
    """Recognise a table by its columns. Raises ``ImportProblem`` for one that has no ratings or is not known."""
    columns = table.columns
    if {"name", "year", "letterboxduri"} <= columns:
        return _letterboxd(table)
    if {"const", "title"} <= columns:
        return _imdb(table)
    if {"title", "type"} <= columns and columns & {"ratedat", "watchedat"}:
        date = _first("watchedat", "ratedat") if "rating" not in columns else _first("ratedat", "watchedat")
        return Format("Trakt", _reader("title", "rating", 10), date, newest_first=True)
    if {"movieid", "rating", "timestamp", "title"} <= columns and "userid" not in columns:
        return Format("BST Studio", _movielens, _first("timestamp"), in_order=True)
    if {"movieid", "rating"} <= columns:
        return Format("MovieLens", _one_user(table.name) if "userid" in columns else _movielens, _first("timestamp"))
    return _any_table(table)


def _first(*keys: str) -> Callable[[Row], str]:
    """Return what reads the first of some cells that is not empty."""

    def read(row: Row) -> str:
        return next((row[key] for key in keys if row.get(key)), "")

    return read


def _letterboxd(table: Table) -> Format:
    # the list of what was watched has the same columns as that of what is to be watched
    if "rating" not in table.columns and "watchlist" in table.name.casefold():
        raise ImportProblem(
            f"{table.name} is a list of movies that are still to be watched; choose the ratings.csv beside it"
        )
    return Format("Letterboxd", _reader("name", "rating", 5), _first("watcheddate", "date"))


def _imdb(table: Table) -> Format:
    if not table.columns & {"yourrating", "yourated"}:
        raise ImportProblem(
            f"{table.name} is a list from IMDb without your ratings (columns {table.shown()}); "
            "export “Your ratings” instead"
        )
    rating = _first("yourrating", "yourated")

    def read(row: Row, line: int, date: datetime | None) -> Entry:
        # IMDb exports watchlists in the same columns: what is not rated may not be seen either
        if rating(row) in ("", "0"):
            return _entry(row, line, date, row.get("title", ""), refused="not rated")
        return _entry(row, line, date, row.get("title", ""), rating(row), 10)

    return Format("IMDb", read, _first("daterated", "dateadded", "created"), newest_first=True)


def _movielens(row: Row, line: int, date: datetime | None) -> Entry:
    # a wish list has no ratings either; what our own export lists without one was seen, and says so
    if row.get("rating", "") in ("", "0") and row.get("seen") != "yes":
        return _entry(row, line, date, row.get("title", ""), refused="not rated")
    return _entry(row, line, date, row.get("title", ""), row.get("rating", ""), 5)


def _one_user(name: str) -> Callable[[Row, int, datetime | None], Entry]:
    users: set[str] = set()

    def read(row: Row, line: int, date: datetime | None) -> Entry:
        users.add(row.get("userid", "")[:20])
        if len(users) > 1:
            raise ImportProblem(
                f"{name}, line {line}: these are ratings of several users ({' and '.join(sorted(users))}); "
                "keep the rows of one of them"
            )
        return _movielens(row, line, date)

    return read


def _any_table(table: Table) -> Format:
    columns = table.columns
    title = next((name for name in _TITLES if name in columns), None)
    rating = next((name for name in _RATINGS if name in columns), None)
    layout = bool(columns & _IMPORT_LAYOUT) and bool(rating or "watcheddate" in columns)
    if title is None or not (rating or layout):
        raise ImportProblem(
            f"{table.name} has columns {table.shown()}, which are of no export known here; expected {EXPECTED}"
        )
    date = _first(*_DATES)
    if layout and "rating10" in columns:
        return Format("Letterboxd's import layout", _of_two_scales(title), date)
    most, remark = _scale(rating, [row.get(rating, "") for _, row in table.rows]) if rating else (5, "")
    if layout and "Watched Date" not in table.header and most == 5:
        return Format("Letterboxd's import layout", _reader(title, rating, most), date)
    return Format("A table", _reader(title, rating, most), date, remarks=(remark,) if remark else ())


def _of_two_scales(title: str) -> Callable[[Row, int, datetime | None], Entry]:
    """Return what reads rows of Letterboxd's import layout, which have Rating, Rating10 or both."""
    five, ten = _reader(title, "rating", 5), _reader(title, "rating10", 10)

    def read(row: Row, line: int, date: datetime | None) -> Entry:
        return (five if row.get("rating") else ten)(row, line, date)

    return read


def _scale(column: str, cells: Sequence[str]) -> tuple[int, str]:
    """Return what a column of ratings goes up to (5, 10 or 100), and a sentence if that had to be inferred."""
    if column in ("rating5", "rating10", "rating100"):
        return int(column.removeprefix("rating")), ""
    numbers = [_number(match.group(1)) for cell in cells if (match := _NUMBER.fullmatch(cell)) and not match.group(2)]
    numbers = [number for number in numbers if number]
    if not numbers:
        return 5, ""
    highest = max(numbers)
    most = next((most for most in (5, 10) if highest <= most), 100)
    lowest = {5: "0.5", 10: "1", 100: "0"}[most]
    return most, f"Its ratings go up to {highest:g}, so they are read as {lowest} to {most}."


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _reader(title: str, rating: str | None, most: int) -> Callable[[Row, int, datetime | None], Entry]:
    """Return what reads rows in which a movie without a rating was seen."""

    def read(row: Row, line: int, date: datetime | None) -> Entry:
        return _entry(row, line, date, row.get(title, ""), row.get(rating, "") if rating else "", most)

    return read


def _entry(
    row: Row, line: int, date: datetime | None, title: str, rating: str = "", most: int = 5, refused: str | None = None
) -> Entry:
    """Make an entry of a row. A rating that is empty, 0 or unreadable leaves it without stars: seen, not rated."""
    title, year = _title(title)
    for name in _YEARS:
        if row.get(name):
            year = _year(row[name]) or year
            break
    whole_film, doubt, no_film = _kind(row.get("titletype") or row.get("type") or "")
    refused = no_film or refused
    number, imdb, tmdb = (_digits(row.get(key)) for key in ("movieid", "imdbid", "tmdbid"))
    if imdb is None:
        imdb = _digits(row.get("const"))
    if not title and number is None and imdb is None and tmdb is None:
        refused = refused or "no title"
    shown, stars = _stars(rating, most)
    return Entry(
        line, title, year, shown, None if refused else stars, date, row.get("originaltitle", ""),
        number, imdb, tmdb, whole_film, doubt, refused,
    )  # fmt: skip


@lru_cache(maxsize=512)
def _stars(rating: str, most: int) -> tuple[str, float | None]:
    """Return a rating as it is shown, and in stars from 0.5 to 5; None where there is none."""
    if not rating or (rating == "0" and most != 100):
        return "", None
    match = _NUMBER.fullmatch(rating)
    if match:
        most = 100 if match.group(3) else int(match.group(2) or most)
    number = _number(match.group(1)) if match else -1.0
    if not _LEAST[most] <= number <= most:
        return f"“{rating[:12]}” is not one from {_LEAST[most]:g} to {most}", None
    shown = rating if most == 5 or match.group(2) or match.group(3) else f"{rating}/{most}"
    return shown, max(0.5, number * 5 / most)


def _title(text: str) -> tuple[str, int | None]:
    """Return a title and the year behind it, with the article in front: "Matrix, The (1999)" as MovieLens has it."""
    if text[:1] == "'" and len(text) > 1 and not text[1].isalnum():
        text = text[1:].lstrip()  # a spreadsheet's mark that this is text and no formula
    if text.endswith(")"):
        return year_behind(display_title(text))
    return text, None


@lru_cache(maxsize=512)
def _year(text: str) -> int | None:
    # a series has two: 2008–2013; and a date of release is one, too
    match = re.search(r"(?<![0-9])(1[89]|20)[0-9]{2}(?![0-9])", text[:40])
    return int(match.group()) if match else None


@lru_cache(maxsize=128)
def _kind(text: str) -> tuple[bool | None, str, str | None]:
    """Return whether a title's type is a whole film, why to ask about it, and why it cannot be used at all."""
    if not text:
        return None, "", None
    words = re.sub("([a-z])([A-Z])", r"\1 \2", text)
    if _MINI_SERIES.search(words):
        return False, "a mini-series in the file", None
    if _NO_FILM.search(words):
        return False, "", f"not a film, but: {text[:30]}"
    if _SHORT.search(words):
        return False, "a short in the file", None
    return bool(_WHOLE_FILM.fullmatch(words)), "", None


def _digits(text: str | None) -> int | None:
    """Return the number in "tt0133093" or "0133093"."""
    if not text:
        return None
    digits = text.removeprefix("tt")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None
