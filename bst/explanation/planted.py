"""Whether explanations find known causes: those planted in the demo world.

How an event moves a rating there is known exactly: see ``bst.datasets.demo_truth``. So for visitors of that world one
can count how many of the three events that an explanation ranks first are planted causes: precision at 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike

from bst.datasets.demo_truth import planted
from bst.schema import Dataset, Event, Visitor
from bst.visitors.replay import RealUsers

K = 3
# how strong the third strongest cause of a case is, in stars: from each of these to the next, the last without an end.
# Weaker causes are lost among what all other events say about a visitor's taste and bias, which a model rightly reads
# too, and which is not planted event by event. From the last of these on causes count as clear
CLARITY = (0.1, 0.2, 0.3, 0.4)
# events of a history, and cases of one user
LEAST_EVENTS, MOST_EVENTS, CASES_PER_USER = 5, 100, 3


@dataclass(frozen=True)
class Case:
    """A visitor and a movie with planted causes: ``effects`` (events,) stars, 0 for an event that is no cause."""

    visitor: Visitor
    movie_id: int
    effects: np.ndarray


def is_demo(dataset: Dataset) -> bool:
    """Whether a dataset is of the demo world, so that its causes are known."""
    return dataset.simulated and dataset.movies["movie_id"].tolist() == planted().movies["movie_id"].tolist()


def draw_cases(
    users: RealUsers, user_rows: Sequence[int] | np.ndarray, clarity: float = CLARITY[-1], seed: int = 0
) -> list[Case]:
    """Draw up to ``CASES_PER_USER`` cases for each user: a moment of their timeline, and a movie unseen until then.

    Moments are tried in random order. Where some movies have a third strongest cause of this ``clarity``, one of them
    is drawn. The choice does not depend on any model.
    """
    end = dict(zip(CLARITY, (*CLARITY[1:], np.inf), strict=True))[clarity]
    cases: list[Case] = []
    for user in user_rows:
        rng = np.random.default_rng([seed, int(user)])
        events, demographics = users.events(int(user)), users.without_history(int(user))
        of_user = _cases_of(events, demographics, users.dataset, (clarity, end), rng)
        cases += islice(of_user, CASES_PER_USER)
    return cases


def _cases_of(
    events: tuple[Event, ...],
    demographics: Visitor,
    dataset: Dataset,
    clarity: tuple[float, float],
    rng: np.random.Generator,
) -> Iterator[Case]:
    truth, ids = planted(), dataset.movies["movie_id"].to_numpy()
    examples, kind = kinds()
    rows = np.searchsorted(ids, [event.movie_id for event in events])
    stars = np.array([event.rating for event in events])
    for end in rng.permutation(np.arange(LEAST_EVENTS, min(len(events), MOST_EVENTS + 1))):
        watched, rated = (np.tile(values[:end], (len(examples), 1)) for values in (rows, stars))
        effects = truth.event_effects(watched, rated, examples)
        third = np.partition(np.abs(effects), -K, axis=1)[:, -K]
        fit = ((third >= clarity[0]) & (third < clarity[1]))[kind]
        fit[rows[:end]] = False  # seen
        if fit.any():
            movie = int(rng.choice(np.flatnonzero(fit)))
            undated = tuple(replace(event, timestamp=None) for event in events[:end])
            yield Case(replace(demographics, history=undated), int(ids[movie]), effects[kind[movie]])


@lru_cache(maxsize=1)
def kinds() -> tuple[np.ndarray, np.ndarray]:
    """Return a movie of each kind, (kinds,), and the kind of each movie, (movies,).

    Movies of one kind share a franchise and a mood, so that each event has the same effect on all of them.
    """
    truth = planted()
    both = np.stack([truth.franchise_codes, truth.mood_codes])
    _, examples, kind = np.unique(both, axis=1, return_index=True, return_inverse=True)
    return examples, kind.ravel()


def precision(values: ArrayLike, effects: ArrayLike, k: int = K) -> float:
    """Return the share of causes among the ``k`` events with the largest ``values`` (events,): 0 … 1.

    Among equal values the older event comes first. Raises ``ValueError`` unless there are at least ``k`` events.
    """
    values, effects = np.asarray(values, float), np.asarray(effects, float)
    if values.shape != effects.shape or len(values) < k:
        raise ValueError(f"{k} events or more are needed, each with a value and an effect")
    return float((effects[np.argsort(-values, kind="stable")[:k]] != 0).mean())


def chance(effects: ArrayLike) -> float:
    """Return the share of causes among all events: the expected precision of events chosen at random."""
    return float((np.asarray(effects) != 0).mean())
