"""The rating tower of the timeline BST: how a visitor would rate each movie, after what they watched.

Shapes: B timelines, T places, N candidates, H heads, D width, L rating levels, F factors.
"""

from typing import NamedTuple

from keras import layers, ops

from bst.baselines.factorisation import Factorisation
from bst.models.timeline.attention import Reading, unit
from bst.models.timeline.tower import Tower, earlier

# a user's kindness rests on few ratings at first: as if five more had been just average
DAMPING = 5.0
HIDDEN = 128
# how much wider the feed-forward layers are than the tokens. Narrower where candidates go through: no worse there, and
# it is candidates that ranking a catalogue waits for
CONTENT_EXPANSION, QUERY_EXPANSION = 4, 2


class Encoded(NamedTuple):
    """What scoring candidates needs of visitors; made once by ``TimelineBST.encode``.

    ``layers``: for each layer of the rating tower the normed tokens that it looks at, (B, T + 1, D), and their bias
    (B, H, 1, T + 1).
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


class Candidates(NamedTuple):
    """What is known of movies whoever asks: ``vector`` (…, D); ``hidden`` (…, 128), the hidden layer's share; ``mean``
    and ``bias`` (…) stars; ``basis`` (…, F + 1) and ``base`` (…) of the factor model.
    """

    vector: object
    hidden: object
    mean: object
    bias: object
    basis: object
    base: object


class RatingTower(Tower):
    """Predicts how a visitor would rate each movie, after what they watched."""

    def make_parts(self, config, blocks):  # noqa: D102
        self.query_blocks = blocks("query", config.layers, QUERY_EXPANSION)
        self.content_blocks = blocks("content", config.layers - 1, CONTENT_EXPANSION)
        self.content_norms = [layers.RMSNormalization(name=f"content_norm_{i}") for i in range(config.layers)]
        self.frozen_candidates = None
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

    def freeze(self) -> None:  # noqa: D102
        super().freeze()
        self.frozen_candidates = self._catalogue()

    def set_factors(self, factors: Factorisation) -> None:
        """Fix the factor model whose fold-in the head reads."""
        self.factors.assign(factors.item_factors)
        self.factor_base.assign(factors.mean + factors.item_bias)
        self.factor_prior.assign(factors.prior)

    def evidence(self, inputs):
        """Return what each event tells the factor model: x (B, T, F + 1), 0 in padding, and r − base (B, T) stars."""
        known = self.candidates(ops.maximum(inputs["movie"], 0))
        x = ops.where((inputs["movie"] >= 0)[..., None], known.basis, 0.0)
        return x, ops.take(ops.convert_to_tensor(self.stars), inputs["level"]) - known.base

    def folded(self, inputs):
        """Return what the factor model expects at every place from the places before it, and its doubt: (B, T) each.

        Ridge regression of the visitor's factors and bias on the events so far, as ``Factorisation.fold_in``.
        """

        def before(x):  # the sum over earlier places; taking one's own off the sum with it would leave rounding errors
            return ops.cumsum(ops.concatenate([ops.zeros_like(x[:, :1]), x[:, :-1]], axis=1), axis=1)

        x, rest = self.evidence(inputs)
        gram, moment = before(x[..., :, None] * x[..., None, :]), before(x * rest[..., None])
        gram = gram + ops.diag(ops.convert_to_tensor(self.factor_prior))
        known = self.candidates(ops.maximum(inputs["movie"], 0))
        solved = ops.solve(gram, ops.stack([moment, known.basis], axis=-1))
        taste, doubt = ops.split(ops.sum(known.basis[..., None] * solved, axis=-2), 2, axis=-1)
        return known.base + taste[..., 0], doubt[..., 0]

    def contexts(self, tokens, buckets, mask, reading, training=None):
        """Yield what each query layer looks at, normed tokens (B, T, D): the content before the first layer, then after
        each content layer.
        """
        for i, norm in enumerate(self.content_norms):
            if i:
                tokens = self.content(self.content_blocks[i - 1], tokens, buckets, mask, reading, training)
            yield reading(norm(tokens))[0]

    def candidates(self, movie=None) -> Candidates:
        """Return what is known of candidates ``movie`` (int, any shape), or of the whole catalogue, whoever asks."""
        whole = self.frozen_candidates or self._catalogue()
        return whole if movie is None else Candidates(*(ops.take(part, movie, axis=0) for part in whole))

    def _catalogue(self) -> Candidates:
        table, stars = self.table(), ops.convert_to_tensor(self.stars)
        bias, mean = ops.convert_to_tensor(self.bias), ops.convert_to_tensor(self.mean_rating)
        facts = ops.stack([mean - ops.mean(stars), bias], axis=-1)
        _, of_movie, of_facts, _ = self._hidden_kernel()
        hidden = ops.matmul(table, of_movie) + ops.matmul(facts, of_facts) + self.hidden.bias
        factors = ops.convert_to_tensor(self.factors)
        basis = ops.concatenate([factors, ops.ones_like(factors[:, :1])], axis=-1)
        return Candidates(table, hidden, mean, bias, basis, ops.convert_to_tensor(self.factor_base))

    def _hidden_kernel(self):
        """Return the rows of the hidden layer's kernel: for the query, the movie, its facts, and the visitor."""
        kernel, facts = ops.convert_to_tensor(self.hidden.kernel), 2 * self.width
        by_movie, by_visitor = ops.array([1, 3]), ops.array([0, 2, 4, 5])
        known = kernel[facts:]
        return (
            kernel[: self.width],
            kernel[self.width : facts],
            ops.take(known, by_movie, 0),
            ops.take(known, by_visitor, 0),
        )

    def head(self, query, candidates: Candidates, kindness, events, folded, doubt):
        """Return logits (B, N, L) of N candidates: what attention made of them, plus what the factor model says.

        ``query`` (B, N, D); ``folded`` (stars), ``doubt`` (B, N); ``kindness``, ``events`` (B, N) or (B, 1): the
        damped mean of the surprises so far, and how many events there were.

        h = ReLU(W [Norm(query), movie, kindness, mean, ln(1 + events) / 3, bias, taste, doubt] + b), where taste =
        folded − mean; logit_l = (V h + c)_l + (bias + taste)(l − middle). What W makes of movies alone is shared by all
        who ask, so it stands in ``Candidates``.
        """
        stars = ops.convert_to_tensor(self.stars)
        taste = folded - candidates.mean
        zero = ops.zeros_like(taste)
        known = ops.stack([kindness + zero, ops.log(1.0 + events) / 3.0 + zero, taste, doubt + zero], axis=-1)
        of_query, _, _, of_visitor = self._hidden_kernel()
        of_query = ops.convert_to_tensor(self.norm.scale)[:, None] * of_query
        x = ops.concatenate([unit(query), known], axis=-1)
        hidden = ops.relu(ops.matmul(x, ops.concatenate([of_query, of_visitor], axis=0)) + candidates.hidden)
        return self.logits(hidden) + (candidates.bias + taste)[..., None] * (stars - ops.mean(stars))

    def call(self, inputs, training=None, return_attention_scores=False):
        """Predict every place from the places before it: logits (B, T, L)."""
        visitor, candidates = self.visitors(inputs), self.candidates(ops.maximum(inputs["movie"], 0))
        query = self.dropout(candidates.vector + self.query_token + visitor[:, None], training=training)
        buckets, mask = self.causal(ops.shape(query)[1])
        tokens = self.tokens(earlier(inputs), self.table(), visitor, training)
        scores = []
        contexts = self.contexts(tokens, buckets, mask, Reading(), training)
        for block, context in zip(self.query_blocks, contexts, strict=True):
            seen = block.attention.keys_and_values(context)
            query, weights = block(query, *seen, block.attention.bias(buckets, mask), training=training)
            scores.append(weights)
        surprises = self.surprises(inputs)
        valid = ops.cast(inputs["movie"] >= 0, "float32")
        events = ops.cumsum(valid, axis=1) - valid
        kindness = (ops.cumsum(surprises, axis=1) - surprises) / (events + DAMPING)
        # in training they are given: each user's come from a factor model that was fitted without that user
        folded, doubt = (inputs["folded"], inputs["doubt"]) if "folded" in inputs else self.folded(inputs)
        logits = self.head(query, candidates, kindness, events, folded, doubt)
        return (logits, ops.stack(scores, axis=1)) if return_attention_scores else logits

    def encode(self, inputs, reading: Reading | None = None):
        """Return ``Encoded`` (without the next state) of whole histories, padded at the end."""
        reading, visitor = reading or Reading(), self.visitors(inputs)
        contexts = self.contexts(*self.stream(inputs, visitor, reading), reading)
        # a candidate stands behind the newest event
        events, buckets, mask = self.from_the_end(inputs)
        seen = [
            (context, block.attention.bias(buckets, mask))
            for block, context in zip(self.query_blocks, contexts, strict=True)
        ]
        surprises, (x, rest) = self.surprises(inputs), self.evidence(inputs)
        told = ops.swapaxes(x, 1, 2)
        if "presence" in inputs:
            surprises, told = surprises * inputs["presence"], told * inputs["presence"][:, None]
        kindness = ops.sum(surprises, axis=1, keepdims=True) / (events + DAMPING)
        covariance = ops.inv(ops.matmul(told, x) + ops.diag(ops.convert_to_tensor(self.factor_prior)))
        taste = ops.matmul(covariance, ops.matmul(told, rest[..., None]))[..., 0]
        return Encoded(tuple(seen), visitor, kindness, events, taste, covariance)

    def score(self, encoded: Encoded, movie=None):
        """Return logits (B, N, L) of candidates ``movie`` (N,), and attention weights (B, layers, H, N, T + 1)."""
        candidates = self.candidates(movie)
        query = candidates.vector + self.query_token + encoded.visitor[:, None]
        scores = []
        for block, (context, bias) in zip(self.query_blocks, encoded.layers, strict=True):
            if movie is None:
                seen = block.absorb(*block.attention.keys_and_values(context))
                query, weights = block.call_absorbed(query, *seen, ops.swapaxes(bias, 1, 2))
                weights = ops.swapaxes(weights, 1, 2)
            else:
                query, weights = block.call_from_few(query, context, bias)
            scores.append(weights)
        folded = candidates.base + ops.matmul(encoded.taste, ops.transpose(candidates.basis))
        doubt = ops.sum(ops.matmul(candidates.basis, encoded.covariance) * candidates.basis, axis=-1)
        logits = self.head(query, candidates, encoded.kindness, encoded.events, folded, doubt)
        return logits, ops.stack(scores, axis=1)
