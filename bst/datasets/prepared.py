"""Prepared stores as datasets: their movies always, their ratings where these fit into memory."""

import os
from pathlib import Path

import pandas as pd

from bst.errors import DatasetError
from bst.schema import Dataset

# events that one dataset in memory may have: with its timelines about a gigabyte
MOST_EVENTS = 10_000_000


def is_store(folder: Path) -> bool:
    """Whether a folder is a store that ``python -m bst prepare`` has finished."""
    # os.path, as pathlib raises for a name that is too long for a file
    return all(os.path.isfile(folder / name) for name in ("manifest.json", "items.parquet"))  # noqa: PTH113


def load_store(folder: Path) -> Dataset:
    """Return all of a store as a dataset. Raises ``DatasetError`` for a damaged one, or one that is too large."""
    import pyarrow as pa

    from bst.store import Store
    from bst.store.sample import as_dataset

    store = Store.open(folder)
    if store.manifest.events > MOST_EVENTS:
        raise DatasetError(
            f"{folder} has {store.manifest.events:,} events; more than {MOST_EVENTS:,} are read in parts alone, by "
            "train and score: prepare a part of it for what needs all of them in memory"
        )
    return as_dataset(store, pa.concat_tables(store.shards()))


def load_store_movies(folder: Path) -> pd.DataFrame:
    """Return the items of a store as ``Dataset.movies``. Raises ``DatasetError`` as ``load_store``."""
    from bst.store import Store
    from bst.store.tables import movie_frame

    return movie_frame(Store.open(folder).items)
