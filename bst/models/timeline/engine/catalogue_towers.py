"""The next and the like tower after the newest event: a state of each visitor, compared with the whole catalogue."""

from typing import Any

import autograd.numpy as np

from bst.models.config import Sizes
from bst.models.timeline.config import TowerConfig
from bst.models.timeline.definition import distance_buckets
from bst.models.timeline.engine.arrays import rms_normalize
from bst.models.timeline.engine.block import Block
from bst.models.timeline.engine.cache import KVCache
from bst.models.timeline.engine.tower import Inputs, TowerInference, count_events
from bst.models.weights import Array


class CatalogueInference(TowerInference):
    """The next tower after the newest event: ``encode`` visitors to a state, then take ``logits`` of movies."""

    def __init__(self, weights: Any, config: TowerConfig, train_length: int, sizes: Sizes):
        super().__init__(weights, config, train_length, sizes)
        content = [getattr(weights, f"content_{i}") for i in range(config.layers)]
        self.content_blocks = [Block(part, part.norm_1.scale, self.max_distance) for part in content]
        # (D, M): in this order products are quicker, in the other one nothing is copied
        self.output_vectors = self.outputs().T if self.is_large else np.ascontiguousarray(self.outputs().T)

    def outputs(self) -> Array:
        """Return the vectors (M, D) that states are compared with."""
        return self.movie_vectors

    def gaps(self, inputs: Inputs) -> Array:
        """Return what the times of events add, the month among it: (B, T, D)."""
        return super().gaps(inputs) + self.weights.month.embeddings[inputs["month"]]

    def encode(self, inputs: Inputs, cache: KVCache | None = None) -> tuple[Array, Array]:
        """Return the state (B, D) after the newest event of whole histories, and how many events there are, int (B,).

        ``cache`` as in ``RatingInference``.
        """
        cache, last, event_count = cache or KVCache(), self.content_blocks[-1], count_events(inputs)
        tokens = self.suffix(inputs, cache)
        for layer, block in enumerate(self.content_blocks[:-1]):
            tokens = self.call_content(block, layer, tokens, cache)
        # of the last layer only the state after the newest event is needed
        newest = tokens[np.arange(len(tokens)), event_count - cache.prefix_length][:, None]  # (B, 1, D)
        (context,) = cache.extend(rms_normalize(tokens))
        bias = last.bias_by_row(event_count, inputs["movie"].shape[1] + 1)
        state, weights = last.call_few(newest, context, bias)
        cache.weights.append(weights)
        return rms_normalize(state[:, 0]) * self.weights.norm.scale, event_count

    def logits(self, state: Array, event_count: Array, movie: Array | slice = slice(None)) -> Array:
        """Return logits (B, N) of movies int (N,), or of the whole catalogue, for what ``encode`` returned."""
        return state @ self.output_vectors[:, movie] + self.weights.popularity[movie]


class LikeInference(CatalogueInference):
    """The like tower after the newest event: see ``LikeTower``."""

    def __init__(self, weights: Any, config: TowerConfig, train_length: int, sizes: Sizes):
        super().__init__(weights, config, train_length, sizes)
        if self.is_large:
            del weights.output  # it is part of the output vectors

    def outputs(self) -> Array:
        """Return the vectors (M, D) that states are compared with: those of events, and an offset each."""
        return self.movie_vectors + self.weights.output

    def gaps(self, inputs: Inputs) -> Array:
        """Return what an unknown time adds: the tower reads none."""
        return self.weights.gap.embeddings[0]

    def logits(self, state: Array, event_count: Array, movie: Array | slice = slice(None)) -> Array:
        """Return logits: see ``LikeTower``."""
        base = self.weights.fame[distance_buckets(np.minimum(event_count, self.max_distance))][:, movie]
        score = super().logits(state, event_count, movie) + base
        of_score, of_base, constant, of_count = self.weights.calibration
        log_count = np.log1p(event_count.astype(np.float32))[:, None]
        return of_score * score + of_base * base + constant + of_count * log_count
