"""How many ratings each movie of a bundle's dataset has: a sidecar, so that lists need not read the dataset."""

import numpy as np

from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.schema import Dataset

NAME = "rating_counts"


def count(dataset: Dataset) -> np.ndarray:
    """Return how many ratings each movie has: (movies,) int64."""
    return np.bincount(dataset.ratings["movie"], minlength=len(dataset.movies))


def save(bundle: Bundle, dataset: Dataset) -> None:
    """Save the counts of the dataset that a bundle was trained on. Raises ``BundleError`` as ``sidecars.save``."""
    save_counts(bundle, count(dataset))


def save_counts(bundle: Bundle, counts: np.ndarray) -> None:
    """Save counts, (movies,) int64. Raises ``BundleError`` as ``sidecars.save``."""
    sidecars.save(bundle, NAME, {"counts": counts.tolist()})


def read(bundle: Bundle) -> np.ndarray | None:
    """Return the counts, (movies,) int64; None where the bundle has none, or not one for each movie."""
    counts = (sidecars.read(bundle, NAME) or {}).get("counts")
    if not isinstance(counts, list) or len(counts) != bundle.sizes.movies:
        return None
    valid = all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in counts)
    return np.array(counts, np.int64) if valid else None
