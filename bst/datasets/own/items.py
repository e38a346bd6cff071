"""The table of items: titles, years and tags."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from bst.datasets.own.spellings import column_of
from bst.datasets.own.tables import Table, texts
from bst.datasets.titles import display_title, printable, year_of
from bst.domain import MOST_LABEL, MOST_TAGS
from bst.text import quoted, shorten

MOST_TITLE = 300
FIRST_YEAR, LAST_YEAR = 1000, 2999  # with four digits, as a title shows them
# what MovieLens writes where there is no tag
NO_TAG = "(no genres listed)"


def item_frame(
    rows: np.ndarray, table: Table | None, ids: Sequence[str], notes: list[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return ``title``, ``year`` and ``genres`` of items, as in ``Dataset.movies``, and all tags in alphabetical order.

    ``rows``: the row of each item in the table, −1 for one that it does not have. What is missing in the table is
    unknown; a title is then the id.
    """
    columns = _columns(table)
    titles = [
        display_title(printable(shorten(title or own, MOST_TITLE))) or own
        for title, own in zip(_pick(columns.get("title"), rows), ids, strict=True)
    ]
    if "year" in columns and table is not None:
        years = _years(table, columns["year"], rows, notes)
        titles = [
            title if year is None or year_of(title) is not None else f"{title} ({year})"
            for title, year in zip(titles, years, strict=True)
        ]
    else:
        years = [year_of(title) for title in titles]
    tags = _tags(table, columns.get("tags"), rows, notes)
    frame = pd.DataFrame(
        {
            "title": pd.Series(titles, dtype="str"),
            "year": pd.array(years, dtype="Int16"),
            "genres": pd.Series(["|".join(own) for own in tags], dtype="str"),
        }
    )
    return frame, tuple(sorted({tag for own in tags for tag in own}))


def _columns(table: Table | None) -> dict[str, pa.Array]:
    if table is None:
        return {}
    found = {column: column_of(table.names, column) for column in ("title", "tags", "year")}
    names = [name for name in found.values() if name is not None]
    read = table.read(names) if names else {}
    return {column: texts(table, name, read[name]) for column, name in found.items() if name is not None}


def _pick(column: pa.Array | None, rows: np.ndarray) -> list[str | None]:
    if column is None:
        return [None] * len(rows)
    values = column.to_pylist()
    return [values[row] if row >= 0 else None for row in rows.tolist()]


def _years(table: Table, column: pa.Array, rows: np.ndarray, notes: list[str]) -> list[int | None]:
    """Return years; one that cannot be read is unknown, and noted."""
    texts_ = pd.Series(_pick(column, rows), dtype="object")
    numbers = pd.to_numeric(texts_, errors="coerce")
    fits = numbers.between(FIRST_YEAR, LAST_YEAR) & (numbers == numbers.round())
    unread = texts_.notna() & ~fits
    if unread.any():
        first = quoted(texts_[unread].iloc[0])
        notes.append(f"{int(unread.sum()):,} years in {table.path.name} cannot be read, such as {first}: unknown.")
    return [int(number) if fit else None for number, fit in zip(numbers, fits, strict=True)]


def _tags(table: Table | None, column: pa.Array | None, rows: np.ndarray, notes: list[str]) -> list[list[str]]:
    """Return the tags of each item, each once; of too many different ones those that most items have."""
    name = column_of(table.names, "tags") if table is not None else None
    # RecBole separates the words of a sequence by spaces
    by_space = table is not None and name is not None and table.types.get(name) == "token_seq"
    found = [_split(text, " " if by_space else "|") for text in _pick(column, rows)]
    counts = Counter(tag for own in found for tag in own)
    if len(counts) <= MOST_TAGS or table is None:
        return found
    kept = {tag for tag, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_TAGS]}
    notes.append(
        f"{table.path.name} has {len(counts):,} different values of {name}: the {MOST_TAGS} of most items are read."
    )
    return [[tag for tag in own if tag in kept] for own in found]


def _split(text: str | None, separator: str) -> list[str]:
    tags = (shorten(printable(tag).strip(), MOST_LABEL) for tag in (text or "").split(separator))
    return list(dict.fromkeys(tag for tag in tags if tag and tag.casefold() != NO_TAG))
