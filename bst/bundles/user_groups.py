"""How many users a bundle's dataset has of each combination of demographics: a sidecar.

A model predicts for a farmer under 18, too; a page that shows all combinations must know which of them there are.
"""

import math
from itertools import product

import numpy as np

from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.domain import DemographicValue, Domain
from bst.schema import Dataset

NAME = "user_groups"
# groups of fewer people are stored as one of 1, so that no single person can be inferred from the counts
FEW_PEOPLE = 5

# a value of each demographic of the domain, in its order, such as sex, age and occupation
Group = tuple[DemographicValue, ...]
# with more of them no page could show all
MOST_GROUPS = 3_000


def groups_of(domain: Domain) -> tuple[Group, ...]:
    """Return all combinations of known demographics; none where there are none, or more than ``MOST_GROUPS``."""
    values = [demographic.values for demographic in domain.demographics.values()]
    return tuple(product(*values)) if values and math.prod(map(len, values)) <= MOST_GROUPS else ()


def count(dataset: Dataset) -> dict[Group, int]:
    """Return how many users there are of each of ``groups_of``, 1 where they are fewer than ``FEW_PEOPLE``.

    Users with an unknown attribute are in no group.
    """
    every = groups_of(dataset.domain)
    if not every:
        return {}
    codes = [dataset.users[name].cat.codes.to_numpy() for name in dataset.domain.demographics]
    known = np.all([code >= 0 for code in codes], axis=0)
    sizes = [len(demographic.values) for demographic in dataset.domain.demographics.values()]
    groups = np.ravel_multi_index([code[known] for code in codes], sizes)
    counts = np.bincount(groups, minlength=len(every)).tolist()
    return {
        group: number if number >= FEW_PEOPLE else min(number, 1) for group, number in zip(every, counts, strict=True)
    }


def save(bundle: Bundle, dataset: Dataset) -> None:
    """Save the counts of the dataset that a bundle was trained on. Raises ``BundleError`` as ``sidecars.save``."""
    sidecars.save(bundle, NAME, {"counts": list(count(dataset).values())})


def read(bundle: Bundle) -> dict[Group, int] | None:
    """Return the counts; None where the bundle has none, not one for each group, or no user in any group."""
    counts = (sidecars.read(bundle, NAME) or {}).get("counts")
    every = groups_of(bundle.domain)
    if not isinstance(counts, list) or len(counts) != len(every):
        return None
    valid = all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in counts)
    return dict(zip(every, counts, strict=True)) if valid and any(counts) else None
