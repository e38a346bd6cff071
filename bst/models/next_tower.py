"""The next tower of the timeline BST: which movie a visitor watches next.

A content stream alone, as SASRec (Kang & McAuley 2018, arXiv 1808.09781). Shapes as in ``tower``.
"""

from keras import layers, ops

from bst.models.tower import Tower, earlier
from bst.segments import MONTHS

EXPANSION = 4


class NextTower(Tower):
    """Predicts which movie a visitor watches next."""

    def make_parts(self, config, blocks):  # noqa: D102
        self.content_blocks = blocks("content", config.layers, EXPANSION)
        # which movies there are to be watched depends on the date; how they are rated hardly does
        self.month = layers.Embedding(MONTHS, self.width, name="month")

    def build_parts(self):  # noqa: D102
        for block in self.content_blocks:
            block.build(self.width)
        self.month.build((None,))
        self.popularity = self.add_weight(shape=(self.catalogue,), initializer="zeros", name="popularity")

    def about(self, inputs):  # noqa: D102
        return super().about(inputs) + self.month(inputs["month"])

    def _run(self, inputs, table, training):
        tokens = self.tokens(inputs, table, self.visitors(inputs), training)
        buckets, mask = self.causal(ops.shape(tokens)[1])
        for block in self.content_blocks:
            tokens, _ = block.attend_to_itself(tokens, block.attention.bias(buckets, mask), training=training)
        return self.norm(tokens)

    def call(self, inputs, training=None):
        """Return the state (B, T, D) from which each place's movie is predicted, and the table of movies."""
        table = self.table()
        return self._run(earlier(inputs), table, training), table

    def encode(self, inputs):
        """Return the state (B, D) after the newest event of whole histories, padded at the end."""
        states = self._run(inputs, self.table(), False)
        events = ops.sum(ops.cast(inputs["movie"] >= 0, "int32"), axis=1)
        return ops.take_along_axis(states, events[:, None, None], axis=1)[:, 0]

    def catalogue_logits(self, state):
        """Return logits (…, movies) over the catalogue for states (…, D)."""
        return ops.matmul(state, ops.transpose(self.table())) + ops.convert_to_tensor(self.popularity)
