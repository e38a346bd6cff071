"""What a model's explanations are worth over many visitors, measured once and kept beside the bundle.

How far attention agrees with leave-one-out effects, beside two controls; what is attended to and what moves
predictions; a map of the movies; how faithful ways to explain are to the model; and for the demo world, whether they
find the causes that are planted there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bst.bundles import sidecars
from bst.bundles.bundle import Bundle
from bst.errors import ConfigError
from bst.explanation import planted
from bst.explanation.agreement import Agreement, agreement, layers_of, spearman
from bst.explanation.attention import attention
from bst.explanation.embedding_map import embedding_map
from bst.explanation.explainers import GRADIENT_STEPS
from bst.explanation.insight_record import (
    AgreementSpreads,
    ControlSpreads,
    EventCounts,
    Insights,
    MovieInsights,
    Sample,
    UniformChange,
    UniformMae,
)
from bst.explanation.insight_summary import by_genre, by_movie, deciles, spread
from bst.explanation.leave_one_out import leave_one_out
from bst.explanation.measure_fidelity import TASKS, measure_fidelity
from bst.inference.recommender import Recommender
from bst.schema import Dataset, Visitor
from bst.visitors.replay import RealUsers

NAME = "insights"
# events of a sampled history: as many as someone in the app may have
LEAST_EVENTS, MOST_EVENTS = 5, 100
# integrated gradients take many passes, so they are measured for fewer visitors
GRADIENT_VISITORS = 50

OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class VisitorMeasurement:
    """What was measured of one sampled visitor and the movie that they really rated next.

    ``attention`` and ``influence`` (events,): the mean of all heads, and leave-one-out effects in stars. ``uniform``,
    ``permuted``, ``gradients``: rank correlations with |influence|, as in the record. ``expected`` stars as the model
    predicts them, ``expected_uniform`` with uniform attention, ``expected_without_history``; ``actual`` stars.
    """

    movie_ids: tuple[int, ...]
    attention: np.ndarray
    influence: np.ndarray
    agreement: Agreement
    uniform: float | None
    permuted: float | None
    gradients: float | None
    expected: float
    expected_uniform: float
    expected_without_history: float
    actual: float


def read_insights(bundle: Bundle) -> Insights | None:
    """Return the insights of a bundle; None if they were never made, are of other weights, or cannot be read."""
    plain = sidecars.read(bundle, NAME)
    try:
        return None if plain is None else Insights.from_dict(plain)
    except ValueError:
        return None


def save_insights(bundle: Bundle, insights: Insights) -> None:
    """Keep insights with a bundle. Raises ``BundleError`` if its folder cannot be written."""
    sidecars.save(bundle, NAME, insights.to_dict())


def make_insights(
    recommender: Recommender,
    dataset: Dataset,
    *,
    visitors: int = 200,
    seed: int = 0,
    fidelity: bool = False,
    on_progress: OnProgress = lambda done, total, stage: None,
) -> Insights:
    """Measure a model's explanations over a fixed sample of visitors.

    Half a minute for 200 visitors on an idle machine; with ``fidelity``, and in the demo world the planted causes, some
    minutes more. ``on_progress(done, total, stage)``. The same seed gives the same sample.

    Each sampled visitor is a user of ``dataset`` with the first 5 … 100 events of their timeline, without timestamps,
    as in the app (their number is drawn evenly on a logarithmic scale), and the movie that they really rated next. They
    are users that the training never saw, where its protocol held such users out. Raises ``ConfigError`` for a model
    that predicts no ratings.
    """
    if "rating" not in recommender.tasks:
        raise ConfigError(
            f"insights are about predicted ratings, and bundle {recommender.bundle.name} predicts none: explain single "
            "predictions instead"
        )
    users = RealUsers(recommender.bundle, dataset)
    sampled = draw_sample(users, visitors, seed)
    with_planted = fidelity and planted.is_demo(dataset)
    tasks = sum(task in recommender.tasks for task in TASKS) if fidelity else 0
    total, done = len(sampled) * (1 + tasks) + with_planted * visitors * len(planted.BANDS) + 1, 0

    def step(stage: str) -> None:
        nonlocal done
        on_progress(done, total, stage)
        done += 1

    uniform = Recommender.load(recommender.bundle, dataset, uniform_attention=True)
    measurements = []
    for i, (visitor, movie_id, actual) in enumerate(sampled):
        step("measuring visitors")
        rng = np.random.default_rng([seed, i])
        measurements.append(_measure(recommender, uniform, visitor, movie_id, actual, rng, i < GRADIENT_VISITORS))
    step("drawing the map of movies")
    layout = embedding_map(recommender, seed)
    heads = measurements[0].agreement.names if measurements else ()
    insights = Insights(
        sample=_sample(users, measurements, seed),
        heads=heads,
        layers=tuple(layers_of(heads)),
        agreement=_agreement_spreads(measurements, heads),
        controls=ControlSpreads(
            spread(one.uniform for one in measurements), spread(one.permuted for one in measurements)
        ),
        uniform_change=_uniform_change(measurements),
        genres=by_genre(recommender.catalogue, measurements, recommender.domain.tag_values),
        movies=MovieInsights(by_movie(measurements, "attention"), by_movie(measurements, "influence")),
        map=layout,
        fidelity=measure_fidelity(recommender, [one for one, *_ in sampled], seed, step) if fidelity else None,
        planted=planted.measure_planted(recommender, planted.second_audience(visitors), seed, step)
        if with_planted
        else None,
    )
    on_progress(total, total, "done")
    return insights


def draw_sample(users: RealUsers, visitors: int, seed: int) -> list[tuple[Visitor, int, float]]:
    """Draw visitors as ``make_insights`` says: history, the id of the movie that they rated next, and their stars."""
    rng = np.random.default_rng(seed)
    lengths = users.lengths()
    candidates = users.held_out if len(users.held_out) else np.arange(len(lengths))
    candidates = rng.permutation(candidates[lengths[candidates] > LEAST_EVENTS])
    sampled = []
    for user in candidates[:visitors]:
        events = users.events(int(user))
        most = min(len(events) - 1, MOST_EVENTS)
        end = int(np.exp(rng.uniform(np.log(LEAST_EVENTS), np.log(most + 1))))
        history = tuple(replace(event, timestamp=None) for event in events[:end])
        visitor = replace(users.without_history(int(user)), history=history)
        sampled.append((visitor, events[end].movie_id, events[end].rating))
    return sampled


def _measure(
    recommender: Recommender,
    uniform: Recommender,
    visitor: Visitor,
    movie_id: int,
    actual: float,
    rng: np.random.Generator,
    gradients: bool,
) -> VisitorMeasurement:
    own = attention(recommender, visitor, movie_id)
    result = leave_one_out(recommender, visitor, movie_id, catalogue_logits=False)
    influence = result.event_effects.expected
    size, by_gradients = np.abs(influence), None
    if gradients:
        attributed = recommender.integrated_gradients(visitor, movie_id, GRADIENT_STEPS)
        by_gradients = spearman(np.abs(attributed.event_effects), size)
    without_history = recommender.predict_many([replace(visitor, history=())], [movie_id])
    return VisitorMeasurement(
        movie_ids=tuple(event.movie_id for event in own.events),
        attention=own.weights.to_events.mean(axis=0),
        influence=influence,
        agreement=agreement(own, influence),
        uniform=spearman(rng.permutation(len(size)), size),
        permuted=spearman(_attention_when_shuffled(recommender, visitor, movie_id, rng), size),
        gradients=by_gradients,
        expected=result.scores.expected,
        expected_uniform=float(uniform.predict_many([visitor], [movie_id]).expected[0, 0]),
        expected_without_history=float(without_history.expected[0, 0]),
        actual=actual,
    )


def _attention_when_shuffled(
    recommender: Recommender, visitor: Visitor, movie_id: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the attention to each event that is read, in the true order, after they were read in another order."""
    events = recommender.read_events(visitor)
    order = rng.permutation(len(events))
    shuffled = replace(visitor, history=tuple(events[position] for position in order))
    weights = np.zeros(len(events))
    weights[order] = recommender.attention(shuffled, movie_id).to_events.mean(axis=0)
    return weights


# ---- aggregates


def _sample(users: RealUsers, measurements: list[VisitorMeasurement], seed: int) -> Sample:
    held_out = bool(len(users.held_out))
    events = [len(one.movie_ids) for one in measurements]
    low, median, high = (float(np.quantile(events, q)) if events else 0.0 for q in (0, 0.5, 1))
    drawn = (
        "that the model never saw in training" if held_out else "drawn from all, as its protocol holds none out whole"
    )
    return Sample(
        visitors=len(measurements),
        seed=seed,
        held_out=held_out,
        protocol=users.bundle.protocol,
        events=EventCounts(low, median, high),
        description=f"{len(measurements)} users of {users.bundle.dataset_title} {drawn}, each with the beginning of "
        f"what they watched (the model read {low:.0f} to {high:.0f} movies, half of them {median:.0f} or fewer) and "
        "the movie that came next.",
    )


def _agreement_spreads(measurements: list[VisitorMeasurement], heads: tuple[str, ...]) -> AgreementSpreads:
    own = [one.agreement for one in measurements]
    return AgreementSpreads(
        heads=tuple(spread(one.heads[i] for one in own) for i in range(len(heads))),
        layers=tuple(spread(one.layers[i] for one in own) for i in range(len(layers_of(heads)))),
        mean=spread(one.mean for one in own),
        gradients=spread(one.gradients for one in measurements),
    )


def _uniform_change(measurements: list[VisitorMeasurement]) -> UniformChange | None:
    if not measurements:
        return None
    expected, uniform, without_history, actual = (
        np.array([getattr(one, name) for one in measurements])
        for name in ("expected", "expected_uniform", "expected_without_history", "actual")
    )
    moved = np.abs(uniform - expected)
    return UniformChange(
        mean=_mean(moved),
        quantiles=deciles(moved),
        one_event=_mean([np.abs(one.influence).max() for one in measurements]),
        history=_mean(np.abs(without_history - expected)),
        mae=UniformMae(as_is=_mean(np.abs(expected - actual)), uniform=_mean(np.abs(uniform - actual))),
    )


def _mean(values: np.ndarray | list[float], digits: int = 4) -> float:
    return round(float(np.mean(values)), digits)
