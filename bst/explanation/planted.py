"""Whether explanations find causes that are known: those planted in the demo world.

How an event moves a rating there is known exactly: see ``bst.datasets.demo_truth``. So for visitors of that world it can
be counted how many of the three events that an explanation puts first are planted causes: precision at 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bst.datasets.demo_truth import Truth, planted
from bst.replay import RealUsers
from bst.schema import Dataset, Event, Visitor

K = 3
# a case has at least three causes of at least so many stars. What is weaker is lost among what all other events tell of
# a visitor's taste and kindness, which the model rightly reads too, and which is not planted event by event
CLEAR_STARS = 0.25
# events of a history, and how many moments of a user's timeline are tried for a case
LEAST_EVENTS, MOST_EVENTS, TRIES = 5, 100, 40


@dataclass(frozen=True)
class Case:
    """A visitor and a movie that planted effects move: ``effects`` (events,) stars, 0 for what is no cause."""

    visitor: Visitor
    movie_id: int
    effects: np.ndarray


def is_demo(dataset: Dataset) -> bool:
    """Whether a dataset is of the demo world, so that its causes are known."""
    return dataset.simulated and dataset.movies["movie_id"].tolist() == planted().movies["movie_id"].tolist()


def draw_cases(users: RealUsers, among: Sequence[int], seed: int = 0) -> list[Case]:
    """Draw a case for each user ``among`` whose timeline has one: a moment, and a movie unseen until then.

    Moments are tried in random order. At the first at which some movies have three causes of ``CLEAR_STARS`` or more,
    one of these movies is drawn. Nothing of a model goes into the choice.
    """
    cases = []
    for user in among:
        rng = np.random.default_rng([seed, int(user)])
        case = _draw_case(users.events(int(user)), users.who(int(user)), users.dataset, rng)
        if case:
            cases.append(case)
    return cases


def _draw_case(events: tuple[Event, ...], who: Visitor, dataset: Dataset, rng: np.random.Generator) -> Case | None:
    truth, ids = planted(), dataset.movies["movie_id"].to_numpy()
    rows = np.searchsorted(ids, [event.movie_id for event in events])
    stars = np.array([event.rating for event in events])
    for end in rng.permutation(np.arange(LEAST_EVENTS, min(len(events), MOST_EVENTS + 1)))[:TRIES]:
        effects = effects_on_all(truth, rows[:end], stars[:end])
        third = np.sort(np.abs(effects), axis=1)[:, -K]
        third[rows[:end]] = 0  # seen
        clear = np.flatnonzero(third >= CLEAR_STARS)
        if len(clear):
            movie = int(rng.choice(clear))
            history = tuple(replace(event, timestamp=None) for event in events[:end])
            return Case(replace(who, history=history), int(ids[movie]), effects[movie])
    return None


def effects_on_all(truth: Truth, rows: np.ndarray, stars: np.ndarray) -> np.ndarray:
    """Return what each event of one history adds to every movie: (movies, events) stars."""
    # films of one franchise and one mood are moved alike
    kinds = np.stack([truth.franchise_codes, truth.mood_codes])
    _, first, kind = np.unique(kinds, axis=1, return_index=True, return_inverse=True)
    effects = truth.event_effects(np.tile(rows, (len(first), 1)), np.tile(stars, (len(first), 1)), first)
    return effects[kind.ravel()]


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
