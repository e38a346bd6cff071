"""A person's own ratings, as Letterboxd, IMDb and MovieLens hand them out: bytes of a file → entries.

The format is told by the columns, whatever their order:

    Letterboxd   ratings.csv: Date, Name, Year, Letterboxd URI, Rating (0.5–5); so have diary.csv and
                 reviews.csv
    IMDb         ratings: Const, Your Rating (1–10), Date Rated, Title, Original Title, Title Type, Year, …;
                 until 2017: position, const, created, …, Title, Title type, …, You rated, …
    MovieLens    movielens-ratings.csv: movie_id, imdb_id, tmdb_id, rating (0.5–5), average_rating, title;
                 or as in its datasets: userId, movieId, rating, timestamp, maybe title
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bst.datasets.parsing import display_title
from bst.errors import BSTError
from bst.imports.names import year_behind

LARGEST_FILE = 5 * 2**20
# more than anybody has seen: such a file is something else
MOST_ROWS = 50_000

EXPECTED = (
    "Letterboxd's ratings.csv (Date, Name, Year, Letterboxd URI, Rating), IMDb's ratings export (Const, Your Rating, "
    "Date Rated, Title, …) or MovieLens' ratings export (movie_id, …, rating, …, title)"
)
# what cannot be watched in one sitting, or not at all, in the languages in which IMDb names it
_NO_FILM = re.compile(r"seri|episod|épisod|folge|game|spiel|juego|videogioco|jeu|podcast|music", re.IGNORECASE)
_WHOLE_FILM = re.compile(r"(feature )?film|movie|documentary|película|filme|filma", re.IGNORECASE)
_DATES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%a %b %d %H:%M:%S %Y")


class ImportProblem(BSTError):  # noqa: N818 (an ImportError is Python's own)
    """A file is not one that ratings can be read from. Nothing was taken from it."""


@dataclass(frozen=True)
class Entry:
    """One row of an export.

    ``line`` of the file; ``title`` as it stands there, without its year; ``year`` and ``date`` None where there are
    none; ``rating`` as it stands there ("7/10", "3.5"), ``stars`` the same from 0.5 to 5, None where there is none.
    ``original_title`` may be empty. ``number`` is MovieLens' own for the movie. ``whole_film``: whether it is a film of
    its own, not a short or something for television; None where the file does not say. ``refused`` says why the row
    cannot be used at all.
    """

    line: int
    title: str
    year: int | None = None
    rating: str = ""
    stars: float | None = None
    date: datetime | None = None
    original_title: str = ""
    number: int | None = None
    whole_film: bool | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Export:
    """What was read: ``source`` (where the file comes from), ``entries`` oldest first, ``dated``: whether by date."""

    source: str
    entries: tuple[Entry, ...]
    dated: bool


def read_export(data: bytes, name: str = "the file") -> Export:
    """Read an export, or a zip that holds one as ``ratings.csv``. ``name`` is for messages.

    Of several ratings of one film only the newest can be used. Raises ``ImportProblem`` saying what was found and what
    is expected.
    """
    text = _decoded(_unpacked(data, name), name)
    header, rows = _table(text, name)
    source, read = _reader(header, name)
    entries = [read(row, line) for line, row in rows]
    if not entries:
        raise ImportProblem(f"{name} has columns of {source}, but no rows below them; export your ratings again")
    entries, dated = _oldest_first(entries)
    return Export(source, tuple(_newest_of_each(entries)), dated)


def _unpacked(data: bytes, name: str) -> bytes:
    if data[:4] == b"PK\x03\x04":
        data = _from_zip(data, name)
    if not data.strip():
        raise ImportProblem(f"{name} is empty; expected {EXPECTED}")
    if len(data) > LARGEST_FILE:
        raise ImportProblem(
            f"{name} has {len(data) / 2**20:.0f} MB, and one person's ratings have less than "
            f"{LARGEST_FILE / 2**20:.0f} MB; expected {EXPECTED}"
        )
    return data


def _from_zip(data: bytes, name: str) -> bytes:
    """Return the ratings.csv in a zip, as Letterboxd sends it. Reads no more of it than a file may have."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = [info for info in archive.infolist() if info.filename.rpartition("/")[2].lower() == "ratings.csv"]
            if found:
                # the one of the person, not the one in a folder of deleted ones beside it
                with archive.open(min(found, key=lambda info: info.filename.count("/"))) as file:
                    return file.read(LARGEST_FILE + 1)
    except Exception as error:  # a malformed archive makes zipfile and zlib raise a dozen kinds of error
        raise ImportProblem(f"{name} is a damaged zip ({error}); unzip it, and choose the ratings.csv") from error
    raise ImportProblem(f"{name} is a zip or an Excel file without a ratings.csv in it; expected {EXPECTED}")


def _decoded(data: bytes, name: str) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ImportProblem(f"{name} is not a text file, but something binary (a picture? Excel?); expected {EXPECTED}")


def _table(text: str, name: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Return the columns, and each row with its line. Commas, or what a spreadsheet makes of them."""
    first = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header: list[str] = []
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                keys = [cell.casefold() for cell in header]
                continue
            values = dict.fromkeys(keys, "") | dict(zip(keys, (cell.strip() for cell in cells), strict=False))
            rows.append((reader.line_num, values))
            if len(rows) > MOST_ROWS:
                raise ImportProblem(
                    f"{name} has more than {MOST_ROWS:,} rows, which is more than one person's ratings; "
                    f"expected {EXPECTED}"
                )
    except csv.Error as error:
        raise ImportProblem(
            f"{name}, line {reader.line_num}: this is no table ({error}); expected {EXPECTED}"
        ) from error
    return header, rows


Reader = Callable[[dict[str, str], int], Entry]


def _reader(header: list[str], name: str) -> tuple[str, Reader]:
    columns = {column.casefold() for column in header}
    if {"name", "year", "letterboxd uri"} <= columns:
        if "rating" not in columns:
            raise ImportProblem(
                f"{name} comes from Letterboxd, but has no ratings (columns {_shown(header)}); choose the ratings.csv"
            )
        return "Letterboxd", _letterboxd
    if {"const", "title"} <= columns and columns & {"your rating", "you rated"}:
        return "IMDb", _imdb
    if {"movie_id", "rating", "title"} <= columns:
        return "MovieLens", _movielens
    if {"movieid", "rating"} <= columns:
        return "MovieLens", _only_one_user(name)
    raise ImportProblem(f"{name} has columns {_shown(header)}, which are of no export known here; expected {EXPECTED}")


def _shown(header: list[str]) -> str:
    words = ", ".join(column if len(column) <= 20 else column[:19] + "…" for column in header[:6])
    return f"“{words}{' …' if len(header) > 6 else ''}”"


def _letterboxd(row: dict[str, str], line: int) -> Entry:
    return _checked(
        Entry(
            line,
            row["name"],
            _year(row["year"]),
            row["rating"],
            date=_date(row.get("watched date") or row.get("date", "")),
        ),
        row["rating"],
        5,
    )


def _imdb(row: dict[str, str], line: int) -> Entry:
    kind = row.get("title type", "")
    rating = row.get("your rating") or row.get("you rated", "")
    entry = Entry(
        line,
        row["title"],
        _year(row.get("year", "")),
        f"{rating}/10" if rating else "",
        date=_date(row.get("date rated") or row.get("created", "")),
        original_title=row.get("original title", ""),
        whole_film=bool(_WHOLE_FILM.fullmatch(kind)) if kind else None,
    )
    if _NO_FILM.search(re.sub("([a-z])([A-Z])", r"\1 \2", kind)):
        return replace(entry, refused=f"not a film, but: {kind[:30]}")
    return _checked(entry, rating, 10)


def _movielens(row: dict[str, str], line: int) -> Entry:
    # as MovieLens writes it: "Matrix, The (1999)"
    title, year = year_behind(display_title(row.get("title", "")))
    number = row.get("movie_id") or row.get("movieid", "")
    entry = Entry(
        line,
        title,
        year,
        row["rating"],
        date=_moment(row.get("timestamp", "")),
        number=int(number) if re.fullmatch("[0-9]{1,9}", number) else None,
    )
    return _checked(entry, row["rating"], 5)


def _only_one_user(name: str) -> Reader:
    users: set[str] = set()

    def read(row: dict[str, str], line: int) -> Entry:
        users.add(row.get("userid", ""))
        if len(users) > 1:
            raise ImportProblem(
                f"{name}, line {line}: these are ratings of several users ({' and '.join(sorted(users))}); "
                "keep the rows of one of them"
            )
        return _movielens(row, line)

    return read


def _checked(entry: Entry, rating: str, most: int) -> Entry:
    """Add the stars, or the reason why there are none."""
    if not entry.title and entry.number is None:
        return replace(entry, refused="no title")
    if not rating or rating == "0":
        return replace(entry, refused="not rated")
    least = most // 5 * 0.5
    number = float(rating.replace(",", ".")) if re.fullmatch(r"[0-9]{1,2}([.,][0-9]{1,3})?", rating) else -1.0
    if not least <= number <= most:
        return replace(entry, refused=f"the rating “{rating[:12]}” is not one from {least:g} to {most}")
    return replace(entry, stars=number * 5 / most)


def _year(text: str) -> int | None:
    # a series has two: 2008–2013
    found = re.match(r"(1[89]|20)[0-9]{2}(?![0-9])", text)
    return int(found.group()) if found else None


def _date(text: str) -> datetime | None:
    for form in _DATES:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _moment(text: str) -> datetime | None:
    if not re.fullmatch("[0-9]{1,11}", text):
        return None
    return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None)


def _oldest_first(entries: list[Entry]) -> tuple[list[Entry], bool]:
    """Sort by date, rows of one day as they stand in the file. Without a date on every row the file's order stays."""
    if any(entry.date is None for entry in entries):
        return entries, False
    if entries[0].date > entries[-1].date:  # this file has the newest on top
        entries = entries[::-1]
    return sorted(entries, key=lambda entry: entry.date), True


def _newest_of_each(entries: list[Entry]) -> list[Entry]:
    seen: set[tuple] = set()
    kept = []
    for entry in reversed(entries):
        what = (entry.title.casefold(), entry.year) if entry.title else (entry.number,)
        if not entry.refused:
            if what in seen:
                entry = replace(entry, refused="rated again later; the newest rating counts")
            seen.add(what)
        kept.append(entry)
    return kept[::-1]
