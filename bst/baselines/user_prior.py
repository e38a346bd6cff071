"""What a factor model supposes of a user who was not in its fit: factors by demographics, and a bias that drifts.

r_t = μ + b_i + x_i · w + ε_t, where x_i = (q_i, 1) and w = (p, b), the user's factors and bias. Before any rating w is
Gaussian with the mean m = ``mean`` + Σ ``shifts`` and the model's own precision. What is left, ε, is noise of
variance 1 and a bias that drifts: events d apart have the covariance

    v(d) = v_1 e^(−d / l_1) + v_2 e^(−d / l_2)

so that the newest ratings say most of the next one (on drifting biases: Koren, KDD 2009; as regression with correlated
noise, which is generalised least squares: Aitken 1936, or Rasmussen & Williams 2006, section 2.7). Without drift and
mean it is ``Factorisation.fold_in``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bst.baselines.drift import DRIFT, Drift
from bst.baselines.factorisation import Factorisation

# of the ridge regression of users' factors on their demographics
SHIFT_PRECISION = 30.0


@dataclass(frozen=True)
class UserPrior:
    """``mean`` (F + 1,) of factors and bias; ``shifts`` of it, by demographic a row for each value: (values, F + 1).

    The rows of a demographic have a mean of 0 over the users of the fit: one that is unknown shifts nothing.
    """

    mean: np.ndarray
    shifts: Mapping[str, np.ndarray]
    drift: Drift = DRIFT

    @classmethod
    def fit(
        cls, factors: Factorisation, users: np.ndarray, demographics: Mapping[str, np.ndarray], sizes: Mapping[str, int]
    ) -> "UserPrior":
        """Learn from the factors of ``users`` int (n,), those of the fit.

        ``demographics``: of all users, the index of each one's value by name, (users,) each, −1 where it is unknown;
        ``sizes``: how many values there are.
        """
        w = np.column_stack([factors.user_factors, factors.user_bias])[users].astype(np.float64)
        if not sizes:  # no user has known demographics
            return cls(w.mean(axis=0), {})
        # a row of zeros behind the others is what −1 finds
        columns = [np.eye(size + 1, size)[demographics[name][users]] for name, size in sizes.items()]
        x = np.concatenate(columns, axis=1)
        share, mean = x.mean(axis=0), w.mean(axis=0)
        x = x - share
        effects = np.linalg.solve(x.T @ x + SHIFT_PRECISION * np.eye(len(share)), x.T @ (w - mean))
        ends = np.cumsum(list(sizes.values()))[:-1]
        parts = zip(sizes, np.split(effects, ends), np.split(share, ends), strict=True)
        return cls(mean, {name: effect - weight @ effect for name, effect, weight in parts})

    def fold_in(
        self,
        factors: Factorisation,
        movie: np.ndarray,
        rating: np.ndarray,
        offsets: np.ndarray,
        demographics: Mapping[str, np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict every event of timelines of users who were not in the fit from the events before it.

        ``movie`` int and ``rating`` stars, (events,) each; timeline ``t`` owns ``offsets[t]:offsets[t + 1]``;
        ``demographics`` of the timelines' users, (timelines,) each, −1 for unknown. Returns stars and their variance
        without the noise's, (events,) each.
        """
        x = np.column_stack([factors.item_factors, np.ones(len(factors.item_bias))]).astype(np.float64)
        base, scaled = factors.mean + factors.item_bias.astype(np.float64), x / np.sqrt(factors.prior)
        # a row of zeros behind the others is what −1 finds
        tables = {name: np.concatenate([table, np.zeros_like(table[:1])]) for name, table in self.shifts.items()}
        mean = self.mean + sum(table[demographics[name]] for name, table in tables.items())
        mean = np.broadcast_to(mean, (len(offsets) - 1, x.shape[1]))
        longest = np.arange(np.diff(offsets).max(initial=0))
        drift, apart = self.drift.covariance(longest), np.abs(np.subtract.outer(longest, longest))
        prediction, variance = np.empty((2, len(movie)))
        for timeline in np.flatnonzero(np.diff(offsets)):
            at = slice(offsets[timeline], offsets[timeline + 1])
            item = movie[at]
            expected = base[item] + x[item] @ mean[timeline]
            covariance = scaled[item] @ scaled[item].T + drift[apart[: len(item), : len(item)]]
            offset, variance[at] = predict_each(covariance, rating[at] - expected)
            prediction[at] = expected + offset
        return prediction, variance


def predict_each(covariance: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predict each of T values from those before it, and the variance of that, the noise's 1 not included: (T,) twice.

    With K + 1 = L Lᵀ and z = L⁻¹ y, row t of L has what y_t takes from the innovations z before it, and L_tt² is the
    variance of what is left. ``covariance`` K (T, T), ``values`` y (T,).
    """
    from scipy.linalg import cholesky, solve_triangular  # the app, which loads this module, needs none of it

    lower = cholesky(covariance + np.eye(len(covariance)), lower=True, check_finite=False)
    innovation = solve_triangular(lower, values, lower=True, check_finite=False)
    own = np.diag(lower).copy()
    np.fill_diagonal(lower, 0)
    return lower @ innovation, own**2 - 1
