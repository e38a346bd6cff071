"""Fold-in of the factor model by tensor operations: ridge regression after whitening, as ``baselines.user_prior``.

What a user's events have beyond their factors is correlated, as the bias drifts: V = 1 + v(d). With R V Rᵀ = 1, rows of
x̃ = R x and ỹ = R y of regressors and targets have independent noise, so that a ridge regression is right again
(generalised least squares; Aitken 1936). R is lower triangular: no event says anything of the ones before it.

Shapes: B timelines, T positions, F factors.
"""

from keras import ops

from bst.baselines.drift import SHORTEST, Drift
from bst.models.layers import Tensor, ridge_of_prefixes


def whitening(drift: Tensor, events: Tensor) -> Tensor:
    """Return R of that many events: (T, T). ``drift``: the fields of ``Drift``."""
    values, position = Drift(*ops.unstack(ops.convert_to_tensor(drift))), ops.arange(events, dtype="float32")
    away = ops.abs(position[:, None] - position)
    fast, slow = (ops.exp(-away / ops.maximum(x, SHORTEST)) for x in (values.fast_length, values.slow_length))
    covariance = ops.eye(events) + values.fast_variance * fast + values.slow_variance * slow
    return ops.solve_triangular(ops.cholesky(covariance), ops.eye(events), lower=True)


def predict_prefixes(x: Tensor, target: Tensor, prior: Tensor, drift: Tensor) -> tuple[Tensor, Tensor]:
    """Predict every position's target from the positions before it, and the variance of that: (B, T) each.

    With ρ = R_tt, y_t is predicted as (x̃_t · w − Σ_{s<t} R_ts y_s) / ρ, and ρ⁻² is the variance of its noise after the
    noise before it. ``x`` (B, T, F + 1), 0 in padding, ``target`` (B, T), ``prior`` precisions (F + 1,).
    """
    white = whitening(drift, ops.shape(x)[1])
    own = ops.diagonal(white)  # (T,)
    white_x, white_target = ops.matmul(white, x), ops.matmul(target, ops.transpose(white))
    prediction, variance = ridge_of_prefixes(white_x, white_target, prior, white_x / own[:, None])
    earlier = ops.matmul(target, ops.transpose(white - ops.diag(own))) / own
    return prediction - earlier, variance + 1 / own**2 - 1
