"""Indexes of a bundle's items on disk: in the cache of this computer, one folder a bundle, tied to its weights.

    CACHE/indexes/NAME/
        KIND.faiss     an index of the items
        indexes.json   format, weights, number of items, and of each file its checksum

What cannot be read, is of other weights or damaged counts as missing, and is built again. A folder is put together
beside its place and renamed.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bst.bundles.bundle import Bundle
from bst.errors import BundleError
from bst.files import InUseError, draft_of, replace_folder
from bst.inference.item_index import ItemIndex
from bst.settings import get_settings
from bst.strict_json import read_json

FORMAT, HEADER = "bst-studio-indexes-1", "indexes.json"
# the folder's name begins with the bundle's, and ends with what distinguishes bundles of one name in several folders
SHOWN, DIGITS = 40, 12


def folder_of(bundle: Bundle) -> Path:
    """Return where the indexes of a bundle are kept."""
    place = hashlib.sha256(str(bundle.folder).encode("utf-8", "surrogateescape")).hexdigest()
    return get_settings().cache / "indexes" / f"{bundle.name[:SHOWN]}-{place[:DIGITS]}"


def read(bundle: Bundle, key: str, kinds: Iterable[str]) -> dict[str, ItemIndex] | None:
    """Return the indexes of a bundle by kind, or None if not all of them are there, whole, and made for ``key``.

    ``key``: what they depend on beside the weights.
    """
    folder = folder_of(bundle)
    try:
        header = read_json(folder / HEADER)
        if not isinstance(header, dict) or {name: header.get(name) for name in ("format", "weights", "key")} != _of(
            bundle, key
        ):
            return None
        files: Any = header.get("files")
        if not isinstance(files, dict) or set(files) != set(kinds):
            return None
        for kind, checksum in files.items():
            if _sha256(folder / _file(kind)) != checksum:
                return None
        indexes = {kind: ItemIndex.read(folder / _file(kind)) for kind in files}
    except (OSError, ValueError):
        return None
    return indexes if all(len(index) == bundle.sizes.movies for index in indexes.values()) else None


def build(bundle: Bundle, key: str, builders: Mapping[str, Callable[[], ItemIndex]]) -> dict[str, ItemIndex]:
    """Build the indexes of a bundle by kind, keep them in place of earlier ones, and open them.

    One after the other, so that no two are in memory while they are built. Raises ``BundleError`` if they cannot be
    written or another program is building them, and what ``ItemIndex.build`` raises.
    """
    folder = folder_of(bundle)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(folder) as draft:
            new, files = draft / "new", {}
            new.mkdir()
            for kind, make in builders.items():
                make().write(new / _file(kind))
                files[kind] = _sha256(new / _file(kind))
            (new / HEADER).write_text(json.dumps({**_of(bundle, key), "files": files}) + "\n", "utf-8")
            replace_folder(folder, new)
        return {kind: ItemIndex.read(folder / _file(kind)) for kind in builders}
    except InUseError:
        raise BundleError(f"another program builds the index of {bundle.name}; wait until it has finished") from None
    except OSError as error:
        raise BundleError(f"{folder} cannot be written: {error}; make room or set BST_CACHE_DIR") from error


def _of(bundle: Bundle, key: str) -> dict[str, str]:
    return {"format": FORMAT, "weights": bundle.weights_sha256, "key": key}


def _file(kind: str) -> str:
    return f"{kind}.faiss"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
