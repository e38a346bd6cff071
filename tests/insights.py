"""Made-up insights, as ``make_insights`` returns them."""

import numpy as np

from bst.explanation.embedding_map import EmbeddingMap
from bst.explanation.insight_record import (
    AgreementSpreads,
    ClarityBand,
    ControlSpreads,
    EventCounts,
    GenreInsight,
    Insights,
    MovieInsight,
    MovieInsights,
    PlantedPrecision,
    Sample,
    Spread,
    UniformChange,
    UniformMae,
)


def spread(low: float = 0.0, high: float = 1.0) -> Spread:
    """Nine visitors, evenly from ``low`` to ``high``."""
    return Spread(9, (low + high) / 2, tuple(np.linspace(low, high, 11).round(2).tolist()), (0,) * 20)


def insights_record(even: Spread | None = None, movie_id: int = 1, movies: int = 10) -> Insights:
    """Insights of a model of two layers with two heads each; every rank correlation is spread like ``even``."""
    even = even or spread()
    line = tuple(np.linspace(-1, 1, movies).round(3).tolist())
    movie = (MovieInsight(movie_id, 5, 2.5),)
    return Insights(
        sample=Sample(9, 0, True, "visitor", EventCounts(5.0, 20.0, 100.0), "9 users nobody has met."),
        heads=("Layer 1, head 1", "Layer 1, head 2", "Layer 2, head 1", "Layer 2, head 2"),
        layers=("Layer 1", "Layer 2"),
        agreement=AgreementSpreads((even,) * 4, (even,) * 2, even, None),
        controls=ControlSpreads(even, None),
        uniform_change=UniformChange(0.17, (0.1,) * 11, 0.42, 0.5, UniformMae(0.7, 0.8)),
        genres=(GenreInsight("Horror", 5, 9, 1.2, 0.8, 0.03),),
        movies=MovieInsights(movie, movie),
        map=EmbeddingMap(line, line, "a line", 0.9),
        planted=PlantedPrecision(
            k=3,
            clear=0.4,
            cases=9,
            influence=0.83,
            attention=0.5,
            chance=0.2,
            gradients=None,
            by_clarity=(ClarityBand(0.2, 7, 0.61, 0.42, 0.1), ClarityBand(0.4, 9, 0.83, 0.5, 0.2)),
            description="Of 9 cases.",
        ),
    )
