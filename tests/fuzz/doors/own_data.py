"""Folders in the format of one's own data, whole and damaged, and imported datasets whose files were."""

import csv
import gzip
import io
import json
import shutil
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.datasets import own
from bst.domain import Domain
from bst.errors import DatasetError
from bst.schema import HALF_STARS, Dataset
from tests.fuzz.door import Door
from tests.fuzz.mutations import ODD_TEXT, damaged
from tests.fuzz.outcome import require, require_clear, require_equal

IDS = ("7", "12", "b-1", "Ünit 9", "0012", "x y", "a,b", "夜")
VALUES = ("DE", "FR", "18", "30", "unknown", "", "a;b", *ODD_TEXT[:10])
TAGS = ("Crime", "Sci-Fi", "a b", "夜")
HEADERS = (
    ("user_id", "item_id", "timestamp", "rating"),
    ("userId", "movieId", "timestamp", "rating"),
    ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_VALUE"),
)


@dataclass
class Folder:
    """Files by name. ``events``: (user, item, seconds) of the last event of each pair; None if a file is damaged.

    ``kept``: the damage is done to the imported dataset, to one of its files.
    """

    files: dict[str, bytes]
    events: dict[tuple[str, str], int] | None
    kept: tuple[str, bytes] | None = None
    packed: tuple[str, ...] = field(default=())


def _csv(rows: list[tuple[str, ...]], separator: str, end: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue().encode()


@st.composite
def folders(draw: DrawFn) -> Folder:
    """Draw a folder; a good half have a damaged file."""
    separator, end = draw(st.sampled_from(",;\t")), draw(st.sampled_from(("\n", "\r\n")))
    seconds = st.integers(0, 4_000_000_000)
    rated = draw(st.booleans())
    events = draw(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), seconds), min_size=1, max_size=6))
    header = draw(st.sampled_from(HEADERS))
    width = len(header) - (not rated)
    stars = st.sampled_from(HALF_STARS).map("{:g}".format)
    rows = [(*map(str, event), draw(stars))[:width] for event in events]
    files = {"interactions.csv": _csv([header[:width], *rows], separator, end)}
    if draw(st.booleans()):
        items = [
            (one, draw(st.sampled_from(VALUES)), "|".join(draw(st.lists(st.sampled_from(TAGS), max_size=2))), "1999")
            for one in dict.fromkeys(event[1] for event in events)
        ]
        files["items.csv"] = _csv([("item_id", "title", "tags", "year"), *items], separator, end)
    if draw(st.booleans()):
        people = [
            (one, draw(st.sampled_from(VALUES)), draw(st.sampled_from(VALUES)))
            for one in dict.fromkeys(event[0] for event in events)
        ]
        files["users.csv"] = _csv([("user_id", "Home country", "age"), *people], separator, end)
    if draw(st.integers(0, 3)) == 0:
        files["domain.json"] = json.dumps({"item": "book", "columns": {"age": {"values": {"18": "young"}}}}).encode()
    newest: dict[tuple[str, str], int] = {}
    for user, item, second in events:
        newest[user, item] = max(second, newest.get((user, item), 0))
    folder = Folder(files, newest)
    if draw(st.integers(0, 9)) == 0:
        folder.packed = ("interactions.csv",)
    if draw(st.integers(0, 2)):
        name = draw(st.sampled_from(sorted(files)))
        content = draw(damaged(files[name]))
        if content != files[name]:
            files[name], folder.events = content, None
    elif draw(st.integers(0, 2)) == 0:
        name = draw(st.sampled_from(("dataset.json", "items.parquet", "users.parquet", "interactions.parquet")))
        folder.kept = name, draw(st.binary(max_size=40) | st.just(b"PAR1PAR1") | st.just(b"{}"))
    return folder


class OwnData(Door):
    """What is read has the events of its files and is kept as it is; everything else is refused in a line."""

    name = "own data"
    inputs = folders()

    def open(self) -> None:
        """Name the folders that all inputs are written to, one after another."""
        self.place, self.kept = self.folder / "logs", self.folder / "kept"

    def check(self, given: Folder) -> bool:
        """Read a folder, keep it, and read it again."""
        for place in (self.place, self.kept):
            shutil.rmtree(place, ignore_errors=True)
        self.place.mkdir()
        for name, content in given.files.items():
            packed = name in given.packed
            (self.place / f"{name}{'.gz' * packed}").write_bytes(gzip.compress(content, 1) if packed else content)
        paths = [self.place, *(self.place / name for name in given.files), self.place / "interactions.csv.gz"]
        try:
            dataset = own.read_own(self.place, "logs")
        except DatasetError as error:
            require_clear(error, *paths)
            require(given.events is None, f"a whole folder was refused: {error}")
            return False
        _require_sound(dataset)
        if given.events is not None:
            require_equal(_events(dataset), given.events, "events")
        own.write_stored(dataset, self.kept)
        _require_same(own.read_stored(self.kept, "logs"), dataset)
        if given.kept is None:
            return True
        name, content = given.kept
        (self.kept / name).write_bytes(content)
        try:
            own.read_stored(self.kept, "logs")
        except DatasetError as error:
            require_clear(error, self.kept, self.kept / name)
            return False
        return True


def _events(dataset: Dataset) -> dict[tuple[str, str], int]:
    """Return the seconds of each event by the ids in the files."""
    users, items = (
        frame.get("original_id", frame[name]).astype(str).tolist()
        for frame, name in ((dataset.users, "user_id"), (dataset.movies, "movie_id"))
    )
    rows = dataset.ratings[["user", "movie", "timestamp"]].itertuples(index=False, name=None)
    return {(users[user], items[item]): second for user, item, second in rows}


def _require_sound(dataset: Dataset) -> None:
    ratings = dataset.ratings
    require(len(ratings) > 0, "no events")
    require(ratings["user"].between(0, len(dataset.users) - 1).all(), "an event of nobody")
    require(ratings["movie"].between(0, len(dataset.movies) - 1).all(), "an event with nothing")
    require(set(dataset.levels) <= set(HALF_STARS), f"levels {dataset.levels}")
    require(bool(dataset.movies["title"].str.len().gt(0).all()), "an item without a title")
    require(not ratings.duplicated(["user", "movie"]).any(), "an item twice in a history")
    require_equal(Domain.from_dict(json.loads(json.dumps(dataset.domain.to_dict()))), dataset.domain, "the domain")


def _require_same(one: Dataset, other: Dataset) -> None:
    for name in ("users", "movies", "ratings"):
        first, second = getattr(one, name), getattr(other, name)
        require(first.equals(second), f"{name}: kept {first!r}, was {second!r}"[:1000])
    parts: tuple[Any, ...] = ("title", "levels", "simulated", "has_times", "notes", "domain")
    for name in parts:
        require_equal(getattr(one, name), getattr(other, name), name)
