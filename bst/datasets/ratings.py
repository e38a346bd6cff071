"""Files of ratings into columns.

Ratings take the fast road through Arrow; whatever it refuses is read again line by line, which is slow but names the
first line at fault and says how to mend it.
"""

import math
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from bst.datasets.parsing import Layout, fault, quoted, split_line, text_lines, whole_number
from bst.errors import DatasetError

_WHOLE = re.compile(r"[0-9]{1,18}")
_STARS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]*)?([eE]\+?[0-9]{1,2})?")
_NANOSECONDS = 10**9

# how times may be written in CSV, the most usual first
_TIME_TYPES = (pa.int64(), pa.timestamp("ns"), pa.float64())


@dataclass(frozen=True)
class RatingColumns:
    """Ratings as they stand in the file: four arrays of one length, ids not yet turned into rows.

    ``user`` and ``movie`` int32, ``rating`` float32 stars, ``time`` int64, counted since 1970 so many times a second as
    ``per_second`` says; all 0 where the file has no times. ``text_times``: they are written as dates.
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

    Returns the columns and None; or, where a line cannot be read at all, the columns up to that line and the error
    that names it, so that the caller can look for an earlier fault first.
    """
    attempts = [(layout, _TIME_TYPES[0])]
    if layout.header:  # CSV, in which anything may stand in quotes, and times may be dates
        layout = replace(layout, quoted=True)
        attempts += [(layout, kind) for kind in (_TIME_TYPES if layout.columns[3] >= 0 else _TIME_TYPES[:1])]
    for attempt in dict.fromkeys(attempts):
        try:
            return _fast(path, *attempt), None
        except (pa.ArrowException, ValueError, OSError):
            continue
    return _careful(path, layout)


def _fast(path: Path, layout: Layout, time_type: pa.DataType) -> RatingColumns:
    # Arrow knows separators of one character only: "::" is read as ":" with an empty column between
    # each two, and Arrow itself refuses the file when a column of type null holds something.
    names, types = [], {}
    for at in range(len(layout.fields)):
        if at and layout.separator == "::":
            names.append(f"gap {at}")
            types[names[-1]] = pa.null()
        names.append(f"field {at}")
    wanted = [f"field {at}" for at in layout.columns if at >= 0]
    types |= dict(zip(wanted, (pa.int32(), pa.int32(), pa.float32(), time_type), strict=False))
    table = csv.read_csv(
        path,
        read_options=csv.ReadOptions(column_names=names, skip_rows=int(layout.header)),
        parse_options=csv.ParseOptions(delimiter=layout.separator[0], quote_char='"' if layout.quoted else False),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=[""], include_columns=list(types), decimal_point=layout.decimal
        ),
    )
    columns = [table.column(name) for name in wanted]
    if any(column.null_count for column in columns):
        raise ValueError("an empty field")
    if not len(table):
        raise ValueError("an empty file")
    user, movie, rating = (column.to_numpy() for column in columns[:3])
    if len(wanted) < 4:
        return RatingColumns(user, movie, rating, np.zeros(len(table), np.int64))
    return RatingColumns(user, movie, rating, *_counted(columns[3], time_type), pa.types.is_timestamp(time_type))


def _counted(column: pa.ChunkedArray, kind: pa.DataType) -> tuple[np.ndarray, int]:
    """Return times as whole numbers, and how many of them are a second."""
    if kind == pa.int64():
        return column.to_numpy(), 1
    if pa.types.is_timestamp(kind):
        times = column.cast(pa.int64()).to_numpy()
        if (times % _NANOSECONDS == 0).all():
            return times // _NANOSECONDS, 1
        return times, _NANOSECONDS
    times = column.to_numpy()
    if not (np.isfinite(times) & (np.abs(times) < 2.0**53 / 1000)).all():
        raise ValueError("no time")
    thousandths = np.round(times * 1000).astype(np.int64)
    return (thousandths, 1000) if (thousandths % 1000).any() else (thousandths // 1000, 1)


def _careful(path: Path, layout: Layout) -> tuple[RatingColumns, DatasetError | None]:
    columns = array("l"), array("l"), array("d"), array("q")
    malformed, text_times = None, False
    lines = text_lines(path, "latin-1")
    if layout.header:
        next(lines, None)
    number = 0
    for number, text, fields in _fields(path, lines, layout):
        try:
            if isinstance(fields, DatasetError):
                raise fields
            user, movie, rating, time = (fields[at] if at >= 0 else None for at in layout.columns)
            values = (
                whole_number(path, number, text, "user id", user),
                whole_number(path, number, text, "movie id", movie),
                _stars(path, number, text, rating.replace(layout.decimal, ".")),
                0 if time is None else _timestamp(path, number, text, time, layout),
            )
        except DatasetError as error:
            malformed = error
            break
        text_times = text_times or (time is not None and "-" in time)
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    if not number:
        malformed = fault(path, 1, "there are no ratings", "", "The file is empty: download the dataset again.")
    kinds = (np.int32, np.int32, np.float32, np.int64)
    arrays = (np.array(c, k) for c, k in zip(columns, kinds, strict=True))
    return RatingColumns(*arrays, text_times=text_times), malformed


def _fields(
    path: Path, lines: Iterator[tuple[int, str]], layout: Layout
) -> Iterator[tuple[int, str, list[str] | DatasetError]]:
    """Yield number, text and fields of each line; the last of them may be an error in their place."""
    number = 0
    try:
        for number, text in lines:
            yield number, text, split_line(path, number, text, layout)
    except DatasetError as error:
        yield number + 1, "", error


def _stars(path: Path, line: int, text: str, value: str) -> float:
    value = value.strip()
    if _STARS.fullmatch(value):
        return float(value)
    problem = f"rating {quoted(value)} is not a number of stars" if value else "the rating is empty"
    raise fault(path, line, problem, text, "Write the stars as a number, 4 say.")


def _timestamp(path: Path, line: int, text: str, value: str, layout: Layout) -> int:
    value = value.strip()
    if _WHOLE.fullmatch(value):
        return int(value)
    mend = "Write the time in seconds since 1970."
    if layout.quoted:
        mend = "Write the time in seconds since 1970, or as 2005-04-02 23:53:47."
        if (seconds := _seconds(value)) is not None:
            return seconds
    problem = f"timestamp {quoted(value)} is not a whole number" if value else "the timestamp is empty"
    raise fault(path, line, problem, text, mend)


def _seconds(value: str) -> int | None:
    """Return seconds since 1970 of a date, UTC where it names no zone, or of a number with decimals; else None."""
    if _NUMBER.fullmatch(value):
        number = float(value)
        return int(number) if math.isfinite(number) and number < 10**18 else None
    try:
        time = datetime.fromisoformat(value)
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
