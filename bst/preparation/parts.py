"""The files of a source, and the parts in which its interactions are read."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from bst.datasets.own import spellings
from bst.errors import DatasetError
from bst.preparation.columns import INTERACTIONS, find_columns
from bst.text import shorten

NAMES = {"interactions": spellings.INTERACTIONS, "items": spellings.ITEMS, "users": spellings.USERS}
SUFFIXES = (".parquet", ".csv", ".csv.gz")
_HEADER_BYTES = 2**16
# characters of a library's message, which may quote a whole row
MOST_SHOWN = 120


@dataclass(frozen=True)
class Part:
    """What one task reads: a CSV file, or one row group of a Parquet file (``row_group``, None for CSV).

    ``columns``: the file's column of each role. ``first_row``: how many rows of the same file come before it.
    """

    path: Path
    row_group: int | None
    columns: dict[str, str]
    first_row: int


def find_tables(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Return the files of each table of a folder, sorted by name: ``interactions``, ``items`` and perhaps ``users``.

    A table is one file, such as interactions.csv, or the files of a folder, interactions/*.parquet. Raises
    ``DatasetError`` where interactions or items are missing.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder; name the one that holds interactions and items")
    tables = {name: _files(folder, name) for name in NAMES}
    for name in ("interactions", "items"):
        if not tables[name]:
            raise DatasetError(
                f"{folder} has no {name}: add {name}.csv, {name}.parquet, or a folder {name} with such files"
            )
    return tables


def _files(folder: Path, name: str) -> tuple[Path, ...]:
    for each in NAMES[name]:
        found = [folder / f"{each}{suffix}" for suffix in SUFFIXES if (folder / f"{each}{suffix}").is_file()]
        inside = folder / each
        if inside.is_dir():
            found += sorted(path for path in inside.iterdir() if path.name.endswith(SUFFIXES) and path.name[0] != ".")
        if len({path.suffix == ".parquet" for path in found}) > 1:
            raise DatasetError(f"{folder} has {name} both as CSV and as Parquet: keep one of them")
        if found:
            return tuple(found)
    return ()


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet by its name; otherwise it is CSV."""
    return path.suffix == ".parquet"


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns. Raises ``DatasetError`` where it cannot be read."""
    try:
        if is_parquet(path):
            return parquet.read_schema(path).names
        with pa.input_stream(str(path), compression="detect") as stream:
            first = stream.read(_HEADER_BYTES).partition(b"\n")[0]
        return csv.read_csv(
            pa.py_buffer(first + b"\n"), parse_options=csv.ParseOptions(delimiter=separator(path))
        ).column_names
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not in UTF-8: save it as UTF-8") from error
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path} cannot be read: {shorten(str(error), MOST_SHOWN)}") from error


def separator(path: Path) -> str:
    """Return what separates the columns of a CSV file: the most frequent of comma, semicolon and tab in its header."""
    with pa.input_stream(str(path), compression="detect") as stream:
        header = stream.read(_HEADER_BYTES).partition(b"\n")[0].decode("utf-8", "replace")
    return max((",", ";", "\t"), key=header.count)


def find_parts(paths: tuple[Path, ...]) -> tuple[Part, ...]:
    """Return the parts of all files of interactions, in order. Raises ``DatasetError`` for a file that does not fit."""
    parts: list[Part] = []
    for path in paths:
        columns = find_columns(column_names(path), INTERACTIONS, ("user_id", "item_id", "timestamp"), str(path))
        if parts and columns.keys() != parts[0].columns.keys():
            differs = sorted(columns.keys() ^ parts[0].columns.keys())[0]
            raise DatasetError(f"{path} and {parts[0].path} differ: one has a column {differs}, the other has none")
        if not is_parquet(path):
            parts.append(Part(path, None, columns, 0))
            continue
        metadata, row = parquet.read_metadata(path), 0
        for group in range(metadata.num_row_groups):
            parts.append(Part(path, group, columns, row))
            row += metadata.row_group(group).num_rows
    return tuple(parts)


def fingerprint(paths: tuple[Path, ...], *settings: object) -> str:
    """Return a number that changes with any of the files (name, size, time of change) or settings: 64 digits."""
    digest = hashlib.sha256(repr(settings).encode())
    for path in paths:
        status = path.stat()
        digest.update(repr((path.name, path.parent.name, status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()
