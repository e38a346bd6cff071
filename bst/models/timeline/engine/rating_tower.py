"""The rating tower after the newest event: visitors are encoded once, then candidates are scored."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import autograd.numpy as np

from bst.baselines.drift import Drift
from bst.models.config import Sizes
from bst.models.timeline.config import TowerConfig
from bst.models.timeline.definition import (
    HEAD_NUMBERS,
    LOG_COUNT_SCALE,
    MOVIE_NUMBERS,
    USER_BIAS_DAMPING,
    VISITOR_NUMBERS,
)
from bst.models.timeline.engine.arrays import at_least, plus, rms_normalize
from bst.models.timeline.engine.block import Block
from bst.models.timeline.engine.cache import KVCache
from bst.models.timeline.engine.features import MOST_PRECOMPUTED, CandidateFeatures, LazyFeatures
from bst.models.timeline.engine.tower import Inputs, TowerInference, count_events
from bst.models.weights import Array

# a whitening is made for this many events at once: any fewer read its first rows
WHITENED_TOGETHER = 128


class EncodedVisitors(NamedTuple):
    """What scoring candidates needs of visitors.

    ``contexts``: for each layer of the rating tower the normed tokens that its queries attend to, (B, K, D), and their
    bias (B, H, 1, K). ``visitor`` (B, D). ``user_bias`` and ``log_event_count`` (B, 1). ``user_factors`` (B, F + 1),
    the visitor's factors and bias in the factor model, and their ``covariance`` (B, F + 1, F + 1).
    """

    contexts: Sequence[tuple[Array, Array]]
    visitor: Array
    user_bias: Array
    log_event_count: Array
    user_factors: Array
    covariance: Array


class Whitening(NamedTuple):
    """R of ``fold_in.whitening``: its diagonal ``own`` (T,), and the rest of it, ``before`` (T, T)."""

    own: Array
    before: Array

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, drift: Drift, events: int) -> "Whitening":
        """Return that of a drift; the first rows and columns are those of fewer events."""
        whitening = drift.whitening(events).astype(np.float32)
        own = np.diag(whitening).copy()
        return cls(own, whitening - np.diag(own))


class RatingHead:
    """The last layers: logit_l = (V ReLU(W [query, movie, numbers] + b) + c)_l + (bias + offset)(stars_l − middle)."""

    def __init__(self, weights: Any, width: int):
        kernel = weights.hidden.kernel  # (2 D + 6, 128)
        self.of_movie, numbers = kernel[width : 2 * width], kernel[2 * width :]
        self.of_query = weights.norm.scale[:, None] * kernel[:width]
        self.of_movie_numbers = numbers[[HEAD_NUMBERS.index(name) for name in MOVIE_NUMBERS]]
        self.of_visitor_numbers = numbers[[HEAD_NUMBERS.index(name) for name in VISITOR_NUMBERS]]
        self.bias, self.out, self.out_bias = weights.hidden.bias, weights.logits.kernel, weights.logits.bias
        self.stars, self.zeros = weights.stars - weights.stars.mean(), np.zeros_like(self.bias)

    def features(self, movie_vectors: Array, mean_rating: Array, bias: Array, middle: float) -> Array:
        """Return the movies' share of the hidden layer: (M, 128)."""
        numbers = np.stack([mean_rating - middle, bias], axis=-1)
        return movie_vectors @ self.of_movie + numbers @ self.of_movie_numbers + self.bias

    def __call__(
        self, query: Array, candidates: CandidateFeatures, encoded: EncodedVisitors, prediction: Array, variance: Array
    ) -> Array:
        """Return logits (B, N, L) from queries (B, N, D) and the fold-in's prediction (stars) and variance, (B, N)."""
        offset = prediction - candidates.mean_rating
        numbers = [encoded.user_bias + 0 * offset, encoded.log_event_count + 0 * offset, offset, variance]
        hidden = plus(rms_normalize(query) @ self.of_query, np.stack(numbers, axis=-1) @ self.of_visitor_numbers)
        logits = plus(at_least(plus(hidden, candidates.hidden), self.zeros) @ self.out, self.out_bias)
        return logits + (candidates.bias + offset)[..., None] * self.stars


class RatingInference(TowerInference):
    """Predicts ratings of movies after the newest event: ``encode`` visitors once, then ``score`` candidates."""

    def __init__(self, weights: Any, config: TowerConfig, train_length: int, sizes: Sizes):
        super().__init__(weights, config, train_length, sizes)
        layers = range(config.layers)
        self.query_blocks = [
            Block(getattr(weights, f"query_{i}"), getattr(weights, f"content_norm_{i}").scale, self.max_distance)
            for i in layers
        ]
        content = [getattr(weights, f"content_{i}") for i in layers[:-1]]
        self.content_blocks = [Block(part, part.norm_1.scale, self.max_distance) for part in content]
        self.head, factors = RatingHead(weights, config.width), weights.factors
        self.prior = np.diag(weights.factor_prior)
        # a row of zeros stands last, where −1, unknown, finds it
        self.prior_shifts = {
            name: np.concatenate([table, np.zeros_like(table[:1])])
            for name in sizes.demographics
            for table in [getattr(weights, f"prior_of_{name}")]
        }
        self.drift = Drift(*weights.drift.tolist())
        self.identity = np.eye(len(self.prior), dtype=np.float32)
        self.bias_alone = self.identity[-1]  # (F + 1,), 0 but for the bias
        self.catalogue = self._features(np.concatenate([factors, np.ones_like(factors[:, :1])], axis=-1))

    def _features(self, regressors: Array) -> CandidateFeatures | LazyFeatures:
        """Return the features of the catalogue, given those of the factor model (M, F + 1)."""
        weights, middle = self.weights, self.weights.stars.mean()

        def hidden(vectors: Array, mean_rating: Array, bias: Array) -> Array:
            return self.head.features(vectors, mean_rating, bias, middle)

        of_movies = (weights.mean_rating, weights.bias)
        if len(regressors) > MOST_PRECOMPUTED:
            del weights.factors  # they are the regressors
            return LazyFeatures(
                self.movie_vectors, weights.query_token, hidden, *of_movies, regressors, weights.factor_base
            )
        query = self.movie_vectors + weights.query_token
        return CandidateFeatures(
            query, hidden(self.movie_vectors, *of_movies), *of_movies, regressors, weights.factor_base
        )

    def encode(self, inputs: Inputs, cache: KVCache | None = None) -> EncodedVisitors:
        """Encode visitors with their whole histories. A ``cache`` gives the prefix, and keeps what layers attend to."""
        cache, event_count, tokens_read = cache or KVCache(), count_events(inputs), inputs["movie"].shape[1] + 1
        tokens, contexts = self.suffix(inputs, cache), []
        for i, block in enumerate(self.query_blocks):
            if i:
                tokens = self.call_content(self.content_blocks[i - 1], i - 1, tokens, cache)
            (context,) = cache.extend(rms_normalize(tokens))
            contexts.append((context, block.bias_by_row(event_count, tokens_read)))
        residuals = self.residuals(inputs)
        if "event_scale" in inputs:
            residuals = residuals * inputs["event_scale"]
        count = event_count[:, None].astype(np.float32)
        user_bias = np.sum(residuals, axis=1, keepdims=True) / (count + np.float32(USER_BIAS_DAMPING))
        log_event_count = np.log1p(count) / np.float32(LOG_COUNT_SCALE)
        return EncodedVisitors(contexts, self.visitors(inputs), user_bias, log_event_count, *self._fold_in(inputs))

    def whitening(self, events: int) -> "Whitening":
        """Return what whitens the noise of that many events, and of one more behind them."""
        return Whitening.of(self.drift, -(-(events + 1) // WHITENED_TOGETHER) * WHITENED_TOGETHER)

    def _prior_means(self, inputs: Inputs) -> Array:
        """Return the prior mean of visitors' factors and bias, by what is known of their demographics: (B, F + 1)."""
        shift = sum(table[inputs[name]] for name, table in self.prior_shifts.items())
        if "profile_scale" in inputs:
            shift = shift * inputs["profile_scale"][:, None]
        return self.weights.prior_mean + shift

    def _fold_in(self, inputs: Inputs) -> tuple[Array, Array]:
        """Return the factors and bias of visitors in the factor model, (B, F + 1), and their covariance.

        As ``RatingTower.fold_in`` at the position behind the newest event, for every candidate at once: with
        r = R_n / R_nn, row n of the whitening, y_n is predicted as (x_n + Σ r_s x_s) · w − Σ r_s y_s. The last of x_n
        is a 1, so what the candidate does not change is part of the bias.
        """
        movie, weights, mean = inputs["movie"], self.weights, self._prior_means(inputs)
        valid, scale = movie >= 0, inputs.get("event_scale")
        x = np.where(valid[..., None], self.catalogue.regressors[movie], np.float32(0))  # (B, T, F + 1)
        target = weights.stars[inputs["level"]] - weights.factor_base[movie]
        values = np.concatenate([x, (target - (x @ mean[..., None])[..., 0])[..., None]], axis=-1)  # (B, T, F + 2)
        counted = values * (valid if scale is None else valid * scale)[..., None]  # what events say of later ones
        events, count, bias = movie.shape[1], count_events(inputs), self.bias_alone
        white = self.whitening(events)
        own, before = white.own[:events, None], white.before[:events, :events]
        innovations = own * values + before @ counted
        weighted = innovations * (valid if scale is None else valid * scale)[..., None]
        gram = np.swapaxes(weighted, 1, 2) @ innovations  # (B, F + 2, F + 2)
        covariance = np.linalg.inv(gram[:, :-1, :-1] + self.prior)
        factors = (covariance @ gram[:, :-1, -1:])[..., 0]  # (B, F + 1)
        newest = (white.before[count, :events] / white.own[count][:, None])[:, None]  # r: (B, 1, T), 0 in padding
        drift = (newest @ counted)[:, 0]  # Σ r_s (x_s, y_s): (B, F + 2)
        shifted = self.identity + drift[:, :-1, None] * bias  # 1 + (Σ r_s x_s) biasᵀ
        covariance = np.swapaxes(shifted, 1, 2) @ covariance @ shifted
        covariance = covariance + (1 / white.own[count] ** 2 - 1)[:, None, None] * np.outer(bias, bias)
        return mean + factors + (np.sum(drift[:, :-1] * factors, axis=-1) - drift[:, -1])[:, None] * bias, covariance

    def fold_in_predictions(self, inputs: Inputs) -> Array:
        """Return the factor model's predictions of the whole catalogue, in stars: (B, M)."""
        user_factors, _ = self._fold_in(inputs)
        return self.catalogue.factor_base + user_factors @ self.catalogue.regressors.T

    def score(self, encoded: EncodedVisitors, movie: Array) -> tuple[Array, Array]:
        """Score candidates ``movie`` int (N,), of which there are few, for encoded visitors.

        Returns logits (B, N, L), and attention weights (B, layers, H, N, K): visitor first, then the events.
        """
        candidates, weights = self.catalogue.take(movie), []
        query = candidates.query + encoded.visitor[:, None]
        for block, (context, bias) in zip(self.query_blocks, encoded.contexts, strict=True):
            query, layer_weights = block.call_few(query, context, bias)
            weights.append(layer_weights)
        regressors = candidates.regressors  # (N, F + 1)
        prediction = candidates.factor_base + encoded.user_factors @ regressors.T  # (B, N)
        variance = np.sum((regressors @ encoded.covariance) * regressors, axis=-1)  # (B, N)
        return self.head(query, candidates, encoded, prediction, variance), np.stack(weights, axis=1)
