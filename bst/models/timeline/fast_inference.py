"""Inference with the timeline BST: the numbers of its ``call``, for many candidates after the newest event.

``call`` predicts every position of a timeline from the ones before it. In the app one visitor waits for a whole
catalogue, so histories are encoded once and candidates are scored against them. Five things save work, none of which
changes a number beyond rounding:

- the features of movies, which no visitor changes, are computed once for a model (``RatingInference``);
- of the last layer of the next and like towers only the newest state is computed (``CatalogueInference``);
- few queries attend to a context that is never projected (``attend_few_queries``);
- for a whole catalogue of queries, projections are multiplied into keys and values (``absorb_projections``);
- histories with a common prefix share the keys and values of their prefix (``KVCache``, ``call_shared_suffix``).

Inputs are those of the model, padded at the end. Two more, by which integrated gradients are taken, may be among them:
``event_scale`` (B, T), how much each event counts: 1 all, 0 as one of the mean movie with the mean level at an unknown
time; and ``profile_scale`` (B,), how much sex, age and occupation count: 1 all, 0 as unknown.

Shapes: as in ``model``; N candidates, S tokens that are run through the layers, P tokens of a prefix before them.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

from keras import ops

from bst.models.layers import MASKED, Inputs, Tensor, as_matrix, rms_normalize
from bst.models.timeline.blocks import Attention, Block
from bst.models.timeline.model import USER_BIAS_DAMPING, CatalogueTower, RatingTower, Tower
from bst.timelines.segments import EVENT_INPUTS

LOWEST = -1e30  # below any logit, masked or not

Layers = list[tuple[Tensor, ...]]
Prefix = tuple[Layers, list[Tensor]]


class KVCache:
    """What the layers attend to in one pass over histories, kept for passes over histories with the same prefix.

    ``layers``, in the order in which they run: keys and values (B, H, S, D / H) of a content layer, normed tokens
    (B, S, D) of a layer of few queries. As no token attends to what comes after it, those of one history can be the
    ``prefix`` of a pass over histories that all begin with its first ``prefix_length`` tokens: only the tokens behind
    these are run. Of those, only the first ``changed_length`` differ among the histories. ``biases`` of the content
    layers, (H, S, P + S) each, are part of a prefix too; ``weights`` are their attention weights, (B, H, S, P + S).
    """

    def __init__(self, prefix: Prefix | None = None, prefix_length: Tensor = 0, changed_length: Tensor = 0):
        self.prefix, self.prefix_length, self.changed_length = prefix, prefix_length, changed_length
        self.layers: Layers = []
        self.biases: list[Tensor] = []
        self.weights: list[Tensor] = []

    def as_prefix(self) -> Prefix:
        """Return what another pass can take as its prefix."""
        return self.layers, self.biases

    def layer_prefix(self) -> tuple[Tensor, ...]:
        """Return what the layer that runs now attends to within the prefix: a batch of one."""
        assert self.prefix is not None
        return tuple(part[..., : self.prefix_length, :] for part in self.prefix[0][len(self.layers)])

    def extend(self, *suffix: Tensor) -> tuple[Tensor, ...]:
        """Keep what a layer attends to of the tokens that are run, and return it with the prefix, if any, in front."""
        context = suffix
        if self.prefix is not None:
            context = tuple(
                ops.concatenate([ops.broadcast_to(prefix, (ops.shape(part)[0], *ops.shape(prefix)[1:])), part], axis=-2)
                for prefix, part in zip(self.layer_prefix(), suffix, strict=True)
            )
        self.layers.append(suffix)
        return context

    def logit_bias(self, attention: Attention, tokens: int, buckets: Tensor, mask: Tensor) -> Tensor:
        """Return ``Attention.logit_bias`` of a content layer for the ``tokens`` that are run."""
        if self.prefix is None:
            bias = attention.logit_bias(buckets, mask)
        else:
            end = self.prefix_length + tokens
            bias = self.prefix[1][len(self.biases)][:, self.prefix_length : end, :end]
        self.biases.append(bias)
        return bias


# ---- attention


def logit_bias_by_row(attention: Attention, buckets: Tensor, mask: Tensor) -> Tensor:
    """Return ``Attention.logit_bias`` where each row has its own buckets and mask, (B, Q, K) each: (B, H, Q, K)."""
    learned = ops.take(attention.distance_bias, buckets, axis=1)  # (H, B, Q, K)
    return ops.transpose(learned, (1, 0, 2, 3)) + mask[:, None]


def attend(attention: Attention, x: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Attend as ``Attention.call`` does, to keys and values (B, H, K, D / H) that are projected already."""
    weights = ops.softmax(ops.matmul(attention.queries(x), ops.swapaxes(keys, -1, -2)) + bias, axis=-1)  # (B, H, Q, K)
    return attention.merge_heads(ops.matmul(weights, values)), weights


def attend_few_queries(attention: Attention, x: Tensor, context: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Attend as ``Attention.call`` does, without projecting the context: quicker where queries are few.

    (x W_q) (C W_k)ᵀ = (x W_q W_kᵀ) Cᵀ, and A (C W_v) = (A C) W_v.
    """
    heads, (batch, queries, width), keys = attention.heads, ops.shape(x), ops.shape(context)[1]
    key, value = (ops.reshape(part.kernel, (width, heads, -1)) for part in (attention.key, attention.value))
    projected = ops.einsum("bhqs,whs->bhqw", attention.queries(x), key)  # (B, H, Q, D)
    projected = ops.reshape(projected, (batch, heads * queries, width))
    logits = ops.matmul(projected, ops.swapaxes(context, -1, -2))  # (B, H · Q, K)
    weights = ops.softmax(ops.reshape(logits, (batch, heads, queries, keys)) + bias, axis=-1)
    mixed = ops.matmul(ops.reshape(weights, (batch, heads * queries, keys)), context)  # (B, H · Q, D)
    mixed = ops.reshape(mixed, (batch, heads, queries, width))
    return attention.merge_heads(ops.einsum("bhqw,whs->bhqs", mixed, value)), weights


def attend_blockwise(attention: Attention, x: Tensor, *blocks: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Attend as ``Attention.call`` does, to a context in blocks of ``(keys, values, bias)`` each: → (B, Q, D).

    ``x`` and any block may have a batch of one, so that queries which all rows share meet keys which all rows share
    only once. The softmax is put together as in Milakov & Gimelshein 2018 (arXiv 1805.02867): each block is normalised
    by its own maximum m_b, then weighted by exp(m_b − m).
    """
    query, partial = attention.queries(x), []
    for keys, values, bias in blocks:
        logits = ops.matmul(query, ops.swapaxes(keys, -1, -2)) + bias  # (B or 1, H, Q, K of the block)
        maximum = ops.max(logits, axis=-1, keepdims=True, initial=LOWEST)
        weights = ops.exp(logits - maximum)
        partial.append((maximum, ops.sum(weights, axis=-1, keepdims=True), ops.matmul(weights, values)))
    highest = functools.reduce(ops.maximum, [maximum for maximum, _, _ in partial])
    scaled = [(ops.exp(maximum - highest), total, mixed) for maximum, total, mixed in partial]
    total = sum(scale * total for scale, total, _ in scaled)
    return attention.merge_heads(sum(scale * mixed for scale, _, mixed in scaled) / total)


# ---- blocks


def call_cached(block: Block, x: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Run a block as ``Block.call`` does, over keys and values (B, H, K, D / H) that are projected already."""
    attended, weights = attend(block.attention, block.norm_1(x), keys, values, bias)
    return block.after_attention(x, attended), weights


def call_few_queries(block: Block, x: Tensor, context: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Run a block as ``Block.call`` does, for few queries."""
    attended, weights = attend_few_queries(block.attention, block.norm_1(x), context, bias)
    return block.after_attention(x, attended), weights


def call_shared_suffix(block: Block, x: Tensor, cache: KVCache, bias: Tensor) -> Tensor:
    """Run a content block for ``x`` (B, S, D), whose rows are all the same behind the changed tokens of a cache.

    As ``Block.call`` over the prefix and ``x``, but with far less work: what all rows share attends once to what all
    rows share. ``bias``: (H, S, P + S). Returns (B, S, D).
    """
    prefix, changed = cache.prefix_length, cache.changed_length
    end = prefix + changed  # of the changed tokens
    own, shared = x[:, :changed], x[:1, changed:]
    prefix_kv, own_kv, shared_kv = cache.layer_prefix(), keys_and_values(block, own), keys_and_values(block, shared)
    common_kv = (ops.concatenate(pair, axis=2) for pair in zip(prefix_kv, shared_kv, strict=True))
    common_bias = ops.concatenate([bias[:, changed:, :prefix], bias[:, changed:, end:]], axis=-1)
    keys, values = cache.extend(*own_kv)
    attended_own, _ = attend(block.attention, block.norm_1(own), keys, values, bias[:, :changed, :end])
    attended_shared = attend_blockwise(
        block.attention,
        block.norm_1(shared),
        (*common_kv, common_bias),
        (*own_kv, bias[:, changed:, prefix:end]),
    )
    return block.after_attention(x, ops.concatenate([attended_own, attended_shared], axis=1))


def keys_and_values(block: Block, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Project tokens to the keys and values with which they attend to themselves in a content block."""
    return block.attention.keys_and_values(block.norm_1(tokens))


def absorb_projections(block: Block, context: Tensor) -> tuple[Tensor, Tensor]:
    """Return keys (B, D, H · K) and values (B, H · K, D) with the projections of queries and output multiplied in.

    x W_q Kᵀ = x (W_q Kᵀ), and A V W_o = A (V W_o): the same numbers, but many queries over few keys need half the work.
    The gain of the norm in front is multiplied into the keys, too.
    """
    attention = block.attention
    keys, values = attention.keys_and_values(context)  # (B, H, K, D / H)
    heads, size, width = attention.heads, keys.shape[-1], attention.out.kernel.shape[1]
    query = ops.reshape(attention.query.kernel, (width, heads, size)) * size**-0.5
    absorbed_keys = ops.einsum("whs,bhks->bwhk", query, keys)
    out = ops.reshape(attention.out.kernel, (heads, size, width))
    absorbed_values = ops.einsum("bhks,hsw->bhkw", values, out)
    absorbed_keys = ops.reshape(absorbed_keys, (-1, width, heads * ops.shape(keys)[2]))
    absorbed_values = ops.reshape(absorbed_values, (-1, heads * ops.shape(keys)[2], width))
    return ops.convert_to_tensor(block.norm_1.scale)[:, None] * absorbed_keys, absorbed_values


def call_absorbed(block: Block, x: Tensor, context: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Run a block as ``Block.call`` does, for far more queries (B, Q, D) than keys; ``bias`` (B, H, 1, K), for all.

    The gains of norms are multiplied into what comes behind them, and weights are laid out (B, Q, H, K) on the way.
    """
    keys, values = absorb_projections(block, context)
    bias = ops.swapaxes(bias, 1, 2)  # (B, 1, H, K)
    queries, (heads, count) = ops.shape(x)[1], (block.attention.heads, bias.shape[-1] or ops.shape(bias)[-1])
    logits = ops.reshape(ops.matmul(rms_normalize(x), keys), (-1, queries, heads, count)) + bias
    weights = ops.softmax(logits, axis=-1)  # (B, Q, H, K)
    h = x + ops.matmul(ops.reshape(weights, (-1, queries, heads * count)), values)
    kernel = ops.convert_to_tensor(block.norm_2.scale)[:, None] * block.widen.kernel
    wide = ops.relu(ops.matmul(as_matrix(rms_normalize(h)), kernel) + block.widen.bias)  # (B · Q, expansion · D)
    narrow = ops.matmul(wide, block.narrow.kernel) + block.narrow.bias
    return h + ops.reshape(narrow, ops.shape(h)), ops.swapaxes(weights, 1, 2)


# ---- towers


class TowerInference:
    """A trained tower and its movies' vectors (M, D), which are computed once. The tower's weights must not change."""

    def __init__(self, tower: Tower):
        self.tower, self.movie_vectors = tower, tower.movie_vectors()

    def visitors(self, inputs: Inputs) -> Tensor:
        """Return the visitors' own tokens (B, D), as far as ``profile_scale`` lets their demographics count."""
        known = self.tower.embed_demographics(inputs)
        if "profile_scale" in inputs:
            nothing = {name: ops.full_like(inputs[name], -1) for name in self.tower.demographics}
            unknown = self.tower.embed_demographics(nothing)
            known = unknown + inputs["profile_scale"][:, None] * (known - unknown)
        return self.tower.visitor_token + known

    def tokens(self, inputs: Inputs, visitor: Tensor) -> Tensor:
        """Return the visitor and the events as tokens (B, T + 1, D), as far as ``event_scale`` lets events count."""
        events = self.tower.events(inputs, self.movie_vectors)
        if "event_scale" in inputs:
            level, gap = (ops.convert_to_tensor(part.embeddings) for part in (self.tower.level, self.tower.gap))
            nothing = ops.mean(self.movie_vectors, axis=0) + ops.mean(level, axis=0) + gap[0]
            events = nothing + inputs["event_scale"][..., None] * (events - nothing)
        return ops.concatenate([visitor[:, None], events], axis=1)

    def suffix(self, inputs: Inputs, visitor: Tensor, cache: KVCache) -> tuple[Tensor, Tensor, Tensor]:
        """Return the tokens to run, (B, S, D), and the buckets and mask with which they attend, (S, P + S) each."""
        if cache.prefix is None:
            tokens = self.tokens(inputs, visitor)
            return tokens, *self.tower.causal(ops.shape(tokens)[1])
        first = cache.prefix_length - 1  # event to be run: the first token is the visitor
        end = first + cache.changed_length

        def tokens_of(rows: slice, events: slice, visitor: Tensor) -> Tensor:
            chosen = inputs | {name: inputs[name][rows, events] for name in EVENT_INPUTS}
            return self.tokens(chosen, visitor)[:, 1:]

        own = tokens_of(slice(None), slice(first, end), visitor)
        shared = tokens_of(slice(1), slice(end, None), visitor[:1])
        shared = ops.broadcast_to(shared, (ops.shape(own)[0], ops.shape(shared)[1], self.tower.width))
        tokens = ops.concatenate([own, shared], axis=1)
        buckets, mask = self.tower.causal(cache.prefix_length + ops.shape(tokens)[1])
        return tokens, buckets[cache.prefix_length :], mask[cache.prefix_length :]

    def call_content(self, layer: int, tokens: Tensor, buckets: Tensor, mask: Tensor, cache: KVCache) -> Tensor:
        """Run a block of the content stream: (B, S, D)."""
        block = self.tower.content_blocks[layer]
        bias = cache.logit_bias(block.attention, ops.shape(tokens)[1], buckets, mask)
        if cache.prefix is not None and layer == 0:  # from the second block on, no two tokens are the same
            return call_shared_suffix(block, tokens, cache, bias)
        keys, values = cache.extend(*keys_and_values(block, tokens))
        tokens, weights = call_cached(block, tokens, keys, values, bias)
        cache.weights.append(weights)
        return tokens

    def after_newest(self, inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        """Return how many events there are, (B, 1) float, and the buckets and mask, (B, 1, T + 1) each, with which what
        stands behind the newest of them attends to visitor and events; padding is masked.
        """
        valid = ops.cast(inputs["movie"] >= 0, "float32")
        event_count = ops.sum(valid, axis=1, keepdims=True)
        valid = ops.concatenate([ops.ones_like(event_count), valid], axis=1)  # (B, T + 1)
        distance = ops.cast(event_count, "int32") - ops.arange(ops.shape(valid)[1])
        return event_count, self.tower.buckets(distance)[:, None], (1.0 - valid)[:, None] * MASKED


class EncodedVisitors(NamedTuple):
    """What scoring candidates needs of visitors.

    ``contexts``: for each layer of the rating tower the normed tokens that its queries attend to, (B, T + 1, D), and
    their bias (B, H, 1, T + 1). ``visitor`` (B, D). ``user_bias`` and ``event_count`` (B, 1). ``user_factors``
    (B, F + 1), the visitor's factors and bias in the factor model, and their ``covariance`` (B, F + 1, F + 1).
    """

    contexts: Sequence[tuple[Tensor, Tensor]]
    visitor: Tensor
    user_bias: Tensor
    event_count: Tensor
    user_factors: Tensor
    covariance: Tensor


class RatingInference(TowerInference):
    """Predicts ratings of many movies after the newest event: ``encode`` visitors once, then ``score`` candidates."""

    tower: RatingTower

    def __init__(self, tower: RatingTower):
        super().__init__(tower)
        self.catalogue = tower.candidates()

    def encode(self, inputs: Inputs, cache: KVCache | None = None) -> EncodedVisitors:
        """Encode visitors with their whole histories. A ``cache`` gives the prefix, and keeps what layers attend to."""
        cache, tower, visitor = cache or KVCache(), self.tower, self.visitors(inputs)
        event_count, *after_newest = self.after_newest(inputs)
        tokens, buckets, mask = self.suffix(inputs, visitor, cache)
        contexts = []
        for i, (block, norm) in enumerate(zip(tower.query_blocks, tower.content_norms, strict=True)):
            if i:
                tokens = self.call_content(i - 1, tokens, buckets, mask, cache)
            (context,) = cache.extend(norm(tokens))
            contexts.append((context, logit_bias_by_row(block.attention, *after_newest)))
        residuals = tower.residuals(inputs)
        x, target = tower.fold_in_inputs(inputs, self.catalogue.take(ops.maximum(inputs["movie"], 0)))
        transposed = ops.swapaxes(x, 1, 2)  # (B, F + 1, T)
        if "event_scale" in inputs:
            residuals, transposed = residuals * inputs["event_scale"], transposed * inputs["event_scale"][:, None]
        user_bias = ops.sum(residuals, axis=1, keepdims=True) / (event_count + USER_BIAS_DAMPING)
        covariance = ops.inv(ops.matmul(transposed, x) + ops.diag(ops.convert_to_tensor(tower.factor_prior)))
        user_factors = ops.matmul(covariance, ops.matmul(transposed, target[..., None]))[..., 0]
        return EncodedVisitors(contexts, visitor, user_bias, event_count, user_factors, covariance)

    def score(self, encoded: EncodedVisitors, movie: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Score candidates ``movie`` int (N,), or the whole catalogue, for encoded visitors.

        Returns logits (B, N, L), and attention weights (B, layers, H, N, T + 1): visitor first, then the events.
        """
        candidates = self.catalogue if movie is None else self.catalogue.take(movie)
        call = call_absorbed if movie is None else call_few_queries
        query, weights = candidates.vector + self.tower.query_token + encoded.visitor[:, None], []
        for block, (context, bias) in zip(self.tower.query_blocks, encoded.contexts, strict=True):
            query, layer_weights = call(block, query, context, bias)
            weights.append(layer_weights)
        regressors = candidates.regressors  # (N, F + 1)
        prediction = candidates.factor_base + ops.matmul(encoded.user_factors, ops.transpose(regressors))  # (B, N)
        variance = ops.sum(ops.matmul(regressors, encoded.covariance) * regressors, axis=-1)  # (B, N)
        logits = self.tower.head(query, candidates, encoded.user_bias, encoded.event_count, prediction, variance)
        return logits, ops.stack(weights, axis=1)


class CatalogueInference(TowerInference):
    """The next or the like tower after the newest event: ``encode`` visitors to a state, then take ``logits``."""

    tower: CatalogueTower

    def __init__(self, tower: CatalogueTower):
        super().__init__(tower)
        self.output_vectors = tower.output_vectors(self.movie_vectors)

    def encode(self, inputs: Inputs, cache: KVCache | None = None) -> tuple[Tensor, Tensor]:
        """Return the state (B, D) after the newest event of whole histories, and how many events there are, int (B,).

        ``cache`` as in ``RatingInference``.
        """
        cache, last = cache or KVCache(), self.tower.content_blocks[-1]
        tokens, buckets, mask = self.suffix(inputs, self.visitors(inputs), cache)
        for layer in range(len(self.tower.content_blocks) - 1):
            tokens = self.call_content(layer, tokens, buckets, mask, cache)
        # of the last layer only the state after the newest event is needed
        event_count, *after_newest = self.after_newest(inputs)
        event_count = ops.cast(event_count, "int32")
        newest = ops.take_along_axis(tokens, (event_count - cache.prefix_length)[..., None], axis=1)  # (B, 1, D)
        (context,) = cache.extend(last.norm_1(tokens))
        state, _ = call_few_queries(last, newest, context, logit_bias_by_row(last.attention, *after_newest))
        return self.tower.norm(state[:, 0]), event_count[:, 0]

    def logits(self, state: Tensor, event_count: Tensor, movie: Tensor | None = None) -> Tensor:
        """Return logits (B, N) of movies int (N,), or of the whole catalogue, for what ``encode`` returned."""
        return self.tower.logits(state, event_count, self.output_vectors, movie)
