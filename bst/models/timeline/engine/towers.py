"""The three towers after the newest event: visitors are encoded once, then candidates are scored."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
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
    distance_buckets,
)
from bst.models.timeline.engine.arrays import at_least, plus, rms_normalize
from bst.models.timeline.engine.block import Block
from bst.models.timeline.engine.cache import KVCache
from bst.models.timeline.engine.features import MOST_PRECOMPUTED, CandidateFeatures, LazyFeatures
from bst.models.weights import Array
from bst.timelines.segments import EVENT_INPUTS

# a whitening is made for so many events at once: any fewer read its first rows
WHITENED_TOGETHER = 128

# As the inputs of the Keras model, padded at the end. Two more, by which integrated gradients are taken, may be among
# them: ``event_scale`` (B, T), how much each event counts: 1 all, 0 as one of the mean movie with the mean level at an
# unknown time; and ``profile_scale`` (B,), how much sex, age and occupation count: 1 all, 0 as unknown.
Inputs = dict[str, Array]


class TowerInference:
    """What the towers share: movies, events and visitors as tokens. ``weights``: those of the tower, by attribute."""

    def __init__(self, weights: Any, config: TowerConfig, train_length: int, sizes: Sizes):
        self.weights, self.config, self.max_distance = weights, config, train_length - 1
        self.movie_vectors: Array = weights.movie.embeddings + weights.facts @ weights.facts_to_movie.kernel  # (M, D)
        self.is_large = len(self.movie_vectors) > MOST_PRECOMPUTED
        if self.is_large:  # the vectors are all that is needed of them
            del weights.movie, weights.facts
        # the mean stands last, where −1, unknown, finds it
        self._demographics = {
            name: np.concatenate([table, table.mean(axis=0, keepdims=True)])
            for name in sizes.demographics
            for table in [getattr(weights, name).embeddings]
        }

    def visitors(self, inputs: Inputs) -> Array:
        """Return the visitors' own tokens: (B, D)."""
        if not self._demographics:
            return np.repeat(self.weights.visitor_token[None], len(inputs["movie"]), axis=0)
        known = sum(table[inputs[name]] for name, table in self._demographics.items())
        if "profile_scale" in inputs:
            unknown = sum(table[-1] for table in self._demographics.values())
            known = unknown + inputs["profile_scale"][:, None] * (known - unknown)
        return self.weights.visitor_token + known

    def residuals(self, inputs: Inputs) -> Array:
        """Return how many stars above the movie's mean each rating is, 0 in padding: (B, T)."""
        movie, weights = inputs["movie"], self.weights
        return np.where(movie >= 0, weights.stars[inputs["level"]] - weights.mean_rating[movie], np.float32(0))

    def side_features(self, inputs: Inputs) -> Array:
        """Return what events add to the vectors of their movies: (B, T, D)."""
        weights = self.weights
        tokens = weights.level.embeddings[inputs["level"]] + self.gaps(inputs)
        return tokens + self.residuals(inputs)[..., None] * weights.surprise.kernel[0]

    def gaps(self, inputs: Inputs) -> Array:
        """Return what the times of events add, (B, T, D) or what broadcasts to it."""
        return self.weights.gap.embeddings[inputs["gap"]]

    def tokens(self, inputs: Inputs) -> Array:
        """Return the visitor and the events as tokens, as far as scales let them count: (B, T + 1, D)."""
        events = self.movie_vectors[inputs["movie"]] + self.side_features(inputs)
        if "event_scale" in inputs:
            unknown_time = self.gaps(dict.fromkeys(("gap", "month"), np.array(0)))
            nothing = self.mean_movie + self.weights.level.embeddings.mean(axis=0) + unknown_time
            events = nothing + inputs["event_scale"][..., None] * (events - nothing)
        return np.concatenate([self.visitors(inputs)[:, None], events], axis=1)

    @cached_property
    def mean_movie(self) -> Array:
        """The mean of the movies' vectors: (D,)."""
        return self.movie_vectors.mean(axis=0)

    def suffix(self, inputs: Inputs, cache: KVCache) -> Array:
        """Return the tokens that are to be run: (B, S, D)."""
        if cache.prefix is None:
            return self.tokens(inputs)
        first = cache.prefix_length - 1  # event to be run: the first token is the visitor
        end = first + cache.changed_length

        def tokens_of(rows: slice, events: slice) -> Array:
            chosen = {name: values[rows] for name, values in inputs.items()}
            chosen |= {name: inputs[name][rows, events] for name in EVENT_INPUTS}
            return self.tokens(chosen)[:, 1:]

        own, shared = tokens_of(slice(None), slice(first, end)), tokens_of(slice(1), slice(end, None))
        shared = np.broadcast_to(shared, (len(own), *shared.shape[1:]))
        return np.concatenate([own, shared], axis=1)

    @staticmethod
    def call_content(block: Block, layer: int, tokens: Array, cache: KVCache) -> Array:
        """Run a block of the content stream: (B, S, D)."""
        if cache.prefix is not None and layer == 0:  # from the second block on, no two tokens are the same
            return block.call_shared_suffix(tokens, cache)
        return block.call_content(tokens, cache)


def count_events(inputs: Inputs) -> Array:
    """Return how many events there are before the padding: int (B,)."""
    return (inputs["movie"] >= 0).sum(axis=1)


# ---- ratings


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
        """Return what whitens the noise of so many events, and of one more behind them."""
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


# ---- the catalogue


class CatalogueInference(TowerInference):
    """The next tower after the newest event: ``encode`` visitors to a state, then take ``logits`` of movies."""

    def __init__(self, weights: Any, config: TowerConfig, train_length: int, sizes: Sizes):
        super().__init__(weights, config, train_length, sizes)
        content = [getattr(weights, f"content_{i}") for i in range(config.layers)]
        self.content_blocks = [Block(part, part.norm_1.scale, self.max_distance) for part in content]
        # (D, M): in this order products are quicker, in the other one nothing is copied
        self.output_vectors = self.outputs().T if self.is_large else np.ascontiguousarray(self.outputs().T)

    def outputs(self) -> Array:
        """Return the vectors (M, D) that states are compared with."""
        return self.movie_vectors

    def gaps(self, inputs: Inputs) -> Array:
        """Return what the times of events add, the month among it: (B, T, D)."""
        return super().gaps(inputs) + self.weights.month.embeddings[inputs["month"]]

    def encode(self, inputs: Inputs, cache: KVCache | None = None) -> tuple[Array, Array]:
        """Return the state (B, D) after the newest event of whole histories, and how many events there are, int (B,).

        ``cache`` as in ``RatingInference``.
        """
        cache, last, event_count = cache or KVCache(), self.content_blocks[-1], count_events(inputs)
        tokens = self.suffix(inputs, cache)
        for layer, block in enumerate(self.content_blocks[:-1]):
            tokens = self.call_content(block, layer, tokens, cache)
        # of the last layer only the state after the newest event is needed
        newest = tokens[np.arange(len(tokens)), event_count - cache.prefix_length][:, None]  # (B, 1, D)
        (context,) = cache.extend(rms_normalize(tokens))
        bias = last.bias_by_row(event_count, inputs["movie"].shape[1] + 1)
        state, weights = last.call_few(newest, context, bias)
        cache.weights.append(weights)
        return rms_normalize(state[:, 0]) * self.weights.norm.scale, event_count

    def logits(self, state: Array, event_count: Array, movie: Array | slice = slice(None)) -> Array:
        """Return logits (B, N) of movies int (N,), or of the whole catalogue, for what ``encode`` returned."""
        return state @ self.output_vectors[:, movie] + self.weights.popularity[movie]


class LikeInference(CatalogueInference):
    """The like tower after the newest event: see ``LikeTower``."""

    def __init__(self, weights: Any, config: TowerConfig, train_length: int, sizes: Sizes):
        super().__init__(weights, config, train_length, sizes)
        if self.is_large:
            del weights.output  # it is part of the output vectors

    def outputs(self) -> Array:
        """Return the vectors (M, D) that states are compared with: those of events, and an offset each."""
        return self.movie_vectors + self.weights.output

    def gaps(self, inputs: Inputs) -> Array:
        """Return what an unknown time adds: the tower reads none."""
        return self.weights.gap.embeddings[0]

    def logits(self, state: Array, event_count: Array, movie: Array | slice = slice(None)) -> Array:
        """Return logits: see ``LikeTower``."""
        fame = self.weights.fame[distance_buckets(np.minimum(event_count, self.max_distance))][:, movie]
        score = super().logits(state, event_count, movie) + fame
        of_score, of_fame, constant, of_count = self.weights.calibration
        log_count = np.log1p(event_count.astype(np.float32))[:, None]
        return of_score * score + of_fame * fame + constant + of_count * log_count
