"""What is predicted from parts of a history, and Shapley values, which share out a prediction by it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bst.inference.recommender import Recommender
from bst.models.config import Task
from bst.schema import Visitor

# from parts of a history, bool (parts, events), to what is predicted from them, (parts,)
Values = Callable[[np.ndarray], np.ndarray]


def partial_visitors(visitor: Visitor, kept: np.ndarray) -> list[Visitor]:
    """Return the visitor with parts of the history: ``kept`` bool (parts, events). What is left out counts as seen."""
    seen = visitor.all_seen
    return [
        replace(visitor, history=tuple(visitor.history[i] for i in np.flatnonzero(part).tolist()), seen=seen)
        for part in kept
    ]


def coalition_values(
    recommender: Recommender, visitor: Visitor, movie_id: int, task: Task, kept: np.ndarray
) -> np.ndarray:
    """Return the expected rating of a movie, or its logit for another task, from parts of the history: (parts,).

    ``kept`` bool (parts, events).
    """
    visitors = partial_visitors(visitor, kept)
    if task == "rating":
        return recommender.predict_many(visitors, [movie_id]).expected[:, 0].astype(float)
    return recommender.catalogue_logits(visitors, task, [movie_id])[:, 0].astype(float)


def shapley_values(values: Values, events: int, permutations: int, seed: int = 0) -> np.ndarray:
    """Estimate the Shapley value of each event: (events,). They add up to the value of all less that of none.

    The mean of what an event adds to those before it in a random order of all events (Castro et al. 2009,
    doi 10.1016/j.cor.2008.04.004). Each order is used backwards, too (antithetic: Mitchell et al. 2022, JMLR 23(43)),
    so ``permutations`` should be even. Exact for values that add up or that have interactions of pairs only.
    """
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(events) for _ in range((permutations + 1) // 2)]
    orders = [order for pair in orders for order in (pair, pair[::-1])][:permutations]
    prefixes = np.zeros((len(orders), events + 1, events), bool)
    for prefix, order in zip(prefixes, orders, strict=True):
        for size, event in enumerate(order):
            prefix[size + 1 :, event] = True
    parts, inverse = np.unique(prefixes.reshape(-1, events), axis=0, return_inverse=True)
    predicted = values(parts)[inverse.ravel()].reshape(len(orders), events + 1)
    total = np.zeros(events)
    for order, added in zip(orders, np.diff(predicted, axis=1), strict=True):
        total[order] += added
    return total / len(orders)


def without(events: int, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """Return parts of a history that lack a group of events each: bool (groups, events)."""
    kept = np.ones((len(groups), events), bool)
    for part, group in zip(kept, groups, strict=True):
        part[list(group)] = False
    return kept
