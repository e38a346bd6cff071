"""The next tower: which movie a visitor watches next.

Shapes: B timelines, T positions, D width, M movies of the catalogue.
"""

from keras import layers, ops

from bst.models.config import Sizes
from bst.models.layers import Inputs, Shape, Tensor
from bst.models.timeline.config import TowerConfig
from bst.models.timeline.towers.catalogue import CatalogueTower
from bst.models.timeline.towers.tower import earlier
from bst.timelines.segments import GAPS, MONTHS


class NextTower(CatalogueTower):
    """Predicts which movie a visitor watches next: a softmax over the movies that they have not watched yet.

    It can read the time of the request, which a website knows: the time since the newest event,
    and the month. A request at an unknown time, as in the app, adds nothing to the tokens.
    """

    def __init__(
        self, config: TowerConfig, sizes: Sizes, levels: int, train_length: int, reads_requests: bool, **kwargs
    ):
        super().__init__(config, sizes, levels, train_length, **kwargs)
        # which movies are available depends on the date; how they are rated hardly does
        self.month = layers.Embedding(MONTHS, config.width, name="month")
        self.reads_requests = reads_requests
        if reads_requests:
            self.request_gap = layers.Embedding(GAPS, config.width, name="request_gap")
            self.request_month = layers.Embedding(MONTHS, config.width, name="request_month")

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        super().build()
        self.month.build((None,))
        if self.reads_requests:
            self.request_gap.build((None,))
            self.request_month.build((None,))

    def request(self, inputs: Inputs) -> Tensor:
        """Return what the times of the requests add to the tokens, 0 where a time is unknown: (B, T + 1, D).

        ``request_gap`` and ``request_month`` int (B, T + 1), if they are among the inputs: of the movie that is asked
        for after each token, in the buckets of ``gap`` and ``month``.
        """
        if not self.reads_requests or "request_gap" not in inputs:
            return 0.0
        gap, month = inputs["request_gap"], inputs["request_month"]
        of_gap, of_month = self.request_gap(gap), self.request_month(month)
        return ops.where((gap > 0)[..., None], of_gap, 0.0) + ops.where((month > 0)[..., None], of_month, 0.0)

    def side_features(self, inputs: Inputs) -> Tensor:
        """Return what events add to the vectors of their movies, the month among it: (B, T, D)."""
        return super().side_features(inputs) + self.month(inputs["month"])

    def call(self, inputs: Inputs, training: bool | None = None) -> tuple[Tensor, Tensor]:
        """Return the states (B, T, D) from which each position's movie is predicted, and the movies' vectors (M, D).

        ``request_gap`` and ``request_month`` (B, T) may be among the inputs: when each position's movie is asked for.
        """
        movie_vectors = self.movie_vectors()
        return self.states(earlier(inputs), movie_vectors, training), movie_vectors
