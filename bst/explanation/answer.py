"""An explanation of one prediction as plain values: the answer of the command line and of the model server."""

import math
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from bst.explanation.agreement import agreement, attention_verdict
from bst.explanation.insights import read_insights
from bst.explanation.leave_one_out import EventEffects, Scores, interactions, rating_changes
from bst.explanation.measures import LOGITS
from bst.explanation.sentences import Explanation, sentence
from bst.inference.recommender import Recommender
from bst.visitors.export import visitor_as_json
from bst.wording import reword, reword_around

# events whose interactions are measured
MOST_PAIRED = 5


def explanation_as_json(recommender: Recommender, explanation: Explanation) -> dict[str, Any]:
    """Return an explanation with all that belongs to it, as plain values.

    ``bundle``, ``visitor``, ``movie_id``, ``title``; ``expected`` stars, ``liked`` (the probability of 4
    stars or more), ``next_logit`` and ``watch_next``, ``like_logit`` and ``will_like`` (the probability of being
    watched and liked some time), all but the first None where the model has none; ``sentence`` and ``trust`` in plain
    words. ``events``, those that the model reads, oldest first: ``movie_id``, ``title``, ``rating``, ``effect`` on
    expected, liked, next_logit and like_logit (the prediction with all events less that without the event),
    ``attention`` (mean of all heads) and ``gradient`` (integrated gradients, stars). ``attention``: ``heads``,
    ``to_events`` (a row per head), ``to_rest`` and ``rest``, what is attended to besides events. ``rating_changes``:
    ``levels``, and ``expected`` by event and level. ``demographics``: the effect of each known one. ``interactions``:
    of the events with the largest effects, ``movie_ids`` and ``stars`` (what a pair does beyond what each does alone).
    ``gradients``: ``baseline`` and ``rest``, in stars. ``agreement``: Spearman's rank correlations of attention and
    effect: ``mean``, ``layers`` and ``heads``.
    """
    title, visitor, movie_id = recommender.catalogue.title, explanation.visitor, explanation.movie_id
    scores, effects = explanation.leave_one_out.scores, explanation.leave_one_out.event_effects
    measure, domain = explanation.measures[0], explanation.domain
    weights = explanation.attention_weights(measure)
    # of the rating; where there are no ratings, of whatever else is predicted
    gradients = recommender.integrated_gradients(visitor, movie_id, task=LOGITS.get(measure, "rating"))
    correlations = agreement(explanation.attention, explanation.event_effects(measure))
    strongest = np.argsort(-np.abs(explanation.event_effects(measure)), kind="stable")[:MOST_PAIRED].tolist()
    pairs = np.zeros((len(strongest),) * 2)
    if len(strongest) > 1:
        pairs = interactions(recommender, visitor, movie_id, strongest)
    return {
        "bundle": recommender.bundle.name,
        "visitor": visitor_as_json(recommender.catalogue, visitor),
        "movie_id": movie_id,
        "title": title(movie_id),
        "expected": _round(scores.expected),
        "liked": _round(scores.liked),
        "next_logit": _round(scores.next_logit),
        "watch_next": _round(explanation.watch_next, 6),
        "like_logit": _round(scores.like_logit),
        "will_like": _round(explanation.will_like, 6),
        "sentence": reword_around(partial(sentence, explanation, measure), title, domain),
        "trust": reword(attention_verdict(correlations, read_insights(recommender.bundle)), domain),
        "events": [
            {
                "movie_id": event.movie_id,
                "title": title(event.movie_id),
                "rating": event.rating,
                "effect": _effect(effects, position),
                "attention": _round(weights.to_events[:, position].mean()),
                "gradient": _round(gradients.event_effects[position]),
            }
            for position, event in enumerate(explanation.events)
        ],
        "attention": {
            "heads": list(weights.heads),
            "to_events": _rows(weights.to_events),
            "to_rest": [_round(weight) for weight in weights.to_rest],
            "rest": weights.rest,
        },
        "rating_changes": {
            "levels": list(recommender.bundle.levels),
            "expected": _rows(rating_changes(recommender, visitor, movie_id)),
        },
        "demographics": {name: _plain(effect) for name, effect in explanation.demographic_scores.items()},
        "interactions": {
            "movie_ids": [explanation.events[position].movie_id for position in strongest],
            "stars": _rows(pairs),
        },
        "gradients": {"baseline": _round(gradients.baseline), "rest": _round(gradients.rest)},
        "agreement": {
            "mean": _round(correlations.mean),
            "layers": _named(correlations.layer_names, correlations.layers),
            "heads": _named(correlations.names, correlations.heads),
        },
    }


def _effect(effects: EventEffects, position: int) -> dict[str, float | None]:
    return {name: None if values is None else _round(values[position]) for name, values in vars(effects).items()}


def _plain(scores: Scores) -> dict[str, float | None]:
    return {name: _round(value) for name, value in asdict(scores).items()}


def _named(names: Iterable[str], values: Iterable[float | None]) -> dict[str, float | None]:
    return {name: _round(value) for name, value in zip(names, values, strict=True)}


def _rows(table: np.ndarray) -> list[list[float | None]]:
    return [[_round(value) for value in row] for row in table]


def _round(value: float | None, digits: int = 4) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)
