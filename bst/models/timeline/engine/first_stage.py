"""Scores of the three towers as products of a visitor's vector and an item's: what an index of items is made of.

    next    state · vector_i + popularity_i
    like    a (state − (1 − f) unknown) · vector_i + weights · (popularity_i, base_i), f the popularity weight
    rating  factors · q_i + base_i, by the factor model, but for what is the same for all items

What is added to a product is a dimension more, in which the visitor has a constant. In an index all dimensions count
alike, so a bias is divided by the usual size of a visitor's other numbers, and theirs multiplied with it.

Popularity and the base popularity after each number of events are up to 20 numbers, nearly multiples of each other: an
index has their first ``PARTS`` principal components.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from bst.models.timeline.definition import distance_buckets
from bst.models.timeline.engine.arrays import softmax
from bst.models.timeline.engine.catalogue import distributions
from bst.models.timeline.engine.catalogue_towers import CatalogueInference, LikeInference
from bst.models.timeline.engine.rating_tower import EncodedVisitors, RatingInference
from bst.models.timeline.engine.tower import Inputs
from bst.models.weights import Array
from bst.schema import Visitor
from bst.scoring.first_stage import FirstStage, Kind, VisitorScores

PARTS = 4
# more candidates than these are scored as a catalogue is
FEW = 256
UNKNOWN = Visitor()
# visitor and history → a batch of one
InputsOf = Callable[[Visitor, Array], Inputs]


class TimelineFirstStage(FirstStage):
    """The first stage of a timeline BST. ``towers``: those of the tasks "next" and "like", as far as the model has
    them.
    """

    def __init__(self, rating: RatingInference, towers: dict[str, CatalogueInference], inputs_of: InputsOf):
        self.rating, self.towers, self.inputs_of = rating, towers, inputs_of
        kinds: tuple[Kind, ...] = ("next", "like", "rating")
        self.kinds = tuple(kind for kind in kinds if kind in towers or kind == "rating")
        self.size = len(rating.catalogue.bias)

    def items(self, kind: Kind) -> Array:
        """Return the vectors of all items: see ``FirstStage``."""
        if kind == "rating":
            regressors, base = self.rating.catalogue.regressors[:, :-1], self.rating.catalogue.factor_base
            return np.column_stack([regressors, (base - base.mean()) / self.scale(kind)]).astype(np.float32)
        tower, scale = self.towers[kind], np.float32(self.scale(kind))
        if kind == "like":
            return np.column_stack([tower.output_vectors.T, self.popularity_parts[1] / scale]).astype(np.float32)
        return np.column_stack([tower.output_vectors.T, tower.weights.popularity / scale]).astype(np.float32)

    def scale(self, kind: Kind) -> float:
        """Return the root mean square of a state, which has the gain of the last norm, or a factor's deviation."""
        if kind == "rating":
            return float(1 / np.sqrt(np.mean(self.rating.weights.factor_prior[:-1])))
        return float(np.sqrt(np.mean(np.square(self.towers[kind].weights.norm.scale))))

    @cached_property
    def popularity_parts(self) -> tuple[Array, Array]:
        """Popularity and base popularity of the like tower (numbers, M) as (numbers, PARTS) · (M, PARTS)ᵀ."""
        weights = self.towers["like"].weights
        # one row after the other: together they are as large as a table of vectors
        rows = [weights.popularity, *weights.fame]
        gram = np.array([[float(one @ other) for other in rows] for one in rows])
        _, vectors = np.linalg.eigh(gram)
        basis = vectors[:, -PARTS:].astype(np.float32)  # (numbers, parts)
        return basis, sum(row[:, None] * part for row, part in zip(rows, basis, strict=True))

    @cached_property
    def unknown(self) -> "TimelineScores":
        """The scores of a visitor of whom nothing is known."""
        return self.read(UNKNOWN, np.zeros(0, np.int32))

    def read(self, visitor: Visitor, rows: Array) -> "TimelineScores":
        """Return the scores of a visitor: see ``FirstStage``."""
        return TimelineScores(self, self.inputs_of(visitor, rows))


class TimelineScores(VisitorScores):
    """One visitor's scores: see ``VisitorScores``. Each tower reads the history when it is first asked."""

    def __init__(self, stage: TimelineFirstStage, inputs: Inputs):
        self.stage, self.inputs = stage, inputs
        self._states: dict[str, tuple[Array, Array]] = {}

    def state(self, kind: Kind) -> tuple[Array, Array]:
        """Return what the tower of "next" or "like" says of the visitor: see ``CatalogueInference.encode``."""
        if kind not in self._states:
            self._states[kind] = self.stage.towers[kind].encode(self.inputs)
        return self._states[kind]

    @cached_property
    def _encoded(self) -> EncodedVisitors:
        return self.stage.rating.encode(self.inputs)

    def query(self, kind: Kind, popularity_weight: float = 1.0) -> Array:
        """Return the visitor's vector: see ``VisitorScores``."""
        scale = np.float32(self.stage.scale(kind))
        if kind == "rating":
            return np.append(self._encoded.user_factors[0, :-1], scale).astype(np.float32)
        state, _ = self.state(kind)
        if kind == "next":
            return np.append(state[0], scale).astype(np.float32)
        tower = self.stage.towers["like"]
        assert isinstance(tower, LikeInference)
        of_score, of_base = tower.weights.calibration[:2]
        vector, weights = of_score * state[0], self._popularity_weights(of_score, of_base)
        if popularity_weight < 1:
            unknown = self.stage.unknown
            vector = vector - (1 - popularity_weight) * of_score * unknown.state("like")[0][0]
            weights = weights - (1 - popularity_weight) * unknown._popularity_weights(of_score, of_base)
        return np.concatenate([vector, weights @ self.stage.popularity_parts[0] * scale]).astype(np.float32)

    def _popularity_weights(self, of_score: float, of_base: float) -> Array:
        """Return what popularity, and base popularity after each number of events, count in a logit: (numbers,)."""
        tower, (_, event_count) = self.stage.towers["like"], self.state("like")
        weights = np.zeros(1 + len(tower.weights.fame), np.float32)
        bucket = int(distance_buckets(np.minimum(event_count, tower.max_distance))[0])
        weights[0], weights[1 + bucket] = of_score, of_score + of_base
        return weights

    def scores(self, kind: Kind, rows: Array | slice, popularity_weight: float = 1.0) -> Array:
        """Return exact scores of items: see ``VisitorScores``."""
        if kind == "rating":
            catalogue = self.stage.rating.catalogue
            return catalogue.factor_base[rows] + catalogue.regressors[rows] @ self._encoded.user_factors[0]
        scores = self.stage.towers[kind].logits(*self.state(kind), rows)[0]
        if kind == "like" and popularity_weight < 1:
            scores = scores - np.float32(1 - popularity_weight) * self.stage.unknown.scores("like", rows)
        return scores

    def rate(self, rows: Array) -> Array:
        """Return the probability of each level: see ``VisitorScores``."""
        if len(rows) <= FEW:
            return softmax(self.stage.rating.score(self._encoded, rows)[0])[0]
        return distributions(self.stage.rating, self._encoded, rows)
