"""The scorer of the classic models."""

import numpy as np

from bst.bundles.bundle import Bundle
from bst.schema import Visitor
from bst.scoring.encoding import codes, together, watched
from bst.scoring.results import CandidateAttention, HistoryAttention, Predictions
from bst.scoring.scorer import Scorer


class ClassicScorer(Scorer):
    """Reads the newest ``window − 1`` events; a shorter history leaves slots empty.

    Without a user id, as a visitor has none: a preset that was trained with one sees a visitor as a user with the mean
    of all user embeddings.
    """

    def __init__(self, bundle: Bundle, model):
        import tensorflow as tf

        self.bundle, self.model, self.max_history = bundle, model, bundle.config.max_history
        signature = {
            "movies": tf.TensorSpec((None, self.max_history), tf.int32),
            "ratings": tf.TensorSpec((None, self.max_history), tf.float32),
        } | {name: tf.TensorSpec((None,), tf.int32) for name in ("target", "user", "sex", "age", "occupation")}

        def compiled(function, *arguments):
            # compiled once, for any number of candidates; AutoGraph has nothing to translate, and takes seconds for it
            return tf.function(function, input_signature=[signature, *arguments], autograph=False)

        def gradients(inputs, event_scale, profile_scale):
            scales = tf.convert_to_tensor(event_scale), tf.convert_to_tensor(profile_scale)
            with tf.GradientTape() as tape:
                tape.watch(scales)
                scaled = inputs | dict(zip(("event_scale", "profile_scale"), scales, strict=True))
                stars = model(scaled, training=False)[:, 0]
            return stars, *tape.gradient(stars, scales, unconnected_gradients=tf.UnconnectedGradients.ZERO)

        self._predict = compiled(lambda inputs: model(inputs, training=False))
        self._attend = compiled(lambda inputs: model(inputs, training=False, return_attention_scores=True))
        self._changes = compiled(
            gradients, tf.TensorSpec((None, self.max_history), tf.float32), tf.TensorSpec((None,), tf.float32)
        )

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue. ``rows``: the visitor's movies."""
        return Predictions(self._pass([visitor], [rows], np.arange(self.bundle.sizes.movies), False).expected[0])

    def _pass(self, visitors, rows, movies, watch_next) -> Predictions:
        ratings = self._predict(self._inputs(visitors, rows, movies)).numpy()
        expected = np.clip(ratings, self.bundle.levels[0], self.bundle.levels[-1])
        return Predictions(expected.reshape(len(visitors), len(movies)))

    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return where ``movie`` (a row) looks in the pass that predicts it."""
        _, scores = self._attend(self._inputs([visitor], [rows], np.array([movie])))
        used = min(len(rows), self.max_history) + 1
        weights, rest = scores.numpy()[0][:, -used:, -used:], "the movie itself"
        names = tuple(f"Head {head + 1}" for head in range(len(weights)))
        return CandidateAttention(
            names, weights[:, -1, :-1], weights[:, -1, -1], rest, HistoryAttention(names, weights, after=(rest,))
        )

    def _gradients(self, visitor, rows, movie, places):
        """As in ``Scorer``; stars are not yet held within the rating levels, where nothing would move them."""
        inputs = self._inputs([visitor], [rows], np.array([movie]))
        inputs = {name: np.repeat(values, len(places), axis=0) for name, values in inputs.items()}
        profile_scale = places.astype(np.float32)
        event_scale = np.repeat(profile_scale[:, None], self.max_history, axis=1)
        made = self._changes(inputs, event_scale, profile_scale)
        stars, event_effects, rest = (part.numpy() for part in made)
        return stars, event_effects[:, self.max_history - min(len(rows), self.max_history) :], rest

    def movie_vectors(self) -> np.ndarray:
        """Return what the model has learnt of each movie, with its genres: (movies, width) float32."""
        return np.array(self.model.encode_movie(np.arange(self.bundle.sizes.movies)))

    def _inputs(self, visitors, rows, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Return one window for each visitor and target: the first visitor with all targets, then the second …"""
        histories = [watched(*pair, self.max_history) for pair in zip(visitors, rows, strict=True)]
        read, n = together(histories, self.max_history, in_front=True), len(targets)
        inputs = {"movies": read.movie, "ratings": read.rating, "user": np.full(len(visitors), -1, np.int32)}
        inputs = {name: np.repeat(values, n, axis=0) for name, values in (inputs | codes(visitors)).items()}
        return inputs | {"target": np.tile(targets.astype(np.int32), len(visitors))}
