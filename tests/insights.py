"""Made-up insights, as ``make_insights`` returns them."""

import numpy as np

from bst.evaluation.records import Interval
from bst.explanation.embedding_map import EmbeddingMap
from bst.explanation.fidelity_record import (
    CounterfactualQuality,
    Fidelity,
    MethodFidelity,
    PlantedBand,
    PlantedPrecision,
    TaskFidelity,
)
from bst.explanation.insight_record import (
    AgreementSpreads,
    ControlSpreads,
    EventCounts,
    GenreInsight,
    Insights,
    MovieInsight,
    MovieInsights,
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
        fidelity=Fidelity((task_fidelity(),)),
        counterfactuals=(CounterfactualQuality("into the top", 9, even_interval(0.8), 1.2, 3.5, 1.0),),
        planted=PlantedPrecision(
            k=3,
            seed=2,
            users=9,
            bands=(
                PlantedBand(0.1, 0.3, 7, 5, {"leave_one_out": even_interval(0.61), "attention": even_interval(0.42)}),
                PlantedBand(0.3, None, 9, 6, {"leave_one_out": even_interval(0.83), "random": even_interval(0.2)}),
            ),
            description="Of 9 people.",
        ),
    )


def even_interval(value: float, width: float = 0.05) -> Interval:
    """A value in the middle of its interval."""
    return Interval(value, round(value - width, 4), round(value + width, 4))


def method_fidelity(method: str, fall: float, difference: Interval) -> MethodFidelity:
    """A way to explain: without one and two movies that it names the rating falls by half of ``fall`` and by all."""
    values = (even_interval(-fall / 2), even_interval(-fall))
    alone = (even_interval(fall), even_interval(1.5 * fall))
    return MethodFidelity(method, values, alone, values, {5: values, 10: values, 20: values}, difference, 7.0)


def task_fidelity(gradients: float = 0.4, difference: float = -0.01) -> TaskFidelity:
    """Ratings: leave-one-out 0.36 stars, attention 0.1, guessing 0.02; ``gradients`` and by how much they differ."""
    return TaskFidelity(
        task="rating",
        visitors=9,
        sizes=(1, 2),
        whole=4.7,
        none=4.3,
        methods=(
            method_fidelity("leave_one_out", 0.36, even_interval(0.0, 0.0)),
            method_fidelity("integrated_gradients", gradients, even_interval(difference)),
            method_fidelity("attention", 0.1, even_interval(0.26)),
            method_fidelity("random", 0.02, even_interval(0.34)),
        ),
    )
