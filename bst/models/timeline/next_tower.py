"""The next tower of the timeline BST: which movie a visitor watches next.

A content stream alone, as SASRec (Kang & McAuley 2018, arXiv 1808.09781). Shapes as in ``tower``.
"""

from keras import layers, ops

from bst.models.timeline.attention import Reading
from bst.models.timeline.tower import Tower, earlier
from bst.timelines.segments import MONTHS

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

    def call(self, inputs, training=None):
        """Return the state (B, T, D) from which each place's movie is predicted, and the table of movies."""
        table = self.table()
        tokens = self.tokens(earlier(inputs), table, self.visitors(inputs), training)
        distances = self.causal(ops.shape(tokens)[1])
        for block in self.content_blocks:
            tokens = self.content(block, tokens, *distances, Reading(), training)
        return self.norm(tokens), table

    def encode(self, inputs, reading: Reading | None = None):
        """Return the state (B, D) after the newest event of whole histories, padded at the end."""
        reading, (*blocks, last) = reading or Reading(), self.content_blocks
        tokens, *distances = self.stream(inputs, self.visitors(inputs), reading)
        for block in blocks:
            tokens = self.content(block, tokens, *distances, reading)
        # of the last layer nothing is asked but what comes after the newest event
        events, *distances = self.from_the_end(inputs)
        newest = ops.cast(events, "int32") - reading.shared
        newest = ops.take_along_axis(tokens, newest[..., None], axis=1)
        (context,) = reading(last.norm_1(tokens))
        state, _ = last.call_from_few(newest, context, last.attention.bias(*distances))
        return self.norm(state[:, 0])

    def catalogue_logits(self, state):
        """Return logits (…, movies) over the catalogue for states (…, D)."""
        return ops.matmul(state, ops.transpose(self.table())) + ops.convert_to_tensor(self.popularity)

    def logits(self, state, movie):
        """Return logits (…, N) of some movies int (N,) for states (…, D), as ``catalogue_logits`` has them."""
        vectors, popularity = (
            ops.take(ops.convert_to_tensor(part), movie, axis=0) for part in (self.table(), self.popularity)
        )
        return ops.matmul(state, ops.transpose(vectors)) + popularity
