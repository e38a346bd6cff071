"""The timeline BST: whole histories, no user id; a distribution over ratings and a next movie.

Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) without its window. Two towers read the same events,
each with its own weights, as one learns by heart what the other has not begun to learn. The rating tower has two
streams: a content stream of events under a causal mask, and a query stream of candidates, whose query at place t
attends to the visitor and the events before t and never sees its own rating. The next tower is a content stream alone
(as SASRec, Kang & McAuley 2018, arXiv 1808.09781). So every place of every timeline is a training label in one pass.

Shapes: B timelines, T places, H heads, D width, L rating levels.
"""

import keras
import numpy as np

from bst.models.config import Sizes
from bst.models.timeline.config import TimelineConfig
from bst.models.timeline.next_tower import NextTower
from bst.models.timeline.rating_tower import Encoded, RatingTower


@keras.saving.register_keras_serializable("bst")
class TimelineBST(keras.Model):
    """Both towers, or one of them: ``rating`` and ``next``, None where the configuration leaves it out.

    Inputs, a dict: ``movie``, ``level`` (index of the rating among the levels), ``gap``, ``month`` int32 (B, T),
    histories padded at the end with movie −1; ``sex``, ``age``, ``occupation`` int32 (B,), −1 for unknown. See
    ``SegmentReader``.
    """

    def __init__(self, config: dict, users: int, movies: int, levels: int, **kwargs):
        super().__init__(**kwargs)
        self.config, self.sizes, self.levels = TimelineConfig.from_dict(config), Sizes(users, movies), levels
        kinds = {"rating": RatingTower, "next": NextTower}
        self.towers = {
            name: kinds[name](tower, self.sizes, levels, self.config.train_length, self.config.factors, name=name)
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

    def set_item_features(self, facts: np.ndarray) -> None:
        """Fix what is known of the movies: (movies, 28), see ``schema.item_features``."""
        for tower in self.towers.values():
            tower.facts.assign(facts)

    def freeze(self) -> None:
        """Make predicting faster, once all weights have their last values."""
        for tower in self.towers.values():
            tower.freeze()

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

    def score(self, encoded: Encoded, movie=None, return_attention_scores=False):
        """Score candidates ``movie`` int (N,), or all, against encoded visitors: logits (B, N, L) as ``call`` has them.

        With ``return_attention_scores`` also the weights (B, layers, H, N, T + 1): visitor first, then the events.
        """
        logits, scores = self.rating.score(encoded, movie)
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
