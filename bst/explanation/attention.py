"""The attention weights of one prediction."""

from dataclasses import dataclass

from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.scoring.results import CandidateAttention


@dataclass(frozen=True)
class Attention:
    """The attention ``weights`` of a movie, in the pass that predicts its rating, to the ``events`` that are read."""

    movie_id: int
    expected_rating: float
    events: tuple[Event, ...]
    weights: CandidateAttention


def attention(recommender: Recommender, visitor: Visitor, movie_id: int) -> Attention:
    """Return the attention weights of a prediction. Raises ``VisitorError`` as ``Recommender.predict`` does."""
    weights = recommender.attention(visitor, movie_id)
    expected = float(recommender.expected_ratings(visitor, [movie_id])[0])
    return Attention(movie_id, expected, recommender.read_events(visitor), weights)
