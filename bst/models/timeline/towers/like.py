"""The like tower: which movies a visitor will watch and like some time later.

Shapes: B timelines, T positions, D width, M movies of the catalogue.
"""

import keras
import numpy as np
from keras import ops

from bst.models.layers import Inputs, Shape, Tensor
from bst.models.timeline.definition import CALIBRATION, bucket_starts
from bst.models.timeline.towers.catalogue import CatalogueTower


class LikeTower(CatalogueTower):
    """Predicts which movies a visitor will watch and like some time later, each on its own: p_i = sigmoid(logit_i).

    score_i = state · (vector_i + offset_i) + popularity_i + base_i;  logit_i = a score_i + b base_i + c + d ln(1 + n)

    base_i, fixed before training, is how likely people are to like movie i later when they have rated n movies: some
    are watched first and others later, on a website in the order in which it shows them. Scores are trained for the
    order of movies; a, b, c and d make probabilities of them for people who were not in the training. The times of
    events are not read: what a user likes hardly depends on them, and a visitor of the app has none.
    """

    def build(self, input_shape: Shape | None = None) -> None:
        """Make every weight."""
        super().build()
        # what a movie says about its viewers and which viewers will like it are not the same
        self.output_offset = self.add_weight(
            shape=(self.catalogue_size, self.width), initializer="zeros", name="output"
        )
        self.base_popularity = self._add_fixed_weight("fame", len(self.count_buckets()), self.catalogue_size)
        self.calibration = self._add_fixed_weight("calibration", len(CALIBRATION))
        self.calibration.assign(CALIBRATION)

    @property
    def movie_tables(self) -> dict[str, keras.Variable]:
        """The weights with a row for each movie, but for ``base_popularity``, which has columns: see ``Tower``."""
        return {**super().movie_tables, "output": self.output_offset}

    def side_features(self, inputs: Inputs) -> Tensor:
        """Return what events add to the vectors of their movies, without any time: (B, T, D)."""
        return super().side_features(inputs | {"gap": ops.zeros_like(inputs["gap"])})

    def count_buckets(self) -> np.ndarray:
        """Return the least number of events in each bucket of ``base_popularity``, ascending: (buckets,) int."""
        return bucket_starts(self.max_distance + 1)

    def base_popularity_after(self, event_count: Tensor) -> Tensor:
        """Return the log-odds that people like each movie later who have rated that many, int (…,): (…, M)."""
        return ops.take(ops.convert_to_tensor(self.base_popularity), self.buckets(event_count), axis=0)

    def output_vectors(self, movie_vectors: Tensor) -> Tensor:
        """Return the vectors (M, D) that states are compared with: those of events, and an offset each."""
        return movie_vectors + self.table("output")

    def scores(self, state: Tensor, output_vectors: Tensor, event_count: Tensor) -> Tensor:
        """Return scores (…, M) of the catalogue for states (…, D) after that many events, int (…,)."""
        popularity = self.table("popularity") + self.base_popularity_after(event_count)
        return ops.matmul(state, ops.transpose(output_vectors)) + popularity

    def logits(self, state: Tensor, event_count: Tensor, output_vectors: Tensor, movie: Tensor | None = None) -> Tensor:
        """Return logits: see ``CatalogueTower``."""
        score, base = self.scores(state, output_vectors, event_count), self.base_popularity_after(event_count)
        if movie is not None:
            score, base = (ops.take(part, movie, axis=-1) for part in (score, base))
        of_score, of_base, constant, of_count = ops.unstack(ops.convert_to_tensor(self.calibration))
        log_count = ops.log(1.0 + ops.cast(event_count, "float32"))[..., None]
        return of_score * score + of_base * base + constant + of_count * log_count

    def call(self, inputs: Inputs, training: bool | None = None) -> tuple[Tensor, Tensor]:
        """Return the states (B, T + 1, D) after each number of events, 0 … T, and the output vectors (M, D)."""
        movie_vectors = self.movie_vectors()
        return self.states(inputs, movie_vectors, training), self.output_vectors(movie_vectors)
