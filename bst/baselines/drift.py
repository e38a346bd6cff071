"""How a user's bias drifts: the covariance of what is left of ratings, by how many events lie between them.

See ``user_prior``, which fits a model with it. NumPy alone, as the first page of the app waits for what it imports.
"""

from typing import NamedTuple

import numpy as np

SHORTEST = 1e-6  # a length of 0 would divide by 0


class Drift(NamedTuple):
    """How a bias drifts: two variances, in units of the noise's, each over a length in events. All 0: it doesn't."""

    fast_variance: float
    fast_length: float
    slow_variance: float
    slow_length: float

    def covariance(self, distance: np.ndarray) -> np.ndarray:
        """Return v(d) of distances in events, of the same shape."""
        fast, slow = (np.exp(-np.abs(distance) / max(x, SHORTEST)) for x in (self.fast_length, self.slow_length))
        return self.fast_variance * fast + self.slow_variance * slow

    def whitening(self, events: int) -> np.ndarray:
        """Return R with R V Rᵀ = 1 for the covariance V = 1 + v(d) of that many events' ε: (T, T), lower triangular."""
        position = np.arange(events)
        covariance = self.covariance(position[:, None] - position) + np.eye(events)
        return np.tril(np.linalg.inv(np.linalg.cholesky(covariance)))


# chosen on the validation visitors of MovieLens 1M
DRIFT = Drift(0.03, 5.0, 0.1, 100.0)
