"""The fast form in which an imported dataset is kept: three Parquet files, and what they mean in ``dataset.json``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from bst.domain import Domain
from bst.errors import BSTError, DatasetError
from bst.files import draft_of, replace_folder
from bst.schema import Dataset
from bst.strict_json import read_json
from bst.text import shorten

HEADER = "dataset.json"
FORMAT, VERSION = "bst-studio-dataset", 1
ITEMS, USERS, EVENTS = "items.parquet", "users.parquet", "interactions.parquet"


def is_stored(folder: Path) -> bool:
    """Whether a folder is an imported dataset; ``read_stored`` checks whether it is complete."""
    try:
        return (folder / HEADER).is_file()
    except (OSError, ValueError):
        return False


def write_stored(dataset: Dataset, folder: Path) -> Path:
    """Write a dataset into a folder, completely or not at all; an imported dataset that is there is replaced.

    Raises ``DatasetError`` if it cannot be written.
    """
    header = {
        "format": FORMAT,
        "version": VERSION,
        "title": dataset.title,
        "simulated": dataset.simulated,
        "levels": list(dataset.levels),
        "has_times": dataset.has_times,
        "notes": list(dataset.notes),
        "counts": {"users": len(dataset.users), "items": len(dataset.movies), "events": len(dataset.ratings)},
        "domain": dataset.domain.to_dict(),
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(folder) as draft:
            new = draft / folder.name
            new.mkdir()
            pyarrow.parquet.write_table(_item_table(dataset), new / ITEMS)
            pyarrow.parquet.write_table(_user_table(dataset), new / USERS)
            pyarrow.parquet.write_table(_event_table(dataset), new / EVENTS)
            (new / HEADER).write_text(json.dumps(header, indent=1, ensure_ascii=False) + "\n", "utf-8")
            replace_folder(folder, new)
    except OSError as error:
        raise DatasetError(
            f"the dataset cannot be written to {folder}: {error}; make room or fix the folder's rights"
        ) from error
    return folder


def read_title(folder: Path) -> str:
    """Return what an imported dataset is called on screen. Raises ``DatasetError`` if its header is damaged."""
    return _header(folder)[0]["title"]


def read_domain(folder: Path) -> Domain:
    """Return what an imported dataset is about. Raises ``DatasetError`` if its header is damaged."""
    return _header(folder)[1]


def read_items(folder: Path) -> pd.DataFrame:
    """Return ``Dataset.movies`` of an imported dataset. Raises ``DatasetError`` if it is damaged."""
    frame = _frame(folder, ITEMS)
    try:
        movies = frame.rename(columns={"item_id": "movie_id", "tags": "genres"})
        columns = ["movie_id", "title", "year", "genres", *(["original_id"] if "original_id" in movies else [])]
        return movies[columns].astype({"movie_id": np.int64, "title": "str", "year": "Int16", "genres": "str"})
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(folder / ITEMS, error) from error


def read_stored(folder: Path, name: str) -> Dataset:
    """Read an imported dataset. Raises ``DatasetError`` if it is damaged."""
    header, domain = _header(folder)
    movies, users, events = read_items(folder), _frame(folder, USERS), _frame(folder, EVENTS)
    levels = tuple(float(level) for level in header["levels"])
    try:
        people = pd.DataFrame({"user_id": users["user_id"].astype(np.int64)})
        for column, demographic in domain.demographics.items():
            people[column] = pd.Categorical.from_codes(users[column], categories=list(demographic.values))
        if "original_id" in users:
            people["original_id"] = users["original_id"].astype("str")
        stars = np.array(levels, np.float32)[events["level"].to_numpy()]
        ratings = pd.DataFrame(
            {
                "user": events["user"].astype(np.int32),
                "movie": events["item"].astype(np.int32),
                "rating": stars,
                "timestamp": events["timestamp"].astype(np.int64),
            }
        )
        for column, rows in (("user", len(people)), ("movie", len(movies))):
            if not ratings[column].between(0, rows - 1).all():
                raise ValueError(f"a {column} is not among {rows}")
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise _damaged(folder, error) from error
    return Dataset(
        name,
        header["title"],
        people,
        movies,
        ratings,
        levels,
        header["simulated"],
        "file",
        header["has_times"],
        tuple(header["notes"]),
        domain,
    )


def _header(folder: Path) -> tuple[dict[str, Any], Domain]:
    path = folder / HEADER
    try:
        header = read_json(path)
        if header["format"] != FORMAT or header["version"] != VERSION:
            raise ValueError(f"it is of version {header['version']}, and {VERSION} is read here")
        kinds = {"title": str, "simulated": bool, "levels": list, "has_times": bool, "notes": list}
        for name, kind in kinds.items():
            if not isinstance(header[name], kind):
                raise ValueError(f"{name} is no {kind.__name__}")
        return header, Domain.from_dict(header["domain"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, BSTError) as error:
        raise _damaged(path, error) from error


def _frame(folder: Path, name: str) -> pd.DataFrame:
    path = folder / name
    try:
        return pyarrow.parquet.read_table(path).to_pandas(ignore_metadata=True)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DatasetError:
    return DatasetError(f"{path} is missing or damaged ({shorten(str(error), 100)}); import the dataset again")


def _item_table(dataset: Dataset) -> pa.Table:
    movies = dataset.movies
    columns = {
        "item_id": pa.array(movies["movie_id"], pa.int64()),
        "title": pa.array(movies["title"].tolist(), pa.string()),
        "year": pa.array(movies["year"].astype(object).where(movies["year"].notna(), None).tolist(), pa.int16()),
        "tags": pa.array(movies["genres"].tolist(), pa.string()),
    }
    return pa.table(columns | _original_ids(movies))


def _user_table(dataset: Dataset) -> pa.Table:
    users = dataset.users
    columns = {"user_id": pa.array(users["user_id"], pa.int64())}
    columns |= {name: pa.array(users[name].cat.codes.to_numpy(np.int16)) for name in dataset.domain.demographics}
    return pa.table(columns | _original_ids(users))


def _original_ids(frame: pd.DataFrame) -> dict[str, pa.Array]:
    return {"original_id": pa.array(frame["original_id"].tolist(), pa.string())} if "original_id" in frame else {}


def _event_table(dataset: Dataset) -> pa.Table:
    ratings = dataset.ratings
    level = np.searchsorted(np.array(dataset.levels, np.float32), ratings["rating"].to_numpy(np.float32))
    return pa.table(
        {
            "user": pa.array(ratings["user"].to_numpy(np.int32)),
            "item": pa.array(ratings["movie"].to_numpy(np.int32)),
            "level": pa.array(level.astype(np.uint8)),
            "timestamp": pa.array(ratings["timestamp"].to_numpy(np.int64)),
        }
    )
