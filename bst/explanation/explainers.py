"""Ways to explain a prediction: how much each event counts for it.

All return one number for each event that the model reads, (events,) float64, oldest first: the larger, the more the
event speaks for the movie. Attention, recency, popularity and similarity have no sign: they do not show what speaks
against it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bst.explanation.agreement import layers_of
from bst.explanation.coalitions import coalition_values, shapley_values, without
from bst.inference.recommender import Recommender
from bst.models.config import Task
from bst.schema import Visitor
from bst.scoring.results import CandidateAttention

# nodes of the quadrature of integrated gradients: enough for an order of events
GRADIENT_STEPS = 16
# random orders of the events for Shapley values, half of them the others backwards
PERMUTATIONS = 16
# the events most like one, with which it shares what they do together
ALIKE = 3


@dataclass(frozen=True)
class Question:
    """A prediction to explain: of a movie, for a visitor, by the tower of a ``task``.

    Of "rating" the expected rating in stars is explained, of other tasks the movie's logit. ``seed`` draws what is
    random. No more events than the model reads may be in the history.
    """

    visitor: Visitor
    movie_id: int
    task: Task = "rating"
    seed: int = 0

    @property
    def events(self) -> int:
        """How many events there are."""
        return len(self.visitor.history)


Explainer = Callable[[Recommender, Question], np.ndarray]


def attention_weights(recommender: Recommender, question: Question) -> CandidateAttention:
    """Return the attention in the tower that predicts it: (heads, events) and what is attended to besides."""
    if question.task == "rating":
        return recommender.attention(question.visitor, question.movie_id)
    return recommender.tower_attention(question.visitor, question.task)


def attention(recommender: Recommender, question: Question) -> np.ndarray:
    """Return the mean attention of all heads."""
    return attention_weights(recommender, question).to_events.mean(axis=0).astype(float)


def attention_by_layer(recommender: Recommender, question: Question) -> dict[str, np.ndarray]:
    """Return the mean attention of each layer's heads, by its name ("Layer 1"); none for a model of one layer."""
    weights = attention_weights(recommender, question)
    layers = layers_of(weights.heads)
    return {name: weights.to_events[indices].mean(axis=0).astype(float) for name, indices in layers.items()}


def leave_one_out(recommender: Recommender, question: Question) -> np.ndarray:
    """Return by how much the prediction falls without each event."""
    everything = np.ones((1 + question.events, question.events), bool)
    everything[1:][np.diag_indices(question.events)] = False
    values = coalition_values(recommender, question.visitor, question.movie_id, question.task, everything)
    return values[0] - values[1:]


def gradient_times_input(recommender: Recommender, question: Question) -> np.ndarray:
    """Return the slope of the prediction by how much each event counts, where all count fully (gradient × input)."""
    return recommender.gradient_times_input(question.visitor, question.movie_id, question.task)


def integrated_gradients(recommender: Recommender, question: Question) -> np.ndarray:
    """Return the mean of these slopes on the way from events that say nothing to events that count fully."""
    found = recommender.integrated_gradients(question.visitor, question.movie_id, GRADIENT_STEPS, question.task)
    return found.event_effects


def similarity(recommender: Recommender, question: Question) -> np.ndarray:
    """Return the cosine of each event's movie to the movie, in what the model has learned of movies."""
    rows = recommender.catalogue.rows([*question.visitor.ratings, question.movie_id])
    vectors = recommender.vectors_of(rows)
    return (vectors[:-1] @ vectors[-1]).astype(float)


def recency(recommender: Recommender, question: Question) -> np.ndarray:
    """Return the position of each event, the newest highest."""
    return np.arange(question.events, dtype=float)


def popularity(recommender: Recommender, question: Question) -> np.ndarray:
    """Return how many ratings each event's movie has."""
    return recommender.rating_counts[recommender.catalogue.rows(question.visitor.ratings)].astype(float)


def at_random(recommender: Recommender, question: Question) -> np.ndarray:
    """Return random numbers."""
    return np.random.default_rng([question.seed, question.events, question.movie_id]).random(question.events)


def shapley(recommender: Recommender, question: Question) -> np.ndarray:
    """Return estimated Shapley values: what an event adds to other events, on average over parts of the history."""

    def values(kept: np.ndarray) -> np.ndarray:
        return coalition_values(recommender, question.visitor, question.movie_id, question.task, kept)

    return shapley_values(values, question.events, PERMUTATIONS, question.seed)


def leave_one_out_shared(recommender: Recommender, question: Question) -> np.ndarray:
    """Return by how much the prediction falls without each event, where it shares that with the events most like it.

    Movies of one series stand in for one another, so that without one of them little changes. With B the ``ALIKE``
    events that are most similar to event i: ½ [f(all) − f(all \\ i)] + ½ [f(all \\ B) − f(all \\ B \\ i)], which is
    the Shapley value of i in a game of two, i and the block B, all others being there.
    """
    rows, events = recommender.catalogue.rows(question.visitor.ratings), question.events
    vectors = recommender.vectors_of(rows)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    alike = np.argsort(-cosines, axis=1, kind="stable")[:, : min(ALIKE, events - 1)].tolist()
    each = [[event] for event in range(events)]
    groups = [[], *each, *alike, *([event, *others] for event, others in enumerate(alike))]
    values = coalition_values(recommender, question.visitor, question.movie_id, question.task, without(events, groups))
    alone, block, both = np.split(values[1:], 3)
    return (values[0] - alone + block - both) / 2


# by their keys in records
EXPLAINERS: Mapping[str, Explainer] = {
    "leave_one_out": leave_one_out,
    "leave_one_out_shared": leave_one_out_shared,
    "integrated_gradients": integrated_gradients,
    "gradient_times_input": gradient_times_input,
    "shapley": shapley,
    "attention": attention,
    "similarity": similarity,
    "recency": recency,
    "popularity": popularity,
    "random": at_random,
}
