"""The meaning of the columns of a table: rows of an export → entries.

The format is recognised by the columns, in any order:

    Letterboxd   ratings.csv: Date, Name, Year, Letterboxd URI, Rating (0.5–5); so have diary.csv and reviews.csv;
                 watched.csv has no Rating
    IMDb         ratings: Const, Your Rating (1–10), Date Rated, Title, Original Title, Title Type, Year, …;
                 2017–18: Date Added; until 2017: position, const, created, …, Title, Title type, …, You rated, …
    Trakt        CSV: rated_at or watched_at, type, title, year, …, imdb_id, tmdb_id, …, rating (1–10); the JSON of its
                 own export and of its API is converted to the same columns first (also TMDB's export)
    BST Studio   movie_id, rating, timestamp, title: ``bst.visitors.export.history_as_csv``
    MovieLens    movielens-ratings.csv: movie_id, imdb_id, tmdb_id, rating (0.5–5), average_rating, title;
                 or as in its datasets: userId, movieId, rating, timestamp, possibly title
    Letterboxd's import layout (https://letterboxd.com/about/importing-data/)
                 Title, Year, Rating (0.5–5) or Rating10, WatchedDate, imdbID, tmdbID, …
    any table    a title and a rating, possibly year and date; the scale is inferred from the ratings
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from bst.datasets.titles import display_title, printable
from bst.visitors.imports.entries import EXPECTED, Entry, ImportProblem
from bst.visitors.imports.names import split_year
from bst.visitors.imports.tables import Row, TextTable

# types of titles that are not films, in the languages in which IMDb exports them
_NOT_A_FILM = re.compile(
    r"seri|show|season|episod|épisod|folge|game|spiel|juego|videogioco|jeu|podcast|music", re.IGNORECASE
)
_MINI_SERIES = re.compile(r"mini.?s[eé]ri|limited series", re.IGNORECASE)
_SHORT = re.compile(r"short|kurz|court|corto|curta", re.IGNORECASE)
_WHOLE_FILM = re.compile(r"(feature )?film|movie|documentary|película|filme|filma", re.IGNORECASE)

_TITLES = ("title", "name", "movie", "film", "movietitle", "filmtitle", "movies", "films")
_RATINGS = ("rating", "myrating", "yourrating", "userrating", "rating5", "rating10", "rating100", "score", "stars")
_YEARS = ("year", "releaseyear", "yearreleased", "released", "releasedate")
_DATES = (
    *("watcheddate", "datewatched", "watchedat", "watchedon", "dateseen", "daterated", "ratedat", "dateadded"),
    *("date", "createdat", "created", "timestamp", "when"),
)
_IMPORT_LAYOUT = {"rating10", "watcheddate", "imdbid", "tmdbid", "letterboxduri"}

_NUMBER = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,3})?)(?: ?/ ?(5|10|100)|( ?%))?")
_STARS, _POINTS, _PERCENT = 5, 10, 100  # the scales of ratings, by their maximum
_MINIMUM = {_STARS: 0.5, _POINTS: 1.0, _PERCENT: 0.0}
_MIN_STARS = 0.5
_MAX_ID_DIGITS = 10
# characters of a file that a message shows
_SHOWN_RATING, _SHOWN_TYPE, _SHOWN_USER = 12, 30, 20
_YEAR_SEARCH_LENGTH = 40

ReadEntry = Callable[[Row, int, datetime | None], Entry]


@dataclass(frozen=True)
class ExportFormat:
    """How a table is read: ``read`` returns the entry of a row, its line and its date; ``date`` the text of its date.

    ``source``: where the file comes from. ``newest_first``: the order of rows without dates. ``in_order``: the rows are
    oldest first, whatever their dates are. ``remarks``: what was assumed.
    """

    source: str
    read: ReadEntry
    date: Callable[[Row], str]
    newest_first: bool = False
    in_order: bool = False
    remarks: tuple[str, ...] = ()


def format_of(table: TextTable) -> ExportFormat:
    """Recognise a table by its columns. Raises ``ImportProblem`` for one without ratings and for unknown columns."""
    columns = table.columns
    if {"name", "year", "letterboxduri"} <= columns:
        return _letterboxd(table)
    if {"const", "title"} <= columns:
        return _imdb(table)
    if {"title", "type"} <= columns and columns & {"ratedat", "watchedat"}:
        date = _first_of("watchedat", "ratedat") if "rating" not in columns else _first_of("ratedat", "watchedat")
        return ExportFormat("Trakt", _reader("title", "rating", _POINTS), date, newest_first=True)
    if {"movieid", "rating", "timestamp", "title"} <= columns and "userid" not in columns:
        return ExportFormat("BST Studio", _movielens, _first_of("timestamp"), in_order=True)
    if {"movieid", "rating"} <= columns:
        return ExportFormat(
            "MovieLens", _one_user(table.name) if "userid" in columns else _movielens, _first_of("timestamp")
        )
    return _any_table(table)


def _first_of(*keys: str) -> Callable[[Row], str]:
    """Return a function that reads the first of some cells that is not empty."""

    def read(row: Row) -> str:
        return next((row[key] for key in keys if row.get(key)), "")

    return read


def _letterboxd(table: TextTable) -> ExportFormat:
    # the list of watched movies has the same columns as the watchlist
    if "rating" not in table.columns and "watchlist" in table.name.casefold():
        raise ImportProblem(
            f"{table.name} is a list of movies that are still to be watched; choose the ratings.csv beside it"
        )
    return ExportFormat("Letterboxd", _reader("name", "rating", _STARS), _first_of("watcheddate", "date"))


def _imdb(table: TextTable) -> ExportFormat:
    if not table.columns & {"yourrating", "yourated"}:
        raise ImportProblem(
            f"{table.name} is a list from IMDb without your ratings (columns {table.shown_columns()}); "
            "export “Your ratings” instead"
        )
    rating = _first_of("yourrating", "yourated")

    def read(row: Row, line: int, date: datetime | None) -> Entry:
        # IMDb exports watchlists with the same columns: a movie without a rating may not have been seen
        if rating(row) in ("", "0"):
            return _entry(row, line, date, row.get("title", ""), refused="not rated")
        return _entry(row, line, date, row.get("title", ""), rating(row), _POINTS)

    return ExportFormat("IMDb", read, _first_of("daterated", "dateadded", "created"), newest_first=True)


def _movielens(row: Row, line: int, date: datetime | None) -> Entry:
    # a wish list has no ratings either; our own export marks movies that were seen without a rating
    if row.get("rating", "") in ("", "0") and row.get("seen") != "yes":
        return _entry(row, line, date, row.get("title", ""), refused="not rated")
    return _entry(row, line, date, row.get("title", ""), row.get("rating", ""), _STARS)


def _one_user(name: str) -> ReadEntry:
    users: set[str] = set()

    def read(row: Row, line: int, date: datetime | None) -> Entry:
        users.add(row.get("userid", "")[:_SHOWN_USER])
        if len(users) > 1:
            raise ImportProblem(
                f"{name}, line {line}: these are ratings of several users ({' and '.join(sorted(users))}); "
                "keep the rows of one of them"
            )
        return _movielens(row, line, date)

    return read


def _any_table(table: TextTable) -> ExportFormat:
    columns = table.columns
    title = next((name for name in _TITLES if name in columns), None)
    rating = next((name for name in _RATINGS if name in columns), None)
    import_layout = bool(columns & _IMPORT_LAYOUT) and bool(rating or "watcheddate" in columns)
    if title is None or not (rating or import_layout):
        raise ImportProblem(
            f"{table.name} has columns {table.shown_columns()}, which are of no export known here; expected {EXPECTED}"
        )
    date = _first_of(*_DATES)
    if import_layout and "rating10" in columns:
        return ExportFormat("Letterboxd's import layout", _two_scale_reader(title), date)
    scale, remark = _scale(rating, [row.get(rating, "") for _, row in table.rows]) if rating else (_STARS, "")
    if import_layout and "Watched Date" not in table.header and scale == _STARS:
        return ExportFormat("Letterboxd's import layout", _reader(title, rating, scale), date)
    return ExportFormat("A table", _reader(title, rating, scale), date, remarks=(remark,) if remark else ())


def _two_scale_reader(title: str) -> ReadEntry:
    """Return a function that reads rows of Letterboxd's import layout, which have Rating, Rating10 or both."""
    read_stars, read_points = _reader(title, "rating", _STARS), _reader(title, "rating10", _POINTS)

    def read(row: Row, line: int, date: datetime | None) -> Entry:
        return (read_stars if row.get("rating") else read_points)(row, line, date)

    return read


def _scale(column: str, cells: Sequence[str]) -> tuple[int, str]:
    """Return the maximum of a column of ratings (5, 10 or 100), and a sentence if it had to be inferred."""
    if column in ("rating5", "rating10", "rating100"):
        return int(column.removeprefix("rating")), ""
    numbers = [_number(match.group(1)) for cell in cells if (match := _NUMBER.fullmatch(cell)) and not match.group(2)]
    highest = max(numbers, default=0.0)
    if not highest:
        return _STARS, ""
    scale = next((scale for scale in (_STARS, _POINTS) if highest <= scale), _PERCENT)
    return scale, f"Its ratings go up to {highest:g}, so they are read as {_MINIMUM[scale]:g} to {scale}."


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _reader(title: str, rating: str | None, scale: int) -> ReadEntry:
    """Return a function that reads rows in which a movie without a rating was seen."""

    def read(row: Row, line: int, date: datetime | None) -> Entry:
        return _entry(row, line, date, row.get(title, ""), row.get(rating, "") if rating else "", scale)

    return read


def _entry(
    row: Row,
    line: int,
    date: datetime | None,
    title: str,
    rating: str = "",
    scale: int = _STARS,
    refused: str | None = None,
) -> Entry:
    """Return the entry of a row. With a rating that is empty, 0 or unreadable it has no stars: seen, not rated."""
    title, year = _title(printable(title))
    year_cell = next((row[name] for name in _YEARS if row.get(name)), "")
    whole_film, caveat, not_a_film = _title_type(row.get("titletype") or row.get("type") or "")
    movie_id, imdb, tmdb = (_digits(row.get(key)) for key in ("movieid", "imdbid", "tmdbid"))
    if imdb is None:
        imdb = _digits(row.get("const"))
    nameless = not title and movie_id is None and imdb is None and tmdb is None
    refused = not_a_film or refused or ("no title" if nameless else None)
    rating, stars = _rating(rating, scale)
    return Entry(
        line,
        title,
        _year(year_cell) or year,
        rating,
        None if refused else stars,
        date,
        printable(row.get("originaltitle", "")),
        movie_id,
        imdb,
        tmdb,
        whole_film,
        caveat,
        refused,
    )


@lru_cache(maxsize=512)
def _rating(rating: str, scale: int) -> tuple[str, float | None]:
    """Return a rating as it is shown, and in stars from 0.5 to 5; None if there is none."""
    if not rating or (rating == "0" and scale != _PERCENT):
        return "", None
    match = _NUMBER.fullmatch(rating)
    own_scale = None
    if match:
        own_scale = _PERCENT if match.group(3) else int(match.group(2) or 0)
    scale = own_scale or scale
    number = _number(match.group(1)) if match else None
    if number is None or not _MINIMUM[scale] <= number <= scale:
        return f"“{rating[:_SHOWN_RATING]}” is not one from {_MINIMUM[scale]:g} to {scale}", None
    shown = rating if scale == _STARS or own_scale else f"{rating}/{scale}"
    return shown, max(_MIN_STARS, number * _STARS / scale)


def _title(text: str) -> tuple[str, int | None]:
    """Return a title with its article in front, and the year in brackets: MovieLens writes "Matrix, The (1999)"."""
    if text[:1] == "'" and len(text) > 1 and not text[1].isalnum():
        text = text[1:].lstrip()  # a spreadsheet's prefix for text that would be a formula
    if text.endswith(")"):
        return split_year(display_title(text))
    return text, None


@lru_cache(maxsize=512)
def _year(text: str) -> int | None:
    # a series has two, 2008–2013, and a release date contains one
    match = re.search(r"(?<![0-9])(1[89]|20)[0-9]{2}(?![0-9])", text[:_YEAR_SEARCH_LENGTH])
    return int(match.group()) if match else None


@lru_cache(maxsize=128)
def _title_type(text: str) -> tuple[bool | None, str, str | None]:
    """Return for a type of titles whether it is a whole film, a caveat, and why it cannot be used at all."""
    if not text:
        return None, "", None
    title_type = re.sub("([a-z])([A-Z])", r"\1 \2", text)
    if _MINI_SERIES.search(title_type):
        return False, "a mini-series in the file", None
    if _NOT_A_FILM.search(title_type):
        return False, "", f"not a film, but: {text[:_SHOWN_TYPE]}"
    if _SHORT.search(title_type):
        return False, "a short in the file", None
    return bool(_WHOLE_FILM.fullmatch(title_type)), "", None


def _digits(text: str | None) -> int | None:
    """Return the number in "tt0133093" or "0133093"."""
    if not text:
        return None
    digits = text.removeprefix("tt")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_ID_DIGITS else None
