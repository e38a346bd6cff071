"""The items and users of a source as the tables of a store, and the domain that they describe."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from bst.datasets.movielens import read_movies
from bst.datasets.own.users import MOST_NAME
from bst.datasets.titles import printable
from bst.domain import GENERIC, MOST_VALUES, MOVIES, Demographic, Domain
from bst.errors import DatasetError
from bst.preparation.columns import ITEMS, USERS, find_columns
from bst.preparation.parts import MOST_SHOWN, column_names, is_parquet, separator
from bst.preparation.reading import place
from bst.store.tables import item_table
from bst.text import quoted, shorten


@dataclass(frozen=True)
class Tables:
    """``items`` and ``users`` as in a store; ``users`` is None where the interactions define them."""

    items: pa.Table
    users: pa.Table | None
    domain: Domain


def folder_tables(items: tuple[Path, ...], users: tuple[Path, ...]) -> Tables:
    """Read the items and users of a folder. Raises ``DatasetError`` for a value that cannot be, with file and row."""
    if items[0].name == "movies.csv":  # MovieLens' own table: its titles and genres are written in its own way
        return Tables(item_table(read_movies(items[0].parent)), None, MOVIES)
    table = _items(items)
    tags = sorted({tag for each in pc.unique(table.column("tags")).to_pylist() for tag in each.split("|") if tag})
    domain = Domain(**asdict(GENERIC), tag_values=tuple(tags), demographics={})
    if not users:
        return Tables(table, None, domain)
    rows, demographics = _users(users)
    return Tables(table, rows, replace(domain, demographics=demographics))


def unknown_users(ids: pa.Array, domain: Domain) -> pa.Table:
    """Return a table of users known only by their ids, in ascending order."""
    ids = ids.take(pc.sort_indices(ids))
    types = {name: pa.array(list(each.values)).type for name, each in domain.demographics.items()}
    return pa.table({"user_id": ids, **{name: pa.nulls(len(ids), kind) for name, kind in types.items()}})


def known_users(users: pa.Table, ids: pa.Array) -> tuple[pa.Table, list[str]]:
    """Return those who have interactions, by ascending id, with what a table says of them; and notes about others.

    ``ids``: all who have interactions; nothing is known of one who is not in the table. Raises ``DatasetError`` where
    that holds for all of them.
    """
    missing = ids.filter(pc.invert(pc.is_in(ids, users.column("user_id").combine_chunks())))
    if len(missing) == len(ids):
        raise DatasetError(
            f"none of the users of the interactions, {quoted(ids[0].as_py())} say, is in users: write the ids alike"
        )
    kept = users.filter(pc.is_in(users.column("user_id"), ids))
    nothing = pa.table({"user_id": missing, **{name: pa.nulls(len(missing)) for name in users.column_names[1:]}})
    notes = []
    if len(missing):
        notes.append(f"Users of whom only interactions are known: {len(missing):,}.")
    if without := len(users) - len(kept):
        notes.append(f"Users without interactions, who are left out: {without:,}.")
    return pa.concat_tables([kept, nothing.cast(kept.schema)]).sort_by("user_id").combine_chunks(), notes


def _items(paths: tuple[Path, ...]) -> pa.Table:
    tables = []
    for path in paths:
        table, columns = _read(path, "item_id", ITEMS)
        titles = _texts(path, "title", table.column(columns["title"])) if "title" in columns else None
        if titles is None:
            raise DatasetError(f"{path} has no column title: rename the right one, or add it")
        title = [printable(each or "") for each in titles.to_pylist()]
        if "" in title:
            raise DatasetError(f"{place(path, title.index(''))}: title is missing. Fill it in.")
        tags = (
            _texts(path, "tags", table.column(columns["tags"])).to_pylist()
            if "tags" in columns
            else [None] * len(title)
        )
        year = _years(path, table.column(columns["year"])) if "year" in columns else pa.nulls(len(title), pa.int16())
        cleaned = ["|".join(printable(tag) for tag in (each or "").split("|") if tag.strip()) for each in tags]
        tables.append(
            pa.table(
                {
                    "item_id": table.column(columns["item_id"]),
                    "title": pa.array(title, pa.string()),
                    "year": year,
                    "tags": pa.array(cleaned, pa.string()),
                }
            )
        )
    return _concatenated(tables, paths, "item_id")


def _users(paths: tuple[Path, ...]) -> tuple[pa.Table, dict[str, Demographic]]:
    tables = []
    for path in paths:
        table, columns = _read(path, "user_id", USERS)
        tables.append(table.rename_columns({columns["user_id"]: "user_id"}))
        if set(tables[-1].column_names) != set(tables[0].column_names):
            raise DatasetError(f"{path} and {paths[0]} have different columns: write them alike")
    joined = _concatenated([table.select(tables[0].column_names) for table in tables], paths, "user_id")
    joined = joined.select(["user_id", *(name for name in joined.column_names if name != "user_id")])
    names = ["user_id", *(_demographic_name(name) for name in joined.column_names[1:])]
    if len(set(names)) < len(names):
        raise DatasetError(f"{paths[0]} has two columns of almost the same name: rename one of them")
    joined, demographics = joined.rename_columns(names), {}
    for name in names[1:]:
        if pa.types.is_string(joined.schema.field(name).type):  # an empty text says as little as none
            column = joined.column(name)
            cleaned = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
            joined = joined.set_column(joined.column_names.index(name), name, cleaned)
        values = pc.unique(joined.column(name)).drop_null()
        if len(values) > MOST_VALUES:
            raise DatasetError(
                f"{paths[0]}: {name} has {len(values):,} different values; a model reads {MOST_VALUES} at most: "
                "group them, or leave the column out"
            )
        if not (pa.types.is_integer(values.type) or pa.types.is_string(values.type)):
            joined = joined.set_column(
                joined.column_names.index(name), name, _texts(paths[0], name, joined.column(name))
            )
            values = values.cast(pa.string())
        options = sorted(values.to_pylist())
        demographics[name] = Demographic(name, name.replace("_", " "), {value: str(value) for value in options})
    return joined.select(["user_id", *demographics]), demographics


def _demographic_name(column: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")[:MOST_NAME]
    return name if name[:1].isalpha() else f"c_{name}"[:MOST_NAME]


def _concatenated(tables: list[pa.Table], paths: tuple[Path, ...], key: str) -> pa.Table:
    if len({table.schema.field(key).type for table in tables}) > 1:  # one file has texts: all are
        tables = [
            table.set_column(table.column_names.index(key), key, table.column(key).cast(pa.string()))
            for table in tables
        ]
    joined = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    counted = joined.column(key).value_counts()
    repeated = counted.filter(pc.greater(counted.field("counts"), 1))
    if len(repeated):
        raise DatasetError(
            f"{paths[0]}: {key} {quoted(repeated[0]['values'].as_py())} is there more than once. Keep one of the rows."
        )
    return joined


def _read(path: Path, key: str, roles: Sequence[str]) -> tuple[pa.Table, dict[str, str]]:
    """Read a whole table whose ids are int64 or, if one is not a whole number, strings; and its columns by role."""
    columns = find_columns(column_names(path), roles, (key,), str(path))
    try:
        table = parquet.read_table(path, partitioning=None) if is_parquet(path) else _read_csv(path, columns[key])
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path} cannot be read: {shorten(str(error), MOST_SHOWN)}") from error
    ids = table.column(columns[key])
    if pa.types.is_dictionary(ids.type):
        ids = ids.cast(ids.type.value_type)
    if not len(table):
        raise DatasetError(f"{path} has no rows")
    if ids.null_count:
        at = int(np.argmax(ids.is_null().to_numpy()))
        raise DatasetError(f"{place(path, at)}: {key} is missing. Fill it in or drop the row.")
    kind = pa.int64() if pa.types.is_integer(ids.type) else pa.string()
    return table.set_column(table.column_names.index(columns[key]), columns[key], ids.cast(kind)), columns


def _read_csv(path: Path, key: str) -> pa.Table:
    parse = csv.ParseOptions(delimiter=separator(path), newlines_in_values=True)
    for kind in (pa.int64(), pa.string()):
        convert = csv.ConvertOptions(column_types={key: kind}, null_values=[""], strings_can_be_null=True)
        try:
            return csv.read_csv(path, parse_options=parse, convert_options=convert)
        except pa.ArrowInvalid:
            if kind == pa.string():
                raise
    raise AssertionError


def _texts(path: Path, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise DatasetError(f"{path}: {name} is no text in UTF-8: save the file as UTF-8") from error


def _years(path: Path, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int16())
    except pa.ArrowException:
        raise DatasetError(f"{path}: year has values that are not years, {quoted(column[0].as_py())} say") from None
