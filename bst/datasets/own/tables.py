"""Tables in files: CSV, also packed by gzip, Parquet, and RecBole's atomic files; errors name line, value and fix."""

import csv
import gzip
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from bst.datasets.folders import require_plain_text
from bst.errors import DatasetError
from bst.text import quoted, shorten

SEPARATORS = ("\t", ",", ";", "|")
MOST_HEADER_BYTES = 20_000
MOST_OF_A_REASON = 100
# types of RecBole's headers, "user_id:token"
RECBOLE_TYPES = ("token", "token_seq", "float", "float_seq")
# bytes that are parsed at once: no row can be longer
BLOCK_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Table:
    """A file with a table. ``names``: its columns as they are called in the file.

    ``types``: those of RecBole by name, none in other files. ``stored_names``: the columns as the file has them, by
    name. ``separator``: between the fields of a text, empty for Parquet.
    """

    path: Path
    names: tuple[str, ...]
    separator: str
    stored_names: dict[str, str]
    types: dict[str, str] = field(default_factory=dict)

    def read(self, names: Sequence[str]) -> dict[str, pa.Array]:
        """Return some columns: of a text all are strings, null where nothing stands. Raises ``DatasetError``."""
        stored = [self.stored_names[name] for name in names]
        table = self._read_text(stored) if self.separator else self._read_parquet(stored)
        columns = (table.column(name).combine_chunks() for name in stored)
        plain = (column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in columns)
        return dict(zip(names, plain, strict=True))

    def _read_text(self, stored: list[str]) -> pa.Table:
        convert = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(stored, pa.string()),
            include_columns=stored,
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        )
        quote = False if self.types else '"'  # RecBole's fields are never quoted
        parse = pyarrow.csv.ParseOptions(delimiter=self.separator, newlines_in_values=not self.types, quote_char=quote)
        try:
            return pyarrow.csv.read_csv(str(self.path), pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES), parse, convert)
        except pa.ArrowInvalid as error:
            raise self._fault(error) from error
        except (OSError, EOFError) as error:
            raise DatasetError(f"{self.path} cannot be read ({_reason(error)}); get it again") from error

    def _fault(self, error: Exception) -> DatasetError:
        """Return what is wrong with a text that could not be parsed: a row of another length, or its encoding."""
        if "columns, got" in str(error):
            row = None
            with suppress(csv.Error), _open(self.path) as file:
                reader = self._rows(file)
                row = next((row for row in reader if row and len(row) != len(self.names)), None)
            if row is not None:
                return DatasetError(
                    f"{self.path}, line {reader.line_num}: {len(row)} fields instead of {len(self.names)}, in "
                    f"{quoted(self.separator.join(row))}. Put a value that contains the separator in double quotes, or "
                    "fix the line"
                )
        if "UTF8" in str(error) or "UTF-8" in str(error):
            return DatasetError(f"{self.path} is not in UTF-8; save it as UTF-8")
        return DatasetError(f"{self.path} cannot be read ({_reason(error)}); save it as CSV again")

    def _read_parquet(self, stored: list[str]) -> pa.Table:
        try:
            return pyarrow.parquet.read_table(self.path, columns=stored)
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f"{self.path} cannot be read ({_reason(error)}); write it again") from error

    def error(self, row: int, problem: str, fix: str) -> DatasetError:
        """Return an error about a row, counted from 0 without the header: of a text it names the line."""
        where = f"line {self._line(row)}" if self.separator else f"row {row + 1}"
        return DatasetError(f"{self.path}, {where}: {problem}. {fix}")

    def _line(self, row: int) -> int:
        """Return the number of the line on which a row ends; empty lines are no rows."""
        with suppress(csv.Error), _open(self.path) as file:  # a field of more than 131,072 characters
            reader = self._rows(file)
            rows = 0
            for fields in reader:
                rows += bool(fields)
                if rows == row + 2:
                    return reader.line_num
        return row + 2

    def _rows(self, file: IO[str]) -> Any:
        if self.types:
            return csv.reader(file, delimiter=self.separator, quoting=csv.QUOTE_NONE)
        return csv.reader(file, delimiter=self.separator)


def open_table(path: Path) -> Table:
    """Return the table in a file, of which only the names of the columns are read. Raises ``DatasetError``."""
    if path.suffix == ".parquet":
        try:
            names = tuple(pyarrow.parquet.read_schema(path).names)
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f"{path} is no Parquet file ({_reason(error)}); write it again") from error
        return Table(path, _distinct(path, names), "", dict(zip(names, names, strict=True)))
    require_plain_text(path)
    try:
        with _open(path) as file:
            lines = (line.strip("\r\n") for line in iter(lambda: file.readline(MOST_HEADER_BYTES), ""))
            header = next(filter(None, lines), "")  # empty lines are no rows
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read ({_reason(error)}); save it as CSV in UTF-8") from error
    separator = max(SEPARATORS, key=header.count)
    stored = next(csv.reader([header], delimiter=separator), [])
    typed = [name.rpartition(":") for name in stored]
    if stored and all(kind in RECBOLE_TYPES for _, _, kind in typed):
        names = tuple(name for name, _, _ in typed)
        types = {name: kind for name, _, kind in typed}
        return Table(path, _distinct(path, names), separator, dict(zip(names, stored, strict=True)), types)
    return Table(path, _distinct(path, tuple(stored)), separator, dict(zip(stored, stored, strict=True)))


def _reason(error: Exception) -> str:
    return shorten(str(error), MOST_OF_A_REASON)


def _distinct(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        if not name.strip() or name in names[:index]:
            what = "has no name" if not name.strip() else f"is called {quoted(name)} like another one"
            raise DatasetError(f"{path}, line 1: column {index + 1} {what}. The first line names each column once")
    if not names:
        raise DatasetError(f"{path} is empty. The first line names the columns, such as user_id,item_id,timestamp")
    return names


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


# ---- values


def texts(table: Table, name: str, column: pa.Array) -> pa.Array:
    """Return a column as strings without spaces around them, null where nothing stands.

    Whole numbers stay as they are written; of numbers with decimals those that are whole are written without.
    """
    if pa.types.is_floating(column.type):
        values = column.to_numpy(zero_copy_only=False)
        if np.all(np.isnan(values) | (values == np.round(values))):
            column = pc.cast(pc.round(column), pa.int64(), safe=False)
    try:
        trimmed = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    except pa.ArrowException as error:
        raise DatasetError(
            f"{table.path}: column {quoted(name)} holds {column.type}, which is not text. Write it as text"
        ) from error
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def first_null(column: pa.Array) -> int | None:
    """Return the row of the first value that is missing, None if there is none."""
    return int(np.argmax(pc.is_null(column).to_numpy(zero_copy_only=False))) if column.null_count else None


def numbers(table: Table, name: str, column: pa.Array) -> np.ndarray:
    """Return a column as numbers: float64, or int64 where all are whole. Raises ``DatasetError`` for other values."""
    if pa.types.is_string(column.type):
        column = texts(table, name, column)
    missing = first_null(column)
    if missing is not None:
        raise table.error(missing, f"{name} is empty", "Fill it in, or drop the row")
    for kind in (pa.int64(), pa.float64()):
        try:
            values = pc.cast(column, kind).to_numpy(zero_copy_only=False)
        except pa.ArrowException:
            continue
        if np.isfinite(values).all():
            return values
        break
    row = first_non_number(column)
    value = quoted(str(column[row].as_py()))
    raise table.error(row, f"{name} {value} is not a number", "Write it with a decimal point and no separators")


def first_non_number(column: pa.Array) -> int:
    """Return the first row of a column that is not a finite number."""
    low, high = 0, len(column)
    while high - low > 1:  # the first fault is in the first half that has any
        middle = (low + high) // 2
        low, high = (low, middle) if not _all_numbers(column[low:middle]) else (middle, high)
    return low


def _all_numbers(part: pa.Array) -> bool:
    try:
        return bool(np.isfinite(pc.cast(part, pa.float64()).to_numpy(zero_copy_only=False)).all())
    except pa.ArrowException:
        return False
