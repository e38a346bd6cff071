"""Inference with a classic BST in NumPy: the numbers of ``ClassicBST.call``, without TensorFlow.

Shapes: B windows of W movies, D width, H heads. NumPy is imported through ``autograd``, so that ratings can be
differentiated, for integrated gradients.
"""

from typing import Any

import autograd.numpy as np

from bst.models.classic.config import ClassicConfig
from bst.models.classic.definition import LEAKY_SLOPE, NEUTRAL_RATING, NORM_EPSILON
from bst.models.classic.shapes import profile_sizes
from bst.models.config import Sizes
from bst.models.constants import MASKED
from bst.models.weights import Array, Weights, as_tree

Inputs = dict[str, Array]


class ClassicInference:
    """A trained classic model. Inputs are those of ``ClassicBST``; ``weights``: all of ``shapes.weight_shapes``."""

    def __init__(self, config: ClassicConfig, sizes: Sizes, weights: Weights):
        self.config, self.weights = config, as_tree(weights)
        self.movie_vectors: Array = self.weights.movie.embeddings  # (M, D), with genres
        if config.genres:
            features = np.concatenate([self.movie_vectors, self.weights.genres.embeddings], axis=1)
            self.movie_vectors = np.maximum(_dense(self.weights.movie_and_genres, features), 0)
        # the mean stands last, where −1, unknown, finds it
        self._profile = {
            name: np.concatenate([table, table.mean(axis=0, keepdims=True)])
            for name in profile_sizes(config, sizes)
            for table in [getattr(self.weights, name).embeddings]
        }

    def predict(self, inputs: Inputs) -> tuple[Array, Array]:
        """Return expected ratings (B,), not clipped, and attention weights (B, H, W, W)."""
        history, target = inputs["movies"], inputs["target"]
        positions = self.weights.position.embeddings  # (W, D)
        tokens = self.movie_vectors[np.concatenate([history, target[:, None]], axis=1)] + positions
        # the target's rating is to be predicted, so its token stands unscaled
        tokens = tokens * _with_one(inputs["ratings"])[..., None]
        if "event_scale" in inputs:
            neutral = (self.movie_vectors.mean(axis=0) + positions) * np.float32(NEUTRAL_RATING)
            tokens = neutral + _with_one(inputs["event_scale"])[..., None] * (tokens - neutral)
        valid = np.concatenate([history >= 0, np.ones((len(target), 1), bool)], axis=1)
        encoded, weights = self._block(tokens, valid)
        features = [np.reshape(encoded * valid[..., None].astype(np.float32), (len(target), -1))]
        features += [self._embed_profile(name, inputs) for name in self._profile]
        return self._mlp(np.concatenate(features, axis=1)), weights

    def _block(self, tokens: Array, valid: Array) -> tuple[Array, Array]:
        """Run the Transformer block over tokens (B, W, D): → (B, W, D), and the weights (B, H, W, W)."""
        block, (batch, window, width) = self.weights.transformer_block, tokens.shape
        flat = np.reshape(tokens, (-1, width))

        def by_head(layer: Any) -> Array:  # → (B, H, W, D)
            return np.swapaxes(np.reshape(_dense(layer, flat), (batch, window, -1, width)), 1, 2)

        query, key, value = (by_head(getattr(block.attention, name)) for name in ("query", "key", "value"))
        mask = np.where(valid, np.float32(0), np.float32(MASKED))[:, None, None]
        logits = query @ np.swapaxes(key, -1, -2) * np.float32(width**-0.5) + mask
        odds = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
        weights = odds / np.sum(odds, axis=-1, keepdims=True)
        mixed = np.reshape(np.swapaxes(weights @ value, 1, 2), (batch * window, -1))
        h = _layer_norm(block.attention_norm, flat + _dense(block.attention.output, mixed))
        y = _layer_norm(block.dense_norm, h + _dense(block.dense, _leaky_relu(h)))
        return np.reshape(y, tokens.shape), weights

    def _mlp(self, features: Array) -> Array:
        """Run the layers behind the block: (B,) stars."""
        for i in range(len(self.config.mlp)):
            norm = getattr(self.weights, f"batch_norm_{i}")
            scale = norm.gamma / np.sqrt(norm.moving_variance + np.float32(NORM_EPSILON))
            features = _dense(getattr(self.weights, f"dense_{i}"), features)
            features = _leaky_relu((features - norm.moving_mean) * scale + norm.beta)
        return _dense(self.weights.rating, features)[:, 0]

    def _embed_profile(self, name: str, inputs: Inputs) -> Array:
        """Embed user id, sex, age or occupation: (B, width of its embedding)."""
        table = self._profile[name]
        embedded = table[inputs[name]]
        if "profile_scale" not in inputs:
            return embedded
        return table[-1] + inputs["profile_scale"][:, None] * (embedded - table[-1])


def _with_one(values: Array) -> Array:
    """Return values of the watched movies with a 1 for the target behind them: (B, W)."""
    return np.concatenate([values, np.ones((len(values), 1), np.float32)], axis=1)


def _dense(layer: Any, x: Array) -> Array:
    return x @ layer.kernel + layer.bias


def _leaky_relu(x: Array) -> Array:
    return np.where(x > 0, x, np.float32(LEAKY_SLOPE) * x)


def _layer_norm(layer: Any, x: Array) -> Array:
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(NORM_EPSILON)) * layer.gamma + layer.beta
