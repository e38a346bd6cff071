"""From lines to values: what all formats of MovieLens have in common. Every error names its file and line."""

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import NamedTuple

from bst.errors import DatasetError
from bst.text import SHOWN_LENGTH, quoted, shorten

BOM = b"\xef\xbb\xbf"
INT32_MAX = 2**31 - 1
# characters of an error message
MAX_PROBLEM_LENGTH, MAX_FIX_LENGTH = 110, 160
# no line of any release comes near this length; a longer one is not a line of a dataset
MAX_LINE_BYTES = 20_000

_INTEGER = re.compile(r"[0-9]{1,18}")
# punctuation that no value of a format contains, so it may be a separator
_PUNCTUATION = re.compile(r"[^\w\s.\-'\"()]")
_SEPARATOR_NAMES = {"::": "'::'", "\t": "tabs", "|": "'|'", ",": "commas", ";": "semicolons", ":": "single colons"}


@dataclass(frozen=True)
class Layout:
    """How a line is cut into fields. ``fields`` are their names; ``header``: the file begins with a header line.

    ``columns``: positions of the fields that are read, −1 for one that is missing. ``quoted``: a field may be in double
    quotes. ``decimal``: the decimal mark.
    """

    separator: str
    fields: tuple[str, ...]
    header: bool = False
    columns: tuple[int, ...] = (0, 1, 2, 3)
    quoted: bool = False
    decimal: str = "."

    def __str__(self) -> str:
        """Show a line of the file as its format requires it."""
        return self.separator.join(self.fields).replace("\t", "<tab>")

    @property
    def has_times(self) -> bool:
        """Whether a file of ratings has a column of times."""
        return self.columns[3] >= 0


class Line(NamedTuple):
    """One line of a file: its values are read from it, and errors about them name it.

    ``number`` counts from 1; ``text`` is without the line end.
    """

    path: Path
    number: int
    text: str

    def error(self, problem: str, fix: str) -> DatasetError:
        """Return an error of bounded length that names file, line, problem, the text of the line and the fix."""
        problem, fix = shorten(problem, MAX_PROBLEM_LENGTH), shorten(fix, MAX_FIX_LENGTH)
        return DatasetError(f"{self.path}, line {self.number}: {problem}, in {quoted(self.text)}. {fix}")

    def split(self, layout: Layout) -> list[str]:
        """Cut the line into exactly the fields of its layout, or raise ``DatasetError``."""
        fields = self._split_quoted(layout.separator) if layout.quoted else self.text.split(layout.separator)
        if len(fields) == len(layout.fields):
            return fields
        raise self._field_count_error(len(fields), layout)

    def integer(self, name: str, value: str, *, minimum: int = 1) -> int:
        """Return a field as an integer from ``minimum`` to 2³¹−1, or raise ``DatasetError``."""
        value = value.strip()
        if not value:
            raise self.error(f"the {name} is empty", f"Fill it in with a whole number from {minimum} up.")
        # programs that allow for missing numbers write integers as "12.0"
        value = value.removesuffix(".0")
        if not _INTEGER.fullmatch(value):
            raise self.error(f"{name} {quoted(value)} is not a whole number", "Use digits only.")
        number = int(value)
        if not minimum <= number <= INT32_MAX:
            raise self.error(f"{name} {number} is out of range", f"Use a number from {minimum} to {INT32_MAX}.")
        return number

    def _split_quoted(self, separator: str) -> list[str]:
        """Cut a line of CSV into fields, or raise ``DatasetError`` for broken quotes.

        Line by line: no title of MovieLens contains a line break, and an unclosed quote is reported for its own line
        instead of swallowing the rest of the file.
        """
        try:
            return next(csv.reader([self.text], delimiter=separator, strict=True), [])
        except csv.Error as error:
            fix = "Put a title with a comma or a quote into quotes, and double the quotes inside."
            raise self.error(f"broken quoting ({error})", fix) from error

    def _field_count_error(self, count: int, layout: Layout) -> DatasetError:
        """Say that the line has another number of fields than its layout, and suggest why."""
        expected = len(layout.fields)
        fix = f"A line looks like {layout}."
        separator = _other_separator(self.text, layout) if count == 1 else None
        if separator:
            fix = f"The separator seems to be {separator}. {fix}"
        elif count < expected:
            fix = f"The file may have been cut off: download the dataset again. {fix}"
        return self.error(f"{count} field{'s' * (count != 1)} instead of {expected}", fix)


def open_bytes(path: Path) -> BufferedIOBase:
    """Open a file for reading bytes; one that ends in ``.gz`` is decompressed on the way."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


@contextmanager
def gzip_errors(path: Path) -> Iterator[None]:
    """Raise ``DatasetError`` where a compressed file turns out to be damaged or cut off while it is read."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} is damaged, or not packed by gzip ({error}); download it again") from error


def read_lines(path: Path, encoding: str) -> Iterator[Line]:
    """Yield every line that is not blank. BOM and CRLF are dropped.

    Raises ``DatasetError`` at a byte that ``encoding`` does not allow, and at a line longer than ``MAX_LINE_BYTES``.
    """
    with gzip_errors(path), open_bytes(path) as file:
        for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
            if number == 1:
                raw = raw.removeprefix(BOM)
            if len(raw) > MAX_LINE_BYTES:
                fix = (
                    f"No line of a dataset is longer than {MAX_LINE_BYTES:,} bytes; the file is damaged or another one."
                )
                beginning = raw[: 2 * SHOWN_LENGTH].decode("latin-1")
                raise Line(path, number, beginning).error("the line is too long", fix)
            try:
                text = raw.decode(encoding).rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise Line(path, number, raw.decode("latin-1").rstrip("\r\n")).error(
                    f"byte {raw[error.start]:#04x} is not {encoding.upper()}",
                    f"Save the file in {encoding.upper()}, or download the dataset again.",
                ) from error
            if text.strip():
                yield Line(path, number, text)


def data_line(path: Path, row: int, *, header: bool = False) -> Line:
    """Return the line of the data row ``row`` (from 0) of a file."""
    for index, line in enumerate(read_lines(path, "latin-1")):
        if index == row + header:
            return line
    # Arrow takes a lone carriage return for the end of a line, as some old editors wrote it.
    raise DatasetError(f"{path} is at fault in data row {row + 1}; save it with plain line ends to learn more")


def encoding_of(path: Path, *fallbacks: str) -> str:
    """Return "utf-8" if the file is valid UTF-8; else the first of ``fallbacks`` that fits, else "latin-1"."""
    with gzip_errors(path), open_bytes(path) as file:
        content = file.read()
    for encoding in ("utf-8", *fallbacks):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _other_separator(text: str, layout: Layout) -> str | None:
    """Return the name of the separator that a line seems to have; None if nothing occurs often enough."""
    count = len(layout.fields) - 1
    for separator, name in _SEPARATOR_NAMES.items():
        if separator != layout.separator and text.count(separator) >= count:
            return name
    marks = Counter(_PUNCTUATION.findall(text))
    return next((repr(mark) for mark, number in marks.most_common() if number in (count, 2 * count)), None)
