"""Ridge regression from the first events of a user to everything that they like later."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy import linalg, sparse

from bst.baselines.list_baseline import LikeHistories, ListBaseline, too_large

DAMPINGS = (30.0, 100.0, 300.0, 1000.0, 3000.0)


@dataclass(frozen=True)
class PrefixRidge(ListBaseline):
    """Ridge regression on prefixes: a linear map from the first n events to the later likes.

    Inputs x: which movies were liked, which were rated lower, demographics. Targets y: all later likes, as in the dense
    all-action loss of PinnerFormer (Pancha et al., KDD 2022, arXiv 2205.04507). With x and y centred, which gives an
    intercept that is not damped, ŷ = ȳ + k (K + λI)⁻¹ (Y − ȳ), K = X Xᵀ and k = x Xᵀ: the dual form (Saunders et al.,
    ICML 1998), as there are fewer users than inputs.

    ``inputs`` X (users, 2 · movies + D) and ``targets`` Y (users, movies), sparse and not centred; ``kernel`` K
    (users, users), centred; ``damping``: λ.
    """

    inputs: sparse.csr_array
    targets: sparse.csr_array
    kernel: np.ndarray
    damping: float = 300.0
    by_length = True

    @classmethod
    def fit(cls, training: LikeHistories, events: int = 0) -> Self:
        """Compute the kernel of the users who like a movie after their first ``events``."""
        targets = training.after(events).likes
        useful = np.flatnonzero(targets.sum(axis=1))
        inputs = _inputs(training.first(events).take(useful))
        kernel = _centred(inputs, inputs)
        return cls(inputs, targets[useful], kernel)

    @cached_property
    def _factor(self) -> tuple[np.ndarray, bool]:
        damped = self.kernel.copy()
        damped[np.diag_indices_from(damped)] += self.damping
        return linalg.cho_factor(damped, lower=True, overwrite_a=True, check_finite=False)

    def scores(self, known: LikeHistories) -> np.ndarray:
        """Predict the later likes."""
        weights = linalg.cho_solve(self._factor, _centred(self.inputs, _inputs(known)), check_finite=False)
        mean = self.targets.mean(axis=0)
        return (self.targets.T @ weights).T - weights.sum(axis=0)[:, None] * mean + mean

    def variants(self) -> Iterator[Self]:
        """Vary the damping."""
        for damping in DAMPINGS:
            yield replace(self, damping=damping)

    @property
    def setting(self) -> str:
        """The damping."""
        return f"λ = {self.damping:,.0f}"

    @classmethod
    def obstacle(cls, training: LikeHistories) -> str | None:
        """It needs a matrix of all pairs of users."""
        return too_large(training.users, "users to learn from")


def _inputs(known: LikeHistories) -> sparse.csr_array:
    """Return likes, other ratings and demographics: (users, 2 · movies + D) float32."""
    parts = [known.likes, known.matrix(~known.liked), sparse.csr_array(known.demographics)]
    return sparse.hstack(parts, format="csr")


def _centred(inputs: sparse.csr_array, others: sparse.csr_array) -> np.ndarray:
    """Return the inner products of ``inputs`` and ``others``, both less the mean of ``inputs``: (n, m) float32."""
    mean = inputs.mean(axis=0)
    product = (inputs @ others.T).toarray()
    product -= (inputs @ mean)[:, None]
    product -= others @ mean
    product += mean @ mean
    return product
