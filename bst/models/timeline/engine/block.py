"""Attention and the Transformer block of the timeline BST on arrays: what ``blocks.Block`` computes."""

from typing import Any, NamedTuple

import autograd.numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bst.models.constants import MASKED
from bst.models.timeline.definition import distance_buckets
from bst.models.timeline.engine.arrays import at_least, plus, rms_normalize, softmax
from bst.models.timeline.engine.cache import KVCache
from bst.models.weights import Array

LOWEST = -1e30  # below any logit, masked or not
LARGEST_LOGIT = 80.0  # e^88 is the largest power of e in float32


class Suffix(NamedTuple):
    """Part of the tokens of a pass as queries, keys and values: (B, H, S, D / H) each."""

    queries: Array
    keys: Array
    values: Array


class Block:
    """The weights of one block, laid out for inference.

    ``context_gain`` (D,): the gain of the norm that its context goes through, which is multiplied into keys and values,
    so that a context is normed without a gain.
    """

    def __init__(self, weights: Any, context_gain: Array, max_distance: int):
        attention, gain = weights.attention, weights.norm_1.scale[:, None]
        self.heads, width = len(attention.distance), len(gain)
        self.query = gain * attention.query.kernel * (width // self.heads) ** -0.5
        self.key, self.value = (context_gain[:, None] * part.kernel for part in (attention.key, attention.value))
        self.out = attention.out.kernel
        self.widen, self.narrow = weights.norm_2.scale[:, None] * weights.widen.kernel, weights.narrow.kernel
        # ReLU(x + b) W = max(x, −b) W + b W: one operation on the wide array less
        self.floor, self.offset = -weights.widen.bias, weights.narrow.bias + weights.widen.bias @ self.narrow
        self.distance_bias = attention.distance[:, distance_buckets(np.arange(max_distance + 1))]  # (H, distances)

    # ---- bias of distances

    def bias_at(self, distance: Array) -> Array:
        """Return the learned bias of distances, int of any shape: (H, …). None is further than the furthest known."""
        return self.distance_bias[:, np.clip(distance, 0, self.distance_bias.shape[1] - 1)]

    def causal_bias(self, first: int, end: int) -> Array:
        """Return the bias with which tokens ``first`` … ``end`` − 1 attend to all tokens before ``end``: (H, S, K).

        What comes after a token is masked.
        """
        distance = np.arange(end - 1, -end, -1)
        of_distance = np.where(distance < 0, np.float32(MASKED), self.bias_at(distance))  # (H, 2 end − 1)
        # row i reads distances i … i − end + 1, so that it begins one earlier than the row before
        rows = sliding_window_view(of_distance, end, axis=-1)  # (H, end, end)
        return rows[:, ::-1][:, first:]

    def bias_by_row(self, event_count: Array, tokens: int) -> Array:
        """Return the bias with which what stands behind the newest event attends to visitor and events: (B, H, 1, K).

        ``event_count`` int (B,): events of each row; what is behind them is padding, and masked.
        """
        distance = event_count[:, None] - np.arange(tokens)  # (B, K)
        bias = np.where(distance < 0, np.float32(MASKED), self.bias_at(distance))
        return np.transpose(bias, (1, 0, 2))[:, :, None]

    # ---- content stream

    def suffix(self, tokens: Array) -> Suffix:
        """Project tokens (B, S, D) to queries, keys and values, with which they attend to themselves."""
        normed = rms_normalize(tokens)
        return Suffix(*(self._split_heads(normed @ kernel) for kernel in (self.query, self.key, self.value)))

    def call_content(self, tokens: Array, cache: KVCache) -> Array:
        """Run a content block for ``tokens`` (B, S, D) behind the prefix of a cache, if it has one."""
        suffix, end = self.suffix(tokens), cache.prefix_length + tokens.shape[1]
        keys, values = cache.extend(suffix.keys, suffix.values)
        bias = self.causal_bias(cache.prefix_length, end)
        weights = softmax(plus(suffix.queries @ np.swapaxes(keys, -1, -2), bias))  # (B, H, S, K)
        cache.weights.append(weights)
        return self.feed_forward(plus(self._merge_heads(weights @ values), tokens))

    def call_shared_suffix(self, tokens: Array, cache: KVCache) -> Array:
        """Run a content block for ``tokens`` (B, S, D), whose rows are the same behind the changed tokens of a cache.

        As ``call_content``, but with far less work: what all rows share attends once to what all rows share.
        """
        prefix, changed = cache.prefix_length, cache.changed_length
        end = prefix + changed  # of the changed tokens
        bias = self.causal_bias(prefix, prefix + tokens.shape[1])
        own, shared = self.suffix(tokens[:, :changed]), self.suffix(tokens[:1, changed:])
        common = [
            np.concatenate(pair, axis=2)
            for pair in zip(cache.layer_prefix(), (shared.keys, shared.values), strict=True)
        ]
        common_bias = np.concatenate([bias[:, changed:, :prefix], bias[:, changed:, end:]], axis=-1)
        keys, values = cache.extend(own.keys, own.values)
        own_weights = softmax(plus(own.queries @ np.swapaxes(keys, -1, -2), bias[:, :changed, :end]))
        mixed_shared = attend_blockwise(
            shared.queries, (*common, common_bias), (own.keys, own.values, bias[:, changed:, prefix:end])
        )
        attended = np.concatenate([self._merge_heads(own_weights @ values), self._merge_heads(mixed_shared)], axis=1)
        return self.feed_forward(plus(attended, tokens))

    # ---- candidates

    def call_few(self, x: Array, context: Array, bias: Array) -> tuple[Array, Array]:
        """Run a block for few queries ``x`` (B, Q, D) over a context (B, K, D), which is never projected.

        (x W_q) (C W_k)ᵀ = (x W_q W_kᵀ) Cᵀ, and A (C W_v) = (A C) W_v. ``bias`` (B, H, 1, K). Returns (B, Q, D) and the
        weights (B, H, Q, K).
        """
        heads, (batch, queries, width), keys = self.heads, x.shape, context.shape[1]
        size = width // heads
        key, value = (np.reshape(part, (width, heads, size)) for part in (self.key, self.value))
        projected = self._split_heads(rms_normalize(x) @ self.query) @ np.transpose(key, (1, 2, 0))  # (B, H, Q, D)
        projected = np.reshape(projected, (batch, heads * queries, width))
        logits = np.reshape(projected @ np.swapaxes(context, -1, -2), (batch, heads, queries, keys))
        weights = softmax(plus(logits, bias))
        mixed = np.reshape(weights, (batch, heads * queries, keys)) @ context
        mixed = np.reshape(mixed, (batch, heads, queries, width)) @ np.transpose(value, (1, 0, 2))  # (B, H, Q, D / H)
        return self.feed_forward(plus(self._merge_heads(mixed), x)), weights

    def absorb(self, context: Array, bias: Array) -> "AbsorbedContext":
        """Return one visitor's context (K, D) with the projections of queries and output multiplied in; bias (H, K).

        x W_q Kᵀ = x (W_q Kᵀ), and A V W_o = A (V W_o): the same numbers, but many queries over few keys need less work.
        And softmax(l + b) V = Σ_k e^l_k (e^b_k V_k) / Σ_k e^l_k e^b_k, so that the bias costs nothing for each query.
        """
        width, size = len(self.query), len(self.query) // self.heads
        keys, values = context @ self.key, context @ self.value  # (K, D)
        parts = [slice(head * size, (head + 1) * size) for head in range(self.heads)]
        absorbed_keys = np.concatenate([self.query[:, part] @ keys[:, part].T for part in parts], axis=1)
        absorbed_values = np.concatenate([values[:, part] @ self.out[part] for part in parts])
        weight = np.exp(bias - bias.max(axis=1, keepdims=True))  # (H, K)
        totals = np.where(np.eye(self.heads, dtype=bool)[:, None], weight[..., None], np.float32(0))  # (H, K, H)
        # no logit of a normed query, whose length is √D, is larger than this
        bound = (width * np.max(np.sum(absorbed_keys**2, axis=0))) ** 0.5
        values = weight.reshape(-1, 1) * absorbed_values
        return AbsorbedContext(absorbed_keys, values, totals.reshape(-1, self.heads), bool(bound < LARGEST_LOGIT))

    # ---- both

    def feed_forward(self, h: Array) -> Array:
        """Return h + W₂ ReLU(W₁ Norm(h) + b₁) + b₂ for h (…, D)."""
        flat = np.reshape(h, (-1, h.shape[-1]))
        wide = at_least(rms_normalize(flat) @ self.widen, self.floor)
        return np.reshape(plus(plus(wide @ self.narrow, self.offset), flat), h.shape)

    def _split_heads(self, x: Array) -> Array:
        """Return (B, S, D) as (B, H, S, D / H)."""
        batch, tokens, width = x.shape
        return np.swapaxes(np.reshape(x, (batch, tokens, self.heads, width // self.heads)), 1, 2)

    def _merge_heads(self, mixed: Array) -> Array:
        """Project what the heads have mixed, (B, H, S, D / H), to the output (B, S, D)."""
        batch, heads, tokens, size = mixed.shape
        return np.reshape(np.swapaxes(mixed, 1, 2), (batch, tokens, heads * size)) @ self.out


class AbsorbedContext(NamedTuple):
    """What a catalogue of queries attends to.

    ``keys`` (D, H · K); multiplied by e^bias, ``values`` (H · K, D) and a 1 for the head of each key, ``totals``
    (H · K, H). ``bounded``: whether no logit is so large that its exponential is beyond float32.
    """

    keys: Array
    values: Array
    totals: Array
    bounded: bool


def attend_blockwise(queries: Array, *blocks: tuple[Array, Array, Array]) -> Array:
    """Attend to a context in blocks of keys, values and bias each: → (B, H, Q, D / H).

    Queries and any block may have a batch of one, so that queries which all rows share meet keys which all rows share
    only once. The softmax is put together as in Milakov & Gimelshein 2018 (arXiv 1805.02867): each block is normalised
    by its own maximum m_b, then weighted by exp(m_b − m).
    """
    partial = []
    for keys, values, bias in blocks:
        logits = queries @ np.swapaxes(keys, -1, -2) + bias  # (B or 1, H, Q, K of the block)
        maximum = np.max(logits, axis=-1, keepdims=True, initial=LOWEST)
        weights = np.exp(logits - maximum)
        partial.append((maximum, np.sum(weights, axis=-1, keepdims=True), weights @ values))
    highest = partial[0][0]
    for maximum, _, _ in partial[1:]:
        highest = np.maximum(highest, maximum)
    scaled = [(np.exp(maximum - highest), total, mixed) for maximum, total, mixed in partial]
    total = sum(scale * total for scale, total, _ in scaled)
    return sum(scale * mixed for scale, _, mixed in scaled) / total
