"""How many users a bundle's dataset has of each sex, age group and occupation: a sidecar, so that nobody is made up.

A model predicts for a farmer under 18, too; a page that shows all combinations must know which of them there are.
"""

from itertools import product

import numpy as np

from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.domain import DEMOGRAPHICS
from bst.schema import Dataset

NAME = "user_groups"
# groups of fewer people are stored as one of 1, so that no single person can be told from the counts
FEW_PEOPLE = 5

# sex, age and occupation
Group = tuple[str, int, str]
GROUPS: tuple[Group, ...] = tuple(product(*(demographic.values for demographic in DEMOGRAPHICS.values())))


def count(dataset: Dataset) -> dict[Group, int]:
    """Return how many users there are of each of ``GROUPS``, 1 where they are fewer than ``FEW_PEOPLE``.

    Users of whom sex, age or occupation is not known are in no group.
    """
    codes = [dataset.users[name].cat.codes.to_numpy() for name in DEMOGRAPHICS]
    known = np.all([code >= 0 for code in codes], axis=0)
    sizes = [len(demographic.values) for demographic in DEMOGRAPHICS.values()]
    groups = np.ravel_multi_index([code[known] for code in codes], sizes)
    counts = np.bincount(groups, minlength=len(GROUPS)).tolist()
    return {
        group: number if number >= FEW_PEOPLE else min(number, 1) for group, number in zip(GROUPS, counts, strict=True)
    }


def save(bundle: Bundle, dataset: Dataset) -> None:
    """Save the counts of the dataset that a bundle was trained on. Raises ``BundleError`` as ``sidecars.save``."""
    sidecars.save(bundle, NAME, {"counts": list(count(dataset).values())})


def read(bundle: Bundle) -> dict[Group, int] | None:
    """Return the counts; None where the bundle has none, not one for each group, or nobody in any group."""
    counts = (sidecars.read(bundle, NAME) or {}).get("counts")
    if not isinstance(counts, list) or len(counts) != len(GROUPS):
        return None
    valid = all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in counts)
    return dict(zip(GROUPS, counts, strict=True)) if valid and any(counts) else None
