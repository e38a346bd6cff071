"""``items.parquet`` and ``users.parquet``: data frames of a dataset as tables, and back."""

import pandas as pd
import pyarrow as pa

from bst.domain import Domain


def item_table(movies: pd.DataFrame) -> pa.Table:
    """Return the items of ``Dataset.movies`` as a table: ``item_id``, ``title``, ``year``, ``tags``."""
    return pa.table(
        {
            "item_id": _ids(movies["movie_id"]),
            "title": pa.array(movies["title"], pa.string()),
            "year": pa.array(movies["year"].astype("Int16"), pa.int16()),
            "tags": pa.array(movies["genres"], pa.string()),
        }
    )


def item_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table of items as a data frame; ``year`` is Int16, which may be missing."""
    frame = table.to_pandas(ignore_metadata=True)
    return frame.assign(year=frame["year"].astype("Int16"))


def movie_frame(items: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of items as ``Dataset.movies``."""
    return items.rename(columns={"item_id": "movie_id", "tags": "genres"})[["movie_id", "title", "year", "genres"]]


def user_table(users: pd.DataFrame, domain: Domain) -> pa.Table:
    """Return the users of ``Dataset.users`` as a table: ``user_id`` and the values of each demographic."""
    columns = {name: _values(users[name]) for name in domain.demographics}
    return pa.table({"user_id": _ids(users["user_id"]), **columns})


def user_frame(table: pa.Table, domain: Domain) -> pd.DataFrame:
    """Return a table of users as ``Dataset.users``: the codes of a column are the positions in its demographic."""
    frame = pd.DataFrame({"user_id": table.column("user_id").to_pandas()})
    for name, demographic in domain.demographics.items():
        values = table.column(name).to_pandas()
        frame[name] = pd.Categorical(values, categories=list(demographic.values))
    return frame


def _ids(ids: pd.Series) -> pa.Array:
    return pa.array(ids.to_numpy(), pa.int64()) if pd.api.types.is_integer_dtype(ids) else pa.array(ids, pa.string())


def _values(column: pd.Series) -> pa.Array:
    # plain values: a column that all programs read, with the types of the categories
    return pa.array(column.astype(object).where(column.notna(), None).tolist(), pa.array(column.cat.categories).type)
