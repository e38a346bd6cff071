"""What the rating head needs of candidates and no visitor changes: for a whole catalogue, or as it is asked for."""

from collections.abc import Callable
from typing import NamedTuple

from bst.models.weights import Array

# of more movies the features are worked out for the candidates alone, and nothing is kept twice for speed: of 1 million
# they would take 0.9 GB, and a list needs those of some thousands
MOST_PRECOMPUTED = 100_000
# movies' vectors (M, D), mean ratings and biases (M,) → their share of the hidden layer (M, 128)
MovieFeatures = Callable[[Array, Array, Array], Array]


class CandidateFeatures(NamedTuple):
    """Features of movies that no visitor changes, so that they are computed once for a catalogue.

    ``query`` (M, D), the movies' vectors with the token of queries; ``hidden`` (M, 128), the movies' share of the
    head's hidden layer; ``mean_rating`` and ``bias`` (M,) stars; of the factor model, ``regressors`` (M, F + 1),
    factors and a 1 for the user bias, and ``factor_base`` (M,) stars.
    """

    query: Array
    hidden: Array
    mean_rating: Array
    bias: Array
    regressors: Array
    factor_base: Array

    def take(self, movie: Array | slice) -> "CandidateFeatures":
        """Return those of some movies of the catalogue: rows, int or a slice."""
        return CandidateFeatures(*(field[movie] for field in self))


class LazyFeatures:
    """As ``CandidateFeatures`` of a whole catalogue, but those of its large tables only of the movies that are taken.

    ``vectors`` (M, D) and ``query_token`` (D,) give the queries, ``hidden`` works out the share of the hidden layer.
    """

    def __init__(
        self,
        vectors: Array,
        query_token: Array,
        hidden: MovieFeatures,
        mean_rating: Array,
        bias: Array,
        regressors: Array,
        factor_base: Array,
    ):
        self.vectors, self.query_token, self.hidden = vectors, query_token, hidden
        self.mean_rating, self.bias, self.regressors, self.factor_base = mean_rating, bias, regressors, factor_base

    def take(self, movie: Array | slice) -> CandidateFeatures:
        """Return the features of some movies of the catalogue: rows, int or a slice."""
        vectors, mean_rating, bias = self.vectors[movie], self.mean_rating[movie], self.bias[movie]
        hidden = self.hidden(vectors, mean_rating, bias)
        query = vectors + self.query_token
        return CandidateFeatures(query, hidden, mean_rating, bias, self.regressors[movie], self.factor_base[movie])
