"""Why a prediction came out as it did. Asks the recommender, never the model itself."""

from dataclasses import dataclass

import numpy as np

from bst.recommender import Recommender
from bst.schema import Event, Visitor


@dataclass(frozen=True)
class Attention:
    """Where the model looked while it predicted one movie.

    ``events`` are the events that it read, oldest first. ``to_events`` (heads, events) and ``to_itself`` (heads,) are
    the weights with which the movie attends to each event and to itself; in every head they sum to 1.
    ``between`` (heads, events + 1, events + 1) are all weights among events and movie, movie last; its rows sum to 1.
    """

    movie_id: int
    expected_rating: float
    events: tuple[Event, ...]
    to_events: np.ndarray
    to_itself: np.ndarray
    between: np.ndarray


def attention(recommender: Recommender, visitor: Visitor, movie_id: int) -> Attention:
    """Return the attention weights of the very forward pass that predicts ``movie_id`` for ``visitor``.

    Empty slots hold no weight and are left out. Raises ``VisitorError`` as ``Recommender.expected_ratings`` does.
    """
    events = recommender.read_events(visitor)
    rating, scores = recommender.attention_scores(visitor, movie_id)
    used = len(events) + 1
    between = scores[:, -used:, -used:]
    return Attention(movie_id, rating, events, between[:, -1, :-1], between[:, -1, -1], between)
