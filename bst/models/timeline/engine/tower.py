"""What the three towers share after the newest event: movies, events and visitors as tokens."""

from functools import cached_property
from typing import Any

import autograd.numpy as np

from bst.models.config import Sizes
from bst.models.timeline.config import TowerConfig
from bst.models.timeline.engine.block import Block
from bst.models.timeline.engine.cache import KVCache
from bst.models.timeline.engine.features import MOST_PRECOMPUTED
from bst.models.weights import Array
from bst.timelines.segments import EVENT_INPUTS

# As the inputs of the Keras model, padded at the end. Two more, by which integrated gradients are taken, may be among
# them: ``event_scale`` (B, T), how much each event counts: 1 all, 0 as one of the mean movie with the mean level at an
# unknown time; and ``profile_scale`` (B,), how much sex, age and occupation count: 1 all, 0 as unknown.
Inputs = dict[str, Array]


class TowerInference:
    """A tower without what it predicts. ``weights``: those of the tower, by attribute."""

    def __init__(self, weights: Any, config: TowerConfig, train_length: int, sizes: Sizes):
        self.weights, self.config, self.max_distance = weights, config, train_length - 1
        self.movie_vectors: Array = weights.movie.embeddings + weights.facts @ weights.facts_to_movie.kernel  # (M, D)
        self.is_large = len(self.movie_vectors) > MOST_PRECOMPUTED
        if self.is_large:  # the vectors are all that is needed of them
            del weights.movie, weights.facts
        # the mean stands last, where −1, unknown, finds it
        self._demographics = {
            name: np.concatenate([table, table.mean(axis=0, keepdims=True)])
            for name in sizes.demographics
            for table in [getattr(weights, name).embeddings]
        }

    def visitors(self, inputs: Inputs) -> Array:
        """Return the visitors' own tokens: (B, D)."""
        if not self._demographics:
            return np.repeat(self.weights.visitor_token[None], len(inputs["movie"]), axis=0)
        known = sum(table[inputs[name]] for name, table in self._demographics.items())
        if "profile_scale" in inputs:
            unknown = sum(table[-1] for table in self._demographics.values())
            known = unknown + inputs["profile_scale"][:, None] * (known - unknown)
        return self.weights.visitor_token + known

    def residuals(self, inputs: Inputs) -> Array:
        """Return how many stars above the movie's mean each rating is, 0 in padding: (B, T)."""
        movie, weights = inputs["movie"], self.weights
        return np.where(movie >= 0, weights.stars[inputs["level"]] - weights.mean_rating[movie], np.float32(0))

    def side_features(self, inputs: Inputs) -> Array:
        """Return what events add to the vectors of their movies: (B, T, D)."""
        weights = self.weights
        tokens = weights.level.embeddings[inputs["level"]] + self.gaps(inputs)
        return tokens + self.residuals(inputs)[..., None] * weights.surprise.kernel[0]

    def gaps(self, inputs: Inputs) -> Array:
        """Return what the times of events add, (B, T, D) or what broadcasts to it."""
        return self.weights.gap.embeddings[inputs["gap"]]

    def tokens(self, inputs: Inputs) -> Array:
        """Return the visitor and the events as tokens, as far as scales let them count: (B, T + 1, D)."""
        events = self.movie_vectors[inputs["movie"]] + self.side_features(inputs)
        if "event_scale" in inputs:
            unknown_time = self.gaps(dict.fromkeys(("gap", "month"), np.array(0)))
            nothing = self.mean_movie + self.weights.level.embeddings.mean(axis=0) + unknown_time
            events = nothing + inputs["event_scale"][..., None] * (events - nothing)
        return np.concatenate([self.visitors(inputs)[:, None], events], axis=1)

    @cached_property
    def mean_movie(self) -> Array:
        """The mean of the movies' vectors: (D,)."""
        return self.movie_vectors.mean(axis=0)

    def suffix(self, inputs: Inputs, cache: KVCache) -> Array:
        """Return the tokens to run: (B, S, D)."""
        if cache.prefix is None:
            return self.tokens(inputs)
        first = cache.prefix_length - 1  # event to be run: the first token is the visitor
        end = first + cache.changed_length

        def tokens_of(rows: slice, events: slice) -> Array:
            chosen = {name: values[rows] for name, values in inputs.items()}
            chosen |= {name: inputs[name][rows, events] for name in EVENT_INPUTS}
            return self.tokens(chosen)[:, 1:]

        own, shared = tokens_of(slice(None), slice(first, end)), tokens_of(slice(1), slice(end, None))
        shared = np.broadcast_to(shared, (len(own), *shared.shape[1:]))
        return np.concatenate([own, shared], axis=1)

    @staticmethod
    def call_content(block: Block, layer: int, tokens: Array, cache: KVCache) -> Array:
        """Run a block of the content stream: (B, S, D)."""
        if cache.prefix is not None and layer == 0:  # from the second block on, no two tokens are the same
            return block.call_shared_suffix(tokens, cache)
        return block.call_content(tokens, cache)


def count_events(inputs: Inputs) -> Array:
    """Return how many events there are before the padding: int (B,)."""
    return (inputs["movie"] >= 0).sum(axis=1)
