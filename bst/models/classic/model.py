"""The classic BST: a fixed window of watched movies and the target through one Transformer block, then an MLP.

Behavior Sequence Transformer: Chen et al. 2019, arXiv 1905.06874; with the simplifications of the Keras example "A
Transformer-based recommendation system": ratings scale the tokens, one block, and the rating is regressed.
"""

import keras
import numpy as np
from keras import layers, ops

from bst.models.classic.config import ClassicConfig, embedding_width
from bst.models.config import Sizes
from bst.models.layers import EmbeddingWithUnknown, TransformerBlock
from bst.schema import AGES, GENRES, OCCUPATIONS, SEXES

MIDDLE = 3.0  # stars, as much as an event of which nothing is known is worth
DEMOGRAPHICS = {"sex": len(SEXES), "age": len(AGES), "occupation": len(OCCUPATIONS)}


@keras.saving.register_keras_serializable("bst")
class ClassicBST(keras.Model):
    """Predicts the rating that a user gives the target movie after the movies in the window.

    Inputs, a dict of integer arrays (and one float): ``movies`` (batch, window − 1) from oldest to newest, −1 for an
    empty slot; ``ratings`` (batch, window − 1) stars, 0 in an empty slot; ``target`` (batch,); and as the
    configuration has them ``user``, ``sex``, ``age``, ``occupation``, each (batch,), −1 for unknown.

    token_i = (movie_i + position_i) × rating_i for watched movies, movie_t + position_t for the target.

    Output: expected rating (batch, 1), not clipped.
    """

    def __init__(self, config: dict, users: int, movies: int, **kwargs):
        super().__init__(**kwargs)
        self.config = ClassicConfig.from_dict(config)
        self.sizes = Sizes(users, movies)
        width = embedding_width(movies)
        self.movie = layers.Embedding(movies, width, name="movie")
        self.position = layers.Embedding(self.config.window, width, name="position")
        self.genres = None
        if self.config.genres:
            self.genres = layers.Embedding(
                movies, len(GENRES), trainable=False, embeddings_initializer="zeros", name="genres"
            )
            self.movie_and_genres = layers.Dense(width, activation="relu", name="movie_and_genres")
        vocabularies = {"user": users} if self.config.user_id else {}
        vocabularies |= DEMOGRAPHICS if self.config.demographics else {}
        self.who = {
            name: EmbeddingWithUnknown(size, embedding_width(size), name=name) for name, size in vocabularies.items()
        }
        self.block = TransformerBlock(self.config.heads, self.config.dropout, name="transformer_block")
        self.mlp = [
            (
                layers.Dense(units, name=f"dense_{i}"),
                layers.BatchNormalization(name=f"batch_norm_{i}"),
                layers.LeakyReLU(name=f"activation_{i}"),
                layers.Dropout(self.config.dropout, name=f"dropout_{i}"),
            )
            for i, units in enumerate(self.config.mlp)
        ]
        self.head = layers.Dense(1, name="rating")

    def build(self, input_shape=None):
        """Make every weight at once: the shapes follow from the configuration alone."""
        width, window = embedding_width(self.sizes.movies), self.config.window
        self.movie.build((None,))
        self.position.build((None,))
        if self.genres is not None:
            self.genres.build((None,))
            self.movie_and_genres.build((None, width + len(GENRES)))
        for layer in self.who.values():
            layer.build((None,))
        self.block.build((None, window, width))
        features = window * width + sum(layer.output_dim for layer in self.who.values())
        for dense, norm, _, _ in self.mlp:
            dense.build((None, features))
            norm.build((None, dense.units))
            features = dense.units
        self.head.build((None, features))
        self.built = True

    def set_genres(self, matrix: np.ndarray) -> None:
        """Fix which genres each movie has: (movies, 18) of 0 and 1."""
        if self.genres is not None:
            self.genres.embeddings.assign(matrix)

    def encode_movie(self, movie):
        """Embed movies with their genres: any int shape → that shape + (width,)."""
        encoded = self.movie(movie)
        if self.genres is None:
            return encoded
        return self.movie_and_genres(ops.concatenate([encoded, self.genres(movie)], axis=-1))

    def call(self, inputs, training=None, return_attention_scores=False):
        """Predict; with ``return_attention_scores`` also return (batch, heads, window, window)."""
        history, target = inputs["movies"], inputs["target"]
        known = history >= 0  # (batch, window − 1)
        valid = ops.concatenate([known, ops.expand_dims(target >= 0, 1)], axis=1)  # (batch, window)
        indices = ops.concatenate([ops.maximum(history, 0), ops.expand_dims(target, 1)], axis=1)
        positions = self.position(ops.arange(self.config.window))  # (window, width)
        tokens = self.encode_movie(indices) + positions  # (batch, window, width)
        # the target's rating is what is asked for, so its token stands unscaled
        scale = ops.concatenate([inputs["ratings"], ops.ones_like(inputs["ratings"][:, :1])], axis=1)
        tokens = tokens * ops.expand_dims(scale, -1)
        if "presence" in inputs:
            tokens = self._present(tokens, positions, inputs["presence"])
        out = self.block(tokens, valid, training=training, return_attention_scores=return_attention_scores)
        if return_attention_scores:
            out, scores = out
        # an empty slot must look the same whatever its neighbours are
        out = out * ops.expand_dims(ops.cast(valid, out.dtype), -1)
        features = ops.reshape(out, (-1, out.shape[1] * out.shape[2]))
        who = [self._told(layer, inputs[name], inputs.get("known")) for name, layer in self.who.items()]
        features = ops.concatenate([features, *who], axis=-1) if who else features
        for dense, norm, activation, dropout in self.mlp:
            features = dropout(activation(norm(dense(features), training=training)), training=training)
        rating = self.head(features)
        return (rating, scores) if return_attention_scores else rating

    def _present(self, tokens, positions, presence):
        """Let watched movies tell as much as ``presence`` says; 0 leaves the mean movie with the mean of the ratings.

        ``presence`` (batch, window − 1). The target stays whole.
        """
        mean = ops.mean(self.encode_movie(ops.arange(self.sizes.movies)), axis=0)
        nothing = (mean + positions) * MIDDLE
        whole = ops.ones_like(presence[:, :1])
        return nothing + ops.expand_dims(ops.concatenate([presence, whole], axis=1), -1) * (tokens - nothing)

    def _told(self, layer, codes, known):
        """Embed who the user is as far as ``known`` (batch,) says: 0 nothing, 1 all; None is 1."""
        if known is None:
            return layer(codes)
        nobody = layer(ops.full_like(codes, -1))
        return nobody + known[:, None] * (layer(codes) - nobody)

    def parts(self) -> dict[str, list]:
        """Return the weights by part, for counting them."""
        mlp = [w for dense, norm, *_ in self.mlp for w in (*dense.weights, *norm.weights)] + self.head.weights
        others = {id(w) for w in (*self.block.weights, *mlp)}
        embeddings = [w for w in self.weights if id(w) not in others]
        return {"embeddings": embeddings, "transformer_block": self.block.weights, "mlp": mlp}

    def get_config(self):
        """Return what is needed to make the model again; the weights carry the rest."""
        return {"config": self.config.to_dict(), "users": self.sizes.users, "movies": self.sizes.movies}


def build_classic(config: ClassicConfig, sizes: Sizes) -> ClassicBST:
    """Return an untrained classic BST with all its weights made."""
    model = ClassicBST(config.to_dict(), sizes.users, sizes.movies)
    model.build()
    return model
