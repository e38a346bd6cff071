"""The items and users of a source as the tables of a store, and the domain that they describe."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from bst.datasets.movielens import read_movies
from bst.datasets.titles import printable
from bst.domain import MOVIES, Demographic, Domain
from bst.errors import DatasetError
from bst.preparation.columns import ITEMS, USERS, find_columns
from bst.preparation.parts import column_names, is_parquet, separator
from bst.preparation.reading import place
from bst.store.tables import item_table
from bst.text import quoted

# a demographic attribute is a choice: a column with more values is something else, such as a name
MOST_VALUES = 200
GENERIC = Domain(
    item="item",
    items="items",
    consume="choose",
    consumed="chosen",
    tag="tag",
    tags="tags",
    tag_values=(),
    demographics={},
)


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
    domain = replace(GENERIC, tag_values=tuple(tags))
    if not users:
        return Tables(table, None, domain)
    rows, demographics = _users(users)
    return Tables(table, rows, replace(domain, demographics=demographics))


def unknown_users(ids: pa.Array, domain: Domain) -> pa.Table:
    """Return a table of users of whom nothing is known but their ids, in ascending order."""
    ids = ids.take(pc.sort_indices(ids))
    types = {name: pa.array(list(each.values)).type for name, each in domain.demographics.items()}
    return pa.table({"user_id": ids, **{name: pa.nulls(len(ids), kind) for name, kind in types.items()}})


def known_users(users: pa.Table, ids: pa.Array) -> tuple[pa.Table, int]:
    """Return the users of a table who have interactions, by ascending id, and how many others there are.

    ``ids``: all who have interactions. Raises ``DatasetError`` for one who is not in the table.
    """
    missing = ids.filter(pc.invert(pc.is_in(ids, users.column("user_id").combine_chunks())))
    if len(missing):
        raise DatasetError(
            f"{len(missing):,} users of the interactions are not in users, {quoted(missing[0].as_py())} say: "
            "add them to users, or drop their rows"
        )
    kept = users.filter(pc.is_in(users.column("user_id"), ids))
    return kept.sort_by("user_id"), len(users) - len(kept)


def _items(paths: tuple[Path, ...]) -> pa.Table:
    tables = []
    for path in paths:
        table, columns = _read(path, "item_id", ITEMS)
        titles = table.column(columns["title"]).cast(pa.string()) if "title" in columns else None
        if titles is None:
            raise DatasetError(f"{path} has no column title: rename the one that is meant, or add one")
        title = [printable(each or "") for each in titles.to_pylist()]
        if "" in title:
            raise DatasetError(f"{place(path, title.index(''))}: title is missing. Fill it in.")
        tags = table.column(columns["tags"]).cast(pa.string()).to_pylist() if "tags" in columns else [None] * len(title)
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
    demographics = {}
    for name in joined.column_names:
        if name == "user_id":
            continue
        values = pc.unique(joined.column(name)).drop_null()
        if len(values) > MOST_VALUES:
            raise DatasetError(
                f"{paths[0]}: {name} has {len(values):,} different values; a model reads {MOST_VALUES} at most: "
                "group them, or leave the column out"
            )
        if not (pa.types.is_integer(values.type) or pa.types.is_string(values.type)):
            joined = joined.set_column(joined.column_names.index(name), name, joined.column(name).cast(pa.string()))
            values = values.cast(pa.string())
        options = sorted(values.to_pylist())
        demographics[name] = Demographic(name, name.replace("_", " "), {value: str(value) for value in options})
    return joined.select(["user_id", *demographics]), demographics


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


def _read(path: Path, key: str, roles: Mapping[str, tuple[str, ...]]) -> tuple[pa.Table, dict[str, str]]:
    """Read a whole table whose ids are int64 or, if one is no whole number, strings; and its columns by role."""
    columns = find_columns(column_names(path), roles, (key,), str(path))
    try:
        table = parquet.read_table(path, partitioning=None) if is_parquet(path) else _read_csv(path, columns[key])
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
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


def _years(path: Path, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int16())
    except pa.ArrowException:
        raise DatasetError(f"{path}: year has values that are no years, {quoted(column[0].as_py())} say") from None
