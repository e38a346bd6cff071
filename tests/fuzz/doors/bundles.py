"""Bundles from elsewhere: the header, the files that it vouches for, and what lies beside them."""

import copy
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.bundles import rating_counts, user_groups
from bst.bundles.bundle import Bundle, list_bundles, open_bundle
from bst.bundles.parameters import weights as weights_table
from bst.bundles.storage import FILES
from bst.errors import BundleError
from bst.evaluation import measure, measure_lists, user_results
from bst.explanation.insights import read_insights
from bst.models.registry import describe, family_of
from bst.presentation import curves
from bst.presentation.model_card import write_card
from tests.fuzz.door import Door
from tests.fuzz.mutations import damaged, damaged_json, json_text
from tests.fuzz.outcome import require, require_clear, require_equal

SHIPPED = Path(__file__).parents[3] / "data" / "bundles"
NAMES = ("demo", "demo-compact")
SIDECARS = ("evaluation", "lists", "insights", "users", "rating_counts", "user_groups")
VOUCHED_FOR = tuple(name for name in FILES if name != "weights.npz")


@dataclass(frozen=True)
class Change:
    """A file of a bundle, and its new content. ``sealed``: the header has the checksum of the new content."""

    bundle: str
    file: str
    content: bytes
    sealed: bool = True


@st.composite
def changes(draw: DrawFn) -> Change:
    """Draw a bundle of which one file is damaged, as bytes or, where it is JSON, as values."""
    bundle = draw(st.sampled_from(NAMES))
    file = draw(st.sampled_from(("bundle.json", "bundle.json", *VOUCHED_FOR, *(f"{name}.json" for name in SIDECARS))))
    content = (SHIPPED / bundle / file).read_bytes()
    if file.endswith(".json") and draw(st.integers(0, 4)):
        return Change(bundle, file, json_text(draw(damaged_json(short(json.loads(content))))))
    return Change(bundle, file, draw(damaged(content)), draw(st.integers(0, 3)) > 0)


def short(values: Any, most: int = 3) -> Any:
    """Return values with short lists, so that damage to them is not lost among thousands of numbers."""
    if isinstance(values, dict):
        return {key: short(value, most) for key, value in values.items()}
    return [short(value, most) for value in values[:most]] if isinstance(values, list) and len(values) > 60 else values


class Copies:
    """Copies of the shipped bundles in which one file after another is replaced, and put back."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in NAMES:
            shutil.copytree(SHIPPED / name, folder / name)
        self.headers = {name: json.loads((folder / name / "bundle.json").read_text("utf-8")) for name in NAMES}

    def apply(self, change: Change) -> Path:
        """Return the folder of the bundle with the change."""
        folder = self.folder / change.bundle
        (folder / change.file).write_bytes(change.content)
        if change.sealed and change.file in FILES:
            header = copy.deepcopy(self.headers[change.bundle])
            header["sha256"][change.file] = hashlib.sha256(change.content).hexdigest()
            (folder / "bundle.json").write_text(json.dumps(header), "utf-8")
        return folder

    def restore(self, change: Change) -> None:
        """Put back what was there."""
        for file in {change.file, "bundle.json"}:
            shutil.copy(SHIPPED / change.bundle / file, self.folder / change.bundle / file)


class Bundles(Door):
    """A bundle is refused in a line, or says what its files say and can be shown."""

    name = "bundles"
    inputs = changes()

    def open(self) -> None:
        """Copy the bundles that are damaged."""
        self.copies = Copies(self.folder)

    def check(self, given: Change) -> bool:
        """Open a damaged bundle, and read all that the pages show of it."""
        folder = self.copies.apply(given)
        try:
            return self._check(folder, given)
        finally:
            self.copies.restore(given)

    def _check(self, folder: Path, given: Change) -> bool:
        listed = {bundle.name: bundle for bundle in list_bundles(self.folder)}
        require(set(listed) == set(NAMES), f"not all bundles are listed: {sorted(listed)}")
        paths = (folder, *(folder / name for name in ("bundle.json", *FILES)))
        try:
            bundle = open_bundle(folder)
        except BundleError as error:
            require_clear(error, *paths)
            return False
        if given.file in FILES and not given.sealed:
            require_equal(given.content, (SHIPPED / given.bundle / given.file).read_bytes(), given.file)
        header = json.loads((folder / "bundle.json").read_bytes())
        for name in ("title", "dataset", "simulated", "seed", "epochs", "best_epoch", "created", "parameters"):
            require_equal(getattr(bundle, name), header[name], name)
        require_equal(bundle.sizes.movies, header["sizes"]["movies"], "movies")
        require_equal(list(bundle.levels), header["levels"], "levels")
        try:
            show(bundle)
        except BundleError as error:
            require_clear(error, *paths)
            return False
        return True


def show(bundle: Bundle) -> None:
    """Read all that is kept with a bundle, and describe it. Raises ``BundleError`` where that cannot be read."""
    record = measure.summary(bundle)
    require(bool(write_card(bundle, record)) and bool(bundle.model_card is not None), "no card")
    require(bool(describe(bundle.config)), "no description")
    require(
        isinstance(family_of(bundle.config).diagrams(bundle.config, bundle.sizes, len(bundle.levels)), tuple | list), ""
    )
    history = bundle.history
    require(isinstance(history, pd.DataFrame), "no history")
    curves.best_epochs(history, bundle.config)
    curves.offered([history])
    require(not weights_table(bundle).empty, "no weights")
    measure.read(bundle)
    measure_lists.read(bundle)
    user_results.read(bundle)
    read_insights(bundle)
    counts = rating_counts.read(bundle)
    require(counts is None or (len(counts) == bundle.sizes.movies and (counts >= 0).all()), "counts of ratings")
    groups = user_groups.read(bundle)
    require(groups is None or all(number >= 0 for number in groups.values()), "counts of users")
