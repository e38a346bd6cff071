"""What both towers of the timeline BST have: movies, events and visitors as tokens, and attention over them.

Shapes: B timelines, T places, H heads, D width, L rating levels.
"""

import numpy as np
from keras import layers, ops

from bst.models.classic.model import DEMOGRAPHICS
from bst.models.config import Sizes
from bst.models.layers import EmbeddingWithUnknown
from bst.models.timeline.attention import Block, distance_buckets
from bst.models.timeline.config import TowerConfig
from bst.schema import DECADES, GENRES
from bst.timelines.segments import EVENT_INPUTS, GAPS

FACTS = len(GENRES) + len(DECADES)
MASKED = -1e9


def earlier(inputs) -> dict:
    """Return the inputs without the newest event: what there is to look at while the others are predicted."""
    return inputs | {name: inputs[name][:, :-1] for name in EVENT_INPUTS}


class Tower(layers.Layer):
    """What both towers have: movies, events and visitors as tokens of one width, and attention over them."""

    def __init__(self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, factors: int, **kwargs):
        super().__init__(**kwargs)
        self.factor_count = factors
        self.width, self.catalogue, self.levels = config.width, sizes.movies, levels
        self.furthest = train_length - 1
        self.frozen = None
        buckets = int(distance_buckets(np.array(self.furthest))) + 1
        self.movie = layers.Embedding(sizes.movies, config.width, name="movie")
        self.facts_to_movie = layers.Dense(config.width, use_bias=False, name="facts_to_movie")
        self.level = layers.Embedding(levels, config.width, name="level")
        self.gap = layers.Embedding(GAPS, config.width, name="gap")
        self.surprise = layers.Dense(config.width, use_bias=False, name="surprise")
        self.who = {n: EmbeddingWithUnknown(size, config.width, name=n) for n, size in DEMOGRAPHICS.items()}
        self.dropout = layers.Dropout(config.dropout, name="dropout")
        self.norm = layers.RMSNormalization(name="norm")

        def blocks(name: str, count: int, expansion: int) -> list[Block]:
            return [Block(config.heads, buckets, config.dropout, expansion, name=f"{name}_{i}") for i in range(count)]

        self.make_parts(config, blocks)

    def build(self, _=None):
        """Make every weight: the shapes follow from the configuration alone."""
        for layer in (self.movie, self.level, self.gap, *self.who.values()):
            layer.build((None,))
        self.facts_to_movie.build((None, FACTS))
        self.surprise.build((None, 1))
        self.norm.build((None, None, self.width))
        self.visitor_token = self.add_weight(shape=(self.width,), initializer="zeros", name="visitor_token")

        def fixed(name: str, *shape: int):  # set before training, from the dataset
            return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

        self.facts = fixed("facts", self.catalogue, FACTS)
        self.mean_rating = fixed("mean_rating", self.catalogue)
        self.stars = fixed("stars", self.levels)
        self.build_parts()
        self.built = True

    def table(self):
        """Return all movies as vectors: (movies, D), their own plus what genres and year say of them."""
        if self.frozen is not None:
            return self.frozen
        own, facts = ops.convert_to_tensor(self.movie.embeddings), ops.convert_to_tensor(self.facts)
        return own + self.facts_to_movie(facts)

    def freeze(self) -> None:
        """Keep the vectors of all movies, once the weights have their last values: they need not be made anew."""
        self.frozen = self.table()

    def visitors(self, inputs):
        """Return who they are: (B, D).

        ``known`` (B,), if it is among the inputs, is how much of that is told: 0 nothing, 1 all.
        """

        def told(codes):
            return sum(layer(codes[name]) for name, layer in self.who.items())

        who = told(inputs)
        if "known" in inputs:
            nobody = told({name: ops.full_like(inputs[name], -1) for name in self.who})
            who = nobody + inputs["known"][:, None] * (who - nobody)
        return self.visitor_token + who

    def surprises(self, inputs):
        """Return how many stars above the movie's mean each rating is, 0 in padding: (B, T)."""
        movie = inputs["movie"]
        stars = ops.take(ops.convert_to_tensor(self.stars), inputs["level"])
        mean = ops.take(ops.convert_to_tensor(self.mean_rating), ops.maximum(movie, 0))
        return ops.where(movie >= 0, stars - mean, 0.0)

    def about(self, inputs):
        """Return what is known of events beside their movies: (B, T, D)."""
        surprise = self.surprise(ops.expand_dims(self.surprises(inputs), -1))
        return self.level(inputs["level"]) + self.gap(inputs["gap"]) + surprise

    def tokens(self, inputs, table, visitor, training):
        """Return the visitor and their events as tokens: (B, T + 1, D).

        ``presence`` (B, T), if it is among the inputs, is how much each event tells: 1 all, 0 nothing, as an event of
        the mean movie with the mean level at an unknown time would.
        """
        events = ops.take(table, ops.maximum(inputs["movie"], 0), axis=0) + self.about(inputs)
        if "presence" in inputs:
            level, gap = ops.convert_to_tensor(self.level.embeddings), ops.convert_to_tensor(self.gap.embeddings)
            nothing = ops.mean(table, axis=0) + ops.mean(level, axis=0) + gap[0]
            events = nothing + inputs["presence"][..., None] * (events - nothing)
        return self.dropout(ops.concatenate([visitor[:, None], events], axis=1), training=training)

    def stream(self, inputs, visitor, reading):
        """Return the tokens to be read, behind those of the past of a ``Reading``, with their buckets and mask.

        (B, tokens, D), and (tokens, T + 1) twice.
        """
        if reading.past is None:
            tokens = self.tokens(inputs, self.table(), visitor, False)
            return tokens, *self.causal(ops.shape(tokens)[1])
        shared, alike = reading.shared - 1, reading.shared - 1 + reading.window  # events: the first token is no event
        own, same = (
            self.tokens(inputs | {name: inputs[name][rows, events] for name in EVENT_INPUTS}, self.table(), who, False)
            for rows, events, who in (
                (slice(None), slice(shared, alike), visitor),
                (slice(1), slice(alike, None), visitor[:1]),
            )
        )
        tokens = ops.broadcast_to(same[:, 1:], (ops.shape(own)[0], ops.shape(same)[1] - 1, self.width))
        tokens = ops.concatenate([own[:, 1:], tokens], axis=1)
        buckets, mask = self.causal(reading.shared + ops.shape(tokens)[1])
        return tokens, buckets[reading.shared :], mask[reading.shared :]

    def content(self, block, tokens, buckets, mask, reading, training=None):
        """Run a block of the content stream: (B, tokens, D)."""
        bias = reading.bias(block.attention, ops.shape(tokens)[1], buckets, mask)
        if reading.past is not None and block is self.content_blocks[0]:
            return block.call_alike(tokens, reading, bias)  # from the second block on, all tokens are different
        tokens, weights = block(tokens, *reading(*block.keys_and_values(tokens)), bias, training=training)
        reading.weights.append(weights)
        return tokens

    def from_the_end(self, inputs):
        """Return how many events there are, (B, 1) float, and how what stands behind them sees visitor and events.

        The latter as buckets and mask, (B, 1, T + 1) each; padding is out of sight.
        """
        there = ops.cast(inputs["movie"] >= 0, "float32")
        events = ops.sum(there, axis=1, keepdims=True)
        there = ops.concatenate([ops.ones_like(events), there], axis=1)
        ahead = ops.cast(events, "int32") - ops.arange(ops.shape(there)[1])
        return events, self.buckets(ahead)[:, None], (1.0 - there)[:, None] * MASKED

    def buckets(self, distance):
        """Return the buckets of distances (any int shape), the furthest known from training at most."""
        table = ops.convert_to_tensor(distance_buckets(np.arange(self.furthest + 1)))
        return ops.take(table, ops.clip(distance, 0, self.furthest))

    def causal(self, tokens: int):
        """Return buckets and mask, both (T, T), with which a token sees itself and what is before it."""
        place = ops.arange(tokens)
        distance = place[:, None] - place
        return self.buckets(distance), ops.cast(distance < 0, "float32") * MASKED
