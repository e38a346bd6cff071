"""The timeline BST: whole histories, no user id; ratings, the next movie, and what will be liked.

The Behavior Sequence Transformer (Chen et al. 2019, arXiv 1905.06874) over a whole history instead of a window. Three
towers read the same events, each with its own weights, as one overfits before the other has learnt much: see
``towers``. Every position of every timeline is a training label, and one pass predicts them all. ``call`` is the
definition; ``engine`` computes the same for many candidates after the newest event.

Shapes: B timelines, T positions, H heads, L rating levels, M movies of the catalogue.
"""

import keras
import numpy as np

from bst.models.config import Sizes
from bst.models.layers import Inputs, Shape
from bst.models.timeline.config import TimelineConfig
from bst.models.timeline.towers.like import LikeTower
from bst.models.timeline.towers.next import NextTower
from bst.models.timeline.towers.rating import RatingTower
from bst.models.timeline.towers.tower import Tower


class TimelineBST(keras.Model):
    """The towers ``rating``, ``next`` and ``like``, each None where the configuration leaves it out.

    Inputs, a dict: ``movie``, ``level`` (index of the rating among the levels), ``gap``, ``month`` int32 (B, T),
    histories padded at the end with movie −1; ``sex``, ``age``, ``occupation`` int32 (B,), −1 for unknown. See
    ``SegmentReader``.
    """

    def __init__(self, config: TimelineConfig, sizes: Sizes, levels: int, **kwargs):
        super().__init__(**kwargs)
        self.config, self.sizes, self.levels = config, sizes, levels
        towers, common = config.towers, (sizes, levels, config.train_length)
        self.rating: RatingTower | None = None
        self.next: NextTower | None = None
        self.like: LikeTower | None = None
        if "rating" in towers:
            self.rating = RatingTower(towers["rating"], *common, config.factors, name="rating")
        if "next" in towers:
            self.next = NextTower(towers["next"], *common, config.reads_requests, name="next")
        if "like" in towers:
            self.like = LikeTower(towers["like"], *common, name="like")

    @property
    def towers(self) -> dict[str, Tower]:
        """The model's towers, by name: ``rating``, ``next``, ``like``."""
        return {tower.name: tower for tower in (self.rating, self.next, self.like) if tower is not None}

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        for tower in self.towers.values():
            tower.build()

    def set_item_features(self, features: np.ndarray) -> None:
        """Fix what is known of the movies: (M, 28), see ``schema.item_features``."""
        for tower in self.towers.values():
            tower.item_features.assign(features)

    def call(self, inputs: Inputs, training: bool | None = None, return_attention_scores: bool = False):
        """Predict each position's rating from the positions before it: logits (B, T, L).

        With ``return_attention_scores`` also the weights (B, layers, H, T, T) of the query stream: row t, column j:
        how much the candidate at t attends to the visitor (j = 0) or to event j − 1; rows sum to 1.
        """
        return self.towers["rating"](inputs, training=training, return_attention_scores=return_attention_scores)

    def parts(self) -> dict[str, list]:
        """Return the weights by part, for counting them."""
        towers = {f"{name}_tower": tower.trainable_weights for name, tower in self.towers.items()}
        return towers | {"fixed": self.non_trainable_weights}


def build_timeline(config: TimelineConfig, sizes: Sizes, levels: int) -> TimelineBST:
    """Return an untrained timeline BST with all its weights made."""
    model = TimelineBST(config, sizes, levels)
    model.build()
    return model
