"""The header of a bundle, ``bundle.json``: read without trusting it, and what its fields may hold."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from bst.bundles.storage import LARGEST_FILE
from bst.errors import BundleError
from bst.models.config import Sizes
from bst.strict_json import read_json
from bst.text import UNPRINTABLE, quoted, reason
from bst.timelines.splits import PROTOCOLS

FORMAT = "bst-studio-bundle"
VERSION = 1
# every rating level lies strictly between these
LEVEL_BOUNDS = (0.0, 10.0)
LEAST_BYTES_A_ROW = 16  # of a table of embeddings: the narrowest are of four numbers
# fields that the header holds as they are, and the type that each must have
FIELD_TYPES = {
    "title": str,
    "dataset": str,
    "dataset_title": str,
    "simulated": bool,
    "movies_fingerprint": str,
    "protocol": str,
    "seed": int,
    "epochs": int,
    "best_epoch": int,
    "created": str,
    "versions": dict,
    "parameters": dict,
}


def read_header(path: Path) -> dict[str, Any]:
    """Return the header in a file. Raises ``BundleError`` for one that is not of a bundle of this version."""
    try:
        header = read_json(path)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} is not readable as JSON ({reason(error)}); get the bundle again") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise BundleError(f"{path} is not a BST Studio bundle; make one with: python -m bst train")
    if header.get("version") != VERSION:
        raise BundleError(
            f"{path} is of version {header.get('version')}, and this program reads version {VERSION}; "
            "train again, or use the program that made it"
        )
    return header


def size_counts(sizes: Sizes) -> dict[str, int]:
    """Return the sizes that a header holds."""
    return {"users": sizes.users, "movies": sizes.movies}


def check_fields(fields: Mapping[str, Any]) -> None:
    """Raise ``BundleError`` unless the fields of a ``Bundle`` have values that a bundle can have."""
    for name, expected in FIELD_TYPES.items():
        if type(fields[name]) is not expected:
            raise BundleError(f"{name} is {quoted(fields[name])}")
    _check_texts(fields)
    _check_parameters(fields["parameters"])
    if fields["protocol"] not in PROTOCOLS:
        raise BundleError(f"protocol is {quoted(fields['protocol'])}")
    if not 1 <= fields["best_epoch"] <= fields["epochs"]:
        raise BundleError(f"best_epoch is {fields['best_epoch']} of {fields['epochs']} epochs")
    if not 0 < fields["share"] <= 1:
        raise BundleError(f"share is {quoted(fields['share'])}")
    lowest, highest = LEVEL_BOUNDS
    if not fields["levels"] or not all(low < high for low, high in pairwise((lowest, *fields["levels"], highest))):
        raise BundleError(f"levels are {fields['levels']}")
    for name, size in size_counts(fields["sizes"]).items():
        # no table may be larger than the file that it comes from
        if type(size) is not int or size < 1 or LEAST_BYTES_A_ROW * size > LARGEST_FILE:
            raise BundleError(f"sizes: {name} is {quoted(size)}")


def _check_texts(fields: Mapping[str, Any]) -> None:
    """Raise ``BundleError`` unless the texts that a page shows are texts without control characters."""
    if not all(isinstance(text, str) for text in fields["versions"].values()):
        raise BundleError(f"versions are {quoted(fields['versions'])}")
    versions = (text for item in fields["versions"].items() for text in item)
    for text in (fields["title"], fields["dataset"], fields["dataset_title"], fields["created"], *versions):
        if UNPRINTABLE.search(text):
            raise BundleError(f"{quoted(text)} has control characters")


def _check_parameters(counts: dict[str, Any]) -> None:
    totals = [counts.get(name) for name in ("parameters", "trainable", "non_trainable")]
    parts = counts.get("by_part")
    if not isinstance(parts, dict) or any(type(n) is not int or n < 0 for n in [*totals, *parts.values()]):
        raise BundleError(f"parameters are {quoted(counts)}, not counts of weights, in total and by_part")
