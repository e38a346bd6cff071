"""The classic BST: a fixed window of watched movies and the target through one Transformer block, then an MLP.

Behavior Sequence Transformer: Chen et al. 2019, arXiv 1905.06874; with the simplifications of the Keras example "A
Transformer-based recommendation system": ratings scale the tokens, one block, and the rating is regressed.
"""

import keras
import numpy as np
from keras import layers, ops

from bst.models.classic.config import ClassicConfig, embedding_width
from bst.models.classic.definition import NEUTRAL_RATING
from bst.models.classic.shapes import profile_sizes
from bst.models.config import Sizes
from bst.models.layers import EmbeddingWithUnknown, Inputs, Shape, Tensor, TransformerBlock


class ClassicBST(keras.Model):
    """Predicts the rating that a user gives the target movie after the movies in the window.

    Inputs, a dict of integer arrays (and one float): ``movies`` (batch, window − 1) from oldest to newest, −1 for an
    empty slot; ``ratings`` (batch, window − 1) stars, 0 in an empty slot; ``target`` (batch,); and as the
    configuration has them ``user``, ``sex``, ``age``, ``occupation``, each (batch,), −1 for unknown.

    token_i = (movie_i + position_i) × rating_i for watched movies, movie_t + position_t for the target.

    Two more inputs may be among them, by which integrated gradients are taken: ``event_scale`` (batch, window − 1), how
    much each watched movie counts, 1 all, 0 as the mean movie with a neutral rating; and ``profile_scale`` (batch,),
    how much user id, sex, age and occupation count: 1 all, 0 as unknown.

    Output: expected rating (batch, 1), not clipped.
    """

    def __init__(self, config: ClassicConfig, sizes: Sizes, **kwargs):
        super().__init__(**kwargs)
        self.config, self.sizes = config, sizes
        width = embedding_width(sizes.movies)
        self.movie = layers.Embedding(sizes.movies, width, name="movie")
        self.position = layers.Embedding(config.window, width, name="position")
        self.genres = None
        if config.genres:
            self.genres = layers.Embedding(
                sizes.movies, sizes.genres, trainable=False, embeddings_initializer="zeros", name="genres"
            )
            self.movie_and_genres = layers.Dense(width, activation="relu", name="movie_and_genres")
        self.profile = {
            name: EmbeddingWithUnknown(size, embedding_width(size), name=name)
            for name, size in profile_sizes(config, sizes).items()
        }
        self.block = TransformerBlock(config.heads, config.dropout, name="transformer_block")
        self.mlp = [
            (
                layers.Dense(units, name=f"dense_{i}"),
                layers.BatchNormalization(name=f"batch_norm_{i}"),
                layers.LeakyReLU(name=f"activation_{i}"),
                layers.Dropout(config.dropout, name=f"dropout_{i}"),
            )
            for i, units in enumerate(config.mlp)
        ]
        self.head = layers.Dense(1, name="rating")

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight: the shapes follow from the configuration alone."""
        width, window = embedding_width(self.sizes.movies), self.config.window
        self.movie.build((None,))
        self.position.build((None,))
        if self.genres is not None:
            self.genres.build((None,))
            self.movie_and_genres.build((None, width + self.sizes.genres))
        for layer in self.profile.values():
            layer.build((None,))
        self.block.build((None, window, width))
        features = window * width + sum(layer.output_dim for layer in self.profile.values())
        for dense, norm, _, _ in self.mlp:
            dense.build((None, features))
            norm.build((None, dense.units))
            features = dense.units
        self.head.build((None, features))

    def set_genres(self, matrix: np.ndarray) -> None:
        """Fix which genres each movie has: (movies, genres) of 0 and 1."""
        if self.genres is not None:
            self.genres.embeddings.assign(matrix)

    def encode_movie(self, movie: Tensor) -> Tensor:
        """Embed movies with their genres: any int shape → that shape + (width,)."""
        embedded = self.movie(movie)
        if self.genres is None:
            return embedded
        return self.movie_and_genres(ops.concatenate([embedded, self.genres(movie)], axis=-1))

    def call(self, inputs: Inputs, training: bool | None = None, return_attention_scores: bool = False):
        """Predict; with ``return_attention_scores`` also return the weights (batch, heads, window, window)."""
        history, target = inputs["movies"], inputs["target"]
        valid = ops.concatenate([history >= 0, ops.expand_dims(target >= 0, 1)], axis=1)  # (batch, window)
        indices = ops.concatenate([ops.maximum(history, 0), ops.expand_dims(target, 1)], axis=1)
        positions = self.position(ops.arange(self.config.window))  # (window, width)
        tokens = self.encode_movie(indices) + positions  # (batch, window, width)
        # the target's rating is to be predicted, so its token stands unscaled
        scale = ops.concatenate([inputs["ratings"], ops.ones_like(inputs["ratings"][:, :1])], axis=1)
        tokens = tokens * ops.expand_dims(scale, -1)
        if "event_scale" in inputs:
            tokens = self._scale_events(tokens, positions, inputs["event_scale"])
        out, weights = self.block(tokens, valid, training=training, return_attention_scores=True)
        # an empty slot must look the same whatever its neighbours are
        out = out * ops.expand_dims(ops.cast(valid, out.dtype), -1)
        features = ops.reshape(out, (-1, out.shape[1] * out.shape[2]))  # (batch, window · width)
        profile = [self._embed_profile(name, inputs) for name in self.profile]
        features = ops.concatenate([features, *profile], axis=-1) if profile else features
        for dense, norm, activation, dropout in self.mlp:
            features = dropout(activation(norm(dense(features), training=training)), training=training)
        rating = self.head(features)
        return (rating, weights) if return_attention_scores else rating

    def _scale_events(self, tokens: Tensor, positions: Tensor, event_scale: Tensor) -> Tensor:
        """Move the tokens of watched movies (batch, window, width) towards the mean movie's; the target's stays."""
        mean = ops.mean(self.encode_movie(ops.arange(self.sizes.movies)), axis=0)
        neutral = (mean + positions) * NEUTRAL_RATING  # (window, width)
        scale = ops.concatenate([event_scale, ops.ones_like(event_scale[:, :1])], axis=1)
        return neutral + ops.expand_dims(scale, -1) * (tokens - neutral)

    def _embed_profile(self, name: str, inputs: Inputs) -> Tensor:
        """Embed user id, sex, age or occupation: (batch, width of its embedding)."""
        embedding, index = self.profile[name], inputs[name]
        if "profile_scale" not in inputs:
            return embedding(index)
        unknown = embedding(ops.full_like(index, -1))
        return unknown + inputs["profile_scale"][:, None] * (embedding(index) - unknown)

    def parts(self) -> dict[str, list]:
        """Return the weights by part, for counting them."""
        mlp = [w for dense, norm, *_ in self.mlp for w in (*dense.weights, *norm.weights)] + self.head.weights
        others = {id(w) for w in (*self.block.weights, *mlp)}
        embeddings = [w for w in self.weights if id(w) not in others]
        return {"embeddings": embeddings, "transformer_block": self.block.weights, "mlp": mlp}


def build_classic(config: ClassicConfig, sizes: Sizes) -> ClassicBST:
    """Return an untrained classic BST with all its weights made."""
    model = ClassicBST(config, sizes)
    model.build()
    return model
