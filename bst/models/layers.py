"""Layers that the models share. Each is registered, so that a saved model loads without custom objects."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("bst")
class EmbeddingWithUnknown(layers.Embedding):
    """An embedding in which the index −1 stands for "unknown" and gives the mean of all rows.

    The mean is what an average member looks like, and needs no row of its own, so parameter counts stay those of a
    plain embedding. No gradient flows through it: hiding a value trains what follows, not every row at once.

    Input: any int shape; output: that shape + (output_dim,).
    """

    def call(self, inputs):
        """Look up rows; −1 gives the mean row."""
        inputs = ops.convert_to_tensor(inputs)
        table = ops.convert_to_tensor(self.embeddings)  # read once: each reading may copy the whole table
        known = ops.take(table, ops.maximum(inputs, 0), axis=0)
        mean = ops.stop_gradient(ops.mean(table, axis=0))
        return ops.where(ops.expand_dims(inputs < 0, -1), mean, known)


@keras.saving.register_keras_serializable("bst")
class SelfAttention(layers.Layer):
    """Multi-head self-attention of Vaswani et al. 2017 (arXiv 1706.03762), each head as wide as the whole token.

    A_h = softmax(Q_h K_hᵀ / √width);  output = Concat_h(Dropout(A_h) V_h) W + b

    The same function as ``keras.layers.MultiHeadAttention(heads, key_dim=width)``, on flat matrix products: with tokens
    this few and this narrow, the gradients of that layer's general products take three times as long on a CPU.
    """

    def __init__(self, heads: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        self.rate = dropout

    def build(self, input_shape):
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
        self.built = True

    def call(self, x, valid, training=None):
        """Attend from every token to every valid one.

        ``x``: (batch, tokens, width); ``valid``: (batch, tokens) bool, at least one true in each row. Returns the
        attended tokens (batch, tokens, width) and the weights before dropout (batch, heads, tokens, tokens): rows sum
        to 1, padding is 0.
        """
        tokens, width = x.shape[1], x.shape[2]
        flat = ops.reshape(x, (-1, width))  # (batch · tokens, width)

        def by_head(layer):  # → (batch, heads, tokens, width)
            return ops.transpose(ops.reshape(layer(flat), (-1, tokens, self.heads, width)), (0, 2, 1, 3))

        query, key, value = by_head(self.query), by_head(self.key), by_head(self.value)
        logits = ops.einsum("bhtd,bhsd->bhts", query, key) * width**-0.5
        hidden = ops.cast(ops.logical_not(valid), logits.dtype) * -1e9
        scores = ops.softmax(logits + hidden[:, None, None, :], axis=-1)  # (batch, heads, tokens, tokens)
        mixed = ops.matmul(self.dropout(scores, training=training), value)  # (batch, heads, tokens, width)
        mixed = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, self.heads * width))
        return ops.reshape(self.output_projection(mixed), (-1, tokens, width)), scores

    def get_config(self):
        """Return what is needed to make the layer again."""
        return super().get_config() | {"heads": self.heads, "dropout": self.rate}


@keras.saving.register_keras_serializable("bst")
class TransformerBlock(layers.Layer):
    """One post-norm Transformer block, as in the Keras example "A Transformer-based recommendation system".

    h = LayerNorm(x + Dropout(SelfAttention(x)));  y = LayerNorm(h + Dropout(Dense(LeakyReLU(h))))
    """

    def __init__(self, heads: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        self.dropout = dropout

    def build(self, input_shape):
        """Make the parts for tokens of shape (batch, tokens, width)."""
        width = input_shape[-1]
        self.attention = SelfAttention(self.heads, self.dropout, name="attention")
        self.attention.build(input_shape)
        self.attention_norm = layers.LayerNormalization(name="attention_norm")
        self.attention_norm.build(input_shape)
        self.dense = layers.Dense(width, name="dense")
        self.dense.build(input_shape)
        self.dense_norm = layers.LayerNormalization(name="dense_norm")
        self.dense_norm.build(input_shape)
        self.attention_dropout = layers.Dropout(self.dropout, name="attention_dropout")
        self.dense_dropout = layers.Dropout(self.dropout, name="dense_dropout")
        self.activation = layers.LeakyReLU(name="activation")
        self.built = True

    def call(self, x, valid, training=None, return_attention_scores=False):
        """Run the block.

        ``x``: (batch, tokens, width). ``valid``: (batch, tokens) bool; a token that is not valid is padding, which
        nothing attends to. Returns (batch, tokens, width), and with ``return_attention_scores`` also the weights
        (batch, heads, tokens, tokens), whose rows sum to 1 over valid tokens.
        """
        attended, scores = self.attention(x, valid, training=training)
        h = self.attention_norm(x + self.attention_dropout(attended, training=training))
        y = self.dense_norm(h + self.dense_dropout(self.dense(self.activation(h)), training=training))
        return (y, scores) if return_attention_scores else y

    def get_config(self):
        """Return what is needed to make the layer again."""
        return super().get_config() | {"heads": self.heads, "dropout": self.dropout}
