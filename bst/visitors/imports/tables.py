"""Bytes of a file → tables of text: from a zip, in any encoding, with any separator, or from JSON.

Column names are folded to letters and digits: "Watched Date", "watched_date" and "WatchedDate" are all "watcheddate".
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

from bst.text import shorten
from bst.visitors.imports.entries import EXPECTED, MAX_FILE_BYTES, MAX_ROWS, ImportProblem

Row = dict[str, str]

# the files that are read from a zip: Letterboxd's and Trakt's own names
_MEMBERS = re.compile(
    r"(ratings|watched)\.csv|(ratings|watched)(-movies)?(-\d+)?\.json|(watched-)?history(-\d+)?\.json"
)
_MAX_MEMBERS = 50
_EMPTY_CONTENTS = (b"", b"[]", b"{}")
# Excel's own first line, which says what separates the cells
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?[;,\t]*\r?\n', re.IGNORECASE)


# what a message shows: columns of a table, characters of a column's name, of a file's name, of an error
_MAX_COLUMNS, _MAX_COLUMN_LENGTH, MAX_NAME_LENGTH, _MAX_REASON_LENGTH = 6, 20, 50, 80
_MIN_SEPARATORS = 2  # in a header that is a single cell


class TextTable(NamedTuple):
    """A table of text: the ``name`` of its file, the ``header`` as written, and rows with their lines, keys folded."""

    name: str
    header: tuple[str, ...]
    rows: list[tuple[int, Row]]

    @property
    def columns(self) -> set[str]:
        """The folded names of its columns."""
        return {fold(column) for column in self.header}

    def shown_columns(self) -> str:
        """Return the names of its columns for a message, shortened."""
        names = ", ".join(shorten(column, _MAX_COLUMN_LENGTH) for column in self.header[:_MAX_COLUMNS])
        names = " ".join(names.split()) + " …" * (len(self.header) > _MAX_COLUMNS)
        return f"“{shorten(names)}”"


def fold(column: str) -> str:
    """Reduce the name of a column to lower-case letters and digits."""
    return "".join(re.findall(r"[^\W_]", column.casefold()))


def read_tables(data: bytes, name: str) -> list[TextTable]:
    """Return the table in a file, or those in a zip that are known to contain ratings or watched movies.

    Raises ``ImportProblem``.
    """
    if data[:4] == b"PK\x03\x04":
        # Trakt's zip has a file for everything, even if it is empty
        members = [
            (member, content) for member, content in _members(data, name) if content.strip() not in _EMPTY_CONTENTS
        ]
        if not members:
            raise ImportProblem(f"{name} has no ratings in it; expected {EXPECTED}")
        return [_table(content, shorten(f"{name}: {member}", MAX_NAME_LENGTH)) for member, content in members]
    return [_table(data, name)]


def _members(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files in a zip that can be used. Reads no more of each than the maximum size of a file."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in _usable(archive, name):
                with archive.open(info) as file:
                    yield info.filename.rpartition("/")[2], file.read(MAX_FILE_BYTES + 1)
    except ImportProblem:
        raise
    except Exception as error:  # a malformed archive makes zipfile and zlib raise a dozen kinds of error
        reason = " ".join(str(error).split())[:_MAX_REASON_LENGTH]
        raise ImportProblem(f"{name} is a damaged zip ({reason}); unzip it, and choose the ratings.csv") from error


def _usable(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    outermost: dict[str, zipfile.ZipInfo] = {}
    tables = []
    for info in archive.infolist():
        *folders, base = info.filename.lower().split("/")
        if "xl" in folders:
            raise ImportProblem(
                f"{name} is an Excel workbook; save it as CSV, and choose that file; expected {EXPECTED}"
            )
        if {"deleted", "orphaned", "__macosx"} & set(folders):  # no longer the person's own
            continue
        if base.endswith((".csv", ".json")):
            tables.append(info)
        if _MEMBERS.fullmatch(base):
            other = outermost.get(base)
            if other is None or info.filename.count("/") < other.filename.count("/"):
                outermost[base] = info
    usable = sorted(outermost.values(), key=lambda info: info.filename)[:_MAX_MEMBERS]
    usable = usable or (tables if len(tables) == 1 else [])
    if not usable:
        raise ImportProblem(f"{name} is a zip without a ratings.csv in it; expected {EXPECTED}")
    return usable


def _table(data: bytes, name: str) -> TextTable:
    if not data.strip():
        raise ImportProblem(f"{name} is empty; expected {EXPECTED}")
    if len(data) > MAX_FILE_BYTES:
        raise ImportProblem(
            f"{name} has more than {MAX_FILE_BYTES / 2**20:.0f} MB, which no one person's ratings take; "
            f"expected {EXPECTED}"
        )
    text = _decoded(data, name)
    if text.lstrip()[:1] in ("[", "{"):
        return _from_json(text, name)
    return _from_csv(text, name)


def _decoded(data: bytes, name: str) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: tuple[str, ...] = ("utf-16",)
    elif data[:1] == b"\0" or data[1:2] == b"\0":  # two bytes per letter, without a byte order mark
        encodings = ("utf-16-be" if data[:1] == b"\0" else "utf-16-le",)
    else:
        encodings = ("utf-8-sig", "cp1252", "latin-1")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ImportProblem(f"{name} is not a text file, but something binary (a picture? Excel?); expected {EXPECTED}")


# ---- comma-separated values, and what spreadsheets make of them


def _from_csv(text: str, name: str) -> TextTable:
    first_line = 1
    separator = None
    if match := _SEPARATOR_LINE.match(text):
        separator, text, first_line = match.group(1), text[match.end() :], 2
    lines = _cells(text, separator, name, first_line)
    if lines and _has_one_cell_per_line(lines):
        # a spreadsheet that expects another separator keeps each line in one quoted cell
        text = "\n".join(next(filter(None, cells)).rstrip(";\t").replace("\n", " ") for _, cells in lines)
        numbers = [line for line, _ in lines]
        lines = [(numbers[min(line, len(numbers)) - 1], cells) for line, cells in _cells(text, None, name, 1)]
    if not lines:
        raise ImportProblem(f"{name} is empty; expected {EXPECTED}")
    (_, header), *rows = lines
    keys = [fold(cell) for cell in header]
    if len(rows) > MAX_ROWS:
        raise ImportProblem(
            f"{name} has more than {MAX_ROWS:,} rows, which is more than one person's ratings; expected {EXPECTED}"
        )
    return TextTable(name, tuple(header), [(line, dict(zip(keys, cells, strict=False))) for line, cells in rows])


def _cells(text: str, separator: str | None, name: str, first_line: int) -> list[tuple[int, list[str]]]:
    """Return each line that is not blank with its number, cut into cells."""
    if separator is None:
        first = text.lstrip().partition("\n")[0]
        separator = max(",;\t", key=first.count)
    lines = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                lines.append((reader.line_num + first_line - 1, cells))
                if len(lines) > MAX_ROWS + 1:
                    break
    except (csv.Error, ValueError, TypeError) as error:  # the latter two: an invalid separator
        line = len(lines) + first_line
        raise ImportProblem(f"{name}, line {line}: this is not a table ({error}); expected {EXPECTED}") from error
    return lines


def _has_one_cell_per_line(lines: list[tuple[int, list[str]]]) -> bool:
    header = [cell for cell in lines[0][1] if cell]
    is_joined = len(header) == 1 and header[0].count(",") >= _MIN_SEPARATORS
    return is_joined and all(sum(map(bool, cells)) == 1 for _, cells in lines)


# ---- JSON


def _from_json(text: str, name: str) -> TextTable:
    """Read a list of objects. A movie's fields are in "movie", as in Trakt's exports, or in the object itself."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportProblem(f"{name} is damaged JSON; export your ratings again") from error
    lists = content.values() if isinstance(content, dict) else [content]
    items = [item for items in lists if isinstance(items, list) for item in items if isinstance(item, dict)]
    if len(items) > MAX_ROWS:
        raise ImportProblem(f"{name} has more than {MAX_ROWS:,} entries, which is more than one person's ratings")
    rows = [(number, _flatten(item)) for number, item in enumerate(items, start=1)]
    header = tuple(dict.fromkeys(key for _, row in rows for key in row))
    if not header:
        raise ImportProblem(f"{name} is JSON without a list of movies; expected {EXPECTED}")
    return TextTable(name, header, rows)


def _flatten(item: dict[str, Any]) -> Row:
    row = {fold(key): _cell(value) for key, value in item.items()}
    for media_type in ("movie", "show", "episode", "season"):
        fields = item.get(media_type)
        if isinstance(fields, dict):
            ids = fields.get("ids")
            row |= {key: _cell(fields.get(key)) for key in ("title", "year")}
            row |= {f"{site}id": _cell(ids.get(site) if isinstance(ids, dict) else None) for site in ("imdb", "tmdb")}
            row.setdefault("type", media_type)
            break
    if "lastwatchedat" in row:
        row["watchedat"] = row.pop("lastwatchedat")
    return row


def _cell(value: object) -> str:
    """Return a value of JSON as a cell of a table; an empty one for anything but a single value."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        text = str(value).strip()
    except ValueError:  # Python refuses to write a number of thousands of digits
        return ""
    # JSON can spell half of a surrogate pair, which no page can show
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
