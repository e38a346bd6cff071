"""``manifest.json``: what a store holds, with a checksum of each of its files. It is written last."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bst.domain import Domain
from bst.errors import ConfigError, DatasetError
from bst.files import write_whole
from bst.strict_json import read_json

FORMAT = "bst-store"
VERSION = 1
FILE = "manifest.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class ShardRecord:
    """One file of events: its path within the store, how many users and events it has, and its SHA-256."""

    file: str
    users: int
    events: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    ``name``, ``title``, ``simulated``, ``tie_order``, ``has_times``, ``notes`` and ``levels`` are those of the
    ``schema.Dataset``; ``domain`` is its domain as plain values. ``users``, ``items``, ``events``: counts; each user
    has at least one event unless the dataset itself lists users without. ``duplicates``: events that were left out
    because the same user had a later one of the same item. ``first``, ``last``: the range of the timestamps.
    ``tables``: SHA-256 of ``items.parquet`` and ``users.parquet``. ``source``: what it was made of and how, so that the
    same preparation is known again; empty where it was written from memory.
    """

    name: str
    title: str
    domain: dict[str, Any]
    levels: tuple[float, ...]
    users: int
    items: int
    events: int
    first: int
    last: int
    shards: tuple[ShardRecord, ...]
    tables: dict[str, str]
    duplicates: int = 0
    simulated: bool = False
    tie_order: str = "file"
    has_times: bool = True
    notes: tuple[str, ...] = ()
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}

    @property
    def described(self) -> Domain:
        """The domain as an object."""
        return Domain.from_dict(self.domain)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that is in the store, to name what is derived from it."""
        content = [*sorted(self.tables.items()), *((shard.file, shard.sha256) for shard in self.shards)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write it into a store, in one step."""
        write_whole(folder / FILE, json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a store. Raises ``DatasetError`` where there is none, or one that cannot be used."""
    path = folder / FILE
    try:
        values = read_json(path)
    except FileNotFoundError:
        raise DatasetError(_no_manifest(folder)) from None
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise _damaged(path, f"it is not of the format {FORMAT}")
    if (version := values.pop("version", None)) != VERSION:
        raise DatasetError(
            f"{path} has version {version!r}, and this program reads {VERSION}: prepare the store again with it"
        )
    try:
        return _manifest(values)
    except (LookupError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise _damaged(path, str(error)) from error


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _manifest(values: dict[str, Any]) -> Manifest:
    unknown = values.keys() - {field.name for field in fields(Manifest)}
    if unknown:
        raise ValueError(f"unknown field {sorted(unknown)[0]!r}")
    values["shards"] = tuple(_shard(index, each) for index, each in enumerate(values["shards"]))
    values["levels"] = tuple(float(level) for level in values["levels"])
    values["notes"] = tuple(str(note) for note in values.get("notes", ()))
    manifest = Manifest(**values)
    for name in ("users", "items", "events", "duplicates", "first", "last"):
        _require(type(getattr(manifest, name)) is int, f"{name} is not a whole number")
    for name in ("name", "title", "tie_order", "source"):
        _require(isinstance(getattr(manifest, name), str), f"{name} is not a text")
    for name in ("simulated", "has_times"):
        _require(isinstance(getattr(manifest, name), bool), f"{name} is neither true nor false")
    _require(manifest.tie_order in ("file", "drawn"), "tie_order is neither 'file' nor 'drawn'")
    _require(bool(manifest.shards), "there are no shards")
    _require(list(manifest.levels) == sorted(set(manifest.levels)) != [], "levels do not ascend")
    _require(sum(shard.events for shard in manifest.shards) == manifest.events, "the shards' events do not add up")
    _require(set(manifest.tables) == {"items.parquet", "users.parquet"}, "tables are not those of items and users")
    Domain.from_dict(manifest.domain)
    return manifest


def _shard(index: int, values: dict[str, Any]) -> ShardRecord:
    shard = ShardRecord(**values)
    # the name becomes a path: nothing but our own
    _require(shard.file == shard_file(index), f"shard {index} is not {shard_file(index)}")
    _require(type(shard.users) is int and type(shard.events) is int, f"shard {index} has no counts")
    _require(bool(_SHA256.fullmatch(shard.sha256)), f"shard {index} has no checksum")
    return shard


def shard_file(index: int) -> str:
    """Return the path of a shard within its store."""
    return f"shards/{index:03d}.parquet"


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ValueError(problem)


def _damaged(path: Path, problem: str) -> DatasetError:
    return DatasetError(f"{path} cannot be read: {problem}. Prepare the store again.")


def _no_manifest(folder: Path) -> str:
    if (folder / "shards").is_dir():
        return f"{folder} is an unfinished store: run the same python -m bst prepare again, which goes on with it"
    return f"{folder} is no prepared store: it has no {FILE}; make one with python -m bst prepare"
