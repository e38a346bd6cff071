"""Where a store comes from: a folder of interactions, items and users, or a dataset that is known by its name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bst import datasets
from bst.errors import DatasetError
from bst.preparation.parts import Part, find_parts, find_tables, fingerprint
from bst.preparation.plan import WORK
from bst.preparation.tables import Tables, folder_tables
from bst.schema import Dataset
from bst.store.shards import write_parquet
from bst.store.tables import item_table, user_table
from bst.store.writing import dataset_manifest


@dataclass(frozen=True)
class Source:
    """``parts`` of the interactions, ``tables`` of items and users, and what the dataset is.

    ``facts``: fields of the manifest that are known before the interactions are read; ``in_order``: the users' table is
    complete and has the order that the store keeps.
    """

    parts: tuple[Part, ...]
    tables: Tables
    facts: dict[str, Any]
    in_order: bool


def source_files(source: str) -> tuple[Path, ...]:
    """Return the files that a source consists of. Raises ``DatasetError`` for none."""
    if _is_known(source):
        return tuple(sorted(path for path in _folder(source).rglob("*") if path.is_file()))
    return tuple(path for files in find_tables(Path(source)).values() for path in files)


def source_fingerprint(source: str, shards: int | None) -> str:
    """Return what identifies a preparation: the state of the source's files and the requested number of shards."""
    return fingerprint(source_files(source), shards)


def open_source(source: str, store: Path) -> Source:
    """Open a folder, or read a known dataset and put its interactions beside the unfinished work of ``store``."""
    if _is_known(source):
        return _known_source(datasets.load(source), store)
    folder = Path(source)
    tables = find_tables(folder)
    name = folder.resolve().name
    facts = {"name": name, "title": name}
    return Source(
        find_parts(tables["interactions"]), folder_tables(tables["items"], tables["users"]), facts, in_order=False
    )


def _is_known(source: str) -> bool:
    return source in datasets.SOURCES


def _folder(name: str) -> Path:
    if name == "demo":
        datasets.load(name)  # it is simulated at first use
    folder = datasets.find(name)
    if folder is None:
        datasets.load(name)  # says how to get it
        raise DatasetError(f"{name} is not here")
    return folder


def _known_source(dataset: Dataset, store: Path) -> Source:
    ratings = dataset.ratings
    table = pa.table(
        {
            "user_id": dataset.users["user_id"].to_numpy()[ratings["user"]],
            "item_id": dataset.movies["movie_id"].to_numpy()[ratings["movie"]],
            "rating": ratings["rating"].to_numpy().astype(np.float64),
            "timestamp": ratings["timestamp"].to_numpy(),
            "row": np.arange(len(ratings)),
        }
    )
    path = store / WORK / "interactions.parquet"
    write_parquet(path, table)
    manifest = dataset_manifest(dataset, (), {})
    known = ("name", "title", "levels", "simulated", "tie_order", "has_times", "notes")
    tables = Tables(item_table(dataset.movies), user_table(dataset.users, dataset.domain), dataset.domain)
    return Source(find_parts((path,)), tables, {name: getattr(manifest, name) for name in known}, in_order=True)
