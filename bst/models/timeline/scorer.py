"""The scorer of the timeline model."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from bst.models.layers import Inputs, Tensor
from bst.models.timeline.fast_inference import CatalogueInference, KVCache, RatingInference
from bst.models.timeline.prefix_cache import SharedPrefixPredictor
from bst.models.trainer import Model
from bst.schema import DEMOGRAPHICS, Visitor
from bst.scoring.encoding import (
    EncodedHistory,
    encode_demographics,
    encode_history,
    encode_without_each,
    pad_batch,
    with_other_ratings,
)
from bst.scoring.results import CandidateAttention, CandidateScores, HistoryAttention, Predictions
from bst.scoring.scorer import RowsOf, Scorer, passes
from bst.timelines.segments import EVENT_INPUTS

VISITOR = "who the visitor is"

# a shorter history has no prefix to share
LEAST_SHARED = 2
# the towers that score the catalogue
CATALOGUE_TASKS = ("next", "like")


class TimelineScorer(Scorer):
    """Reads the newest ``max_history`` events, once; then scores every candidate against them.

    The model must have a rating tower.
    """

    def __init__(self, model: Model, levels: tuple[float, ...], rows_of: RowsOf):
        self.model, self.levels, self.max_history, self._rows_of = model, levels, model.config.max_history, rows_of
        rating = RatingInference(model.rating)
        self._catalogue = {
            name: CatalogueInference(tower) for name, tower in model.towers.items() if name in CATALOGUE_TASKS
        }
        self.tasks = tuple(model.towers)
        signature = {name: tf.TensorSpec((None, None), tf.int32) for name in EVENT_INPUTS}
        signature |= {name: tf.TensorSpec((None,), tf.int32) for name in DEMOGRAPHICS}
        movies = tf.TensorSpec((None,), tf.int32)
        stars = tf.constant(levels, tf.float32)

        def compiled(function: Callable[..., Any], *arguments: tf.TensorSpec) -> Callable[..., Any]:
            # compiled once, for any length of history; AutoGraph has nothing to translate, and takes seconds for it
            return tf.function(function, input_signature=[signature, *arguments], autograph=False)

        def predict(inputs: Inputs) -> tuple[Tensor, dict[str, Tensor]]:
            levels = tf.nn.softmax(rating.score(rating.encode(inputs))[0])
            return levels, {name: logits(tower)(inputs) for name, tower in self._catalogue.items()}

        def logits(tower: CatalogueInference) -> Callable[[Inputs], Tensor]:
            return lambda inputs: tower.logits(*tower.encode(inputs))

        def logits_of_some(tower: CatalogueInference) -> Callable[[Inputs, Tensor], Tensor]:
            return lambda inputs, movie: tower.logits(*tower.encode(inputs), movie)

        def attention_weights(inputs: Inputs, movie: Tensor) -> tuple[Tensor, Tensor]:
            cache = KVCache()
            encoded = rating.encode(inputs, cache)
            content = tf.stack(cache.weights)[:, 0] if cache.weights else tf.zeros((0, 0, 0, 0))
            return rating.score(encoded, movie)[1][0, :, :, 0], content

        def distribution(inputs: Inputs, movie: Tensor) -> Tensor:
            return tf.nn.softmax(rating.score(rating.encode(inputs), movie)[0])

        def gradients(inputs: Inputs, movie: Tensor, event_scale: Tensor, profile_scale: Tensor) -> tuple[Tensor, ...]:
            scales = tf.convert_to_tensor(event_scale), tf.convert_to_tensor(profile_scale)
            with tf.GradientTape() as tape:
                tape.watch(scales)
                scaled = inputs | dict(zip(("event_scale", "profile_scale"), scales, strict=True))
                expected = tf.linalg.matvec(distribution(scaled, movie)[:, 0], stars)
            return expected, *tape.gradient(expected, scales, unconnected_gradients=tf.UnconnectedGradients.ZERO)

        self._predict, self._attention = compiled(predict), compiled(attention_weights, movies)
        self._distribution = compiled(distribution, movies)
        self._logits = {name: compiled(logits(tower)) for name, tower in self._catalogue.items()}
        self._logits_of = {name: compiled(logits_of_some(tower), movies) for name, tower in self._catalogue.items()}
        self._gradient = compiled(
            gradients, movies, tf.TensorSpec((None, None), tf.float32), tf.TensorSpec((None,), tf.float32)
        )
        self._shared_prefix = SharedPrefixPredictor(rating, self._catalogue, compiled)

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue."""
        distribution, logits = self._predict(self._inputs([visitor], [rows]))
        batch = self._predictions(distribution.numpy(), logits, [visitor], [rows])
        watch_next, like_logit = (None if part is None else part[0] for part in (batch.watch_next, batch.like_logit))
        return replace(
            batch,
            expected=batch.expected[0],
            distribution=distribution.numpy()[0],
            watch_next=watch_next,
            like_logit=like_logit,
        )

    def _predict_pass(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, tasks: Collection[str]
    ) -> Predictions:
        inputs = self._inputs(visitors, rows)
        distribution = self._distribution(inputs, movies.astype(np.int32)).numpy()
        logits = {name: graph(inputs) for name, graph in self._logits.items() if name in tasks}
        return self._predictions(distribution, logits, visitors, rows, movies)

    def _predictions(
        self,
        distribution: np.ndarray,
        logits: dict[str, Tensor],
        visitors: Sequence[Visitor],
        rows: Sequence[np.ndarray],
        movies: np.ndarray | slice = slice(None),
    ) -> Predictions:
        """Return predictions of ``movies`` from their distributions and from logits (visitors, catalogue) by task."""
        # seen movies are not recommended again
        unseen = {name: self._without_seen(values.numpy(), visitors, rows) for name, values in logits.items()}
        watch_next = _softmax(unseen["next"])[:, movies] if "next" in unseen else None
        like_logit = unseen["like"][:, movies] if "like" in unseen else None
        fame_logit = self._fame_logit[movies] if "like" in unseen else None
        return Predictions(self._means(distribution), distribution, watch_next, like_logit, fame_logit)

    @cached_property
    def _fame_logit(self) -> np.ndarray:
        """``like_logit`` of a visitor of whom nothing is known: (movies,)."""
        nobody = self._inputs([Visitor()], [np.zeros(0, np.int32)])
        # by the graph that every list needs: to compile another one takes longer than to run it
        return self._predict(nobody)[1]["like"].numpy()[0]

    def _means(self, distribution: np.ndarray) -> np.ndarray:
        return distribution @ np.array(self.levels, np.float32)

    def _without_seen(self, logits: np.ndarray, visitors: Sequence[Visitor], rows: Sequence[np.ndarray]) -> np.ndarray:
        """Return logits (visitors, catalogue) with −∞ for what each has seen."""
        for row, visitor, watched in zip(logits, visitors, rows, strict=True):
            row[watched] = -np.inf
            if visitor.seen:
                row[self._rows_of(visitor.seen)] = -np.inf
        return logits

    def score_movie(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movie: int) -> CandidateScores:
        """Score one ``movie`` for each of several visitors."""
        distribution = np.zeros((len(visitors), len(self.levels)), np.float32)
        logits = {name: np.zeros(len(visitors), np.float32) for name in self._catalogue}
        movies = np.array([movie], np.int32)
        for group in passes([min(len(row), self.max_history) for row in rows], 1):
            inputs = self._inputs([visitors[i] for i in group], [rows[i] for i in group])
            distribution[group] = self._distribution(inputs, movies)[:, 0]
            for name, values in logits.items():
                values[group] = self._logits_of[name](inputs, movies)[:, 0]
        return self._scores(distribution, logits)

    def _scores(self, distribution: np.ndarray, logits: dict[str, np.ndarray]) -> CandidateScores:
        return CandidateScores(self._means(distribution), distribution, logits.get("next"), logits.get("like"))

    def score_movie_without_each(
        self, visitor: Visitor, rows: np.ndarray, movie: int, catalogue_logits: bool = True
    ) -> CandidateScores:
        """Score ``movie`` for the visitor, then without each event: see ``Scorer``. Shared prefixes are read once."""
        if len(rows) < LEAST_SHARED:
            return super().score_movie_without_each(visitor, rows, movie, catalogue_logits)
        levels, logits = self._shared_without_each(visitor, rows, np.array([movie]), None, catalogue_logits)
        return self._scores(levels[:, 0], {name: values[:, 0] for name, values in logits.items()})

    def expected_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return expected ratings of ``movies`` without each event: see ``Scorer``. Shared prefixes are read once."""
        if len(rows) < LEAST_SHARED:
            return super().expected_without_each(visitor, rows, movies, positions)
        return self._means(self._shared_without_each(visitor, rows, movies, positions, False)[0])

    def like_logit_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return ``like_logit`` of ``movies`` without each event: see ``Scorer``. Shared prefixes are read once."""
        if "like" not in self._catalogue:
            return super().like_logit_without_each(visitor, rows, movies, positions)
        if len(rows) < LEAST_SHARED:
            inputs = self._inputs(*self._without_each(visitor, rows, positions))
            return self._logits_of["like"](inputs, movies.astype(np.int32)).numpy()
        return self._shared_prefix.logits("like", *self._without_each_inputs(visitor, rows, positions), movies)

    def _shared_without_each(
        self,
        visitor: Visitor,
        rows: np.ndarray,
        movies: np.ndarray,
        positions: Sequence[int] | None,
        catalogue_logits: bool,
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        inputs = self._without_each_inputs(visitor, rows, positions)
        return self._shared_prefix.predict(*inputs, movies, catalogue_logits)

    def _without_each_inputs(
        self, visitor: Visitor, rows: np.ndarray, positions: Sequence[int] | None
    ) -> tuple[Inputs, list[Inputs]]:
        """Return the history, and as batches all that is read of it, then what is without each event."""
        history, without = encode_without_each(visitor, rows, self.max_history, positions)
        read = encode_history(visitor, rows, self.max_history)
        batches = [self._model_inputs(part, [visitor]) for part in (read.as_batch(), without)]
        return self._model_inputs(history.as_batch(), [visitor]), batches

    def expected_if_rated(
        self, visitor: Visitor, rows: np.ndarray, movie: int, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the expected rating of ``movie`` if an event had another rating: see ``Scorer``."""
        history = encode_history(visitor, rows, self.max_history)
        events = np.arange(len(history.movie)) if positions is None else np.asarray(positions, int)
        if not len(events):
            return np.zeros((0, len(self.levels)))
        changed, cells = with_other_ratings(history, self.levels, events)
        unchanged = self._model_inputs(history.as_batch(), [visitor])
        batches = [unchanged, self._model_inputs(changed, [visitor])]
        expected = self._means(self._shared_prefix.predict(unchanged, batches, np.array([movie]), False)[0])[:, 0]
        table = np.full((len(events), len(self.levels)), expected[0])
        table[cells] = expected[1:]
        return table

    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return what ``movie`` attends to, in every layer, in the pass that predicts its rating."""
        query, content = self._attention(self._inputs([visitor], [rows]), np.array([movie], np.int32))
        heads, weights = _by_head(query.numpy())
        content_heads, content_weights = _by_head(content.numpy())
        between = HistoryAttention(content_heads, content_weights, before=(VISITOR,)) if content_heads else None
        return CandidateAttention(heads, weights[:, 1:], weights[:, 0], VISITOR, between)

    def _gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inputs = self._inputs([visitor], [rows])
        inputs = {name: np.repeat(values, len(scales), axis=0) for name, values in inputs.items()}
        scales = scales.astype(np.float32)
        event_scales = np.repeat(scales[:, None], inputs["movie"].shape[1], axis=1)
        stars, by_event, by_demographics = self._gradient(inputs, np.array([movie], np.int32), event_scales, scales)
        return stars.numpy(), by_event.numpy(), by_demographics.numpy()

    def movie_vectors(self) -> np.ndarray:
        """Return the rating tower's vectors of all movies, genres and year included: (movies, width) float32."""
        return np.array(self.model.rating.movie_vectors())

    def _inputs(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray]) -> Inputs:
        histories = [encode_history(*pair, self.max_history) for pair in zip(visitors, rows, strict=True)]
        return self._model_inputs(pad_batch(histories, max(len(history.movie) for history in histories)), visitors)

    def _model_inputs(self, histories: EncodedHistory, visitors: Sequence[Visitor]) -> Inputs:
        """Return histories (visitors, events) as the model's inputs; one visitor may stand for all of them."""
        level = np.searchsorted(self.levels, histories.rating).astype(np.int32)
        events = {"movie": histories.movie, "level": level, "gap": histories.gap, "month": histories.month}
        repeats = len(histories.movie) // len(visitors)
        return events | {name: np.repeat(codes, repeats) for name, codes in encode_demographics(visitors).items()}


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of each row; all 0 where every logit is −∞, as nothing is left."""
    highest = logits.max(axis=1, keepdims=True)
    odds = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
    return odds / np.maximum(odds.sum(axis=1, keepdims=True), 1e-9)


def _by_head(weights: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Label the heads of weights (layers, heads, …) and return both, all heads on one axis."""
    layers, heads = weights.shape[:2]
    labels = tuple(f"Layer {layer + 1}, head {head + 1}" for layer in range(layers) for head in range(heads))
    return labels, weights.reshape(len(labels), *weights.shape[2:])
