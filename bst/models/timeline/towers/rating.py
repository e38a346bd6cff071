"""The rating tower: two streams, as XLNet has (Yang et al. 2019, arXiv 1906.08237), and a head.

In the content stream events attend to the visitor and to the events up to themselves. In the query stream the movie at
position t attends to the visitor and to the events before t, and never sees its own rating.

Shapes: B timelines, T positions, H heads, D width, L rating levels, F factors, M movies of the catalogue.
"""

from typing import NamedTuple

import keras
from keras import layers, ops

from bst.baselines.drift import Drift
from bst.baselines.factorisation import Factorisation
from bst.baselines.user_prior import UserPrior
from bst.models.config import Sizes
from bst.models.layers import Inputs, Shape, Tensor, rms_normalize
from bst.models.timeline.config import TowerConfig
from bst.models.timeline.definition import (
    CONTENT_EXPANSION,
    HEAD_NUMBERS,
    HIDDEN_UNITS,
    LOG_COUNT_SCALE,
    MOVIE_NUMBERS,
    QUERY_EXPANSION,
    USER_BIAS_DAMPING,
    VISITOR_NUMBERS,
)
from bst.models.timeline.fold_in import predict_prefixes
from bst.models.timeline.towers.tower import Tower, earlier


class CandidateFeatures(NamedTuple):
    """Features of movies that no visitor changes, so that they are computed once for a catalogue.

    ``vector`` (…, D); ``hidden`` (…, 128), the movies' share of the head's hidden layer; ``mean_rating`` and ``bias``
    (…) stars; of the factor model, ``regressors`` (…, F + 1), factors and a 1 for the user bias, and ``factor_base``
    (…) stars.
    """

    vector: Tensor
    hidden: Tensor
    mean_rating: Tensor
    bias: Tensor
    regressors: Tensor
    factor_base: Tensor

    def take(self, movie: Tensor) -> "CandidateFeatures":
        """Return those of some movies of the catalogue: int, any shape."""
        return CandidateFeatures(*(ops.take(field, movie, axis=0) for field in self))


class RatingTower(Tower):
    """Predicts how a visitor rates a movie after the events before it, with a factor model's prediction as a start.

    h = ReLU(W [Norm(query), movie, user bias, mean rating, ln(1 + events) / 3, movie bias, offset, variance] + b),
    where offset = fold-in prediction − mean rating;  logit_l = (V h + c)_l + (movie bias + offset)(stars_l − middle)
    """

    def __init__(self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, factors: int, **kwargs):
        super().__init__(config, sizes, levels, train_length, **kwargs)
        self.factor_count, self.demographic_sizes = factors, sizes.demographics
        self.query_blocks = self._blocks("query", config.layers, QUERY_EXPANSION)
        self.content_blocks = self._blocks("content", config.layers - 1, CONTENT_EXPANSION)
        self.content_norms = [layers.RMSNormalization(name=f"content_norm_{i}") for i in range(config.layers)]
        self.hidden = layers.Dense(HIDDEN_UNITS, activation="relu", name="hidden")
        self.logits = layers.Dense(levels, kernel_initializer="zeros", name="logits")

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        super().build()
        for layer in (*self.query_blocks, *self.content_blocks, *self.content_norms):
            layer.build((None, None, self.width))
        self.hidden.build((None, 2 * self.width + len(HEAD_NUMBERS)))
        self.logits.build((None, HIDDEN_UNITS))
        self.query_token = self.add_weight(shape=(self.width,), initializer="zeros", name="query_token")
        self.bias = self.add_weight(shape=(self.catalogue_size,), initializer="zeros", name="bias")
        self.factors = self._add_fixed_weight("factors", self.catalogue_size, self.factor_count)
        self.factor_base = self._add_fixed_weight("factor_base", self.catalogue_size)
        self.factor_prior = self._add_fixed_weight("factor_prior", self.factor_count + 1)
        self.prior_mean = self._add_fixed_weight("prior_mean", self.factor_count + 1)
        self.prior_shifts = {
            name: self._add_fixed_weight(f"prior_of_{name}", size, self.factor_count + 1)
            for name, size in self.demographic_sizes.items()
        }
        self.drift = self._add_fixed_weight("drift", len(Drift._fields))

    @property
    def movie_tables(self) -> dict[str, keras.Variable]:
        """The weights with a row for each movie: see ``Tower``."""
        return {**super().movie_tables, "bias": self.bias, "factors": self.factors, "factor_base": self.factor_base}

    def set_factors(self, factors: Factorisation, prior: UserPrior) -> None:
        """Fix the factor model whose fold-in the head reads, and what it supposes of visitors."""
        self.factors.assign(factors.item_factors)
        self.factor_base.assign(factors.mean + factors.item_bias)
        self.factor_prior.assign(factors.prior)
        self.prior_mean.assign(prior.mean)
        for name, table in prior.shifts.items():
            self.prior_shifts[name].assign(table)
        self.drift.assign(prior.drift)

    def call(self, inputs: Inputs, training: bool | None = None, return_attention_scores: bool = False):
        """Predict every position from the positions before it; see ``TimelineBST.call``.

        In training ``fold_in_prediction`` (stars) and ``variance``, (B, T) each, are among the inputs: each user's come
        from a factor model that was fitted without that user.
        """
        visitor = self.visitors(inputs)  # (B, D)
        candidates = self.candidates().take(ops.maximum(inputs["movie"], 0))
        query = self.dropout(candidates.vector + self.query_token + visitor[:, None], training=training)  # (B, T, D)
        tokens = self.tokens(earlier(inputs), self.movie_vectors(), visitor, training)  # (B, T, D): visitor, then T − 1
        buckets, mask = self.causal(ops.shape(query)[1])
        weights = []
        for i, (block, norm) in enumerate(zip(self.query_blocks, self.content_norms, strict=True)):
            if i:  # queries attend to the events' tokens first, then to what each content layer makes of them
                content = self.content_blocks[i - 1]
                bias = content.attention.logit_bias(buckets, mask)  # (H, T, T)
                tokens, _ = content(tokens, content.norm_1(tokens), bias, training=training)
            bias = block.attention.logit_bias(buckets, mask)
            query, layer_weights = block(query, norm(tokens), bias, training=training)
            weights.append(layer_weights)  # (B, H, T, T)
        residuals, valid = self.residuals(inputs), ops.cast(inputs["movie"] >= 0, "float32")
        event_count = ops.cumsum(valid, axis=1) - valid  # of the events before each position: (B, T)
        user_bias = (ops.cumsum(residuals, axis=1) - residuals) / (event_count + USER_BIAS_DAMPING)
        if "fold_in_prediction" in inputs:
            prediction, variance = inputs["fold_in_prediction"], inputs["variance"]
        else:
            prediction, variance = self.fold_in(inputs, candidates)
        logits = self.head(query, candidates, user_bias, event_count, prediction, variance)  # (B, T, L)
        return (logits, ops.stack(weights, axis=1)) if return_attention_scores else logits

    def head(
        self,
        query: Tensor,
        candidates: CandidateFeatures,
        user_bias: Tensor,
        event_count: Tensor,
        prediction: Tensor,
        variance: Tensor,
    ) -> Tensor:
        """Return logits (B, N, L) of N candidates from their queries (B, N, D) after attention, as the class has them.

        ``user_bias``, the damped mean of the residuals so far, and ``event_count``: (B, N) or (B, 1). ``prediction``
        (stars) and ``variance``: (B, N), of the fold-in. The norm's gain is multiplied into the kernel.
        """
        stars = ops.convert_to_tensor(self.stars)
        offset = prediction - candidates.mean_rating
        zeros = ops.zeros_like(offset)
        log_event_count = ops.log(1.0 + event_count) / LOG_COUNT_SCALE
        numbers = [user_bias + zeros, log_event_count + zeros, offset, variance + zeros]  # VISITOR_NUMBERS
        of_query, _, _, of_visitor = self._hidden_kernels()
        of_query = ops.convert_to_tensor(self.norm.scale)[:, None] * of_query  # (D, 128)
        x = ops.concatenate([rms_normalize(query), ops.stack(numbers, axis=-1)], axis=-1)  # (B, N, D + 4)
        hidden = ops.relu(ops.matmul(x, ops.concatenate([of_query, of_visitor], axis=0)) + candidates.hidden)
        return self.logits(hidden) + (candidates.bias + offset)[..., None] * (stars - ops.mean(stars))

    def candidates(self) -> CandidateFeatures:
        """Return the features of every movie of the catalogue: each field (M, …)."""
        vectors, stars = self.movie_vectors(), ops.convert_to_tensor(self.stars)
        bias, mean = self.table("bias"), self.table("mean")
        numbers = ops.stack([mean - ops.mean(stars), bias], axis=-1)  # (M, 2)
        _, of_movie, of_numbers, _ = self._hidden_kernels()
        hidden = ops.matmul(vectors, of_movie) + ops.matmul(numbers, of_numbers) + self.hidden.bias  # (M, 128)
        factors = self.table("factors")
        regressors = ops.concatenate([factors, ops.ones_like(factors[:, :1])], axis=-1)  # (M, F + 1)
        return CandidateFeatures(vectors, hidden, mean, bias, regressors, self.table("factor_base"))

    def _hidden_kernels(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the rows of W for the query, the movie's vector, ``MOVIE_NUMBERS`` and ``VISITOR_NUMBERS``."""
        kernel, width = ops.convert_to_tensor(self.hidden.kernel), self.width  # (2 D + 6, 128)
        of_movie, of_visitor = (
            ops.take(kernel[2 * width :], ops.array([HEAD_NUMBERS.index(name) for name in names]), axis=0)
            for names in (MOVIE_NUMBERS, VISITOR_NUMBERS)
        )
        return kernel[:width], kernel[width : 2 * width], of_movie, of_visitor

    def prior_means(self, inputs: Inputs) -> Tensor:
        """Return the prior mean of visitors' factors and bias, by what is known of their demographics: (B, F + 1)."""
        shift = sum(
            ops.take(table, ops.maximum(inputs[name], 0), axis=0) * ops.cast(inputs[name] >= 0, "float32")[:, None]
            for name, table in self.prior_shifts.items()
        )
        return ops.convert_to_tensor(self.prior_mean) + shift * inputs.get("profile_scale", ops.ones(1))[:, None]

    def fold_in_inputs(self, inputs: Inputs, candidates: CandidateFeatures, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Return what events tell the factor model: x (B, T, F + 1), 0 in padding, and rating − base − x · mean."""
        x = ops.where((inputs["movie"] >= 0)[..., None], candidates.regressors, 0.0)
        target = ops.take(ops.convert_to_tensor(self.stars), inputs["level"]) - candidates.factor_base
        return x, target - ops.matmul(x, mean[..., None])[..., 0]

    def fold_in(self, inputs: Inputs, candidates: CandidateFeatures) -> tuple[Tensor, Tensor]:
        """Return the factor model's prediction (stars) at every position from the ones before it, and its variance.

        Both (B, T). As ``UserPrior.fold_in``.
        """
        mean = self.prior_means(inputs)
        x, target = self.fold_in_inputs(inputs, candidates, mean)
        offset, variance = predict_prefixes(x, target, ops.convert_to_tensor(self.factor_prior), self.drift)
        return candidates.factor_base + ops.matmul(x, mean[..., None])[..., 0] + offset, variance
