"""The scorer of the classic models."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from bst.models.layers import Inputs, Tensor
from bst.models.trainer import Model
from bst.schema import DEMOGRAPHICS, Visitor
from bst.scoring.encoding import encode_demographics, encode_history, pad_batch
from bst.scoring.results import CandidateAttention, HistoryAttention, Predictions
from bst.scoring.scorer import Scorer

TARGET = "the movie itself"


class ClassicScorer(Scorer):
    """Reads the newest ``window − 1`` events; a shorter history leaves slots empty.

    Without a user id, as a visitor has none: a preset that was trained with one sees a visitor as a user with the mean
    of all user embeddings.
    """

    def __init__(self, model: Model, levels: tuple[float, ...]):
        self.model, self.levels, self.max_history = model, levels, model.config.max_history
        signature = {
            "movies": tf.TensorSpec((None, self.max_history), tf.int32),
            "ratings": tf.TensorSpec((None, self.max_history), tf.float32),
        } | {name: tf.TensorSpec((None,), tf.int32) for name in ("target", "user", *DEMOGRAPHICS)}

        def compiled(function: Callable[..., Any], *arguments: tf.TensorSpec) -> Callable[..., Any]:
            # compiled once, for any number of candidates; AutoGraph has nothing to translate, and takes seconds for it
            return tf.function(function, input_signature=[signature, *arguments], autograph=False)

        def gradients(inputs: Inputs, event_scale: Tensor, profile_scale: Tensor) -> tuple[Tensor, ...]:
            scales = tf.convert_to_tensor(event_scale), tf.convert_to_tensor(profile_scale)
            with tf.GradientTape() as tape:
                tape.watch(scales)
                scaled = inputs | dict(zip(("event_scale", "profile_scale"), scales, strict=True))
                stars = model(scaled, training=False)[:, 0]
            return stars, *tape.gradient(stars, scales, unconnected_gradients=tf.UnconnectedGradients.ZERO)

        self._predict = compiled(lambda inputs: model(inputs, training=False))
        self._attention = compiled(lambda inputs: model(inputs, training=False, return_attention_scores=True))
        self._gradient = compiled(
            gradients, tf.TensorSpec((None, self.max_history), tf.float32), tf.TensorSpec((None,), tf.float32)
        )

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue."""
        movies = np.arange(self.model.sizes.movies)
        return Predictions(self._predict_pass([visitor], [rows], movies, ()).expected[0])

    def _predict_pass(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, tasks: Collection[str]
    ) -> Predictions:
        ratings = self._predict(self._inputs(visitors, rows, movies)).numpy()
        return Predictions(np.clip(ratings, self.levels[0], self.levels[-1]).reshape(len(visitors), len(movies)))

    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return what ``movie`` attends to in the pass that predicts its rating."""
        _, scores = self._attention(self._inputs([visitor], [rows], np.array([movie])))
        used = min(len(rows), self.max_history) + 1
        weights = scores.numpy()[0][:, -used:, -used:]
        heads = tuple(f"Head {head + 1}" for head in range(len(weights)))
        between = HistoryAttention(heads, weights, after=(TARGET,))
        return CandidateAttention(heads, weights[:, -1, :-1], weights[:, -1, -1], TARGET, between)

    def _gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As in ``Scorer``, of ratings before they are clipped to the levels: beyond those nothing would change."""
        inputs = self._inputs([visitor], [rows], np.array([movie]))
        inputs = {name: np.repeat(values, len(scales), axis=0) for name, values in inputs.items()}
        scales = scales.astype(np.float32)
        results = self._gradient(inputs, np.repeat(scales[:, None], self.max_history, axis=1), scales)
        stars, by_event, by_demographics = (part.numpy() for part in results)
        return stars, by_event[:, self.max_history - min(len(rows), self.max_history) :], by_demographics

    def movie_vectors(self) -> np.ndarray:
        """Return what the model has learned of each movie, with its genres: (movies, width) float32."""
        return np.array(self.model.encode_movie(np.arange(self.model.sizes.movies)))

    def _inputs(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], targets: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return one window for each visitor and target: the first visitor with all targets, then the second …"""
        histories = [encode_history(*pair, self.max_history) for pair in zip(visitors, rows, strict=True)]
        batch = pad_batch(histories, self.max_history, in_front=True)
        inputs = {"movies": batch.movie, "ratings": batch.rating, "user": np.full(len(visitors), -1, np.int32)}
        inputs |= encode_demographics(visitors)
        inputs = {name: np.repeat(values, len(targets), axis=0) for name, values in inputs.items()}
        return inputs | {"target": np.tile(targets.astype(np.int32), len(visitors))}
