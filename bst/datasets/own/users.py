"""The table of users: any columns whose values fall into some groups."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bst.datasets.own.naming import Names
from bst.datasets.own.spellings import column_of, normalised
from bst.datasets.own.tables import Table, texts
from bst.domain import MOST_LABEL, MOST_VALUES, UNKNOWN, Demographic
from bst.errors import DatasetError
from bst.text import UNPRINTABLE, quoted, shorten

# columns beside the ids: more would not fit on a page
MOST_COLUMNS = 12
LEAST_VALUES = 2
MOST_NAME = 40
# what tables with one column for each demographic have beside them
RESERVED = (
    frozenset(
        ("user_id", "original_id", "name", "watched", "movie", "rating", "history", "seen", "genre", "decade", "fame")
    )
    | frozenset(
        (
            "ratings",
            "mae",
            "baseline",
            "item_mean",
            "signed_error",
            "listed_likes",
            "expected",
            "distribution",
            "current",
        )
    )
    | frozenset(("people", "about", "everyone", "position", "last"))
)
_WHOLE_NUMBER = "^-?(0|[1-9][0-9]{0,8})$"


def user_frame(
    rows: np.ndarray, table: Table | None, ids: Sequence[str], names: Names, notes: list[str]
) -> tuple[pd.DataFrame, dict[str, Demographic]]:
    """Return a categorical column for each column of the table, and what these are, by name.

    ``rows``: the row of each user in the table, −1 for one that it does not have. A column with a single value, or
    with more than ``MOST_VALUES``, is left out, and noted. Raises ``DatasetError`` for columns that cannot be
    distinguished, and for too many.
    """
    frame = pd.DataFrame(index=range(len(ids)))
    demographics: dict[str, Demographic] = {}
    if table is None:
        return frame, demographics
    own_id = column_of(table.names, "user_id")
    columns = [name for name in table.names if name != own_id]
    taken: set[str] = set()
    for column, values in table.read(columns).items() if columns else ():
        name = _name(table, column, taken)
        taken.add(name)
        demographic, codes = _demographic(table, column, name, texts(table, column, values), names, notes)
        if demographic is not None:
            demographics[name] = demographic
            picked = np.where(rows >= 0, codes[np.maximum(rows, 0)], -1)
            frame[name] = pd.Categorical.from_codes(picked, categories=list(demographic.values))
    if len(demographics) > MOST_COLUMNS:
        raise DatasetError(
            f"{table.path} has {len(demographics)} columns about users; at most {MOST_COLUMNS} are read: drop some"
        )
    return frame, demographics


def _name(table: Table, column: str, taken: set[str]) -> str:
    name = normalised(column)[:MOST_NAME]
    name = name if name[:1].isalpha() else f"c_{name}"[:MOST_NAME].rstrip("_")
    name = f"{name}_of_user" if name in RESERVED else name
    if name in taken:
        raise DatasetError(
            f"{table.path}, line 1: {quoted(column)} is too much like another column. Rename one of them"
        )
    return name


def _demographic(
    table: Table, column: str, name: str, values: pa.Array, names: Names, notes: list[str]
) -> tuple[Demographic | None, np.ndarray]:
    """Return a column's values with their labels, and the code of each row, −1 for unknown; None for no such column."""
    encoded = pc.dictionary_encode(values)
    found = [None if text.casefold() == UNKNOWN else text for text in encoded.dictionary.to_pylist()]
    different = sorted({text for text in found if text is not None})
    if not LEAST_VALUES <= len(different) <= MOST_VALUES:
        few = len(different) < LEAST_VALUES
        reason = (
            "does not distinguish users"
            if few
            else f"has {len(different):,} different values, of {MOST_VALUES} at most"
        )
        notes.append(f"Column {shorten(column)} in {table.path.name} {reason}: it is not read.")
        return None, np.zeros(0, int)
    whole = bool(pc.all(pc.match_substring_regex(pa.array(different), _WHOLE_NUMBER)).as_py())
    given = names.values.get(name, {})
    if whole:
        different.sort(key=int)
    ordered = [text for text in given if text in different] + [text for text in different if text not in given]
    labels = {int(text) if whole else _printable(text): given.get(text, _printable(text)) for text in ordered}
    if len(labels) < len(ordered):
        raise DatasetError(f"{table.path}: values of {quoted(column)} are too much like each other; write them apart")
    code_of = {text: code for code, text in enumerate(ordered)} | {None: -1}
    by_value = np.array([code_of[text] for text in found] + [-1])
    indices = pc.fill_null(encoded.indices, len(found)).to_numpy(zero_copy_only=False)
    label = names.labels.get(name, name.replace("_", " "))
    return Demographic(name, label, labels), by_value[indices]


def _printable(text: str) -> str:
    return shorten(UNPRINTABLE.sub(" ", text).replace("|", "/").strip() or "?", MOST_LABEL)
