"""What the next and the like tower share: one stream, as SASRec (Kang & McAuley 2018, arXiv 1808.09781).

Shapes: B timelines, T positions, H heads, D width, M movies of the catalogue.
"""

import keras
from keras import ops

from bst.models.config import Sizes
from bst.models.layers import Inputs, Shape, Tensor
from bst.models.timeline.config import TowerConfig
from bst.models.timeline.definition import CONTENT_EXPANSION
from bst.models.timeline.towers.tower import Tower


class CatalogueTower(Tower):
    """Scores the whole catalogue from one stream: logit of movie i = state · vector_i + popularity_i."""

    def __init__(self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, **kwargs):
        super().__init__(config, sizes, levels, train_length, **kwargs)
        self.content_blocks = self._blocks("content", config.layers, CONTENT_EXPANSION)

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        super().build()
        for block in self.content_blocks:
            block.build((None, None, self.width))
        self.popularity = self.add_weight(shape=(self.catalogue_size,), initializer="zeros", name="popularity")

    @property
    def movie_tables(self) -> dict[str, keras.Variable]:
        """The weights with a row for each movie: see ``Tower``."""
        return {**super().movie_tables, "popularity": self.popularity}

    def states(self, inputs: Inputs, movie_vectors: Tensor, training: bool | None = None) -> Tensor:
        """Return the states (B, T + 1, D) of visitor and events, each after all that is before it."""
        tokens = self.tokens(inputs, movie_vectors, self.visitors(inputs), training)
        buckets, mask = self.causal(ops.shape(tokens)[1])
        for block in self.content_blocks:
            bias = block.attention.logit_bias(buckets, mask)  # (H, T + 1, T + 1)
            tokens, _ = block(tokens, block.norm_1(tokens), bias, training=training)
        return self.norm(tokens)

    def output_vectors(self, movie_vectors: Tensor) -> Tensor:
        """Return the vectors (M, D) that states are compared with, from those that events are made of."""
        return movie_vectors

    def logits(self, state: Tensor, event_count: Tensor, output_vectors: Tensor, movie: Tensor | None = None) -> Tensor:
        """Return logits (…, N) of movies int (N,), or of the catalogue, for states (…, D) after that many events, (…,).

        ``output_vectors`` (M, D): what ``output_vectors`` returned.
        """
        popularity = self.table("popularity")
        if movie is not None:
            output_vectors, popularity = (ops.take(part, movie, axis=0) for part in (output_vectors, popularity))
        return ops.matmul(state, ops.transpose(output_vectors)) + popularity
