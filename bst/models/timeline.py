"""The timeline BST: whole histories, no user id; a distribution over ratings and a next movie.

Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) without its window. Two towers read the same events,
each with its own weights, as one learns by heart what the other has not begun to learn. The rating tower has two
streams: a content stream of events under a causal mask, and a query stream of candidates, whose query at place t
attends to the visitor and the events before t and never sees its own rating. The next tower is a content stream alone
(as SASRec, Kang & McAuley 2018, arXiv 1808.09781). So every place of every timeline is a training label in one pass.

Shapes: B timelines, T places, H heads, D width, L rating levels.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops

from bst.factorisation import Factorisation
from bst.models.attention import Block, distance_buckets
from bst.models.classic import DEMOGRAPHICS
from bst.models.config import Sizes, TimelineConfig, TowerConfig
from bst.models.layers import EmbeddingWithUnknown
from bst.schema import DECADES, GENRES
from bst.segments import GAPS

FACTS = len(GENRES) + len(DECADES)
MASKED = -1e9
# a user's kindness rests on few ratings at first: as if five more had been just average
DAMPING = 5.0
HIDDEN = 128


class Encoded(NamedTuple):
    """What scoring candidates needs of visitors; made once by ``TimelineBST.encode``.

    ``layers``: for each layer of the rating tower keys and values (B, H, T + 1, D / H) and their bias (B, H, 1, T + 1).
    ``visitor`` (B, D), ``kindness`` and ``events`` (B, 1). ``taste`` (B, F + 1), the visitor's factors and bias, and
    its ``covariance`` (B, F + 1, F + 1). ``next_state`` (B, D of the next tower).
    """

    layers: tuple = ()
    visitor: object = None
    kindness: object = None
    events: object = None
    taste: object = None
    covariance: object = None
    next_state: object = None


class Tower(layers.Layer):
    """What both towers have: movies, events and visitors as tokens of one width, and attention over them."""

    def __init__(self, config: TowerConfig, sizes: Sizes, levels: int, segment: int, factors: int, **kwargs):
        super().__init__(**kwargs)
        self.factor_count = factors
        self.width, self.catalogue, self.levels = config.width, sizes.movies, levels
        self.furthest = segment - 1
        buckets = int(distance_buckets(np.array(self.furthest))) + 1
        self.movie = layers.Embedding(sizes.movies, config.width, name="movie")
        self.facts_to_movie = layers.Dense(config.width, use_bias=False, name="facts_to_movie")
        self.level = layers.Embedding(levels, config.width, name="level")
        self.gap = layers.Embedding(GAPS, config.width, name="gap")
        self.surprise = layers.Dense(config.width, use_bias=False, name="surprise")
        self.who = {n: EmbeddingWithUnknown(size, config.width, name=n) for n, size in DEMOGRAPHICS.items()}
        self.dropout = layers.Dropout(config.dropout, name="dropout")
        self.norm = layers.RMSNormalization(name="norm")

        def blocks(name: str, count: int) -> list[Block]:
            return [Block(config.heads, buckets, config.dropout, name=f"{name}_{i}") for i in range(count)]

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
        own, facts = ops.convert_to_tensor(self.movie.embeddings), ops.convert_to_tensor(self.facts)
        return own + self.facts_to_movie(facts)

    def visitors(self, inputs):
        """Return who they are: (B, D)."""
        return self.visitor_token + sum(layer(inputs[name]) for name, layer in self.who.items())

    def surprises(self, inputs):
        """Return how many stars above the movie's mean each rating is, 0 in padding: (B, T)."""
        movie = inputs["movie"]
        stars = ops.take(ops.convert_to_tensor(self.stars), inputs["level"])
        mean = ops.take(ops.convert_to_tensor(self.mean_rating), ops.maximum(movie, 0))
        return ops.where(movie >= 0, stars - mean, 0.0)

    def tokens(self, inputs, table, visitor, training):
        """Return the visitor and their events as tokens: (B, T + 1, D)."""
        events = ops.take(table, ops.maximum(inputs["movie"], 0), axis=0)
        events = events + self.level(inputs["level"]) + self.gap(inputs["gap"])
        events = events + self.surprise(ops.expand_dims(self.surprises(inputs), -1))
        return self.dropout(ops.concatenate([visitor[:, None], events], axis=1), training=training)

    def buckets(self, distance):
        """Return the buckets of distances (any int shape), the furthest known from training at most."""
        table = ops.convert_to_tensor(distance_buckets(np.arange(self.furthest + 1)))
        return ops.take(table, ops.clip(distance, 0, self.furthest))

    def causal(self, tokens: int):
        """Return buckets and mask, both (T, T), with which a token sees itself and what is before it."""
        place = ops.arange(tokens)
        distance = place[:, None] - place
        return self.buckets(distance), ops.cast(distance < 0, "float32") * MASKED


class RatingTower(Tower):
    """Predicts how a visitor would rate each movie, after what they watched."""

    def make_parts(self, config, blocks):  # noqa: D102
        self.query_blocks = blocks("query", config.layers)
        self.content_blocks = blocks("content", config.layers - 1)
        self.content_norms = [layers.RMSNormalization(name=f"content_norm_{i}") for i in range(config.layers)]
        self.hidden = layers.Dense(HIDDEN, activation="relu", name="hidden")
        self.logits = layers.Dense(self.levels, kernel_initializer="zeros", name="logits")

    def build_parts(self):  # noqa: D102
        for block in (*self.query_blocks, *self.content_blocks):
            block.build(self.width)
        for norm in self.content_norms:
            norm.build((None, None, self.width))
        self.hidden.build((None, 2 * self.width + 6))
        self.logits.build((None, HIDDEN))
        self.query_token = self.add_weight(shape=(self.width,), initializer="zeros", name="query_token")
        self.bias = self.add_weight(shape=(self.catalogue,), initializer="zeros", name="bias")

        def fixed(name: str, *shape: int):  # set before training, from a Factorisation
            return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

        self.factors = fixed("factors", self.catalogue, self.factor_count)
        self.factor_base = fixed("factor_base", self.catalogue)
        self.factor_prior = fixed("factor_prior", self.factor_count + 1)

    def set_factors(self, factors: Factorisation) -> None:
        """Fix the factor model whose fold-in the head reads."""
        self.factors.assign(factors.item_factors)
        self.factor_base.assign(factors.mean + factors.item_bias)
        self.factor_prior.assign(factors.prior)

    def basis(self, movie):
        """Return movies' factors with a 1 behind them: (…, F + 1)."""
        factors = ops.take(ops.convert_to_tensor(self.factors), movie, axis=0)
        return ops.concatenate([factors, ops.ones_like(factors[..., :1])], axis=-1)

    def evidence(self, inputs):
        """Return what each event tells the factor model: x xᵀ (B, T, F + 1, F + 1) and x (r − base) (B, T, F + 1)."""
        movie = ops.maximum(inputs["movie"], 0)
        x = ops.where((inputs["movie"] >= 0)[..., None], self.basis(movie), 0.0)
        rest = ops.take(ops.convert_to_tensor(self.stars), inputs["level"])
        rest = rest - ops.take(ops.convert_to_tensor(self.factor_base), movie)
        return x[..., :, None] * x[..., None, :], x * rest[..., None]

    def folded(self, inputs):
        """Return what the factor model expects at every place from the places before it, and its doubt: (B, T) each.

        Ridge regression of the visitor's factors and bias on the events so far, as ``Factorisation.fold_in``.
        """

        def before(x):  # the sum over earlier places; taking one's own off the sum with it would leave rounding errors
            return ops.cumsum(ops.concatenate([ops.zeros_like(x[:, :1]), x[:, :-1]], axis=1), axis=1)

        gram, moment = (before(part) for part in self.evidence(inputs))
        gram = gram + ops.diag(ops.convert_to_tensor(self.factor_prior))
        movie = ops.maximum(inputs["movie"], 0)
        x = self.basis(movie)
        solved = ops.solve(gram, ops.stack([moment, x], axis=-1))
        taste, doubt = ops.split(ops.sum(x[..., None] * solved, axis=-2), 2, axis=-1)
        return ops.take(ops.convert_to_tensor(self.factor_base), movie) + taste[..., 0], doubt[..., 0]

    def contexts(self, tokens, buckets, mask, training=None):
        """Yield what each query layer looks at: the content before the first layer, then after each content layer."""
        for i, norm in enumerate(self.content_norms):
            if i:
                block = self.content_blocks[i - 1]
                tokens, _ = block.attend_to_itself(tokens, block.attention.bias(buckets, mask), training=training)
            yield self.query_blocks[i].attention.keys_and_values(norm(tokens))

    def head(self, query, item, movie, kindness, events, folded, doubt):
        """Return logits (B, N, L) of N candidates: what attention made of them, plus what the factor model says.

        ``query``, ``item`` (B, N, D); ``movie`` int, ``folded`` (stars), ``doubt`` (B, N); ``kindness``, ``events``
        (B, N) or (B, 1): the damped mean of the surprises so far, and how many events there were.
        """
        mean = ops.take(ops.convert_to_tensor(self.mean_rating), movie)
        bias = ops.take(ops.convert_to_tensor(self.bias), movie)
        stars = ops.convert_to_tensor(self.stars)
        zero = ops.zeros_like(bias)
        taste = folded - mean
        known = [kindness + zero, mean - ops.mean(stars), ops.log(1.0 + events) / 3.0 + zero, bias, taste, doubt]
        x = ops.concatenate([self.norm(query), item, ops.stack(known, axis=-1)], axis=-1)
        return self.logits(self.hidden(x)) + (bias + taste)[..., None] * (stars - ops.mean(stars))

    def call(self, inputs, training=None, return_attention_scores=False):
        """Predict every place from the places before it: logits (B, T, L)."""
        before = {name: inputs[name][:, :-1] for name in ("movie", "level", "gap")}
        table, visitor = self.table(), self.visitors(inputs)
        movie = ops.maximum(inputs["movie"], 0)
        item = ops.take(table, movie, axis=0)
        query = self.dropout(item + self.query_token + visitor[:, None], training=training)
        buckets, mask = self.causal(ops.shape(movie)[1])
        tokens = self.tokens(before, table, visitor, training)
        scores = []
        for block, context in zip(self.query_blocks, self.contexts(tokens, buckets, mask, training), strict=True):
            query, weights = block(query, *context, block.attention.bias(buckets, mask), training=training)
            scores.append(weights)
        surprises = self.surprises(inputs)
        valid = ops.cast(inputs["movie"] >= 0, "float32")
        events = ops.cumsum(valid, axis=1) - valid
        kindness = (ops.cumsum(surprises, axis=1) - surprises) / (events + DAMPING)
        # in training they are given: each user's come from a factor model that was fitted without that user
        folded, doubt = (inputs["folded"], inputs["doubt"]) if "folded" in inputs else self.folded(inputs)
        logits = self.head(query, item, movie, kindness, events, folded, doubt)
        return (logits, ops.stack(scores, axis=1)) if return_attention_scores else logits

    def encode(self, inputs):
        """Return ``Encoded`` (without the next state) of whole histories, padded at the end."""
        visitor, movie = self.visitors(inputs), inputs["movie"]
        tokens = self.tokens(inputs, self.table(), visitor, False)
        buckets, mask = self.causal(ops.shape(tokens)[1])
        contexts = list(self.contexts(tokens, buckets, mask))
        valid = ops.cast(movie >= 0, "float32")
        events = ops.sum(valid, axis=1, keepdims=True)
        # a candidate stands behind the newest event; padding behind that is out of its sight
        ahead = ops.cast(events, "int32") - ops.arange(ops.shape(tokens)[1])
        there = ops.concatenate([ops.ones_like(events), valid], axis=1)
        buckets, mask = self.buckets(ahead)[:, None], (1.0 - there)[:, None] * MASKED
        seen = [
            (*context, block.attention.bias(buckets, mask))
            for block, context in zip(self.query_blocks, contexts, strict=True)
        ]
        kindness = ops.sum(self.surprises(inputs), axis=1, keepdims=True) / (events + DAMPING)
        gram, moment = (ops.sum(part, axis=1) for part in self.evidence(inputs))
        covariance = ops.inv(gram + ops.diag(ops.convert_to_tensor(self.factor_prior)))
        taste = ops.matmul(covariance, moment[..., None])[..., 0]
        return Encoded(tuple(seen), visitor, kindness, events, taste, covariance)

    def score(self, encoded: Encoded, candidates):
        """Return logits (B, N, L) of ``candidates`` (N,) and attention weights (B, layers, H, N, T + 1)."""
        item = ops.take(self.table(), candidates, axis=0)[None]
        query = item + self.query_token + encoded.visitor[:, None]
        scores = []
        for block, (keys, values, bias) in zip(self.query_blocks, encoded.layers, strict=True):
            query, weights = block(query, keys, values, bias)
            scores.append(weights)
        item = ops.broadcast_to(item, ops.shape(query))
        movie = ops.broadcast_to(candidates[None], ops.shape(query)[:2])
        x = self.basis(candidates)  # (N, F + 1)
        base = ops.take(ops.convert_to_tensor(self.factor_base), candidates)
        folded = base + ops.matmul(encoded.taste, ops.transpose(x))
        doubt = ops.sum(ops.matmul(x, encoded.covariance) * x, axis=-1)
        logits = self.head(query, item, movie, encoded.kindness, encoded.events, folded, doubt)
        return logits, ops.stack(scores, axis=1)


class NextTower(Tower):
    """Predicts which movie a visitor watches next."""

    def make_parts(self, config, blocks):  # noqa: D102
        self.content_blocks = blocks("content", config.layers)

    def build_parts(self):  # noqa: D102
        for block in self.content_blocks:
            block.build(self.width)
        self.popularity = self.add_weight(shape=(self.catalogue,), initializer="zeros", name="popularity")

    def _run(self, inputs, table, training):
        tokens = self.tokens(inputs, table, self.visitors(inputs), training)
        buckets, mask = self.causal(ops.shape(tokens)[1])
        for block in self.content_blocks:
            tokens, _ = block.attend_to_itself(tokens, block.attention.bias(buckets, mask), training=training)
        return self.norm(tokens)

    def call(self, inputs, training=None):
        """Return the state (B, T, D) from which each place's movie is predicted, and the table of movies."""
        table = self.table()
        before = {name: inputs[name][:, :-1] for name in ("movie", "level", "gap")}
        return self._run(inputs | before, table, training), table

    def encode(self, inputs):
        """Return the state (B, D) after the newest event of whole histories, padded at the end."""
        states = self._run(inputs, self.table(), False)
        events = ops.sum(ops.cast(inputs["movie"] >= 0, "int32"), axis=1)
        return ops.take_along_axis(states, events[:, None, None], axis=1)[:, 0]

    def catalogue_logits(self, state):
        """Return logits (…, movies) over the catalogue for states (…, D)."""
        return ops.matmul(state, ops.transpose(self.table())) + ops.convert_to_tensor(self.popularity)


@keras.saving.register_keras_serializable("bst")
class TimelineBST(keras.Model):
    """Both towers, or one of them: ``rating`` and ``next``, None where the configuration leaves it out.

    Inputs, a dict: ``movie``, ``level`` (index of the rating among the levels), ``gap`` int32 (B, T), histories padded
    at the end with movie −1; ``sex``, ``age``, ``occupation`` int32 (B,), −1 for unknown. See ``SegmentReader``.
    """

    def __init__(self, config: dict, users: int, movies: int, levels: int, **kwargs):
        super().__init__(**kwargs)
        self.config, self.sizes, self.levels = TimelineConfig.from_dict(config), Sizes(users, movies), levels
        kinds = {"rating": RatingTower, "next": NextTower}
        self.towers = {
            name: kinds[name](tower, self.sizes, levels, self.config.segment, self.config.factors, name=name)
            for name, tower in self.config.towers.items()
        }

    def build(self, _=None):
        """Make every weight."""
        for tower in self.towers.values():
            tower.build()
        self.built = True

    @property
    def rating(self) -> RatingTower | None:
        """The rating tower."""
        return self.towers.get("rating")

    @property
    def next(self) -> NextTower | None:
        """The next tower."""
        return self.towers.get("next")

    def set_facts(self, facts: np.ndarray) -> None:
        """Fix what is known of the movies: (movies, 28), see ``schema.movie_facts``."""
        for tower in self.towers.values():
            tower.facts.assign(facts)

    def call(self, inputs, training=None, return_attention_scores=False):
        """Predict each place's rating from the places before it: logits (B, T, L).

        With ``return_attention_scores`` also the weights (B, layers, H, T, T) of the query stream: row t, column j:
        how much the candidate at t looks at the visitor (j = 0) or at event j − 1; rows sum to 1.
        """
        return self.rating(inputs, training=training, return_attention_scores=return_attention_scores)

    def encode(self, inputs) -> Encoded:
        """Read histories once: all that ``score`` needs. Their events are those before the candidates."""
        encoded = self.rating.encode(inputs) if self.rating else Encoded()
        return encoded._replace(next_state=self.next.encode(inputs) if self.next else None)

    def score(self, encoded: Encoded, candidates, return_attention_scores=False):
        """Score ``candidates`` int (N,) against encoded visitors: rating logits (B, N, L) as ``call`` gives them.

        With ``return_attention_scores`` also the weights (B, layers, H, N, T + 1): visitor first, then the events.
        """
        logits, scores = self.rating.score(encoded, candidates)
        return (logits, scores) if return_attention_scores else logits

    def next_logits(self, encoded: Encoded):
        """Return logits (B, movies) of the next movie over the whole catalogue."""
        return self.next.catalogue_logits(encoded.next_state)

    def parts(self) -> dict[str, list]:
        """Return the weights by part, for counting them."""
        towers = {f"{name}_tower": tower.trainable_weights for name, tower in self.towers.items()}
        return towers | {"fixed": self.non_trainable_weights}

    def get_config(self):
        """Return what is needed to make the model again; the weights carry the rest."""
        sizes = {"users": self.sizes.users, "movies": self.sizes.movies, "levels": self.levels}
        return {"config": self.config.to_dict(), **sizes}


def build_timeline(config: TimelineConfig, sizes: Sizes, levels: int) -> TimelineBST:
    """Return an untrained timeline BST with all its weights made."""
    model = TimelineBST(config.to_dict(), sizes.users, sizes.movies, levels)
    model.build()
    return model
