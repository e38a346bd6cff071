"""Lines into values: what the formats of MovieLens have in common.

Small files go line by line. Ratings take the fast road through Arrow; whatever it refuses is read again
line by line, which is slow but names the first line at fault and says how to mend it.
"""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from bst.errors import DatasetError

BOM = b"\xef\xbb\xbf"
INT32_MAX = 2**31 - 1
SHOWN = 60

# Only the articles that MovieLens itself moves to the end of a title.
_ARTICLES = "The|A|An|La|Le|Les|L'|Il|Lo|Gli|El|Los|Las|Das|Der|Die|Un|Une|Una"
_MOVED_ARTICLE = re.compile(rf"(^|\()(a\.k\.a\. )?([^()]+), ({_ARTICLES})(?=\s*(?:[()]|$))")
_YEAR = re.compile(r"\(([0-9]{4})\)")
_WHOLE = re.compile(r"[0-9]{1,18}")
_STARS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")


@dataclass(frozen=True)
class Layout:
    """How a file is cut into fields. ``fields`` are their names; ``header`` its first line, if it has one."""

    separator: str
    fields: tuple[str, ...]
    header: bool = False

    def __str__(self) -> str:
        """Show a line of the file as its format wants it."""
        return self.separator.join(self.fields).replace("\t", "<tab>")


@dataclass(frozen=True)
class RatingColumns:
    """Ratings as they stand in the file: four arrays of one length, ids not yet turned into rows."""

    user: np.ndarray
    movie: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray

    def __len__(self) -> int:
        """Return the number of ratings."""
        return len(self.user)


def fault(path: Path, line: int, problem: str, text: str, mend: str) -> DatasetError:
    """Put file, line, problem, the offending text (shortened) and the mend into one message."""
    shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return DatasetError(f"{path}, line {line}: {problem}, in {shown!r}. {mend}")


def text_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text) of every line that is not blank. BOM and CRLF are dropped.

    Raises ``DatasetError`` at a byte that ``encoding`` does not allow.
    """
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if number == 1:
                raw = raw.removeprefix(BOM)
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


def encoding_of(path: Path) -> str:
    """Return "utf-8" if the whole file is valid UTF-8, else "latin-1", the encoding of the older releases."""
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def split_line(path: Path, line: int, text: str, layout: Layout) -> list[str]:
    """Cut a line into exactly the fields of its layout, or raise ``DatasetError``."""
    fields = text.split(layout.separator)
    if len(fields) == len(layout.fields):
        return fields
    raise wrong_count(path, line, text, len(fields), layout)


def wrong_count(path: Path, line: int, text: str, found: int, layout: Layout) -> DatasetError:
    """Say that a line has another number of fields than its layout, and guess why."""
    wanted = len(layout.fields)
    others = {"::": "'::'", "\t": "tabs", "|": "'|'", ",": "commas", ";": "semicolons", ":": "single colons"}
    used = next(
        (word for mark, word in others.items() if mark != layout.separator and text.count(mark) >= wanted - 1),
        None,
    )
    mend = f"A line looks like {layout}."
    if used and found == 1:
        mend = f"The separator seems to be {used}. {mend}"
    elif found < wanted:
        mend = f"The file may have been cut off: download the dataset again. {mend}"
    return fault(path, line, f"{found} field{'s' * (found != 1)} instead of {wanted}", text, mend)


def check_header(path: Path, line: int, text: str, names: list[str], layout: Layout) -> None:
    """Raise ``DatasetError`` if the first line of a file does not name the fields of its layout."""
    if [name.strip(' "') for name in names] != list(layout.fields):
        raise fault(path, line, "unexpected header", text, f"The first line must be {layout}.")


def whole_number(path: Path, line: int, text: str, what: str, value: str, *, least: int = 1) -> int:
    """Return a field as a whole number from ``least`` to 2³¹−1, or raise ``DatasetError``."""
    value = value.strip()
    if not value:
        raise fault(path, line, f"the {what} is empty", text, f"Fill it in with a whole number from {least} up.")
    if not _WHOLE.fullmatch(value):
        raise fault(path, line, f"{what} {value[:SHOWN]!r} is not a whole number", text, "Use digits only.")
    number = int(value)
    if not least <= number <= INT32_MAX:
        raise fault(path, line, f"{what} {number} is out of range", text, f"Use a number from {least} to {INT32_MAX}.")
    return number


def display_title(title: str) -> str:
    """Move articles to the front: "Matrix, The (1999)" becomes "The Matrix (1999)".

    Alternative titles in parentheses are treated alike: "Hate (Haine, La) (1995)" becomes
    "Hate (La Haine) (1995)".
    """

    def moved(match: re.Match[str]) -> str:
        opening, aka, rest, article = match.groups()
        gap = "" if article.endswith("'") else " "
        return f"{opening}{aka or ''}{article}{gap}{rest}"

    return _MOVED_ARTICLE.sub(moved, title.strip())


def year_of(title: str) -> int | None:
    """Return the last four digits that stand alone in parentheses, or None."""
    years = _YEAR.findall(title)
    return int(years[-1]) if years else None


def clean_genres(genres: str) -> str:
    """Bring the genres of every release to the words of ML-1M; none listed is the empty string."""
    if genres == "(no genres listed)":
        return ""
    return "|".join("Children's" if g == "Children" else g for g in map(str.strip, genres.split("|")) if g)


def read_rating_columns(path: Path, layout: Layout) -> tuple[RatingColumns, DatasetError | None]:
    """Read a file of ratings: user id, movie id, stars, seconds since 1970.

    Returns the columns (int32, int32, float32, int64) and None; or, where a line cannot be read at
    all, the columns up to that line and the error that names it, so that the caller can look for an
    earlier fault first.
    """
    if layout.header:
        line, text = next(text_lines(path, "latin-1"), (1, ""))
        check_header(path, line, text, text.split(layout.separator), layout)
    try:
        return _fast(path, layout), None
    except (pa.ArrowException, ValueError):
        return _careful(path, layout)


def _fast(path: Path, layout: Layout) -> RatingColumns:
    # Arrow knows separators of one character only: "::" is read as ":" with an empty column between
    # each two, and Arrow itself refuses the file when a column of type null holds something.
    kinds = (pa.int32(), pa.int32(), pa.float32(), pa.int64())
    types: dict[str, pa.DataType] = {}
    for at, kind in enumerate(kinds):
        if at and layout.separator == "::":
            types[f"gap {at}"] = pa.null()
        types[f"field {at}"] = kind
    table = csv.read_csv(
        path,
        read_options=csv.ReadOptions(column_names=list(types), skip_rows=int(layout.header)),
        parse_options=csv.ParseOptions(delimiter=layout.separator[0], quote_char=False),
        convert_options=csv.ConvertOptions(column_types=types, null_values=[""]),
    )
    columns = [table.column(f"field {at}") for at in range(len(kinds))]
    if any(column.null_count for column in columns):
        raise ValueError("an empty field")
    if not len(table):
        raise ValueError("an empty file")
    return RatingColumns(*(column.to_numpy() for column in columns))


def _careful(path: Path, layout: Layout) -> tuple[RatingColumns, DatasetError | None]:
    columns = array("l"), array("l"), array("d"), array("q")
    malformed = None
    lines = text_lines(path, "latin-1")
    if layout.header:
        next(lines, None)
    number = 0
    for number, text in lines:
        try:
            fields = split_line(path, number, text, layout)
            values = (
                whole_number(path, number, text, "user id", fields[0]),
                whole_number(path, number, text, "movie id", fields[1]),
                _stars(path, number, text, fields[2]),
                _timestamp(path, number, text, fields[3]),
            )
        except DatasetError as error:
            malformed = error
            break
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    if not number:
        malformed = fault(path, 1, "there are no ratings", "", "The file is empty: download the dataset again.")
    kinds = (np.int32, np.int32, np.float32, np.int64)
    return RatingColumns(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True))), malformed


def _stars(path: Path, line: int, text: str, value: str) -> float:
    value = value.strip()
    if _STARS.fullmatch(value):
        return float(value)
    problem = f"rating {value[:SHOWN]!r} is not a number of stars" if value else "the rating is empty"
    raise fault(path, line, problem, text, "Write the stars as a number, 4 say.")


def _timestamp(path: Path, line: int, text: str, value: str) -> int:
    value = value.strip()
    if _WHOLE.fullmatch(value):
        return int(value)
    problem = f"timestamp {value[:SHOWN]!r} is not a whole number" if value else "the timestamp is empty"
    raise fault(path, line, problem, text, "Write the time in seconds since 1970.")
