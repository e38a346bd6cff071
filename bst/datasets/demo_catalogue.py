"""The demo world's films: read and check ``data/demo/catalogue.csv``, which the project writes itself."""

import csv
import hashlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bst.errors import DatasetError
from bst.schema import GENRES
from bst.settings import PROJECT

CATALOGUE = PROJECT / "data" / "demo" / "catalogue.csv"
COLUMNS: tuple[str, ...] = ("movie_id", "title", "year", "genres", "franchise", "mood", "fame", "quality")

MOODS: tuple[str, ...] = ("tense", "feel-good", "thoughtful", "thrilling", "dark", "romantic")
FAMES: tuple[str, ...] = ("1", "2", "3", "4", "5")
QUALITIES: tuple[str, ...] = ("1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5")
YEARS = range(1900, 2026)


def read_catalogue(path: Path = CATALOGUE) -> pd.DataFrame:
    """Return the films in file order, one row a film, every value checked.

    Columns: ``movie_id`` int (1…n), ``title`` str without its year, ``year`` int, ``genres`` str
    ("Action|Sci-Fi", in the order of ``GENRES``), ``franchise`` str (empty for none), ``mood`` str
    (one of ``MOODS``), ``fame`` int 1…5, ``quality`` float 1…5 in half steps.

    Raises ``DatasetError`` naming file, line, value and the mend.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        mend = "restore it from version control"
        raise DatasetError(f"{path}: the demo catalogue cannot be read ({error}); {mend}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    rows = list(csv.reader(text.splitlines()))
    if not rows or tuple(rows[0]) != COLUMNS:
        header = ",".join(rows[0]) if rows else "nothing"
        raise DatasetError(f"{path}, line 1: expected the columns {','.join(COLUMNS)}, found {header!r}")
    first_lines: dict[tuple[str, str], int] = {}
    for line, row in enumerate(rows[1:], start=2):
        if fault := _row_fault(row, line) or _repeat_fault(row, line, first_lines):
            raise DatasetError(f"{path}, line {line}: {fault.column} {fault.value!r}; {fault.mend}")
    films = pd.DataFrame(rows[1:], columns=list(COLUMNS))
    return films.astype({"movie_id": "int64", "year": "int64", "fame": "int64", "quality": "float64"})


def fingerprint(path: Path = CATALOGUE) -> str:
    """Return the SHA-256 of the catalogue's bytes, which identifies a demo world."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


class _Fault(NamedTuple):
    """A value that is not what its column promises, and what to do about it."""

    column: str
    value: str
    mend: str


def _row_fault(row: list[str], line: int) -> _Fault | None:
    """Return the first fault of a row, None if it is valid."""
    if len(row) != len(COLUMNS):
        return _Fault("the row", ",".join(row), f"give it {len(COLUMNS)} values, it has {len(row)}")
    movie_id, title, year, genres, _, mood, fame, quality = row
    if movie_id != str(line - 1):
        return _Fault("movie_id", movie_id, f"ids run 1, 2, 3 … in file order, so this one is {line - 1}")
    if mend := _title_mend(title):
        return _Fault("title", title, mend)
    if not (year.isascii() and year.isdigit() and int(year) in YEARS):
        return _Fault("year", year, f"it must be between {YEARS[0]} and {YEARS[-1]}")
    names = genres.split("|")
    if names != [genre for genre in GENRES if genre in names]:
        return _Fault("genres", genres, f"join one or more of these, in this order: {'|'.join(GENRES)}")
    scales = (("mood", mood, MOODS), ("fame", fame, FAMES), ("quality", quality, QUALITIES))
    return next(
        (
            _Fault(column, value, f"choose one of: {', '.join(allowed)}")
            for column, value, allowed in scales
            if value not in allowed
        ),
        None,
    )


def _title_mend(title: str) -> str:
    """Return what to do about a title; empty if it is valid."""
    if not title or title != title.strip() or "::" in title:
        return "it must not be empty, padded with spaces or contain '::'"
    try:
        title.encode("latin-1")
    except UnicodeEncodeError:
        return "MovieLens 1M's files hold latin-1 characters only"
    return ""


def _repeat_fault(row: list[str], line: int, first_lines: dict[tuple[str, str], int]) -> _Fault | None:
    """Return a fault for a film that an earlier line has; keep the line of a new one in ``first_lines``."""
    title, year = row[1:3]
    first = first_lines.setdefault((title, year), line)
    if first == line:
        return None
    return _Fault("title", f"{title} ({year})", f"line {first} has the same film; delete one of them")
