"""From a file of ratings to columns.

Ratings take the fast path through Arrow; whatever Arrow refuses is read again line by line, which is slow but names the
first line at fault and says how to fix it.
"""

import math
import re
from array import array
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from bst.datasets.parsing import Layout, Line, gzip_errors, open_bytes, read_lines
from bst.errors import DatasetError
from bst.text import quoted

_INTEGER = re.compile(r"[0-9]{1,18}")
_STARS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]*)?([eE]\+?[0-9]{1,2})?")
_MILLISECONDS, _NANOSECONDS = 1000, 10**9  # per second
_MAX_SECONDS = 10**18
_CHUNK_BYTES = 2**22
_EXACT_FLOAT = 2.0**53  # up to here a float64 represents every integer

# how times may be written in CSV, the most usual first
_TIME_TYPES = (pa.int64(), pa.timestamp("ns"), pa.float64())


@dataclass(frozen=True)
class RatingColumns:
    """Ratings as they are in the file: four arrays of one length, ids not yet turned into rows.

    ``user`` and ``movie`` int32, ``rating`` float32 stars, ``time`` int64 since 1970 in units of 1 / ``per_second``
    seconds; all 0 where the file has no times. ``text_times``: they are written as dates.
    """

    user: np.ndarray
    movie: np.ndarray
    rating: np.ndarray
    time: np.ndarray
    per_second: int = 1
    text_times: bool = False

    def __len__(self) -> int:
        """Return the number of ratings."""
        return len(self.user)


def read_rating_columns(path: Path, layout: Layout) -> tuple[RatingColumns, DatasetError | None]:
    """Read a file of ratings: user id, movie id, stars, time.

    Returns the columns and None; or, where a line cannot be parsed, the columns up to that line and the error that
    names it, so that the caller can look for an earlier fault first.
    """
    attempts = [(layout, _TIME_TYPES[0])]
    if layout.header:  # CSV, in which anything may be in quotes, and times may be dates
        layout = replace(layout, quoted=True)
        attempts += [(layout, time_type) for time_type in (_TIME_TYPES if layout.has_times else _TIME_TYPES[:1])]
    for attempt in dict.fromkeys(attempts) if not _may_be_hexadecimal(path) else ():
        try:
            return _read_with_arrow(path, *attempt), None
        except (pa.ArrowException, ValueError, OSError):
            continue
    return _read_by_line(path, layout)


def _may_be_hexadecimal(path: Path) -> bool:
    """Whether a file has "0x" in it, which Arrow takes for the beginning of a hexadecimal number: 0x10 would be 16."""
    before = b""
    with gzip_errors(path), open_bytes(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            if b"0x" in before + chunk or b"0X" in before + chunk:
                return True
            before = chunk[-1:]
    return False


def _read_with_arrow(path: Path, layout: Layout, time_type: pa.DataType) -> RatingColumns:
    # Arrow knows separators of one character only: "::" is read as ":" with an empty column between
    # each two, and Arrow itself refuses the file when a column of type null has a value.
    names, types = [], {}
    for index in range(len(layout.fields)):
        if index and layout.separator == "::":
            names.append(f"gap {index}")
            types[names[-1]] = pa.null()
        names.append(f"field {index}")
    value_columns = [f"field {index}" for index in layout.columns if index >= 0]
    types |= dict(zip(value_columns, (pa.int32(), pa.int32(), pa.float32(), time_type), strict=False))
    table = csv.read_csv(
        path,
        read_options=csv.ReadOptions(column_names=names, skip_rows=int(layout.header)),
        parse_options=csv.ParseOptions(delimiter=layout.separator[0], quote_char='"' if layout.quoted else False),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=[""], include_columns=list(types), decimal_point=layout.decimal
        ),
    )
    columns = [table.column(name) for name in value_columns]
    if any(column.null_count for column in columns):
        raise ValueError("an empty field")
    if not len(table):
        raise ValueError("an empty file")
    user, movie, rating = (column.to_numpy() for column in columns[:3])
    if not layout.has_times:
        return RatingColumns(user, movie, rating, np.zeros(len(table), np.int64))
    return RatingColumns(user, movie, rating, *_integer_times(columns[3]), pa.types.is_timestamp(time_type))


def _integer_times(column: pa.ChunkedArray) -> tuple[np.ndarray, int]:
    """Return times as integers in the coarsest unit that keeps them exact, and how many of these make a second."""
    if pa.types.is_integer(column.type):
        return column.to_numpy(), 1
    if pa.types.is_timestamp(column.type):
        times, per_second = column.cast(pa.int64()).to_numpy(), _NANOSECONDS
    else:
        seconds, per_second = column.to_numpy(), _MILLISECONDS
        if not (np.isfinite(seconds) & (np.abs(seconds) < _EXACT_FLOAT / per_second)).all():
            raise ValueError("no time")
        times = np.round(seconds * per_second).astype(np.int64)
    return (times, per_second) if (times % per_second).any() else (times // per_second, 1)


def _read_by_line(path: Path, layout: Layout) -> tuple[RatingColumns, DatasetError | None]:
    users, movies, stars, times = array("l"), array("l"), array("d"), array("q")
    malformed: DatasetError | None = None
    text_times = False
    lines = read_lines(path, "latin-1")
    if layout.header:
        next(lines, None)
    try:
        for line in lines:
            fields = line.split(layout)
            user_field, movie_field, stars_field = (fields[index] for index in layout.columns[:3])
            time_field = fields[layout.columns[3]] if layout.has_times else "0"
            user, movie = line.integer("user id", user_field), line.integer("movie id", movie_field)
            rating = _stars(line, stars_field.replace(layout.decimal, "."))
            time = _timestamp(line, time_field, layout)
            users.append(user)
            movies.append(movie)
            stars.append(rating)
            times.append(time)
            text_times = text_times or "-" in time_field
    except DatasetError as error:
        malformed = error
    if not users and malformed is None:
        malformed = Line(path, 1, "").error("there are no ratings", "The file is empty: download the dataset again.")
    columns = RatingColumns(
        np.array(users, np.int32),
        np.array(movies, np.int32),
        np.array(stars, np.float32),
        np.array(times, np.int64),
        text_times=text_times,
    )
    return columns, malformed


def _stars(line: Line, value: str) -> float:
    value = value.strip()
    if _STARS.fullmatch(value):
        return float(value)
    problem = f"rating {quoted(value)} is not a number of stars" if value else "the rating is empty"
    raise line.error(problem, "Write the stars as a number, 4 say.")


def _timestamp(line: Line, value: str, layout: Layout) -> int:
    value = value.strip()
    if _INTEGER.fullmatch(value):
        return int(value)
    fix = "Write the time in seconds since 1970."
    if layout.quoted:
        fix = "Write the time in seconds since 1970, or as 2005-04-02 23:53:47."
        if (seconds := _seconds(value)) is not None:
            return seconds
    problem = f"timestamp {quoted(value)} is not a whole number" if value else "the timestamp is empty"
    raise line.error(problem, fix)


def _seconds(value: str) -> int | None:
    """Return seconds since 1970 of a date, UTC where it names no zone, or of a number with decimals; else None."""
    if _NUMBER.fullmatch(value):
        number = float(value)
        return int(number) if math.isfinite(number) and number < _MAX_SECONDS else None
    try:
        time = datetime.fromisoformat(value)
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
