"""Logs that are to be prepared, and stores from elsewhere."""

import importlib.util
import json
import shutil
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.errors import DatasetError
from bst.preparation import prepare
from bst.store import Store, sample, statistics
from tests.fuzz.door import Door
from tests.fuzz.mutations import damaged, damaged_json, json_text
from tests.fuzz.outcome import require, require_clear, require_equal
from tests.scale.events import INTERACTIONS, ITEMS, USERS, write_source

TABLES = {"interactions.csv": INTERACTIONS, "items.csv": ITEMS, "users.csv": USERS}
MEMORY = 10**9


@st.composite
def damaged_tables(draw: DrawFn) -> dict[str, bytes]:
    """Draw the files of a folder of which one is damaged."""
    which = draw(st.sampled_from(("interactions.csv", "interactions.csv", "items.csv", "users.csv")))
    return {file: draw(damaged(text.encode())) if file == which else text.encode() for file, text in TABLES.items()}


class Logs(Door):
    """A log is refused in a line, or becomes a store that holds what its manifest says."""

    name = "logs"
    inputs = damaged_tables()

    def open(self) -> None:
        """Prepare needs DuckDB."""
        if importlib.util.find_spec("duckdb") is None:
            raise RuntimeError("pip install -r requirements-scale.txt")

    def check(self, given: dict[str, bytes]) -> bool:
        """Prepare a folder, and read all of its store."""
        source, out = self.folder / "log", self.folder / "store"
        for folder in (source, out):
            shutil.rmtree(folder, ignore_errors=True)
        source.mkdir()
        for file, content in given.items():
            (source / file).write_bytes(content)
        try:
            store = prepare(str(source), out, shards=2, memory=MEMORY, threads=1).store
        except DatasetError as error:
            require_clear(error, source, out, *(source / file for file in given))
            require(not (out / "manifest.json").exists(), "a store in spite of the refusal")
            return False
        show(store)
        return True


def show(store: Store) -> None:
    """Read all of a store."""
    store.verify()
    manifest = store.manifest
    counted = statistics(store)
    require_equal(counted.events, manifest.events, "events")
    require_equal(len(store.users), manifest.users, "users")
    require_equal(len(store.items), manifest.items, "items")
    require_equal(len(sample(store, 10**6).ratings), manifest.events, "events of a sample")
    require(0 < counted.mean <= max(manifest.levels), "the mean lies outside the levels")


@st.composite
def changes(draw: DrawFn) -> tuple[str, bytes]:
    """Draw a file of a store and its new content."""
    file = draw(st.sampled_from(("manifest.json", "manifest.json", *Stores.files)))
    content = Stores.contents[file]
    if file == "manifest.json" and draw(st.integers(0, 4)):
        return file, json_text(draw(damaged_json(json.loads(content))))
    return file, draw(damaged(content))


class Stores(Door):
    """A store from elsewhere is refused in a line, or can be read."""

    name = "stores"
    files = ("items.parquet", "users.parquet", "shards/000.parquet", "shards/001.parquet")
    contents: ClassVar[dict[str, bytes]] = {}
    inputs = st.deferred(changes)

    def open(self) -> None:
        """Make the store that is damaged."""
        source = write_source(self.folder / "log")
        self.store = prepare(str(source), self.folder / "store", shards=2, memory=MEMORY, threads=1).store.folder
        Stores.contents.update({file: (self.store / file).read_bytes() for file in ("manifest.json", *self.files)})

    def check(self, given: tuple[str, bytes]) -> bool:
        """Open a damaged store, and read all of it."""
        file, content = given
        path: Path = self.store / file
        before = path.read_bytes()
        path.write_bytes(content)
        try:
            show(Store.open(self.store))
        except DatasetError as error:
            require_clear(error, self.store, path)
            return False
        finally:
            path.write_bytes(before)
        return True
