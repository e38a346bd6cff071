"""Layers that the models share.

A model is made anew from its configuration and its weights are put back by name (``ModelFamily.build``, ``bundles``):
no ``.keras`` file is ever written, so nothing here is registered with Keras or spells out a ``get_config``. A layer
keeps Keras' contract all the same: ``build(input_shape)`` makes its weights, and ``from_config(layer.get_config())``
returns an equal one, as Keras reads the arguments of a constructor by itself where they are plain values.
"""

from typing import Any

from keras import layers, ops

from bst.models.constants import MASKED, RMS_EPSILON

Tensor = Any  # a Keras tensor, or a NumPy array in its place
Inputs = dict[str, Tensor]
Shape = tuple[Any, ...]


def rms_normalize(x: Tensor) -> Tensor:
    """Return x / √(mean x² + 10⁻⁶) over the last axis: ``RMSNormalization`` without its gain."""
    return x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + RMS_EPSILON)


def as_matrix(x: Tensor) -> Tensor:
    """Return (…, D) as (rows, D): a product of two matrices is one operation, of anything else a dozen."""
    return ops.reshape(x, (-1, x.shape[-1]))


def ridge_of_prefixes(x: Tensor, target: Tensor, prior: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
    """Predict every position of ``query`` by a ridge regression on the positions before it, with its variance.

    G_t = Σ_{s<t} x_s x_sᵀ + diag(prior);  prediction_t = q_t · G_t⁻¹ Σ_{s<t} x_s y_s;  variance_t = q_t · G_t⁻¹ q_t

    ``x``, ``query`` (B, T, F), ``target`` y (B, T), ``prior`` precisions (F,). Returns (B, T) twice.
    """

    def before(x: Tensor) -> Tensor:
        # to take a position's own off a sum that has it would leave rounding errors
        return ops.cumsum(ops.concatenate([ops.zeros_like(x[:, :1]), x[:, :-1]], axis=1), axis=1)

    gram, moment = before(x[..., :, None] * x[..., None, :]), before(x * target[..., None])
    gram = gram + ops.diag(prior)  # (B, T, F, F)
    solved = ops.solve(gram, ops.stack([moment, query], axis=-1))  # (B, T, F, 2)
    prediction, variance = ops.split(ops.sum(query[..., None] * solved, axis=-2), 2, axis=-1)  # (B, T, 1) twice
    return prediction[..., 0], variance[..., 0]


class EmbeddingWithUnknown(layers.Embedding):
    """An embedding in which the index −1 stands for "unknown" and gives the mean of all rows.

    The mean is what an average member looks like, and needs no row of its own, so parameter counts stay those of a
    plain embedding. No gradient flows through it: hiding a value trains what follows, not every row at once.

    Input: any int shape; output: that shape + (output_dim,).
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Look up rows; −1 gives the mean row."""
        inputs = ops.convert_to_tensor(inputs)
        table = ops.convert_to_tensor(self.embeddings)  # read once: each reading may copy the whole table
        rows = ops.take(table, ops.maximum(inputs, 0), axis=0)
        # a product of matrices: a mean over the first axis takes several times as long
        mean = ops.stop_gradient(ops.matmul(ops.full((table.shape[0],), 1 / table.shape[0]), table))
        return ops.where(ops.expand_dims(inputs < 0, -1), mean, rows)


class SelfAttention(layers.Layer):
    """Multi-head self-attention of Vaswani et al. 2017 (arXiv 1706.03762), each head as wide as the whole token.

    A_h = softmax(Q_h K_hᵀ / √width);  output = Concat_h(Dropout(A_h) V_h) W + b

    The same function and weights as ``keras.layers.MultiHeadAttention(heads, key_dim=width)``, with half the work where
    tokens are few. With x̃ = [x, 1], and kernels that have their bias as last row, Q_h K_hᵀ = x̃ (W_Q W_Kᵀ)_h x̃ᵀ, and
    head h adds Dropout(A_h) x̃ (W_V W)_h to the output: the products in brackets do not depend on the batch, two
    products with the tokens stay of four, and heads never have to be moved in front of tokens.
    """

    def __init__(self, heads: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.rate = heads, dropout

    def build(self, input_shape: Shape) -> None:
        """Make the four projections for tokens of shape (batch, tokens, width)."""
        width = input_shape[-1]
        self.query, self.key, self.value = (
            layers.Dense(self.heads * width, name=name) for name in ("query", "key", "value")
        )
        self.output_projection = layers.Dense(width, name="output")
        for layer in (self.query, self.key, self.value):
            layer.build((None, width))
        self.output_projection.build((None, self.heads * width))
        self.dropout = layers.Dropout(self.rate, name="dropout")

    def call(self, x: Tensor, valid: Tensor, training: bool | None = None) -> tuple[Tensor, Tensor]:
        """Attend from every token to every valid one.

        ``x``: (batch, tokens, width); ``valid``: (batch, tokens) bool, at least one true in each row. Returns the
        attended tokens (batch, tokens, width) and the weights before dropout (batch, heads, tokens, tokens): rows sum
        to 1, padding is 0.
        """
        tokens, width = x.shape[1], x.shape[2]
        x = ops.concatenate([x, ops.ones_like(x[..., :1])], axis=-1)  # (batch, tokens, width + 1)
        query, key, value = (self._by_head(layer) for layer in (self.query, self.key, self.value))
        output = ops.reshape(self.output_projection.kernel, (self.heads, width, width))
        query_key = ops.matmul(query, ops.transpose(key, (0, 2, 1))) * width**-0.5  # (heads, width + 1, width + 1)
        query_key = ops.reshape(ops.transpose(query_key, (1, 0, 2)), (width + 1, -1))
        value_output = as_matrix(ops.matmul(value, output))  # (heads · (width + 1), width)

        asked = ops.reshape(ops.matmul(as_matrix(x), query_key), (-1, tokens * self.heads, width + 1))
        logits = ops.reshape(ops.matmul(asked, ops.transpose(x, (0, 2, 1))), (-1, tokens, self.heads, tokens))
        mask = ops.cast(ops.logical_not(valid), logits.dtype) * MASKED
        weights = ops.transpose(ops.softmax(logits + mask[:, None, None, :], axis=-1), (0, 2, 1, 3))
        kept = ops.transpose(self.dropout(weights, training=training), (0, 2, 1, 3))  # (batch, tokens, heads, tokens)
        mixed = ops.matmul(ops.reshape(kept, (-1, tokens * self.heads, tokens)), x)
        mixed = ops.matmul(ops.reshape(mixed, (-1, value_output.shape[0])), value_output) + self.output_projection.bias
        return ops.reshape(mixed, (-1, tokens, width)), weights

    def _by_head(self, layer: layers.Dense) -> Tensor:
        """Return a projection with its bias as the last row: (heads, width + 1, width)."""
        kernel = ops.concatenate([layer.kernel, layer.bias[None]], axis=0)
        return ops.transpose(ops.reshape(kernel, (kernel.shape[0], self.heads, -1)), (1, 0, 2))


class TransformerBlock(layers.Layer):
    """One post-norm Transformer block, as in the Keras example "A Transformer-based recommendation system".

    h = LayerNorm(x + Dropout(SelfAttention(x)));  y = LayerNorm(h + Dropout(Dense(LeakyReLU(h))))
    """

    def __init__(self, heads: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.rate = heads, dropout

    def build(self, input_shape: Shape) -> None:
        """Make the layers for tokens of shape (batch, tokens, width)."""
        self.attention = SelfAttention(self.heads, self.rate, name="attention")
        self.attention.build(input_shape)
        self.attention_norm = layers.LayerNormalization(name="attention_norm")
        self.dense = layers.Dense(input_shape[-1], name="dense")
        self.dense_norm = layers.LayerNormalization(name="dense_norm")
        self.attention_dropout = layers.Dropout(self.rate, name="attention_dropout")
        self.dense_dropout = layers.Dropout(self.rate, name="dense_dropout")
        self.activation = layers.LeakyReLU(name="activation")
        for layer in (self.attention_norm, self.dense, self.dense_norm):
            layer.build(input_shape)

    def call(
        self, x: Tensor, valid: Tensor, training: bool | None = None, return_attention_scores: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Run the block.

        ``x``: (batch, tokens, width). ``valid``: (batch, tokens) bool; a token that is not valid is padding, which
        nothing attends to. Returns (batch, tokens, width), and with ``return_attention_scores`` also the weights
        (batch, heads, tokens, tokens), whose rows sum to 1 over valid tokens.
        """
        attended, weights = self.attention(x, valid, training=training)
        h = self.attention_norm(x + self.attention_dropout(attended, training=training))
        y = self.dense_norm(h + self.dense_dropout(self.dense(self.activation(h)), training=training))
        return (y, weights) if return_attention_scores else y
