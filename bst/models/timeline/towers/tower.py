"""What all towers share: movies, events and visitors as tokens, and who may attend to what.

Shapes: B timelines, T positions, H heads, D width, L rating levels, M movies of the catalogue.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras
import numpy as np
from keras import layers, ops

from bst.models.config import Sizes
from bst.models.constants import MASKED
from bst.models.layers import EmbeddingWithUnknown, Inputs, Shape, Tensor
from bst.models.timeline.blocks import Block
from bst.models.timeline.config import TowerConfig
from bst.models.timeline.definition import bucket_count, distance_buckets, item_feature_count
from bst.timelines.segments import EVENT_INPUTS, GAPS


def earlier(inputs: Inputs) -> Inputs:
    """Return the inputs without the newest event: what the predictions of all positions attend to."""
    return inputs | {name: inputs[name][:, :-1] for name in EVENT_INPUTS}


class Tower(layers.Layer):
    """What the towers share: movies, events and visitors as tokens of one width, and who may attend to what.

    visitor = token + sex + age + … ;  event = movie + level + gap + W (rating − the movie's mean rating)
    """

    def __init__(self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, **kwargs):
        super().__init__(**kwargs)
        self.config, self.width, self.catalogue_size, self.levels = config, config.width, sizes.movies, levels
        self.feature_count = item_feature_count(sizes)
        self.max_distance = train_length - 1
        self._part: Mapping[str, Tensor] | None = None
        self.movie = layers.Embedding(sizes.movies, config.width, name="movie")
        self.item_projection = layers.Dense(config.width, use_bias=False, name="facts_to_movie")
        self.level = layers.Embedding(levels, config.width, name="level")
        self.gap = layers.Embedding(GAPS, config.width, name="gap")
        self.residual = layers.Dense(config.width, use_bias=False, name="surprise")
        self.demographics = {
            name: EmbeddingWithUnknown(size, config.width, name=name) for name, size in sizes.demographics.items()
        }
        self.dropout = layers.Dropout(config.dropout, name="dropout")
        self.norm = layers.RMSNormalization(name="norm")

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight: the shapes follow from the configuration alone."""
        for embedding in (self.movie, self.level, self.gap, *self.demographics.values()):
            embedding.build((None,))
        self.item_projection.build((None, self.feature_count))
        self.residual.build((None, 1))
        self.norm.build((None, None, self.width))
        self.visitor_token = self.add_weight(shape=(self.width,), initializer="zeros", name="visitor_token")
        # set before training, from the dataset
        self.item_features = self._add_fixed_weight("facts", self.catalogue_size, self.feature_count)
        self.mean_rating = self._add_fixed_weight("mean_rating", self.catalogue_size)
        self.stars = self._add_fixed_weight("stars", self.levels)

    @property
    def movie_tables(self) -> dict[str, keras.Variable]:
        """The weights with a row for each movie, by name."""
        return {"embeddings": self.movie.embeddings, "features": self.item_features, "mean": self.mean_rating}

    @contextmanager
    def limited_to(self, tables: Mapping[str, Tensor]) -> Iterator[None]:
        """Compute with some movies as if there were no others: ``tables`` are their rows of ``movie_tables``.

        Movies in the inputs are then rows of these.
        """
        self._part = tables
        try:
            yield
        finally:
            self._part = None

    def table(self, name: str) -> Tensor:
        """Return one of ``movie_tables``, or what it is limited to."""
        return ops.convert_to_tensor(self.movie_tables[name]) if self._part is None else self._part[name]

    def _add_fixed_weight(self, name: str, *shape: int) -> keras.Variable:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

    def _blocks(self, name: str, count: int, expansion: int) -> list[Block]:
        settings = (self.config.heads, bucket_count(self.max_distance + 1), self.config.dropout, expansion)
        return [Block(*settings, name=f"{name}_{i}") for i in range(count)]

    def movie_vectors(self) -> Tensor:
        """Return all movies as vectors (M, D): an embedding each, plus what genres and year add."""
        return self.table("embeddings") + self.item_projection(self.table("features"))

    def embed_demographics(self, inputs: Inputs) -> Tensor:
        """Return the sum of the embeddings of what is known of the visitors, such as sex and age: (B, D)."""
        if not self.demographics:
            return ops.zeros((ops.shape(inputs["movie"])[0], self.width))
        return sum(embedding(inputs[name]) for name, embedding in self.demographics.items())

    def visitors(self, inputs: Inputs) -> Tensor:
        """Return the visitors' own tokens: (B, D)."""
        return self.visitor_token + self.embed_demographics(inputs)

    def residuals(self, inputs: Inputs) -> Tensor:
        """Return how many stars above the movie's mean each rating is, 0 in padding: (B, T)."""
        movie = inputs["movie"]
        stars = ops.take(ops.convert_to_tensor(self.stars), inputs["level"])
        mean = ops.take(self.table("mean"), ops.maximum(movie, 0))
        return ops.where(movie >= 0, stars - mean, 0.0)

    def side_features(self, inputs: Inputs) -> Tensor:
        """Return what events add to the vectors of their movies: (B, T, D)."""
        residual = self.residual(ops.expand_dims(self.residuals(inputs), -1))
        return self.level(inputs["level"]) + self.gap(inputs["gap"]) + residual

    def events(self, inputs: Inputs, movie_vectors: Tensor) -> Tensor:
        """Return the tokens of events: (B, T, D)."""
        return ops.take(movie_vectors, ops.maximum(inputs["movie"], 0), axis=0) + self.side_features(inputs)

    def tokens(self, inputs: Inputs, movie_vectors: Tensor, visitor: Tensor, training: bool | None) -> Tensor:
        """Return the visitor and, behind it, the events as tokens: (B, T + 1, D)."""
        tokens = ops.concatenate([visitor[:, None], self.events(inputs, movie_vectors)], axis=1)
        return self.dropout(tokens + self.request(inputs), training=training)

    def request(self, inputs: Inputs) -> Tensor:
        """Return what the times of the requests add to the tokens: (B, T + 1, D), or 0 in a tower that reads none."""
        return 0.0

    def buckets(self, distance: Tensor) -> Tensor:
        """Return the buckets of distances (any int shape); none is further than the furthest in training."""
        table = ops.convert_to_tensor(distance_buckets(np.arange(self.max_distance + 1)))
        return ops.take(table, ops.clip(distance, 0, self.max_distance))

    def causal(self, tokens: int) -> tuple[Tensor, Tensor]:
        """Return buckets and mask, both (T, T), with which a token attends to itself and to what is before it."""
        position = ops.arange(tokens)
        distance = position[:, None] - position  # (T, T)
        return self.buckets(distance), ops.cast(distance < 0, "float32") * MASKED
