"""Matrix factorisation with biases, and fold-in of new users: the standard baseline of recommender systems.

r̂ = μ + b_i + b_u + p_u · q_i (Koren, Bell & Volinsky, Computer 42(8), 2009), learned by alternating ridge regressions
(Zhou et al., AAIM 2008). A user who was not in the fit gets a bias and factors by one more ridge regression, on the
events so far ("folding in"; Sarwar et al., ICCIT 2002).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from bst.baselines.bias import Interactions

# movies whose raters' covariances are added up at a time
CHUNK = 256
# In a larger catalogue only movies with this many ratings get factors. The others, most of them, would cost as much
# each, and a few ratings say hardly more of a movie than their mean
MOST_FITTED, LEAST_RATINGS = 100_000, 3
ITEM_DAMPING = 10.0  # ratings of the mean that start an item's bias


@dataclass(frozen=True)
class Factorisation:
    """A fitted model: ``mean`` in stars; movies' and users' ``bias`` (n,) and ``factors`` (n, factors), float32.

    ``prior`` (factors + 1,) is the prior precision of a user's factors and bias, in units of that of one rating;
    ``span`` the lowest and highest known rating, to which predictions are clipped.
    """

    mean: float
    item_bias: np.ndarray
    item_factors: np.ndarray
    user_bias: np.ndarray
    user_factors: np.ndarray
    prior: np.ndarray
    span: tuple[float, float]

    @classmethod
    def fit(
        cls,
        known: Interactions,
        *,
        factors: int = 32,
        iterations: int = 8,
        precision: float = 12.0,
        bias_precision: float = 5.0,
        em: bool = False,
        seed: int = 0,
    ) -> "Factorisation":
        """Learn from known ratings by ``iterations`` rounds: all users given the movies, all movies given the users.

        The defaults were chosen on the validation visitors of MovieLens 1M.

        ``precision`` λ regularises factors, ``bias_precision`` λ_b biases: each regression minimises
        Σ (r − r̂)² + λ‖p‖² + λ_b b².

        ``em`` adds the covariance of each user's factors, C_u = (Σ x xᵀ + prior)⁻¹, when it learns movies: Σ x xᵀ
        becomes Σ (x xᵀ + C_u). That is expectation maximisation for a factor model in which users are drawn at random
        (Rubin & Thayer, Psychometrika 47(1), 1982; similar to Lim & Teh, KDD Cup 2007): movies are learned for users
        who are not in the fit, so that a new user's ridge regression is the model's own.
        """
        user, movie = np.asarray(known.user, np.int64), np.asarray(known.movie, np.int64)
        residual = (known.rating - known.mean).astype(np.float32)
        by_user, by_movie = _Groups.of(user, known.users), _Groups.of(movie, known.movies)
        prior = np.append(np.full(factors, precision), bias_precision).astype(np.float32)
        # start from damped item means (as baselines.bias) and small random factors
        b_i = (np.bincount(movie, residual, known.movies) / (by_movie.counts + ITEM_DAMPING)).astype(np.float32)
        q = np.random.default_rng(seed).normal(0, 0.1, (known.movies, factors)).astype(np.float32)
        for _ in range(iterations):
            gram, moment = by_user.normal_equations(_with_one(q), movie, residual - b_i[movie])
            gram += np.diag(prior)
            w = _solve(gram, moment)
            p, b_u = w[:, :-1], w[:, -1]
            covariance = np.linalg.inv(gram) if em else None
            gram, moment = by_movie.normal_equations(_with_one(p), user, residual - b_u[user])
            if covariance is not None:
                for chunk, total in by_movie.sums(user, covariance):
                    gram[chunk, :-1, :-1] += total[:, :-1, :-1]
                    moment[chunk, :-1] -= total[:, :-1, -1]  # the covariance of a user's factors and bias
            w = _solve(gram + np.diag(prior), moment)
            q, b_i = np.ascontiguousarray(w[:, :-1]), w[:, -1]
        span = (float(known.rating.min()), float(known.rating.max()))
        return cls(known.mean, b_i, q, b_u, p, prior, span)

    @classmethod
    def fit_em(cls, known: Interactions, *, factors: int = 24) -> "Factorisation":
        """Learn by expectation maximisation, the strongest form for users who are not in the fit: see ``fit``.

        The settings were chosen on the validation visitors of MovieLens 1M.
        """

        def fit(some: Interactions) -> "Factorisation":
            return cls.fit(some, factors=factors, iterations=15, precision=4.0, em=True)

        return fit(known) if known.movies <= MOST_FITTED else _fit_rated(known, fit)

    def predict(self, user: np.ndarray, movie: np.ndarray) -> np.ndarray:
        """Predict for users who were in the fit: (labels,) float32 stars."""
        interaction = np.einsum("lf,lf->l", self.user_factors[user], self.item_factors[movie])
        return np.clip(self.mean + self.item_bias[movie] + self.user_bias[user] + interaction, *self.span)

    def fold_in(self, movie: np.ndarray, rating: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Predict every event of timelines of users who were not in the fit from the events before it: (events,) stars.

        ``movie`` int and ``rating`` stars, (events,) each; timeline ``t`` owns ``offsets[t]:offsets[t + 1]``. A first
        event gets μ + b_i. Clipped to ``span``.
        """
        return np.clip(self.fold_in_with_variance(movie, rating, offsets)[0], *self.span)

    def fold_in_with_variance(
        self, movie: np.ndarray, rating: np.ndarray, offsets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what ``fold_in`` does, not clipped, and its variance x · C x ≥ 0: (events,) each.

        The ridge regression of (p, b_u) on the residuals so far is updated by recursive least squares: with
        x = (q_i, 1), g = Cx, s = 1 + x·g and the residual e = r − r̂, each event makes w += g e / s and
        C −= g gᵀ / s, from w = 0 and C = prior⁻¹ (Sherman & Morrison 1950; as in Ljung, System Identification, 1999,
        section 11.2). All timelines take their t-th step together, the longest first, so that the unfinished ones
        are a prefix.
        """
        lengths = np.diff(offsets)
        order = np.argsort(-lengths, kind="stable")
        start, lengths = np.asarray(offsets)[:-1][order], lengths[order]
        basis, base = _with_one(self.item_factors), (self.mean + self.item_bias).astype(np.float32)
        w = np.zeros((len(lengths), basis.shape[1]), np.float32)
        c = np.tile(np.diag(1 / self.prior), (len(lengths), 1, 1))
        predicted, variance = np.empty((2, len(movie)), np.float32)
        for step in range(lengths.max(initial=0)):
            active = slice(np.searchsorted(-lengths, -step))
            at = start[active] + step
            x = basis[movie[at]]
            predicted[at] = base[movie[at]] + np.einsum("uf,uf->u", x, w[active])
            g = np.matmul(c[active], x[:, :, None])[:, :, 0]
            variance[at] = np.einsum("uf,uf->u", g, x)
            s = 1 + variance[at]
            w[active] += g * ((rating[at] - predicted[at]) / s)[:, None]
            g /= np.sqrt(s)[:, None]
            c[active] -= g[:, :, None] * g[:, None, :]
        return predicted, variance


def _fit_rated(known: Interactions, fit: Callable[[Interactions], Factorisation]) -> Factorisation:
    """Fit the movies with ``LEAST_RATINGS``; the others have no factors, and their damped mean as bias."""
    count = np.bincount(known.movie, minlength=known.movies)
    rated = np.flatnonzero(count >= LEAST_RATINGS)
    which = count[known.movie] >= LEAST_RATINGS
    if not which.any():
        return fit(known)
    position = np.zeros(known.movies, np.int64)
    position[rated] = np.arange(len(rated))
    of_rated = Interactions(
        known.user[which], position[known.movie[which]], known.rating[which], known.users, len(rated)
    )
    fitted = fit(of_rated)
    residuals = np.bincount(known.movie, known.rating - fitted.mean, known.movies)
    bias = (residuals / (count + ITEM_DAMPING)).astype(np.float32)
    factors = np.zeros((known.movies, fitted.item_factors.shape[1]), np.float32)
    bias[rated], factors[rated] = fitted.item_bias, fitted.item_factors
    return replace(fitted, item_bias=bias, item_factors=factors)


@dataclass(frozen=True)
class _Groups:
    """Ratings sorted by user or movie: ``order`` (ratings,); group ``g`` owns ``offsets[g]:offsets[g + 1]`` of it."""

    order: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, key: np.ndarray, groups: int) -> "_Groups":
        return cls(np.argsort(key, kind="stable"), np.append(0, np.cumsum(np.bincount(key, minlength=groups))))

    @property
    def counts(self) -> np.ndarray:
        return np.diff(self.offsets)

    def normal_equations(
        self, basis: np.ndarray, other: np.ndarray, residual: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return each group's Σ x xᵀ (groups, d, d) and Σ x r (groups, d), x the other side's row of ``basis``."""
        groups, d = len(self.counts), basis.shape[1]
        gram, moment = np.empty((groups, d, d), np.float32), np.empty((groups, d), np.float32)
        other, residual = other[self.order], residual[self.order]
        for group, (first, end) in enumerate(zip(self.offsets[:-1], self.offsets[1:], strict=True)):
            x = basis[other[first:end]]
            gram[group], moment[group] = x.T @ x, residual[first:end] @ x
        return gram, moment

    def sums(self, other: np.ndarray, value: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield, chunk by chunk of groups, the sum of ``value[other]`` (n, d, d), symmetric, over a group's ratings."""
        other, d = other[self.order], value.shape[1]
        upper = np.triu_indices(d)  # half of a symmetric matrix is half the work
        flat = value[:, *upper]
        for first in range(0, len(self.counts), CHUNK):
            chunk = slice(first, min(first + CHUNK, len(self.counts)))
            mine = slice(self.offsets[chunk.start], self.offsets[chunk.stop])
            rated = np.zeros((chunk.stop - chunk.start, len(flat)), np.float32)
            # add, not set: a user who rated a movie twice counts twice
            row = np.repeat(np.arange(len(rated)), self.counts[chunk])
            np.add.at(rated, (row, other[mine]), 1)
            total = np.empty((len(rated), d, d), np.float32)
            total[:, *upper] = rated @ flat
            total[:, *upper[::-1]] = total[:, *upper]
            yield chunk, total


def _with_one(factors: np.ndarray) -> np.ndarray:
    """Append a 1 to each row, the regressor of the other side's bias: (n, factors + 1)."""
    return np.concatenate([factors, np.ones((len(factors), 1), np.float32)], axis=1)


def _solve(gram: np.ndarray, moment: np.ndarray) -> np.ndarray:
    return np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
