"""CSV by its first line: which separator, and in which column stands what.

MovieLens' own names are ``userId,movieId,rating,timestamp`` and ``movieId,title,genres``. Other people write other
names, other orders and further columns; what was assumed of them is said in notes.
"""

import csv
import re
from pathlib import Path

from bst.datasets.parsing import Layout, fault, quoted, text_lines

RATINGS = ("userId", "movieId", "rating", "timestamp")
MOVIES = ("movieId", "title", "genres")

# How a column may be called, without case and signs: the first of these that is there is taken.
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


def rating_layout(path: Path, notes: list[str]) -> Layout:
    """Return how a CSV file of ratings is laid out. Raises ``DatasetError`` unless its first line names the columns."""
    text, separator, names, columns = _header(path, _RATING_NAMES, ("user", "movie", "rating"), RATINGS)
    if separator == "," and names == list(RATINGS) and '"' not in text:
        return Layout(",", RATINGS, header=True)
    _note_columns(path, names, columns, RATINGS, separator, notes)
    decimal = "." if separator == "," else _decimal(path, separator, columns[2])
    return Layout(separator, tuple(names), True, tuple(columns), True, decimal)


def movie_layout(path: Path, encoding: str, notes: list[str]) -> Layout:
    """Return how a CSV file of movies is laid out; ``columns`` are those of id, title, genres and year.

    Raises ``DatasetError`` unless its first line names the columns.
    """
    _, separator, names, columns = _header(path, _MOVIE_NAMES, ("id", "title"), MOVIES, encoding)
    if separator == "," and names == list(MOVIES):
        return Layout(",", MOVIES, True, tuple(columns), True)
    _note_columns(path, names, columns, MOVIES, separator, notes)
    if columns[2] < 0:
        notes.append(f"{path.name} has no genres.")
    return Layout(separator, tuple(names), True, tuple(columns), True)


def _header(
    path: Path, roles: dict[str, tuple[str, ...]], needed: tuple[str, ...], usual: tuple[str, ...], encoding="latin-1"
) -> tuple[str, str, list[str], list[int]]:
    """Return the first line, its separator, the names of the columns, and where those of ``roles`` are, −1 for none."""
    line, text = next(text_lines(path, encoding), (1, ""))
    for separator in _SEPARATORS:
        try:
            names = [name.strip() for name in next(csv.reader([text], delimiter=separator), [])]
        except csv.Error:
            continue
        places = _columns(names, roles)
        if all(places[role] >= 0 for role in needed):
            return text, separator, names, list(places.values())
    mend = f"The first line must name the columns: {','.join(usual)}."
    raise fault(path, line, "unexpected header", text, mend)


def _columns(names: list[str], roles: dict[str, tuple[str, ...]]) -> dict[str, int]:
    plain = [re.sub(r"[\W_]", "", name).casefold() for name in names]
    places: dict[str, int] = {}
    for role, known in roles.items():
        free = (plain.index(name) for name in known if name in plain and plain.index(name) not in places.values())
        places[role] = next(free, -1)
    return places


def _note_columns(
    path: Path, names: list[str], columns: list[int], usual: tuple[str, ...], separator: str, notes: list[str]
) -> None:
    if separator != ",":
        notes.append(f"{path.name} is separated by {_SEPARATORS[separator]}.")
    labels = (*usual, "year")
    renamed = [
        f"{label} is {quoted(names[at], 30)}"
        for label, at in zip(labels, columns, strict=False)
        if at >= 0 and names[at] != label
    ]
    if renamed:
        notes.append(f"{path.name}: {', '.join(renamed)}.")
    unread = [quoted(name, 30) for at, name in enumerate(names) if at not in columns and name]
    if unread:
        more = f" and {len(unread) - 5} more" if len(unread) > 5 else ""
        notes.append(f"{path.name}: not read are the columns {', '.join(unread[:5])}{more}.")


def _decimal(path: Path, separator: str, column: int) -> str:
    """Return the sign before decimals: a comma where one stands in any of the first ratings."""
    for at, (_, text) in enumerate(text_lines(path, "latin-1")):
        try:
            fields = next(csv.reader([text], delimiter=separator), [])
        except csv.Error:  # named where the line is read
            break
        if at and column < len(fields) and "," in fields[column]:
            return ","
        if at == 1000:
            break
    return "."
