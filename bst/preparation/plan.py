"""The plan of a preparation: where interactions are, how they are read and divided. It is kept for a restart."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bst.datasets.tie_order import draw
from bst.files import write_whole
from bst.preparation.parts import Part
from bst.preparation.reading import IdTypes, read_part
from bst.store.manifest import Manifest, ShardRecord
from bst.strict_json import read_json

# the unfinished work lies in a folder of the store, which is removed at the end
WORK = ".work"
_FILE = "plan.json"


@dataclass(frozen=True)
class Plan:
    """``manifest`` is that of the finished store, without its shards; ``base`` is the first row of each part in the
    whole source; ``ratings``: all different ratings of the source, ascending, and ``level`` of each its level, empty
    without ratings; ``drawn``: ties are in a random order, as that of the source says nothing; ``shards``: how many.
    """

    parts: tuple[Part, ...]
    types: IdTypes
    base: tuple[int, ...]
    ratings: tuple[float, ...]
    level: tuple[int, ...]
    drawn: bool
    shards: int
    manifest: dict[str, Any]

    def write(self, store: Path) -> None:
        """Keep it in the folder of the unfinished work."""
        parts = [{**asdict(part), "path": str(part.path)} for part in self.parts]
        write_whole(store / WORK / _FILE, json.dumps({**asdict(self), "parts": parts}))

    @classmethod
    def read(cls, store: Path) -> "Plan | None":
        """Return the plan of an earlier run; None where it is not there, or not whole."""
        try:
            values = read_json(store / WORK / _FILE)
            values["parts"] = tuple(Part(**{**each, "path": Path(each["path"])}) for each in values["parts"])
            values["types"] = IdTypes(**values["types"])
            return cls(**values | {name: tuple(values[name]) for name in ("base", "ratings", "level")})
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def finished(self, shards: tuple[ShardRecord, ...]) -> Manifest:
        """Return the manifest of the store whose shards are all there."""
        events = sum(shard.events for shard in shards)
        values = {**self.manifest, "levels": tuple(self.manifest["levels"]), "notes": tuple(self.manifest["notes"])}
        # the events of the plan are those of the source
        return Manifest(**values | {"events": events, "duplicates": values["events"] - events}, shards=shards)


def prepared_schema(types: IdTypes) -> pa.Schema:
    """Return the columns of what ``prepared`` yields."""
    ids = [(role, types.arrow(role)) for role in ("user_id", "item_id")]
    return pa.schema([*ids, ("level", pa.uint8()), ("timestamp", pa.int64()), ("row", pa.int64())])


def prepared(plan: Plan, index: int) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a part as events whose ids are not yet rows: ``prepared_schema``."""
    ratings, levels = np.asarray(plan.ratings), np.asarray(plan.level, np.uint8)
    base = plan.base[index]
    part = plan.parts[index]
    for batch in read_part(part, plan.types):
        columns = {name: batch.column(name) for name in ("user_id", "item_id", "timestamp")}
        if "rating" in batch.schema.names:
            level = levels[np.searchsorted(ratings, batch.column("rating").to_numpy())]
        else:
            level = np.zeros(len(batch), np.uint8)
        row = batch.column("row").to_numpy()
        if plan.drawn:
            numbers = draw(_key(columns["user_id"]), _key(columns["item_id"]), columns["timestamp"].to_numpy())
            row = (numbers >> np.uint64(1)).astype(np.int64)
        elif "row" not in part.columns:
            row = row + base
        columns |= {"level": pa.array(level), "row": pa.array(row)}
        yield pa.RecordBatch.from_pydict(columns, schema=prepared_schema(plan.types))


def _key(ids: pa.Array) -> np.ndarray:
    """Return a number for each id, the same in every run."""
    if pa.types.is_integer(ids.type):
        return ids.to_numpy()
    return pd.util.hash_array(ids.to_numpy(zero_copy_only=False))
