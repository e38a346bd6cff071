"""The demo world's films: read and check ``data/demo/catalogue.csv``, which the project writes itself."""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from bst.domain import GENRES
from bst.errors import DatasetError
from bst.installation import PROJECT

CATALOGUE = PROJECT / "data" / "demo" / "catalogue.csv"
COLUMNS: tuple[str, ...] = ("movie_id", "title", "year", "genres", "franchise", "mood", "fame", "quality")

MOODS: tuple[str, ...] = ("tense", "feel-good", "thoughtful", "thrilling", "dark", "romantic")
POPULARITIES: tuple[str, ...] = ("1", "2", "3", "4", "5")
QUALITIES: tuple[str, ...] = ("1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5")
YEARS = range(1900, 2026)
MAX_LATIN_1 = 0xFF


def read_catalogue(path: Path = CATALOGUE) -> pd.DataFrame:
    """Return the films in file order, one row a film, every value checked.

    Columns: ``movie_id`` int (1…n), ``title`` str without its year, ``year`` int, ``genres`` str
    ("Action|Sci-Fi", in the order of ``GENRES``), ``franchise`` str (empty for none), ``mood`` str
    (one of ``MOODS``), ``fame`` (popularity) int 1…5, ``quality`` float 1…5 in half steps.

    Raises ``DatasetError`` naming file, line, value and the fix.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        fix = "restore it from version control"
        raise DatasetError(f"{path}: the demo catalogue cannot be read ({error}); {fix}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    rows = list(csv.reader(text.splitlines()))
    if not rows or tuple(rows[0]) != COLUMNS:
        header = ",".join(rows[0]) if rows else "nothing"
        raise DatasetError(f"{path}, line 1: expected the columns {','.join(COLUMNS)}, found {header!r}")
    first_lines: dict[tuple[str, str], int] = {}
    for line, row in enumerate(rows[1:], start=2):
        for column, value, fix in _faults(row, line, first_lines):
            raise DatasetError(f"{path}, line {line}: {column} {value!r}; {fix}")
    films = pd.DataFrame(rows[1:], columns=list(COLUMNS))
    return films.astype({"movie_id": "int64", "year": "int64", "fame": "int64", "quality": "float64"})


def fingerprint(path: Path = CATALOGUE) -> str:
    """Return the SHA-256 of the catalogue's bytes, which identifies a demo world."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _faults(row: list[str], line: int, first_lines: dict[tuple[str, str], int]) -> Iterator[tuple[str, str, str]]:
    """Yield column, value and fix of each value that is not what its column promises.

    ``first_lines``: the line of each film so far, by title and year; this one is added.
    """
    if len(row) != len(COLUMNS):
        yield "the row", ",".join(row), f"give it {len(COLUMNS)} values, it has {len(row)}"
        return
    movie_id, title, year, genres, _, mood, fame, quality = row
    if movie_id != str(line - 1):
        yield "movie_id", movie_id, f"ids run 1, 2, 3 … in file order, so this one is {line - 1}"
    if not title or title != title.strip() or "::" in title:
        yield "title", title, "it must not be empty, padded with spaces or contain '::'"
    if any(ord(character) > MAX_LATIN_1 for character in title):
        yield "title", title, "MovieLens 1M's files hold latin-1 characters only"
    if not (year.isascii() and year.isdigit() and int(year) in YEARS):
        yield "year", year, f"it must be between {YEARS[0]} and {YEARS[-1]}"
    names = genres.split("|")
    if names != [genre for genre in GENRES if genre in names]:
        yield "genres", genres, f"join one or more of these, in this order: {'|'.join(GENRES)}"
    for column, value, allowed in (
        ("mood", mood, MOODS),
        ("fame", fame, POPULARITIES),
        ("quality", quality, QUALITIES),
    ):
        if value not in allowed:
            yield column, value, f"choose one of: {', '.join(allowed)}"
    first = first_lines.setdefault((title, year), line)
    if first != line:
        yield "title", f"{title} ({year})", f"line {first} has the same film; delete one of them"
