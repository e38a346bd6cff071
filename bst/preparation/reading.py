"""Interactions as they are in a file → batches of one form, each value checked: the same for every engine.

A batch has ``user_id`` and ``item_id`` (int64 or string), ``timestamp`` int64 seconds, ``row`` int64, and ``rating``
float64 where the source has ratings. ``row`` is the column of that name, or else the row within the file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from bst.datasets.validation import EARLIEST, LATEST, UNITS
from bst.errors import DatasetError
from bst.preparation.parts import MOST_SHOWN, Part, is_parquet, separator
from bst.text import quoted, shorten

BATCH_ROWS = 2**18
_CSV_BLOCK = 2**23
# how times may be written in CSV, the most usual first; a file keeps to the way of its first rows
_CSV_TIMES = (pa.int64(), pa.float64(), pa.timestamp("ns"), pa.timestamp("ns", "UTC"))
_FIRST_ROWS = 1000
_FLOAT_DECIMALS = 6
_SECONDS = "Write the time in seconds since 1970."


class TextIdsError(DatasetError):
    """Ids that were taken for whole numbers are texts: the source is read again with all of them as texts."""


@dataclass(frozen=True)
class IdTypes:
    """Whether users' and items' ids are whole numbers; otherwise texts."""

    user: bool = True
    item: bool = True

    def arrow(self, role: str) -> pa.DataType:
        """Return the type of ``user_id`` or ``item_id``."""
        return pa.int64() if (self.user if role == "user_id" else self.item) else pa.string()


def batch_schema(types: IdTypes, rated: bool) -> pa.Schema:
    """Return the columns of a batch."""
    ids = [(role, types.arrow(role)) for role in ("user_id", "item_id")]
    rating = [("rating", pa.float64())] if rated else []
    return pa.schema([*ids, *rating, ("timestamp", pa.int64()), ("row", pa.int64())])


def read_part(part: Part, types: IdTypes) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a part, in the order of its file, in memory that does not depend on the file's size.

    Raises ``TextIdsError`` for a user id that is no whole number where ``types`` says so, ``DatasetError`` for any
    other value that cannot be, with its file and row.
    """
    row = part.first_row
    for raw in _parquet_batches(part) if is_parquet(part.path) else _csv_batches(part, types):
        yield _checked(raw, part, types, row)
        row += len(raw)


def place(path: Path, row: int) -> str:
    """Return where a row is, as a message says it: the line of a CSV file, after its header, or the row of Parquet."""
    return f"{path}, row {row}" if is_parquet(path) else f"{path}, line {row + 2}"


# ---- files


def _parquet_batches(part: Part) -> Iterator[pa.RecordBatch]:
    try:
        with parquet.ParquetFile(part.path) as file:
            yield from file.iter_batches(BATCH_ROWS, row_groups=[part.row_group], columns=list(part.columns.values()))
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(
            f"{part.path} cannot be read: {shorten(str(error), MOST_SHOWN)}. Write the file again."
        ) from error


def _csv_batches(part: Part, types: IdTypes) -> Iterator[pa.RecordBatch]:
    wanted = {part.columns["timestamp"]: _csv_time_type(part)}
    for role, name in part.columns.items():
        if role != "timestamp":
            wanted[name] = {"rating": pa.float64(), "row": pa.int64()}.get(role) or types.arrow(role)
    try:
        with _open_csv(part, wanted) as reader:
            yield from reader
    except (OSError, pa.ArrowException) as error:
        raise _csv_error(part, wanted, error) from error


def _open_csv(part: Part, types: dict[str, pa.DataType], block: int = _CSV_BLOCK) -> csv.CSVStreamingReader:
    return csv.open_csv(
        pa.input_stream(str(part.path), compression="detect"),
        read_options=csv.ReadOptions(block_size=block),
        parse_options=csv.ParseOptions(delimiter=separator(part.path)),
        convert_options=csv.ConvertOptions(
            column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True
        ),
    )


def _csv_time_type(part: Part) -> pa.DataType:
    """Return how a file writes its times, by its first rows."""
    name = part.columns["timestamp"]
    try:
        with _open_csv(part, {name: pa.string()}, 2**20) as reader:
            first = next(iter(reader)).column(0).slice(0, _FIRST_ROWS).drop_null()
    except StopIteration:
        return _CSV_TIMES[0]
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(part, error) from error
    for kind in _CSV_TIMES:
        if _converts(first, kind):
            return kind
    return _CSV_TIMES[0]  # whose error names the row


def _csv_error(part: Part, types: dict[str, pa.DataType], error: Exception) -> DatasetError:
    """Return the error of the first value that does not convert: the file is read again, as text."""
    row = 0
    try:
        with _open_csv(part, dict.fromkeys(types, pa.string())) as reader:
            for batch in reader:
                bad = [(_first_failing(batch.column(name), kind), name) for name, kind in types.items()]
                found = min(((at, name) for at, name in bad if at is not None), default=None)
                if found:
                    at, name = found
                    role = next(role for role, column in part.columns.items() if column == name)
                    return _value_error(part.path, row + at, role, batch.column(name)[at].as_py())
                row += len(batch)
    except (OSError, pa.ArrowException):
        pass  # the lines themselves are at fault, as the first error says
    return _unreadable(part, error)


def _unreadable(part: Part, error: Exception) -> DatasetError:
    return DatasetError(
        f"{part.path} cannot be read as CSV: {shorten(str(error), MOST_SHOWN)}. Fix the row, or write the file again."
    )


def _value_error(path: Path, row: int, role: str, value: str) -> DatasetError:
    where = place(path, row)
    if role == "user_id":
        return TextIdsError(f"{where}: user_id {quoted(value)} is no whole number, but those in users are")
    if role == "item_id":
        return DatasetError(f"{where}: item_id {quoted(value)} is no whole number, but those in items are")
    fixes = {"timestamp": _SECONDS, "rating": "Write a number.", "row": "Write a whole number."}
    return DatasetError(f"{where}: {role} {quoted(value)} cannot be read. {fixes[role]}")


def _converts(column: pa.Array, kind: pa.DataType) -> bool:
    try:
        column.cast(kind)
    except pa.ArrowException:
        return False
    return True


def _first_failing(column: pa.Array, kind: pa.DataType) -> int | None:
    """Return the first value that does not convert, None if all do: by halves."""
    if _converts(column, kind):
        return None
    first, end = 0, len(column)
    while end - first > 1:
        middle = (first + end) // 2
        if _converts(column.slice(first, middle - first), kind):
            first = middle
        else:
            end = middle
    return first


# ---- values


def _checked(raw: pa.RecordBatch, part: Part, types: IdTypes, first_row: int) -> pa.RecordBatch:
    """Return a batch of the common form. Raises ``DatasetError`` for the first value that cannot be."""
    columns = {role: raw.column(name) for role, name in part.columns.items()}
    for role, column in columns.items():
        if column.null_count:
            at = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
            raise DatasetError(f"{place(part.path, first_row + at)}: {role} is missing. Fill it in or drop the row.")
    checked = {role: _ids(columns[role], role, types, part) for role in ("user_id", "item_id")}
    if "rating" in columns:
        checked["rating"] = _number(columns["rating"], "rating", pa.float64(), part)
        if columns["rating"].type in (pa.float32(), pa.float16()):  # so that 3.7 is not 3.7000000477
            checked["rating"] = pc.round(checked["rating"], ndigits=_FLOAT_DECIMALS)
        finite = np.isfinite(checked["rating"].to_numpy())
        _require(finite, columns["rating"], part, first_row, lambda v: f"rating {v} is no number. Write a finite one.")
    checked["timestamp"] = _seconds(columns["timestamp"], part)
    seconds = checked["timestamp"].to_numpy()
    within = (seconds >= EARLIEST) & (seconds < LATEST)
    _require(within, checked["timestamp"], part, first_row, _time_problem)
    checked["row"] = (
        _number(columns["row"], "row", pa.int64(), part)
        if "row" in columns
        else pa.array(np.arange(first_row, first_row + len(raw)))
    )
    return pa.RecordBatch.from_pydict(checked, schema=batch_schema(types, "rating" in columns))


def _require(right: np.ndarray, column: pa.Array, part: Part, first_row: int, problem: Callable[[object], str]) -> None:
    if not right.all():
        at = int(right.argmin())
        raise DatasetError(f"{place(part.path, first_row + at)}: {problem(column[at].as_py())}")


def _time_problem(seconds: object) -> str:
    assert isinstance(seconds, int)
    for unit, name in UNITS.items():
        if EARLIEST <= seconds // unit < LATEST:
            return f"timestamp {seconds} looks like {name}. {_SECONDS}"
    return f"timestamp {seconds} lies outside 1995–2099. {_SECONDS}"


def _ids(column: pa.Array, role: str, types: IdTypes, part: Part) -> pa.Array:
    wanted = types.arrow(role)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not (is_text or pa.types.is_integer(column.type)):
        raise DatasetError(f"{part.path}: {role} has the type {column.type}. Write whole numbers or texts.")
    if is_text and pa.types.is_integer(wanted):
        if role == "user_id":
            raise TextIdsError(f"{part.path}: user_id has texts, but users has whole numbers. Write them alike.")
        raise DatasetError(f"{part.path}: item_id has texts, but items has whole numbers. Write them alike.")
    return _number(column, role, wanted, part)


def _number(column: pa.Array, role: str, kind: pa.DataType, part: Part) -> pa.Array:
    try:
        return column.cast(kind)
    except pa.ArrowException as error:
        raise DatasetError(
            f"{part.path}: {role} does not fit the type {kind}: {shorten(str(error), MOST_SHOWN)}"
        ) from error


def _seconds(column: pa.Array, part: Part) -> pa.Array:
    """Return times in whole seconds since 1970, rounded down."""
    if pa.types.is_timestamp(column.type):
        return pc.floor_temporal(column, unit="second").cast(pa.timestamp("s", column.type.tz)).cast(pa.int64())
    if pa.types.is_floating(column.type):
        if not (column.is_valid().to_numpy(zero_copy_only=False) & np.isfinite(column.to_numpy())).all():
            raise DatasetError(f"{part.path}: a timestamp is no number. {_SECONDS}")
        return pa.array(np.floor(column.to_numpy()).astype(np.int64))
    if pa.types.is_integer(column.type):
        return _number(column, "timestamp", pa.int64(), part)
    raise DatasetError(f"{part.path}: timestamp has the type {column.type}. {_SECONDS}")
