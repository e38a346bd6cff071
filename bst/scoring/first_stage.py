"""What a scorer offers for the first stage of a list: scores that are products of a visitor's vector and an item's.

Such products can be searched by an index instead of being worked out for all items: see ``inference.item_index``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np

from bst.schema import Visitor

# what items are found by: the next tower, the like tower, or the factor model's ratings
Kind = Literal["next", "like", "rating"]


class VisitorScores(ABC):
    """One visitor's scores of any items; what they have in common is worked out once."""

    @abstractmethod
    def query(self, kind: Kind, popularity_weight: float = 1.0) -> np.ndarray:
        """Return the visitor's vector (d,), whose products with ``FirstStage.items`` are in the order of ``scores``.

        Up to small terms: items that are found must then be ordered by ``scores``.
        """

    @abstractmethod
    def scores(self, kind: Kind, rows: np.ndarray | slice, popularity_weight: float = 1.0) -> np.ndarray:
        """Return exact scores of items, by their rows: (items,) float32, higher is better.

        Of "next" and "like" logits, seen items included; of "like" less (1 − ``popularity_weight``) of the logits of an
        unknown visitor; of "rating" the factor model's prediction in stars.
        """

    @abstractmethod
    def rate(self, rows: np.ndarray) -> np.ndarray:
        """Return the probability of each rating level by the whole model: (items, levels)."""


class FirstStage(ABC):
    """Items as vectors, and visitors' scores of them. ``kinds``: which there are; ``size``: how many items."""

    kinds: Sequence[Kind]
    size: int

    @abstractmethod
    def items(self, kind: Kind) -> np.ndarray:
        """Return the vectors of all items that a visitor's ``query`` is multiplied with: (items, d) float32."""

    @abstractmethod
    def scale(self, kind: Kind) -> float:
        """Return how large one dimension of a ``query`` typically is: a constant of that size may be added to it."""

    @abstractmethod
    def read(self, visitor: Visitor, rows: np.ndarray) -> VisitorScores:
        """Return the scores of a visitor; ``rows``: the items of the history."""
