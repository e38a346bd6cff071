"""Implicit matrix factorisation by the package ``implicit``, which is optional: it serves to compare with."""

import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import sparse

from bst.baselines.list_baseline import LikeHistories, ListBaseline

PACKAGE = "implicit"
# α and λ that are tried; few, as each pair takes a fit of its own
SETTINGS = ((1.0, 10.0), (1.0, 30.0), (1.0, 100.0), (4.0, 100.0), (4.0, 200.0))


@dataclass(frozen=True)
class ImplicitAls(ListBaseline):
    """Matrix factorisation of likes, learned by alternating least squares; new users are folded in.

    Minimises Σ c_ui (p_ui − x_u · y_i)² + λ (Σ|x_u|² + Σ|y_i|²) over all pairs, with p = 1 and c = α for a like, and
    p = 0 and c = 1 for all others (Hu, Koren & Volinsky, ICDM 2008, as ``implicit`` has it). Fold-in: one more least
    squares for the likes that are known.
    """

    training: LikeHistories
    factors: int = 32
    alpha: float = 1.0
    regularisation: float = 10.0
    iterations: int = 15

    @classmethod
    def fit(cls, training: LikeHistories, events: int = 0) -> Self:
        """Take the likes; the factors are learned when they are needed."""
        return cls(training)

    @cached_property
    def _model(self) -> Any:
        from implicit.cpu.als import AlternatingLeastSquares

        with warnings.catch_warnings():  # on the number of threads of BLAS, which cost time alone
            warnings.simplefilter("ignore", RuntimeWarning)
            model = AlternatingLeastSquares(
                factors=self.factors,
                alpha=self.alpha,
                regularization=self.regularisation,
                iterations=self.iterations,
                random_state=0,
            )
        model.fit(_matrix(self.training), show_progress=False)
        return model

    def scores(self, known: LikeHistories) -> np.ndarray:
        """Fold the users in and multiply their factors by those of the movies."""
        factors = self._model.recalculate_user(np.arange(known.users), _matrix(known))
        return factors @ self._model.item_factors.T

    def variants(self) -> Iterator[Self]:
        """Vary the weight of a like and the damping."""
        for alpha, regularisation in SETTINGS:
            yield replace(self, alpha=alpha, regularisation=regularisation)

    @property
    def setting(self) -> str:
        """The weight of a like and the damping."""
        return f"α = {self.alpha:g}, λ = {self.regularisation:,.0f}"

    @classmethod
    def obstacle(cls, training: LikeHistories) -> str | None:
        """The package may be missing."""
        return None if importlib.util.find_spec(PACKAGE) else f"the package “{PACKAGE}” is not installed"


def _matrix(histories: LikeHistories) -> Any:
    """Return the likes as the package wants them: a matrix of SciPy's older kind, with 32-bit indices."""
    return sparse.csr_matrix(histories.likes)
