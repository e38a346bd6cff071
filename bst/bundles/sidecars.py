"""JSON files in a bundle's folder that hold what was computed from its model once; the bundle works without them.

Each names the weights that it belongs to. One of other weights, or one that cannot be read, counts as missing and is
computed again.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bst.bundles.bundle import WAIT_S, Bundle
from bst.errors import BundleError
from bst.files import locked, remove_temporaries, write_whole
from bst.strict_json import read_json

T = TypeVar("T")


def read(bundle: Bundle, name: str) -> dict[str, Any] | None:
    """Return what was saved under a name, such as ``"insights"``; None if there is nothing of these weights."""
    try:
        sidecar = read_json(bundle.folder / f"{name}.json")
    except (OSError, ValueError):
        return None
    if not isinstance(sidecar, dict) or sidecar.get("weights") != bundle.weights_sha256:
        return None
    content = sidecar.get(name)
    return content if isinstance(content, dict) else None


def read_record(bundle: Bundle, name: str, version: int, parse: Callable[[dict[str, Any]], T]) -> T | None:
    """Return what ``parse`` makes of a sidecar; None if there is none of this ``version``, or it is not valid."""
    values = read(bundle, name)
    if not values or values.get("version") != version:
        return None
    try:
        return parse(values)
    except ValueError:
        return None


def save(bundle: Bundle, name: str, content: Mapping[str, Any]) -> None:
    """Save plain values under a name.

    Raises ``BundleError`` if the folder cannot be written, or another bundle has taken its place; the old file stays.
    """
    sidecar = {"weights": bundle.weights_sha256, name: content}
    text = json.dumps(sidecar, separators=(",", ":"), allow_nan=False) + "\n"
    path = bundle.folder / f"{name}.json"
    try:
        with locked(bundle.folder, WAIT_S):
            bundle.check_unchanged()
            remove_temporaries(path)
            write_whole(path, text)
    except OSError as error:
        raise BundleError(f"{path} cannot be written: {error}; make room or fix the folder's rights") from error
