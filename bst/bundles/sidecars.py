"""What is worked out of a model once and kept beside it: JSON files in a bundle's folder that it can do without.

Each says of which weights it is. One of other weights, or one that cannot be read, counts as missing: it is made again.
"""

import json

from bst.bundles.bundle import Bundle
from bst.errors import BundleError
from bst.files import write_whole


def read(bundle: Bundle, name: str) -> dict | None:
    """Return what was kept under a name, such as ``"insights"``; None if there is nothing of these weights."""
    try:
        kept = json.loads((bundle.folder / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if (
        not isinstance(kept, dict)
        or kept.get("weights") != bundle.weights_sha256
        or not isinstance(kept.get(name), dict)
    ):
        return None
    return kept[name]


def keep(bundle: Bundle, name: str, content: dict) -> None:
    """Keep plain values under a name, whole or not at all. Raises ``BundleError`` if the folder cannot be written."""
    text = json.dumps({"weights": bundle.weights_sha256, name: content}, separators=(",", ":"), allow_nan=False) + "\n"
    target = bundle.folder / f"{name}.json"
    try:
        write_whole(target, text)
    except OSError as error:
        raise BundleError(f"{target} cannot be written: {error}; make room or mend the folder's rights") from error
