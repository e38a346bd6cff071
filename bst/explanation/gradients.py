"""How a prediction comes about on a straight way from nothing told to everything told: integrated gradients."""

from dataclasses import dataclass

import numpy as np

from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor


@dataclass(frozen=True)
class Attribution:
    """How an expected rating is made up: ``baseline`` stars if nothing were told, and what is added to that.

    ``event_effects`` (E,) stars, by the events that the model reads, oldest first; ``rest``, by who the visitor is.
    ``event_effects.sum() + rest`` is ``expected − baseline`` to 1 %, unless a number of steps was asked for.
    """

    movie_id: int
    events: tuple[Event, ...]
    expected: float
    baseline: float
    event_effects: np.ndarray
    rest: float


def integrated_gradients(
    recommender: Recommender, visitor: Visitor, movie_id: int, steps: int | None = None
) -> Attribution:
    """Return integrated gradients of an expected rating over the embeddings of events and of who the visitor is.

    attribution_i = (x_i − x'_i) · ∫₀¹ ∂F(x' + s (x − x')) / ∂x_i ds (Sundararajan et al. 2017, arXiv 1703.01365), by
    Gauss–Legendre quadrature with ``steps`` nodes; by default in pieces, as fine as completeness needs.

    The baseline x' is a visitor of whom nothing is known and whose events tell nothing: as many events, each the mean
    movie of the catalogue with the mean rating embedding, at an unknown time and as no surprise; and none of them is
    evidence to the factor model whose fold-in the timeline model reads. An event's share in that evidence grows along
    the way with its embedding, so that what the factor model makes of an event counts for the event.

    Of a classic model the rating is the one before it is held within the rating levels. Raises ``VisitorError`` as
    ``Recommender.predict`` does.
    """
    made = recommender.integrated_gradients(visitor, movie_id, steps)
    events = recommender.read_events(visitor)
    return Attribution(movie_id, events, made.expected, made.baseline, made.event_effects, made.rest)
