"""The scorer of the Keras model itself: slow to load, and the reference for the inference engine."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from bst.models.classic.scorer import ClassicScorer, Inputs
from bst.models.exported import Tensors, Towers
from bst.models.layers import Tensor
from bst.models.trainer import Model

# what the network calls the parts of a history
WINDOW_INPUTS = {"movies": "movie", "ratings": "rating"}


class KerasClassicScorer(ClassicScorer):
    """As ``ClassicScorer``, by the Keras model."""

    def __init__(self, model: Model, levels: tuple[float, ...]):
        super().__init__(model.config, model.sizes, levels)
        self._model = model
        signature = {
            "movies": tf.TensorSpec((None, self.max_history), tf.int32),
            "ratings": tf.TensorSpec((None, self.max_history), tf.float32),
        } | {name: tf.TensorSpec((None,), tf.int32) for name in ("target", "user", *model.sizes.demographics)}

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

    def towers(self) -> Towers:
        """Return the model as a function of tensors, for another server."""

        def ratings(encoded: Tensors, movie: Tensor) -> Tensors:
            visitors, candidates = tf.shape(encoded["movie"])[0], tf.shape(movie)[0]
            inputs = {name: encoded[name] for name in self._model.sizes.demographics}
            inputs |= {name: self._in_front(encoded, part) for name, part in WINDOW_INPUTS.items()}
            inputs["user"] = tf.fill([visitors], -1)
            inputs = {name: tf.repeat(values, candidates, axis=0) for name, values in inputs.items()}
            stars = self._model(inputs | {"target": tf.tile(movie, [visitors])}, training=False)[:, 0]
            stars = tf.clip_by_value(stars, self.levels[0], self.levels[-1])
            return {"expected": tf.reshape(stars, [visitors, candidates])}

        return Towers(ratings, {})

    def _in_front(self, encoded: Tensors, part: str) -> Tensor:
        """Return a window of events with its padding in front: movie −1, rating 0."""
        count = tf.reduce_sum(tf.cast(encoded["movie"] >= 0, tf.int32), axis=1)
        index = count[:, None] - self.max_history + tf.range(self.max_history)
        # something to gather from, where no visitor has watched anything
        values = tf.pad(encoded[part], [[0, 0], [0, 1]])
        window = tf.gather(values, tf.maximum(index, 0), batch_dims=1)
        return tf.where(index >= 0, window, tf.cast(-1 if part == "movie" else 0, window.dtype))

    def movie_vectors(self) -> np.ndarray:
        """Return what the model has learned of each movie, with its genres: (movies, width) float32."""
        return np.array(self._model.encode_movie(np.arange(self._movies)))

    def _ratings(self, inputs: Inputs) -> np.ndarray:
        return self._predict(inputs).numpy()[:, 0]

    def _weights(self, inputs: Inputs) -> np.ndarray:
        return self._attention(inputs)[1].numpy()[0]

    def _scaled_gradients(
        self, inputs: Inputs, event_scale: np.ndarray, profile_scale: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        stars, by_event, by_demographics = (part.numpy() for part in self._gradient(inputs, event_scale, profile_scale))
        return stars, by_event, by_demographics
