"""Times as seconds since 1970: from numbers in any usual unit, from dates, and from Parquet's own times."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bst.datasets.own.tables import Table, first_null, numbers
from bst.datasets.validation import LATEST, UNITS
from bst.text import quoted


def seconds(table: Table, name: str, column: pa.Array, notes: list[str]) -> np.ndarray:
    """Return a column of times as seconds since 1970: int64. What had to be assumed is added to ``notes``.

    Raises ``DatasetError`` for the first time that cannot be read, or lies outside 1970–2099.
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        column = pc.cast(pc.cast(column, pa.timestamp("s"), safe=False), pa.int64())
    elif pa.types.is_string(column.type) and _are_dates(column):
        return _dates(table, name, column, notes)
    times = numbers(table, name, column)
    per_second = _unit(times)
    if per_second > 1:
        notes.append(f"The times in {table.path.name} are read as {UNITS[per_second]}.")
    result = np.floor_divide(times, per_second).astype(np.int64)
    outside = (result < 0) | (result >= LATEST)
    if outside.any():
        row = int(outside.argmax())
        raise table.error(
            row,
            f"{name} {quoted(str(column[row].as_py()))} lies outside 1970–2099",
            "It is counted in seconds since 1970, or written as a date such as 2024-05-31T18:00:00",
        )
    return result


def _are_dates(column: pa.Array) -> bool:
    """Whether the first time is written as a date."""
    missing = first_null(column)
    first = next((value.as_py() for value in column[:1]), None) if missing != 0 else None
    return isinstance(first, str) and not first.strip().lstrip("+-").replace(".", "", 1).isdecimal() and "-" in first


def _dates(table: Table, name: str, column: pa.Array, notes: list[str]) -> np.ndarray:
    missing = first_null(column)
    if missing is not None:
        raise table.error(missing, f"{name} is empty", "Fill it in, or drop the row")
    times = pd.to_datetime(pd.Series(column.to_pandas()), utc=True, format="ISO8601", errors="coerce")
    unread = times.isna().to_numpy()
    if unread.any():
        row = int(unread.argmax())
        value = quoted(str(column[row].as_py()))
        raise table.error(row, f"{name} {value} is not a date", "Write it as 2024-05-31 or 2024-05-31T18:00:00")
    notes.append(f"The times in {table.path.name} are read as dates in UTC, unless they name another zone.")
    return (times.dt.tz_localize(None).to_numpy("datetime64[s]")).astype(np.int64)


def _unit(times: np.ndarray) -> int:
    """Return how many of the units of times make a second: the least with which all lie before 2100."""
    latest = float(times.max()) if len(times) else 0.0
    return next((unit for unit in (1, *UNITS) if latest / unit < LATEST), 1)
