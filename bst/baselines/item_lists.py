"""Lists from which movies are liked by the same people: most liked, item-based nearest neighbours, EASE."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from bst.baselines.list_baseline import LikeHistories, ListBaseline, too_large

# what is tried; wide, as the best grows with the number of users
NEIGHBOURS = (50, 100, 200, 500, 1000, 2000)
EASE_DAMPINGS = (300.0, 1000.0, 3000.0, 10_000.0, 30_000.0, 100_000.0)


@dataclass(frozen=True)
class MostLiked(ListBaseline):
    """The same list for everybody: ``count`` (movies,), by how many users each movie was liked."""

    count: np.ndarray

    @classmethod
    def fit(cls, training: LikeHistories, events: int = 0) -> Self:
        """Count likes."""
        return cls(training.likes.sum(axis=0).astype(np.float32))

    def scores(self, known: LikeHistories) -> np.ndarray:
        """Return the counts for every user."""
        return np.tile(self.count, (known.users, 1))


@dataclass(frozen=True)
class ItemNeighbours(ListBaseline):
    """Item-based nearest neighbours: the sum of a movie's cosines to the liked ones among its ``neighbours``.

    The cosine of the columns of the matrix of likes: n_ij / √(n_i n_j), n_ij users who liked both (Sarwar et al., WWW
    2001; Deshpande & Karypis, ACM TOIS 22(1), 2004). ``similarity`` (movies, movies), 0 on the diagonal.
    """

    similarity: np.ndarray
    neighbours: int = 100

    @classmethod
    def fit(cls, training: LikeHistories, events: int = 0) -> Self:
        """Compute all cosines."""
        both = training.co_likes
        norm = np.sqrt(np.maximum(both.diagonal(), 1))
        similarity = both / norm[:, None] / norm
        np.fill_diagonal(similarity, 0)
        return cls(similarity)

    @cached_property
    def weights(self) -> np.ndarray:
        """The similarities without those beyond the ``neighbours`` of each candidate, a column: (movies, movies)."""
        if self.neighbours >= len(self.similarity):
            return self.similarity
        least = np.partition(self.similarity, -self.neighbours, axis=0)[-self.neighbours]
        return np.where(self.similarity >= least, self.similarity, np.float32(0))

    def scores(self, known: LikeHistories) -> np.ndarray:
        """Add up the similarities to what was liked."""
        return known.likes @ self.weights

    def variants(self) -> Iterator[Self]:
        """Vary the number of neighbours."""
        for neighbours in NEIGHBOURS:
            yield replace(self, neighbours=neighbours)

    @property
    def setting(self) -> str:
        """The number of neighbours."""
        return f"{self.neighbours:,} neighbours"

    @classmethod
    def obstacle(cls, training: LikeHistories) -> str | None:
        """It needs a matrix of all pairs of movies."""
        return too_large(training.movies, "movies")


@dataclass(frozen=True)
class Ease(ListBaseline):
    """EASE: a linear map from likes to likes, each movie from the others.

    With G = XᵀX of the likes X and P = (G + λI)⁻¹: B_ij = −P_ij / P_jj, 0 on the diagonal; scores X B (Steck, WWW 2019,
    arXiv 1905.03375, equation 8). ``co_likes``: G, (movies, movies); ``damping``: λ.
    """

    co_likes: np.ndarray
    damping: float = 1000.0

    @classmethod
    def fit(cls, training: LikeHistories, events: int = 0) -> Self:
        """Count who liked both of two movies."""
        return cls(training.co_likes)

    @cached_property
    def weights(self) -> np.ndarray:
        """The matrix B: (movies, movies) float32."""
        gram = self.co_likes.copy()
        gram[np.diag_indices_from(gram)] += self.damping
        precision = np.linalg.inv(gram)
        precision /= -precision.diagonal()
        np.fill_diagonal(precision, 0)
        return precision

    def scores(self, known: LikeHistories) -> np.ndarray:
        """Map the likes."""
        return known.likes @ self.weights

    def variants(self) -> Iterator[Self]:
        """Vary the damping."""
        for damping in EASE_DAMPINGS:
            yield replace(self, damping=damping)

    @property
    def setting(self) -> str:
        """The damping."""
        return f"λ = {self.damping:,.0f}"

    @classmethod
    def obstacle(cls, training: LikeHistories) -> str | None:
        """It inverts a matrix of all pairs of movies."""
        return too_large(training.movies, "movies")
