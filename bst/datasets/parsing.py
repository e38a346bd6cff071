"""Lines into values: what all formats of MovieLens have in common. Whatever is at fault is named with file and line."""

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bst.datasets.titles import display_title as display_title
from bst.errors import DatasetError

BOM = b"\xef\xbb\xbf"
INT32_MAX = 2**31 - 1
# of what stands in a file no more is shown in a message than fits on a screen's line
SHOWN = 60
MOST_PROBLEM, MOST_MEND = 110, 160
# no line of any release comes near; what is longer is not what it claims to be
MOST_LINE = 20_000

_WHOLE = re.compile(r"[0-9]{1,18}")
# single marks that no value of a format holds, so that one of them may be a separator
_MARKS = re.compile(r"[^\w\s.\-'\"()]")


@dataclass(frozen=True)
class Layout:
    """How a file is cut into fields. ``fields`` are their names; ``header`` its first line, if it has one.

    ``columns``: where in a line the values stand that are read, −1 for one that is not there. ``quoted``: a field may
    stand in double quotes. ``decimal``: the sign before decimals.
    """

    separator: str
    fields: tuple[str, ...]
    header: bool = False
    columns: tuple[int, ...] = (0, 1, 2, 3)
    quoted: bool = False
    decimal: str = "."

    def __str__(self) -> str:
        """Show a line of the file as its format wants it."""
        return self.separator.join(self.fields).replace("\t", "<tab>")


def shorten(text: str, most: int = SHOWN) -> str:
    """Cut a text to ``most`` characters, the last of them "…" where something was cut off."""
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(text: str, most: int = SHOWN) -> str:
    """Return a value as a message shows it: in quotes, shortened, nothing in it that a terminal would obey."""
    room = most + 30
    while len(shown := repr(shorten(text, most))) > room and most > 1:  # of signs that are written as "\\x00"
        most //= 2
    return shown


def fault(path: Path, line: int, problem: str, text: str, mend: str) -> DatasetError:
    """Put file, line, problem, the offending text and the mend into one message of bounded length."""
    problem, mend = shorten(problem, MOST_PROBLEM), shorten(mend, MOST_MEND)
    return DatasetError(f"{path}, line {line}: {problem}, in {quoted(text)}. {mend}")


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading bytes; one that ends in ``.gz`` is unpacked on the way."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


@contextmanager
def unpacking(path: Path) -> Iterator[None]:
    """Raise ``DatasetError`` where a packed file turns out to be damaged or cut off while it is read."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} is damaged, or not packed by gzip ({error}); download it again") from error


def text_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text) of every line that is not blank. BOM and CRLF are dropped.

    Raises ``DatasetError`` at a byte that ``encoding`` does not allow, and at a line longer than ``MOST_LINE``.
    """
    with unpacking(path), open_bytes(path) as file:
        for number, raw in enumerate(iter(lambda: file.readline(MOST_LINE + 1), b""), start=1):
            if number == 1:
                raw = raw.removeprefix(BOM)
            if len(raw) > MOST_LINE:
                mend = f"No line of a dataset is longer than {MOST_LINE:,} bytes; the file is damaged or another one."
                raise fault(path, number, "the line is too long", raw[: 2 * SHOWN].decode("latin-1"), mend)
            try:
                text = raw.decode(encoding).rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise fault(
                    path,
                    number,
                    f"byte {raw[error.start]:#04x} is not {encoding.upper()}",
                    raw.decode("latin-1").rstrip("\r\n"),
                    f"Save the file in {encoding.upper()}, or download the dataset again.",
                ) from error
            if text.strip():
                yield number, text


def nth_line(path: Path, row: int, *, header: bool = False) -> tuple[int, str]:
    """Return (line number, text) of the data row ``row`` (from 0) of a file."""
    for at, (number, text) in enumerate(text_lines(path, "latin-1")):
        if at == row + header:
            return number, text
    # Arrow takes a lone carriage return for the end of a line, as some old editors wrote it.
    raise DatasetError(f"{path} is at fault in data row {row + 1}; save it with plain line ends to learn more")


def encoding_of(path: Path, *otherwise: str) -> str:
    """Return "utf-8" if the whole file is valid UTF-8; else the first of ``otherwise`` that fits, else "latin-1"."""
    with unpacking(path), open_bytes(path) as file:
        content = file.read()
    for encoding in ("utf-8", *otherwise):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def split_line(path: Path, line: int, text: str, layout: Layout) -> list[str]:
    """Cut a line into exactly the fields of its layout, or raise ``DatasetError``."""
    fields = split_quoted(path, line, text, layout.separator) if layout.quoted else text.split(layout.separator)
    if len(fields) == len(layout.fields):
        return fields
    raise wrong_count(path, line, text, len(fields), layout)


def split_quoted(path: Path, line: int, text: str, separator: str) -> list[str]:
    """Cut a line of CSV into fields, or raise ``DatasetError`` for broken quotes.

    Line by line: no title of MovieLens has a line break in it, and an unclosed quote is found in its own line instead
    of swallowing the rest of the file.
    """
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error as error:
        mend = "Put a title with a comma or a quote into quotes, and double the quotes inside."
        raise fault(path, line, f"broken quoting ({error})", text, mend) from error


def wrong_count(path: Path, line: int, text: str, number: int, layout: Layout) -> DatasetError:
    """Say that a line has another number of fields than its layout, and guess why."""
    wanted = len(layout.fields)
    mend = f"A line looks like {layout}."
    separator = _other_separator(text, layout) if number == 1 else None
    if separator:
        mend = f"The separator seems to be {separator}. {mend}"
    elif number < wanted:
        mend = f"The file may have been cut off: download the dataset again. {mend}"
    return fault(path, line, f"{number} field{'s' * (number != 1)} instead of {wanted}", text, mend)


def _other_separator(text: str, layout: Layout) -> str | None:
    """Return in words what a line seems to be cut into its fields by, None if nothing is there often enough."""
    least = len(layout.fields) - 1
    words = {"::": "'::'", "\t": "tabs", "|": "'|'", ",": "commas", ";": "semicolons", ":": "single colons"}
    for mark, word in words.items():
        if mark != layout.separator and text.count(mark) >= least:
            return word
    marks = Counter(_MARKS.findall(text[:MOST_LINE]))
    return next((repr(mark) for mark, number in marks.most_common() if number in (least, 2 * least)), None)


def whole_number(path: Path, line: int, text: str, what: str, value: str, *, least: int = 1) -> int:
    """Return a field as a whole number from ``least`` to 2³¹−1, or raise ``DatasetError``."""
    value = value.strip()
    if not value:
        raise fault(path, line, f"the {what} is empty", text, f"Fill it in with a whole number from {least} up.")
    # programs that know missing numbers write whole ones as "12.0"
    value = value[:-2] if value.endswith(".0") else value
    if not _WHOLE.fullmatch(value):
        raise fault(path, line, f"{what} {quoted(value)} is not a whole number", text, "Use digits only.")
    number = int(value)
    if not least <= number <= INT32_MAX:
        raise fault(path, line, f"{what} {number} is out of range", text, f"Use a number from {least} to {INT32_MAX}.")
    return number
