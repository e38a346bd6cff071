"""Attention of the timeline model: causal, with the distance between events as a learned bias."""

import functools

import keras
import numpy as np
from keras import layers, ops

LOWEST = -1e30  # below any logit, masked or not
# distances 0 … 7 each have their own bias; further ones share one per half octave
EXACT = 8


def distance_buckets(distance: np.ndarray) -> np.ndarray:
    """Return the bucket of each distance in events: int32 array of the same shape.

    Near events each have their own bucket, far ones share logarithmic ones, as in T5 (Raffel et al. 2020,
    arXiv 1910.10683, section 2.1). Negative distances (the future) give 0; they are masked elsewhere.
    """
    distance = np.maximum(distance, 0)
    far = EXACT + np.floor(2 * np.log2(np.maximum(distance, EXACT) / EXACT))
    return np.where(distance < EXACT, distance, far).astype(np.int32)


def unit(x):
    """Return x / √(mean x² + 10⁻⁶) over the last axis: the root mean square norm without its gain."""
    return x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-6)


def as_matrix(x):
    """Return (…, width) as (rows, width): a product of two matrices is one operation, of anything else a dozen."""
    return ops.reshape(x, (-1, x.shape[-1]))


class Reading:
    """One reading of histories by a tower: hands each layer what it looks at, and keeps that.

    ``seen``: what the layers look at, in the order of reading: keys and values (B, H, tokens, D / H) of a layer of
    content, normed tokens (B, tokens, D) of one of few queries. Those of one history can be the ``past`` of another
    reading, of histories that all begin like it with ``shared`` tokens: its layers need run over the tokens behind
    those alone, as nothing sees what comes after it. Of these, only the first ``window`` differ among the histories.
    ``biases`` of the layers of content, (H, tokens, tokens) each, are part of the past too; ``weights``: those of the
    content layers, (B, H, tokens, tokens) each.
    """

    def __init__(self, past=None, shared=0, window=0):
        self.past, self.shared, self.window = past, shared, window
        self.seen, self.biases, self.weights = [], [], []

    def to_be_past(self):
        """Return what another reading can take as its past."""
        return self.seen, self.biases

    def before(self):
        """Return what the layer that is read now sees of the past: its parts, of a batch of one."""
        return tuple(part[..., : self.shared, :] for part in self.past[0][len(self.seen)])

    def __call__(self, *own):
        """Return what a layer looks at, with that of the past in front if there is one."""
        whole = own
        if self.past is not None:
            whole = tuple(
                ops.concatenate([ops.broadcast_to(past, (ops.shape(part)[0], *ops.shape(past)[1:])), part], axis=-2)
                for past, part in zip(self.before(), own, strict=True)
            )
        self.seen.append(own)
        return whole

    def bias(self, attention, tokens: int, buckets, mask):
        """Return ``Attention.bias`` of a layer of content for ``tokens``, as it was in the past if there is one."""
        if self.past is None:
            bias = attention.bias(buckets, mask)
        else:
            end = self.shared + tokens
            bias = self.past[1][len(self.biases)][:, self.shared : end, :end]
        self.biases.append(bias)
        return bias


@keras.saving.register_keras_serializable("bst")
class Attention(layers.Layer):
    """Multi-head attention from queries to a context, with a bias that depends on how far back an event lies.

    A_h = softmax(Q_h K_hᵀ / √(width / heads) + bias_h[distance] + mask);  output = Concat_h(A_h V_h) W

    No projection has an additive bias. ``keys_and_values`` is apart from ``call``, so that a history is projected once
    and any number of candidates is scored against it.
    """

    def __init__(self, heads: int, buckets: int, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.buckets = heads, buckets

    def build(self, width: int):
        """Make the weights for tokens of ``width``."""
        self.query, self.key, self.value, self.out = (
            layers.Dense(width, use_bias=False, name=name) for name in ("query", "key", "value", "out")
        )
        for layer in (self.query, self.key, self.value, self.out):
            layer.build((None, width))
        self.distance = self.add_weight(shape=(self.heads, self.buckets), initializer="zeros", name="distance")
        self.built = True

    def _by_head(self, x, tokens):  # (batch · tokens, width) → (batch, heads, tokens, width / heads)
        split = ops.reshape(x, (-1, tokens, self.heads, x.shape[-1] // self.heads))
        return ops.transpose(split, (0, 2, 1, 3))

    def keys_and_values(self, context):
        """Project a context (batch, keys, width) to keys and values, each (batch, heads, keys, width / heads)."""
        flat, keys = as_matrix(context), ops.shape(context)[1]
        return self._by_head(self.key(flat), keys), self._by_head(self.value(flat), keys)

    def bias(self, buckets, mask):
        """Return the learned bias of distances plus a mask, to be added to the logits.

        ``buckets`` int and ``mask`` (0 where a query may look, very negative where not) are both (queries, keys), the
        same for the whole batch, or (batch, queries, keys). Returns (heads, queries, keys), or the same per batch row.
        """
        learned = ops.take(self.distance, buckets, axis=1)  # (heads, …)
        if len(buckets.shape) == 2:
            return learned + mask
        return ops.transpose(learned, (1, 0, 2, 3)) + mask[:, None]

    def call(self, x, keys, values, bias):
        """Attend. ``x``: (batch, queries, width). Returns (batch, queries, width) and the weights.

        The weights are (batch, heads, queries, keys); each row sums to 1.
        """
        scores = ops.softmax(ops.matmul(self._queries(x), ops.swapaxes(keys, -1, -2)) + bias, axis=-1)
        return self._output(ops.matmul(scores, values)), scores

    def _queries(self, x):  # (batch, queries, width) → (batch, heads, queries, width / heads)
        kernel = self.query.kernel * (x.shape[2] // self.heads) ** -0.5
        return self._by_head(ops.matmul(as_matrix(x), kernel), ops.shape(x)[1])

    def _output(self, mixed):  # (batch, heads, queries, width / heads) → (batch, queries, width)
        batch, _, queries, size = ops.shape(mixed)
        flat = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, self.heads * size))
        return ops.reshape(self.out(flat), (batch, queries, self.heads * size))

    def attend_from_few(self, x, context, bias):
        """Attend as ``call`` to a context (batch, keys, width) that is not projected: quicker with few queries.

        (x W_q) (C W_k)ᵀ = (x W_q W_kᵀ) Cᵀ, and A (C W_v) = (A C) W_v.
        """
        (batch, queries, width), keys = ops.shape(x), ops.shape(context)[1]
        key, value = (ops.reshape(part.kernel, (width, self.heads, -1)) for part in (self.key, self.value))
        into = ops.einsum("bhqs,whs->bhqw", self._queries(x), key)
        logits = ops.matmul(ops.reshape(into, (batch, self.heads * queries, width)), ops.swapaxes(context, -1, -2))
        scores = ops.softmax(ops.reshape(logits, (batch, self.heads, queries, keys)) + bias, axis=-1)
        mixed = ops.matmul(ops.reshape(scores, (batch, self.heads * queries, keys)), context)
        mixed = ops.reshape(mixed, (batch, self.heads, queries, width))
        return self._output(ops.einsum("bhqw,whs->bhqs", mixed, value)), scores

    def attend_in_parts(self, x, *parts):
        """Attend as ``call`` does to all parts of a context together, each ``(keys, values, bias)``.

        So queries that many rows have in common are held against keys that these have in common once: ``x`` and the
        keys of a part may have a batch of one. Returns (batch, queries, width). The softmax is put together as in
        Milakov & Gimelshein 2018 (arXiv 1805.02867).
        """
        query, found = self._queries(x), []
        for keys, values, bias in parts:
            logits = ops.matmul(query, ops.swapaxes(keys, -1, -2)) + bias
            top = ops.max(logits, axis=-1, keepdims=True, initial=LOWEST)
            weights = ops.exp(logits - top)
            found.append((top, ops.sum(weights, axis=-1, keepdims=True), ops.matmul(weights, values)))
        highest = functools.reduce(ops.maximum, [top for top, _, _ in found])
        scaled = [(ops.exp(top - highest), total, mixed) for top, total, mixed in found]
        total = sum(scale * total for scale, total, _ in scaled)
        return self._output(sum(scale * mixed for scale, _, mixed in scaled) / total)

    def absorb(self, keys, values):
        """Return keys and values with the projections of queries and output multiplied into them.

        x W_q Kᵀ = x (W_q Kᵀ), and A V W_o = A (V W_o): the same numbers, but many queries over few keys need half the
        work. Returns (batch, width, heads · keys) and (batch, heads · keys, width).
        """
        size, width = keys.shape[-1], self.out.kernel.shape[1]
        query = ops.reshape(self.query.kernel, (width, self.heads, size)) * size**-0.5
        into = ops.einsum("whs,bhks->bwhk", query, keys)
        out = ops.einsum("bhks,hsw->bhkw", values, ops.reshape(self.out.kernel, (self.heads, size, width)))
        return ops.reshape(into, (-1, width, self.heads * ops.shape(keys)[2])), ops.reshape(
            out, (-1, self.heads * ops.shape(keys)[2], width)
        )

    def attend_absorbed(self, x, into, out, bias):
        """Attend as ``call``, with what ``absorb`` returned. ``bias``: (batch, 1, heads, keys), for all queries.

        Returns (batch, queries, width) and the weights (batch, queries, heads, keys).
        """
        queries, keys = ops.shape(x)[1], bias.shape[-1] or ops.shape(bias)[-1]
        scores = ops.reshape(ops.matmul(x, into), (-1, queries, self.heads, keys)) + bias
        scores = ops.softmax(scores, axis=-1)
        return ops.matmul(ops.reshape(scores, (-1, queries, self.heads * keys)), out), scores

    def get_config(self):
        """Return what is needed to make the layer again."""
        return super().get_config() | {"heads": self.heads, "buckets": self.buckets}


@keras.saving.register_keras_serializable("bst")
class Block(layers.Layer):
    """Pre-norm Transformer block (Xiong et al. 2020, arXiv 2002.04745).

    h = x + Dropout(Attention(Norm(x)));  y = h + Dropout(W₂ ReLU(W₁ Norm(h) + b₁) + b₂), Norm the root mean
    square norm, W₁ from the width to ``expansion`` times that.
    """

    def __init__(self, heads: int, buckets: int, dropout: float, expansion: int, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.buckets, self.rate, self.expansion = heads, buckets, dropout, expansion

    def build(self, width: int):
        """Make the weights for tokens of ``width``."""
        self.attention = Attention(self.heads, self.buckets, name="attention")
        self.attention.build(width)
        self.norm_1, self.norm_2 = (layers.RMSNormalization(name=f"norm_{i}") for i in (1, 2))
        self.widen = layers.Dense(self.expansion * width, activation="relu", name="widen")
        self.narrow = layers.Dense(width, name="narrow")
        self.dropout_1, self.dropout_2 = (layers.Dropout(self.rate, name=f"dropout_{i}") for i in (1, 2))
        for layer, features in ((self.norm_1, width), (self.norm_2, width), (self.widen, width)):
            layer.build((None, None, features))
        self.narrow.build((None, None, self.expansion * width))
        self.built = True

    def keys_and_values(self, x):
        """Project tokens ``x`` to what the block looks at when they look at themselves, as ``Attention`` does."""
        return self.attention.keys_and_values(self.norm_1(x))

    def call(self, x, keys, values, bias, training=None):
        """Run the block for queries ``x`` (batch, queries, width) over projected keys and values."""
        attended, scores = self.attention(self.norm_1(x), keys, values, bias)
        return self._behind(x, attended, training), scores

    def _behind(self, x, attended, training=None):
        h = x + self.dropout_1(attended, training=training)
        wide = self.widen(as_matrix(self.norm_2(h)))
        return h + self.dropout_2(ops.reshape(self.narrow(wide), ops.shape(h)), training=training)

    def call_from_few(self, x, context, bias):
        """Run the block as ``call`` does for inference, for few queries over normed tokens (batch, keys, width)."""
        attended, scores = self.attention.attend_from_few(self.norm_1(x), context, bias)
        return self._behind(x, attended), scores

    def call_alike(self, x, reading: Reading, bias):
        """Run the block for inference where all rows of ``x`` are the same behind the window of a reading with a past.

        As ``call`` with ``reading(*keys_and_values(x))``, but with far less work: what is the same in all rows looks at
        what is the same once.
        """
        window, seen = reading.window, reading.shared + reading.window
        own, same = x[:, :window], x[:1, window:]
        past, of_own, of_same = reading.before(), self.keys_and_values(own), self.keys_and_values(same)
        of_all = (ops.concatenate(pair, axis=2) for pair in zip(past, of_same, strict=True))
        outside = ops.concatenate([bias[:, window:, : reading.shared], bias[:, window:, seen:]], axis=-1)
        attended_own, _ = self.attention(self.norm_1(own), *reading(*of_own), bias[:, :window, :seen])
        attended_same = self.attention.attend_in_parts(
            self.norm_1(same), (*of_all, outside), (*of_own, bias[:, window:, reading.shared : seen])
        )
        return self._behind(x, ops.concatenate([attended_own, attended_same], axis=1))

    def absorb(self, keys, values):
        """Return what ``Attention.absorb`` does, with the gain of the norm before it multiplied in as well."""
        into, out = self.attention.absorb(keys, values)
        return ops.convert_to_tensor(self.norm_1.scale)[:, None] * into, out

    def call_absorbed(self, x, into, out, bias):
        """Run the block as ``call`` does for inference, with what ``absorb`` returned, in fewer passes."""
        attended, scores = self.attention.attend_absorbed(unit(x), into, out, bias)
        h = x + attended
        flat = as_matrix(unit(h))
        kernel = ops.convert_to_tensor(self.norm_2.scale)[:, None] * self.widen.kernel
        wide = ops.relu(ops.matmul(flat, kernel) + self.widen.bias)
        return h + ops.reshape(ops.matmul(wide, self.narrow.kernel) + self.narrow.bias, ops.shape(h)), scores

    def get_config(self):
        """Return what is needed to make the layer again."""
        settings = {"heads": self.heads, "buckets": self.buckets, "dropout": self.rate, "expansion": self.expansion}
        return super().get_config() | settings
