"""Where a model looked while it predicted one movie."""

from dataclasses import dataclass

from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.scoring.results import CandidateAttention


@dataclass(frozen=True)
class Attention:
    """Where the model looked while it predicted one movie: ``looks`` at ``events``, those it read, oldest first."""

    movie_id: int
    expected_rating: float
    events: tuple[Event, ...]
    looks: CandidateAttention


def attention(recommender: Recommender, visitor: Visitor, movie_id: int) -> Attention:
    """Return the attention weights of the pass that predicts ``movie_id`` for ``visitor``.

    Raises ``VisitorError`` as ``Recommender.predict`` does.
    """
    looks = recommender.attention(visitor, movie_id)
    expected = float(recommender.expected_ratings(visitor, [movie_id])[0])
    return Attention(movie_id, expected, recommender.read_events(visitor), looks)
