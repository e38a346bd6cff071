"""What a folder of lists holds: ``manifest.json``, the names of its shards, and which of them are there."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from bst.bundles.bundle import Bundle
from bst.errors import ConfigError
from bst.files import write_whole
from bst.inference.ranking import Order
from bst.strict_json import read_json

FORMAT, VERSION = "bst-lists", 1
MANIFEST = "manifest.json"
# in the metadata of a shard's file: its key, and how many users it has, those with an empty list among them
KEY, USERS = b"bst_key", b"bst_users"


@dataclass(frozen=True)
class Plan:
    """What decides every row of a folder of lists.

    ``weights`` is the SHA-256 of the bundle's weights, ``source`` that of users and events.
    """

    bundle: str
    weights: str
    dataset: str
    source: str
    order: Order
    k: int
    shards: int
    users: int

    @classmethod
    def of(cls, bundle: Bundle, dataset: str, source: str, order: Order, k: int, shards: int, users: int) -> "Plan":
        """Return the plan for a bundle that is saved."""
        return cls(bundle.name, bundle.weights_sha256, dataset, source, order, k, shards, users)

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits, which distinguish the shards of one plan from those of any other."""
        values = {name: value for name, value in asdict(self).items() if name not in ("bundle", "dataset")}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]

    def file(self, index: int) -> str:
        """Return the name of a shard's file."""
        return f"{self.order}-{self.key}-{index:05}-of-{self.shards:05}.parquet"

    def users_of(self, index: int) -> int:
        """Return how many users a shard has: user % shards."""
        return len(range(index, self.users, self.shards))

    def is_done(self, folder: Path, index: int) -> bool:
        """Return whether a shard is there, whole and of this plan; a damaged file is not."""
        try:
            metadata = parquet.read_schema(folder / self.file(index)).metadata or {}
        except (OSError, pa.ArrowException):
            return False
        return metadata.get(KEY) == self.key.encode() and metadata.get(USERS) == str(self.users_of(index)).encode()

    def claim(self, folder: Path) -> None:
        """Write the manifest into a new folder, or check the one that is there. Hold the folder's lock.

        Raises ``ConfigError`` for a folder of other lists, or of anything else; ``OSError`` if it cannot be written.
        """
        path = folder / MANIFEST
        if not path.is_file():
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise ConfigError(f"{folder} is there and holds no lists: name a new folder with --out")
            folder.mkdir(parents=True, exist_ok=True)
            self._write(folder, {"complete": False})
        elif (problem := self._difference(path)) is not None:
            raise ConfigError(f"{folder} holds other lists ({problem}): name another folder with --out, or remove it")

    def complete(self, folder: Path, rows: int) -> None:
        """Write into the manifest that all shards are there."""
        self._write(folder, {"complete": True, "rows": rows})

    def _write(self, folder: Path, state: dict[str, Any]) -> None:
        values = {"format": FORMAT, "version": VERSION, **asdict(self), "key": self.key, **state}
        write_whole(folder / MANIFEST, json.dumps(values, ensure_ascii=False, indent=1) + "\n")

    def _difference(self, path: Path) -> str | None:
        try:
            found = read_json(path)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read ({error}): name another folder with --out") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != VERSION:
            return "of another format"
        for name, wanted in asdict(self).items():
            if name not in ("bundle", "dataset") and (there := found.get(name)) != wanted:
                return _DIFFERENCES.get(name, f"{name} {there}, not {wanted}")
        return None


_DIFFERENCES = {"weights": "of another model", "source": "of other users or events"}
