"""The layout of a CSV file from its first line: the separator, and which column holds what.

MovieLens' own names are ``userId,movieId,rating,timestamp`` and ``movieId,title,genres``. Other people use other
names, other orders and further columns; notes list what was assumed about them.
"""

import csv
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bst.datasets.parsing import Layout, Line, read_lines
from bst.text import quoted

RATINGS = ("userId", "movieId", "rating", "timestamp")
MOVIES = ("movieId", "title", "genres")

# Possible names of a column, without case and punctuation: the first of them that the file has is taken.
_MOVIE_ID = ("movieid", "itemid", "filmid", "mid", "iid")
_RATING_NAMES = {
    "user": ("userid", "uid", "user", "userno", "customerid", "reviewerid", "personid", "u"),
    "movie": (*_MOVIE_ID, "movie", "item", "film", "i"),
    "rating": ("rating", "ratings", "stars", "score", "rate", "ratingvalue", "value", "r"),
    "time": (
        *("timestamp", "time", "datetime", "date", "ts", "ratedat", "ratingtimestamp", "ratingtime", "unixtime"),
        *("createdat", "t"),
    ),
}
_MOVIE_NAMES = {
    "id": (*_MOVIE_ID, "id", "movie", "item", "film"),
    "title": ("title", "movietitle", "filmtitle", "name", "moviename", "movie", "film", "originaltitle"),
    "genres": ("genres", "genre", "categories", "category"),
    "year": ("year", "releaseyear", "movieyear", "yearofrelease"),
}
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "'|'"}
# what a note shows: the length of a column's name, and how many columns that are not read
_NAME_LENGTH, _MAX_UNREAD = 30, 5
_SAMPLED_LINES = 1000  # in which a decimal comma is looked for


def rating_layout(path: Path, notes: list[str]) -> Layout:
    """Return the layout of a CSV file of ratings. Raises ``DatasetError`` unless its first line names the columns."""
    header = _read_header(path, _RATING_NAMES, ("user", "movie", "rating"), RATINGS)
    if header.separator == "," and header.names == RATINGS and '"' not in header.line.text:
        return Layout(",", RATINGS, header=True)
    _note_columns(header, RATINGS, notes)
    decimal = "." if header.separator == "," else _decimal_mark(path, header.separator, header.columns[2])
    return Layout(header.separator, header.names, True, header.columns, True, decimal)


def movie_layout(path: Path, encoding: str, notes: list[str]) -> Layout:
    """Return the layout of a CSV file of movies; ``columns`` are those of id, title, genres and year.

    Raises ``DatasetError`` unless its first line names the columns.
    """
    header = _read_header(path, _MOVIE_NAMES, ("id", "title"), MOVIES, encoding)
    if header.separator == "," and header.names == MOVIES:
        return Layout(",", MOVIES, True, header.columns, True)
    _note_columns(header, MOVIES, notes)
    if header.columns[2] < 0:
        notes.append(f"{path.name} has no genres.")
    return Layout(header.separator, header.names, True, header.columns, True)


@dataclass(frozen=True)
class _Header:
    """A first line that names the columns: ``columns`` has the position of each one that is read, −1 for none."""

    line: Line
    separator: str
    names: tuple[str, ...]
    columns: tuple[int, ...]


def _read_header(
    path: Path,
    roles: dict[str, tuple[str, ...]],
    required: tuple[str, ...],
    usual: tuple[str, ...],
    encoding: str = "latin-1",
) -> _Header:
    """Read the first line of a file; ``roles`` gives the possible names of each column that is read."""
    line = next(read_lines(path, encoding), Line(path, 1, ""))
    for separator in _SEPARATORS:
        try:
            names = [name.strip() for name in next(csv.reader([line.text], delimiter=separator), [])]
        except csv.Error:
            continue
        positions = _positions(names, roles)
        if all(positions[role] >= 0 for role in required):
            return _Header(line, separator, tuple(names), tuple(positions.values()))
    raise line.error("unexpected header", f"The first line must name the columns: {','.join(usual)}.")


def _positions(names: list[str], roles: dict[str, tuple[str, ...]]) -> dict[str, int]:
    plain = [re.sub(r"[\W_]", "", name).casefold() for name in names]
    positions: dict[str, int] = {}
    for role, aliases in roles.items():
        indices = (plain.index(alias) for alias in aliases if alias in plain)
        positions[role] = next((index for index in indices if index not in positions.values()), -1)
    return positions


def _note_columns(header: _Header, usual: tuple[str, ...], notes: list[str]) -> None:
    file = header.line.path.name
    if header.separator != ",":
        notes.append(f"{file} is separated by {_SEPARATORS[header.separator]}.")
    renamed = [
        f"{label} is {quoted(header.names[index], _NAME_LENGTH)}"
        for label, index in zip((*usual, "year"), header.columns, strict=False)
        if index >= 0 and header.names[index] != label
    ]
    if renamed:
        notes.append(f"{file}: {', '.join(renamed)}.")
    unread = [
        quoted(name, _NAME_LENGTH) for index, name in enumerate(header.names) if index not in header.columns and name
    ]
    if unread:
        more = f" and {len(unread) - _MAX_UNREAD} more" if len(unread) > _MAX_UNREAD else ""
        notes.append(f"{file}: not read are the columns {', '.join(unread[:_MAX_UNREAD])}{more}.")


def _decimal_mark(path: Path, separator: str, column: int) -> str:
    """Return the decimal mark of a column: a comma where any of the first ratings has one."""
    for line in islice(read_lines(path, "latin-1"), 1, 1 + _SAMPLED_LINES):
        try:
            fields = next(csv.reader([line.text], delimiter=separator), [])
        except csv.Error:  # reported where the line is read
            break
        if column < len(fields) and "," in fields[column]:
            return ","
    return "."
