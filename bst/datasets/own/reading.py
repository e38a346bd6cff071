"""A folder with the tables of the documented format, read and validated as a ``Dataset``."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bst.datasets.own.items import item_frame
from bst.datasets.own.naming import Names, read_names
from bst.datasets.own.scale import read_scale
from bst.datasets.own.spellings import COLUMNS, ENDINGS, INTERACTIONS, ITEMS, RECBOLE, USERS, column_of
from bst.datasets.own.tables import Table, first_null, numbers, open_table, texts
from bst.datasets.own.times import seconds
from bst.datasets.own.users import user_frame
from bst.datasets.rating_scale import UNRATED
from bst.domain import Domain
from bst.errors import DatasetError
from bst.schema import Dataset
from bst.text import quoted

STEMS = {"interactions": INTERACTIONS, "items": ITEMS, "users": USERS}
_WHOLE_NUMBER = "^(0|[1-9][0-9]{0,14})$"


def is_own(folder: Path) -> bool:
    """Whether a folder has a table of interactions; ``read_own`` checks whether it is valid."""
    try:
        return folder.is_dir() and bool(_candidates(folder, "interactions"))
    except OSError:
        return False


def read_own(folder: Path, name: str, names: Names | None = None, *, ignore_ratings: bool = False) -> Dataset:
    """Read a folder with ``interactions`` and perhaps ``items``, ``users`` and ``domain.json``.

    ``names``: instead of those in ``domain.json``. ``ignore_ratings``: read ratings as if there were none. Raises
    ``DatasetError`` that names file, line, value and fix for what cannot be used.
    """
    folder = Path(folder)
    if not folder.is_dir():
        problem = "is a file, not a folder" if folder.exists() else "does not exist"
        raise DatasetError(f"{folder} {problem}; name the folder that holds interactions.csv")
    names = names or read_names(folder)
    table = _table(folder, "interactions")
    if table is None:
        raise DatasetError(
            f"{folder} has no interactions; it needs interactions.csv, or .parquet, with user_id, item_id and timestamp"
        )
    events, notes = _read_events(table, ignore_ratings)
    items_table, users_table = _table(folder, "items"), _table(folder, "users")
    items = _ids(items_table, "item_id", events.item, table)
    users = _ids(users_table, "user_id", events.user, table, only_used=True)
    for kind, ids in (("items", items), ("users", users)):
        notes += _unmatched(kind, ids, items_table if kind == "items" else users_table, table)
    movies, tags = item_frame(items.file_rows, items_table, items.texts, notes)
    people, demographics = user_frame(users.file_rows, users_table, users.texts, names, notes)
    movies.insert(0, "movie_id", items.numbers)
    people.insert(0, "user_id", users.numbers)
    for frame, ids in ((movies, items), (people, users)):
        if ids.renamed:
            frame["original_id"] = pd.Series(ids.texts, dtype="str")
    ratings = _ratings(events, users.codes, items.codes, notes)
    rated = events.levels != UNRATED
    domain = Domain(**asdict(names.nouns), tag_values=tags, demographics=demographics, rated=rated)
    title = names.title or name
    return Dataset(
        name,
        title,
        people,
        movies,
        ratings,
        events.levels,
        names.simulated,
        "file",
        events.has_times,
        tuple(notes),
        domain,
    )


# ---- files


def _candidates(folder: Path, kind: str) -> list[Path]:
    """Return the files of a folder that may hold a table: RecBole's, or else those with the best of its names."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    atomic = [path for path in files if path.name.endswith(RECBOLE[kind])]
    if atomic:
        return atomic
    for stem in STEMS[kind]:
        found = [path for path in files if path.name.lower() in {stem + ending for ending in ENDINGS}]
        if found:
            return found
    return []


def _table(folder: Path, kind: str) -> Table | None:
    paths = _candidates(folder, kind)
    if len(paths) > 1:
        names = " and ".join(path.name for path in paths[:3])
        raise DatasetError(f"{folder} has {names}; keep one of them")
    return open_table(paths[0]) if paths else None


def _require(table: Table, column: str) -> str:
    name = column_of(table.names, column)
    if name is None:
        known = ", ".join(COLUMNS[column][:4])
        there = ", ".join(map(quoted, table.names[:8]))
        raise DatasetError(f"{table.path}, line 1: no column {column}, only {there}. Name it {column} (or {known})")
    return name


# ---- events


@dataclass(frozen=True)
class _Events:
    """Events in the order that breaks ties: ids as strings, stars, seconds."""

    user: pa.Array
    item: pa.Array
    stars: np.ndarray
    timestamp: np.ndarray
    levels: tuple[float, ...]
    has_times: bool


def _read_events(table: Table, ignore_ratings: bool) -> tuple[_Events, list[str]]:
    notes: list[str] = []
    optional = {column: column_of(table.names, column) for column in ("rating", "timestamp", "row")}
    if ignore_ratings and optional["rating"]:
        notes.append(f"{optional['rating']} in {table.path.name} is not read: the dataset has no ratings.")
        optional["rating"] = None
    user, item = _require(table, "user_id"), _require(table, "item_id")
    columns = table.read([user, item, *filter(None, optional.values())])
    count = len(columns[user])
    if not count:
        raise DatasetError(f"{table.path} has no events; it needs a line for each")
    ids = []
    for name in (user, item):
        column = texts(table, name, columns[name])
        missing = first_null(column)
        if missing is not None:
            raise table.error(missing, f"{name} is empty", "Fill it in, or drop the row")
        ids.append(column)
    stars, levels = np.full(count, UNRATED[0], np.float32), UNRATED
    if rating := optional["rating"]:
        scale = read_scale(table, rating, numbers(table, rating, columns[rating]))
        stars, levels = scale.stars, scale.levels
        notes += [scale.note] if scale.note else []
    timestamp = np.zeros(count, np.int64)
    if time := optional["timestamp"]:
        timestamp = seconds(table, time, columns[time], notes)
    else:
        notes.append(f"{table.path.name} has no times: each user's events are in the order of the file.")
    events = _Events(ids[0], ids[1], stars, timestamp, levels, time is not None)
    if row := optional["row"]:
        order = np.argsort(numbers(table, row, columns[row]), kind="stable")
        if (np.diff(order) != 1).any():
            user_ids, item_ids = (column.take(pa.array(order)) for column in ids)
            events = _Events(user_ids, item_ids, stars[order], timestamp[order], levels, time is not None)
    return events, notes


def _ratings(events: _Events, user: np.ndarray, item: np.ndarray, notes: list[str]) -> pd.DataFrame:
    """Return ``Dataset.ratings``: of several events of a user with an item the last one, as a history has each once."""
    ratings = pd.DataFrame({"user": user, "movie": item, "rating": events.stars, "timestamp": events.timestamp})
    order = np.lexsort((np.arange(len(ratings)), events.timestamp, item, user))
    last = np.append((np.diff(user[order]) != 0) | (np.diff(item[order]) != 0), True)
    if last.all():
        return ratings
    kept = np.sort(order[last])
    notes.append(
        f"{len(ratings) - len(kept):,} of {len(ratings):,} events repeat one of the same user with the same item: the "
        "last of each is kept."
    )
    return ratings.take(kept).reset_index(drop=True)


# ---- ids


@dataclass(frozen=True)
class _Ids:
    """The users, or the items, of a dataset in the order of its frame.

    ``texts``: their ids as the files have them; ``numbers`` int64: what the library calls them, the same unless an id
    is not a whole number: then ``renamed``, and counted from 1. ``codes`` int32 (events,): the row of each event's.
    ``file_rows`` int64: the row of each in the table about them, −1 for one that it does not have.
    """

    texts: list[str]
    numbers: np.ndarray
    codes: np.ndarray
    file_rows: np.ndarray
    renamed: bool
    unused: int


def _ids(about: Table | None, column: str, of_events: pa.Array, events: Table, *, only_used: bool = False) -> _Ids:
    """Return the ids of a table about users or items, and behind them those that only events have, sorted.

    ``only_used``: those without an event are left out.
    """
    encoded = pc.dictionary_encode(of_events)
    used = np.asarray(encoded.dictionary.to_pylist(), object)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    listed = np.zeros(0, object)
    if about is not None:
        listed = _listed(about, column)
    row_of = pd.Index(listed).get_indexer(pd.Index(used)) if len(listed) else np.full(len(used), -1)
    alone = np.flatnonzero(row_of < 0)
    whole = [
        bool(pc.all(pc.match_substring_regex(pa.array(ids, pa.string()), _WHOLE_NUMBER)).as_py())
        for ids in (listed, used)
    ]
    renamed = not all(is_whole or not len(ids) for is_whole, ids in zip(whole, (listed, used), strict=True))
    order = sorted(alone.tolist(), key=(lambda i: used[i]) if renamed else (lambda i: int(used[i])))
    kept = np.arange(len(listed))
    if only_used:
        kept = np.sort(row_of[row_of >= 0])
    place = np.full(len(used), -1)
    in_file = row_of >= 0
    position = np.full(len(listed), -1)
    position[kept] = np.arange(len(kept))
    place[in_file] = position[row_of[in_file]]
    place[order] = len(kept) + np.arange(len(order))
    ids = [*listed[kept].tolist(), *(used[i] for i in order)]
    numbers_ = np.arange(1, len(ids) + 1) if renamed else np.array([int(text) for text in ids], np.int64)
    file_rows = np.concatenate([kept, np.full(len(order), -1)]).astype(np.int64)
    return _Ids(
        ids, numbers_.astype(np.int64), place[codes].astype(np.int32), file_rows, renamed, len(listed) - len(kept)
    )


def _listed(about: Table, column: str) -> np.ndarray:
    """Return the ids of a table, each once. Raises ``DatasetError`` for one that is empty or a duplicate."""
    name = _require(about, column)
    ids = texts(about, name, about.read([name])[name])
    missing = first_null(ids)
    if missing is not None:
        raise about.error(missing, f"{name} is empty", "Fill it in, or drop the row")
    listed = np.asarray(ids.to_pylist(), object)
    again = pd.Index(listed).duplicated()
    if again.any():
        row = int(again.argmax())
        raise about.error(row, f"{name} {quoted(listed[row])} is a duplicate", "Keep one of the two rows")
    return listed


def _unmatched(kind: str, ids: _Ids, about: Table | None, events: Table) -> list[str]:
    """Say how many ids only one of two tables has. Raises ``DatasetError`` if no id is in both: they are others."""
    if about is None:
        return [f"There is no table of {kind}: {_MISSING[kind]}."]
    notes, alone = [], int((ids.file_rows < 0).sum())
    if alone and not np.isin(np.unique(ids.codes), np.flatnonzero(ids.file_rows >= 0)).any():
        raise DatasetError(
            f"{about.path} has none of the ids in {events.path.name}, such as {quoted(ids.texts[-1])}; "
            "write the ids in both in the same way"
        )
    if alone:
        notes.append(f"{alone:,} {kind} are in {events.path.name} and not in {about.path.name}: {_ALONE[kind]}.")
    if ids.unused:
        notes.append(f"{ids.unused:,} users in {about.path.name} have no event and are left out.")
    return notes


_MISSING = {"items": "titles are the ids", "users": "nothing is known about the users"}
_ALONE = {"items": "their titles are their ids", "users": "nothing is known about them"}
