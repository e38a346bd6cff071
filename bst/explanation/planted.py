"""Whether explanations find causes that are known: those planted in the demo world.

How an event moves a rating there is known exactly: see ``bst.datasets.demo_truth``. So for visitors of that world one
can count how many of the three events that an explanation puts first are planted causes: precision at 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

import numpy as np

from bst.datasets.demo_truth import planted
from bst.schema import Dataset, Event, Visitor
from bst.visitors.replay import RealUsers

K = 3
# how clear the third strongest cause of a case is, in stars: from each of these to the next, the last without an end.
# The weaker causes are, the more they are lost among what all other events tell of a visitor's taste and kindness,
# which a model rightly reads too, and which is not planted event by event. From the last on causes count as clear
CLARITY = (0.1, 0.2, 0.3, 0.4)
# events of a history, and cases of one user
LEAST_EVENTS, MOST_EVENTS, EACH = 5, 100, 3


@dataclass(frozen=True)
class Case:
    """A visitor and a movie that planted effects move: ``effects`` (events,) stars, 0 for what is no cause."""

    visitor: Visitor
    movie_id: int
    effects: np.ndarray


def is_demo(dataset: Dataset) -> bool:
    """Whether a dataset is of the demo world, so that its causes are known."""
    return dataset.simulated and dataset.movies["movie_id"].tolist() == planted().movies["movie_id"].tolist()


def draw_cases(users: RealUsers, among: Sequence[int], clarity: float = CLARITY[-1], seed: int = 0) -> list[Case]:
    """Draw up to ``EACH`` cases for each user ``among``: a moment of their timeline, and a movie unseen until then.

    Moments are tried in random order. Where some movies have a third strongest cause of this ``clarity``, one of them
    is drawn. Nothing of a model goes into the choice.
    """
    end = dict(zip(CLARITY, (*CLARITY[1:], np.inf), strict=True))[clarity]
    cases = []
    for user in among:
        rng = np.random.default_rng([seed, int(user)])
        found = _of_one(users.events(int(user)), users.without_history(int(user)), users.dataset, (clarity, end), rng)
        cases += islice(found, EACH)
    return cases


def _of_one(
    events: tuple[Event, ...], who: Visitor, dataset: Dataset, clarity: tuple[float, float], rng: np.random.Generator
) -> Iterator[Case]:
    truth, ids = planted(), dataset.movies["movie_id"].to_numpy()
    first, kind = kinds()
    rows = np.searchsorted(ids, [event.movie_id for event in events])
    stars = np.array([event.rating for event in events])
    for end in rng.permutation(np.arange(LEAST_EVENTS, min(len(events), MOST_EVENTS + 1))):
        history = (np.tile(part[:end], (len(first), 1)) for part in (rows, stars))
        effects = truth.event_effects(*history, first)
        third = np.partition(np.abs(effects), -K, axis=1)[:, -K]
        fit = ((third >= clarity[0]) & (third < clarity[1]))[kind]
        fit[rows[:end]] = False  # seen
        if fit.any():
            movie = int(rng.choice(np.flatnonzero(fit)))
            told = tuple(replace(event, timestamp=None) for event in events[:end])
            yield Case(replace(who, history=told), int(ids[movie]), effects[kind[movie]])


@lru_cache(maxsize=1)
def kinds() -> tuple[np.ndarray, np.ndarray]:
    """Return a film of each kind, (kinds,), and the kind of each film, (movies,).

    Films of one kind are of one franchise and one mood, so that events move them alike.
    """
    truth = planted()
    both = np.stack([truth.franchise_codes, truth.mood_codes])
    _, first, kind = np.unique(both, axis=1, return_index=True, return_inverse=True)
    return first, kind.ravel()


def precision(values, effects, k: int = K) -> float:
    """Return which share of the ``k`` events of the greatest ``values`` (events,) are causes: 0 … 1.

    Of equal values the older event comes first. Raises ``ValueError`` unless there are at least ``k`` events.
    """
    values, effects = np.asarray(values, float), np.asarray(effects, float)
    if values.shape != effects.shape or len(values) < k:
        raise ValueError(f"{k} events or more are needed, each with a value and an effect")
    return float((effects[np.argsort(-values, kind="stable")[:k]] != 0).mean())


def chance(effects) -> float:
    """Return the share of causes among all events: what events drawn by lot come to."""
    return float((np.asarray(effects) != 0).mean())
