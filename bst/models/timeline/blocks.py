"""Attention and the Transformer block of the timeline BST.

Shapes: B timelines, H heads, D width; in attention Q queries over K keys.
"""

from keras import layers, ops

from bst.models.layers import Shape, Tensor, as_matrix


class Attention(layers.Layer):
    """Multi-head attention from queries to a context, with a learned bias for how far back an event lies.

    A_h = softmax(Q_h K_hᵀ / √(D / H) + bias_h[distance] + mask);  output = Concat_h(A_h V_h) W

    No projection has an additive bias.
    """

    def __init__(self, heads: int, buckets: int, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.buckets = heads, buckets

    def build(self, input_shape: Shape) -> None:
        """Make the weights for tokens of shape (…, D)."""
        width = input_shape[-1]
        self.query, self.key, self.value, self.out = (
            layers.Dense(width, use_bias=False, name=name) for name in ("query", "key", "value", "out")
        )
        for layer in (self.query, self.key, self.value, self.out):
            layer.build((None, width))
        self.distance_bias = self.add_weight(shape=(self.heads, self.buckets), initializer="zeros", name="distance")

    def call(self, x: Tensor, context: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Attend from ``x`` (B, Q, D) to ``context`` (B, K, D), with the ``logit_bias`` of the distances between them.

        Returns (B, Q, D) and the attention weights (B, H, Q, K), whose rows sum to 1.
        """
        query, (key, value) = self.queries(x), self.keys_and_values(context)  # (B, H, Q or K, D / H)
        weights = ops.softmax(ops.matmul(query, ops.swapaxes(key, -1, -2)) + bias, axis=-1)  # (B, H, Q, K)
        return self.merge_heads(ops.matmul(weights, value)), weights

    def queries(self, x: Tensor) -> Tensor:
        """Project ``x`` (B, Q, D) to queries (B, H, Q, D / H), divided by √(D / H)."""
        kernel = self.query.kernel * (x.shape[2] // self.heads) ** -0.5
        return self._split_heads(ops.matmul(as_matrix(x), kernel), ops.shape(x)[1])

    def keys_and_values(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Project a context (B, K, D) to keys and values, (B, H, K, D / H) each."""
        flat, keys = as_matrix(context), ops.shape(context)[1]
        return self._split_heads(self.key(flat), keys), self._split_heads(self.value(flat), keys)

    def logit_bias(self, buckets: Tensor, mask: Tensor) -> Tensor:
        """Return the learned bias of distances plus a mask, to be added to the logits: (H, Q, K).

        ``buckets`` int and ``mask`` (0 where a query may attend, very negative where not): (Q, K) each.
        """
        return ops.take(self.distance_bias, buckets, axis=1) + mask

    def merge_heads(self, mixed: Tensor) -> Tensor:
        """Project what the heads have mixed, (B, H, Q, D / H), to the output (B, Q, D)."""
        batch, _, queries, size = ops.shape(mixed)
        flat = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, self.heads * size))  # (B · Q, D)
        return ops.reshape(self.out(flat), (batch, queries, self.heads * size))

    def _split_heads(self, x: Tensor, tokens: int) -> Tensor:
        split = ops.reshape(x, (-1, tokens, self.heads, x.shape[-1] // self.heads))  # (B, tokens, H, D / H)
        return ops.transpose(split, (0, 2, 1, 3))  # (B, H, tokens, D / H)


class Block(layers.Layer):
    """Pre-norm Transformer block (Xiong et al. 2020, arXiv 2002.04745).

    h = x + Dropout(Attention(Norm(x), context));  y = h + Dropout(W₂ ReLU(W₁ Norm(h) + b₁) + b₂), Norm the root mean
    square norm, W₁ from the width to ``expansion`` times that.
    """

    def __init__(self, heads: int, buckets: int, dropout: float, expansion: int, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.buckets, self.rate, self.expansion = heads, buckets, dropout, expansion

    def build(self, input_shape: Shape) -> None:
        """Make the layers for tokens of shape (…, D)."""
        width = input_shape[-1]
        self.attention = Attention(self.heads, self.buckets, name="attention")
        self.attention.build((None, None, width))
        self.norm_1, self.norm_2 = (layers.RMSNormalization(name=f"norm_{i}") for i in (1, 2))
        self.widen = layers.Dense(self.expansion * width, activation="relu", name="widen")
        self.narrow = layers.Dense(width, name="narrow")
        self.dropout_1, self.dropout_2 = (layers.Dropout(self.rate, name=f"dropout_{i}") for i in (1, 2))
        for layer in (self.norm_1, self.norm_2, self.widen):
            layer.build((None, None, width))
        self.narrow.build((None, None, self.expansion * width))

    def call(self, x: Tensor, context: Tensor, bias: Tensor, training: bool | None = None) -> tuple[Tensor, Tensor]:
        """Run the block for ``x`` (B, Q, D) over a normed context (B, K, D): → (B, Q, D), weights (B, H, Q, K)."""
        attended, weights = self.attention(self.norm_1(x), context, bias)
        return self.after_attention(x, attended, training), weights

    def after_attention(self, x: Tensor, attended: Tensor, training: bool | None = None) -> Tensor:
        """Return y of the equation above, from ``x`` and its attention, (B, Q, D) each."""
        h = x + self.dropout_1(attended, training=training)
        wide = self.widen(as_matrix(self.norm_2(h)))  # (B · Q, expansion · D)
        return h + self.dropout_2(ops.reshape(self.narrow(wide), ops.shape(h)), training=training)
