"""The scorer of the Keras model itself: slow to load, and the reference for the inference engine.

Histories go through the layers as in training; behind the newest event stand the candidates instead of the one movie
that came next. Nothing is shared, absorbed or left out, so that it is easily seen to be what ``TimelineBST`` computes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from bst.models.constants import MASKED
from bst.models.exported import Tensors, Towers
from bst.models.layers import Inputs, Tensor
from bst.models.timeline.blocks import Attention
from bst.models.timeline.definition import USER_BIAS_DAMPING
from bst.models.timeline.fold_in import whitening
from bst.models.timeline.scorer import Rate, TimelineScorer
from bst.models.timeline.towers.catalogue import CatalogueTower
from bst.models.timeline.towers.next import NextTower
from bst.models.timeline.towers.rating import RatingTower
from bst.models.timeline.towers.tower import Tower
from bst.models.trainer import Model
from bst.scoring.scorer import RowsOf
from bst.timelines.segments import EVENT_INPUTS

MOVIES = tf.TensorSpec((None,), tf.int32)
SCALES = tf.TensorSpec((None, None), tf.float32), tf.TensorSpec((None,), tf.float32)


class KerasTimelineScorer(TimelineScorer):
    """As ``TimelineScorer``, by the Keras model."""

    def __init__(self, model: Model, levels: tuple[float, ...], rows_of: RowsOf):
        super().__init__(levels, model.config.max_history, tuple(model.towers), rows_of, model.sizes)
        self._model = model
        stars = tf.constant(levels, tf.float32)
        signature = {
            **{name: tf.TensorSpec((None, None), tf.int32) for name in EVENT_INPUTS},
            **{name: tf.TensorSpec((None,), tf.int32) for name in model.sizes.demographics},
        }

        def compiled(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
            # compiled once, for any length of history; AutoGraph has nothing to translate, and takes seconds for it
            return tf.function(function, input_signature=[signature, *arguments], autograph=False)

        def distribution(inputs: Inputs, movie: Tensor) -> Tensor:
            return tf.nn.softmax(score(model.rating, inputs, movie)[0])

        def attention_weights(inputs: Inputs, movie: Tensor) -> tuple[Tensor, Tensor]:
            _, weights, content = score(model.rating, inputs, movie)
            return weights[0, :, :, 0], of_first(content)

        def expected(inputs: Inputs, movie: Tensor) -> Tensor:
            return tf.linalg.matvec(distribution(inputs, movie)[:, 0], stars)

        if model.rating:
            self._distribution, self._attention = compiled(distribution, MOVIES), compiled(attention_weights, MOVIES)
        predicted = {
            name: lambda inputs, movie, tower=tower: catalogue_logits(tower, inputs)[:, movie[0]]
            for name, tower in model.towers.items()
        } | {"rating": expected}
        self._gradient = {name: compiled(gradients_of(value), MOVIES, *SCALES) for name, value in predicted.items()}
        self._logits = {
            name: compiled(lambda inputs, tower=tower: catalogue_logits(tower, inputs))
            for name, tower in model.towers.items()
            if name != "rating"
        }
        self._tower_attention = {
            name: compiled(lambda inputs, tower=tower: tower_attention(tower, inputs))
            for name, tower in model.towers.items()
            if name != "rating"
        }

    def towers(self) -> Towers:
        """Return the model as functions of tensors, for another server."""

        def ratings(encoded: Tensors, movie: Tensor) -> Tensors:
            distribution = tf.nn.softmax(score(self._model.rating, read(encoded), movie)[0])
            stars = tf.constant(self.levels, tf.float32)
            return {"expected": tf.linalg.matvec(distribution, stars), "distribution": distribution}

        names = *EVENT_INPUTS, *self._sizes.demographics

        def read(encoded: Tensors) -> Tensors:
            return {name: encoded[name] for name in names}

        def logits_of(tower: CatalogueTower) -> Callable[[Tensors], Tensor]:
            return lambda encoded: catalogue_logits(tower, read(encoded))

        others = {name: tower for name, tower in self._model.towers.items() if name != "rating"}
        return Towers(ratings, {name: logits_of(tower) for name, tower in others.items()})

    def movie_vectors(self) -> np.ndarray:
        """Return the first tower's vectors of all movies, genres and year included: (movies, width) float32."""
        return np.array(next(iter(self._model.towers.values())).movie_vectors())

    def _rate(self, inputs: Inputs) -> Rate:
        def rate(movies: np.ndarray | None, visitor: int | None = None) -> np.ndarray:
            movies = np.arange(self._model.sizes.movies) if movies is None else movies
            of = slice(None) if visitor is None else slice(visitor, visitor + 1)
            some = {name: values[of] for name, values in inputs.items()}
            return self._distribution(some, movies.astype(np.int32)).numpy()

        return rate

    def _catalogue_logits(self, task: str, inputs: Inputs, movies: np.ndarray | None = None) -> np.ndarray:
        logits = self._logits[task](inputs).numpy()
        return logits if movies is None else logits[:, movies]

    def _attention_arrays(self, inputs: Inputs, movie: int) -> tuple[np.ndarray, np.ndarray]:
        query, content = self._attention(inputs, np.array([movie], np.int32))
        return query.numpy(), content.numpy()

    def _tower_attention_arrays(self, task: str, inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
        newest, content = self._tower_attention[task](inputs)
        return newest.numpy(), content.numpy()

    def _scaled_gradients(
        self, task: str, inputs: Inputs, movie: int, event_scale: np.ndarray, profile_scale: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        results = self._gradient[task](inputs, np.array([movie], np.int32), event_scale, profile_scale)
        values, by_event, by_demographics = (part.numpy() for part in results)
        return values, by_event, by_demographics


def gradients_of(predicted: Callable[[Inputs, Tensor], Tensor]) -> Callable[..., tuple[Tensor, ...]]:
    """Return a function of inputs, a movie (1,) and scales to what is predicted, (B,), and its gradients by scale."""

    def gradients(inputs: Inputs, movie: Tensor, event_scale: Tensor, profile_scale: Tensor) -> tuple[Tensor, ...]:
        scales = tf.convert_to_tensor(event_scale), tf.convert_to_tensor(profile_scale)
        with tf.GradientTape() as tape:
            tape.watch(scales)
            scaled = inputs | dict(zip(("event_scale", "profile_scale"), scales, strict=True))
            values = predicted(scaled, movie)
        return values, *tape.gradient(values, scales, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return gradients


def score(tower: RatingTower, inputs: Inputs, movie: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Score candidates ``movie`` int (N,) after the newest event, in the place of ``RatingTower.call``'s next movie.

    Returns logits (B, N, L), the weights (B, layers, H, N, T + 1) with which candidates attend to visitor and events,
    and those of each content layer, (B, H, T + 1, T + 1). ``event_scale`` and ``profile_scale`` may be among the
    inputs: see ``engine.tower``.
    """
    visitor, candidates = _visitors(tower, inputs), tower.candidates().take(movie)
    query = candidates.vector + tower.query_token + visitor[:, None]  # (B, N, D)
    tokens, weights, content_weights = _tokens(tower, inputs, visitor), [], []
    event_count, *after_newest = _after_newest(tower, inputs)
    for i, (block, norm) in enumerate(zip(tower.query_blocks, tower.content_norms, strict=True)):
        if i:
            content = tower.content_blocks[i - 1]
            bias = content.attention.logit_bias(*tower.causal(tf.shape(tokens)[1]))
            tokens, between = content(tokens, content.norm_1(tokens), bias)
            content_weights.append(between)
        query, layer_weights = block(query, norm(tokens), _logit_bias_by_row(block.attention, *after_newest))
        weights.append(layer_weights)
    residuals = tower.residuals(inputs) * inputs.get("event_scale", 1.0)
    user_bias = tf.reduce_sum(residuals, axis=1, keepdims=True) / (event_count + USER_BIAS_DAMPING)
    prediction, variance = _fold_in(tower, inputs, candidates)
    logits = tower.head(query, candidates, user_bias, event_count, prediction, variance)
    return logits, tf.stack(weights, axis=1), content_weights


def catalogue_logits(tower: CatalogueTower, inputs: Inputs) -> Tensor:
    """Return logits (B, M) of the next or the like tower after the newest event."""
    vectors, (tokens, _) = tower.movie_vectors(), _content(tower, inputs)
    event_count = tf.reduce_sum(tf.cast(inputs["movie"] >= 0, tf.int32), axis=1)
    state = tower.norm(tf.gather(tokens, event_count, batch_dims=1))  # (B, D): the visitor is the first token
    return tower.logits(state, event_count, tower.output_vectors(vectors))


def tower_attention(tower: CatalogueTower, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Return the attention of one visitor's newest token, (layers, H, T + 1), and that between tokens in all layers but
    the last, (layers − 1, H, T + 1, T + 1).
    """
    _, weights = _content(tower, inputs)
    return tf.stack(weights)[:, 0, :, -1], of_first(weights[:-1])


def of_first(weights: list[Tensor]) -> Tensor:
    """Return the attention of the first visitor between tokens, given that of each layer: (layers, H, T, T)."""
    return tf.stack(weights)[:, 0] if weights else tf.zeros((0, 0, 0, 0))


def _content(tower: CatalogueTower, inputs: Inputs) -> tuple[Tensor, list[Tensor]]:
    """Return what the layers of a tower make of its tokens, (B, T + 1, D), and the attention weights of each layer."""
    tokens, weights = _tokens(tower, inputs, _visitors(tower, inputs)), []
    for block in tower.content_blocks:
        bias = block.attention.logit_bias(*tower.causal(tf.shape(tokens)[1]))
        tokens, layer_weights = block(tokens, block.norm_1(tokens), bias)
        weights.append(layer_weights)
    return tokens, weights


def _visitors(tower: Tower, inputs: Inputs) -> Tensor:
    """Return the visitors' own tokens (B, D), as far as ``profile_scale`` lets their demographics count."""
    known = tower.embed_demographics(inputs)
    if "profile_scale" in inputs:
        nothing = inputs | {name: tf.fill(tf.shape(inputs[name]), -1) for name in tower.demographics}
        unknown = tower.embed_demographics(nothing)
        known = unknown + inputs["profile_scale"][:, None] * (known - unknown)
    return tower.visitor_token + known


def _tokens(tower: Tower, inputs: Inputs, visitor: Tensor) -> Tensor:
    """Return the visitor and the events as tokens (B, T + 1, D), as far as ``event_scale`` lets events count."""
    vectors = tower.movie_vectors()
    events = tower.events(inputs, vectors)
    if "event_scale" in inputs:
        level, gap = (tf.convert_to_tensor(part.embeddings) for part in (tower.level, tower.gap))
        nothing = tf.reduce_mean(vectors, axis=0) + tf.reduce_mean(level, axis=0) + gap[0]
        if isinstance(tower, NextTower):
            nothing += tf.convert_to_tensor(tower.month.embeddings)[0]
        events = nothing + inputs["event_scale"][..., None] * (events - nothing)
    return tf.concat([visitor[:, None], events], axis=1)


def _after_newest(tower: Tower, inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    """Return how many events there are, (B, 1) float, and the buckets and mask, (B, 1, T + 1) each, with which what
    stands behind the newest of them attends to visitor and events; padding is masked.
    """
    valid = tf.cast(inputs["movie"] >= 0, tf.float32)
    event_count = tf.reduce_sum(valid, axis=1, keepdims=True)
    valid = tf.concat([tf.ones_like(event_count), valid], axis=1)  # (B, T + 1)
    distance = tf.cast(event_count, tf.int32) - tf.range(tf.shape(valid)[1])
    return event_count, tower.buckets(distance)[:, None], (1.0 - valid)[:, None] * MASKED


def _logit_bias_by_row(attention: Attention, buckets: Tensor, mask: Tensor) -> Tensor:
    """Return ``Attention.logit_bias`` where each row has its own buckets and mask, (B, Q, K) each: (B, H, Q, K)."""
    learned = tf.gather(attention.distance_bias, buckets, axis=1)  # (H, B, Q, K)
    return tf.transpose(learned, (1, 0, 2, 3)) + mask[:, None]


def _fold_in(tower: RatingTower, inputs: Inputs, candidates: Any) -> tuple[Tensor, Tensor]:
    """Return the factor model's prediction (stars) of candidates from all events, and its variance: (B, N) each.

    ``RatingTower.fold_in`` at the position behind the newest event. Where events have a scale, it is how much each says
    of later ones, and how much what is new in it counts.
    """
    watched, mean = tower.candidates().take(tf.maximum(inputs["movie"], 0)), tower.prior_means(inputs)
    x, target = tower.fold_in_inputs(inputs, watched, mean)  # (B, T, F + 1), (B, T)
    scale = tf.cast(inputs["movie"] >= 0, tf.float32) * inputs.get("event_scale", 1.0)
    values = tf.concat([x, target[..., None]], axis=-1)  # (B, T, F + 2)
    events = tf.shape(x)[1]
    white = whitening(tower.drift, events + 1)
    own = tf.linalg.diag_part(white)
    before = white - tf.linalg.diag(own)
    counted = values * scale[..., None]
    innovations = own[:events, None] * values + tf.matmul(before[:events, :events], counted)
    gram = tf.matmul(innovations * scale[..., None], innovations, transpose_a=True)
    covariance = tf.linalg.inv(gram[:, :-1, :-1] + tf.linalg.diag(tf.convert_to_tensor(tower.factor_prior)))
    factors = tf.matmul(covariance, gram[:, :-1, -1:])  # (B, F + 1, 1)
    count = tf.reduce_sum(tf.cast(inputs["movie"] >= 0, tf.int32), axis=1)
    own = tf.gather(own, count)[:, None]  # (B, 1)
    newest = tf.gather(before, count)[:, :events] / own  # (B, T)
    of_drift = tf.einsum("bt,btf->bf", newest, counted)[:, None]  # (B, 1, F + 2)
    regressors = candidates.regressors  # (N, F + 1)
    base = candidates.factor_base + tf.matmul(mean, regressors, transpose_b=True)
    query = regressors + of_drift[..., :-1]  # (B, N, F + 1)
    prediction = base + tf.matmul(query, factors)[..., 0] - of_drift[..., -1]
    variance = tf.reduce_sum(tf.matmul(query, covariance) * query, axis=-1)
    return prediction, variance + 1 / own**2 - 1
