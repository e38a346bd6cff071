"""Whether explanations find known causes: those planted in the demo world.

How an event moves a rating there is known exactly: see ``bst.datasets.demo_truth``. So for visitors of that world one
can count how many of the three events that an explanation ranks first are planted causes: precision at 3. It is
measured in a second audience of the same catalogue, whom no model was trained on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike

from bst.datasets.demo_truth import planted
from bst.explanation.explainers import EXPLAINERS, Question
from bst.explanation.fidelity_record import PlantedBand, PlantedPrecision
from bst.explanation.insight_summary import DIGITS, mean_interval
from bst.explanation.measures import CAUSE, NOTICEABLE
from bst.inference.recommender import Recommender
from bst.metrics import Bootstrap
from bst.schema import Dataset, Event, Visitor
from bst.visitors.replay import RealUsers

K = 3
# how strong the third strongest cause of a case is, in stars: from each of these to the next, the last without an end.
# By what a person can see in the app: from the first on an effect is noticed there, from the second on it is named as a
# reason, as it shows in the one decimal of a rating, and the third is three such steps. All are reported alike
BANDS = (NOTICEABLE["expected"], CAUSE["expected"], 3 * CAUSE["expected"])
# events of a history, and cases of one user
LEAST_EVENTS, MOST_EVENTS, CASES_PER_USER = 5, 100, 3
# the second audience: ratings of each user on average, as in the first, and the seed, which is not the first one's
RATINGS_PER_USER, AUDIENCE_SEED = 150, 2
# what is expected of events chosen at random stands in its place
RANDOM = "random"


@dataclass(frozen=True)
class Case:
    """A visitor and a movie with planted causes: ``effects`` (events,) stars, 0 for an event that is no cause."""

    visitor: Visitor
    movie_id: int
    effects: np.ndarray


def is_demo(dataset: Dataset) -> bool:
    """Whether a dataset is of the demo world, so that its causes are known."""
    return dataset.simulated and dataset.movies["movie_id"].tolist() == planted().movies["movie_id"].tolist()


def draw_cases(users: RealUsers, user_rows: Sequence[int] | np.ndarray, low: float, seed: int = 0) -> list[list[Case]]:
    """Draw up to ``CASES_PER_USER`` cases for each user: a moment of their timeline, and a movie unseen until then.

    Moments are tried in random order. Where some movies have a third strongest cause in the band that begins at
    ``low``, one of ``BANDS``, one of them is drawn. The choice does not depend on any model.
    """
    cases = []
    for user in user_rows:
        rng = np.random.default_rng([seed, int(user)])
        events, demographics = users.events(int(user)), users.without_history(int(user))
        of_user = _cases_of(events, demographics, users.dataset, (low, _end(low)), rng)
        cases.append(list(islice(of_user, CASES_PER_USER)))
    return cases


def _end(low: float) -> float:
    """Return where the band that begins at ``low`` ends."""
    return dict(zip(BANDS, (*BANDS[1:], np.inf), strict=True))[low]


def _cases_of(
    events: tuple[Event, ...],
    demographics: Visitor,
    dataset: Dataset,
    band: tuple[float, float],
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
        fit = ((third >= band[0]) & (third < band[1]))[kind]
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


# ---- measured


def second_audience(users: int) -> Dataset:
    """Simulate that many other people in the demo world."""
    from bst.datasets.simulation import simulate  # here, because most sessions need no simulator

    return simulate(users, users * RATINGS_PER_USER, AUDIENCE_SEED).dataset


def measure_planted(
    recommender: Recommender, audience: Dataset, seed: int, step: Callable[[str], None]
) -> PlantedPrecision:
    """Measure how many planted causes each of ``EXPLAINERS`` finds, band by band.

    ``audience``: people of the demo world whom no model was trained on. ``step(stage)`` is called for each user and
    band.
    """
    users, rows = RealUsers(recommender.bundle, audience), np.arange(len(audience.users))
    bands = []
    for low in BANDS:
        found: list[tuple[int, dict[str, float]]] = []
        for user, cases in enumerate(draw_cases(users, rows, low, seed)):
            step("looking for planted causes")
            found += [(user, _precisions(recommender, case, seed)) for case in cases]
        bands.append(_band(low, found))
    return PlantedPrecision(
        k=K,
        seed=AUDIENCE_SEED,
        users=len(rows),
        bands=tuple(bands),
        description=f"How many of the {K} movies that a method puts first are causes planted in the simulation: "
        "earlier parts of the same series, or recent movies of the same or the opposite mood. Measured on "
        f"{len(rows)} simulated people whom the model never saw, each at up to {CASES_PER_USER} moments with a movie "
        f"that at least {K} earlier ratings move by so much.",
    )


def _precisions(recommender: Recommender, case: Case, seed: int) -> dict[str, float]:
    """Return the precision of each way to explain, for one case."""
    question = Question(case.visitor.limited(recommender.max_history), case.movie_id, "rating", seed)
    effects = case.effects[-question.events :]
    return {
        name: chance(effects) if name == RANDOM else precision(np.abs(explain(recommender, question)), effects)
        for name, explain in EXPLAINERS.items()
    }


def _band(low: float, found: Sequence[tuple[int, dict[str, float]]]) -> PlantedBand:
    users, end, precisions = np.array([user for user, _ in found], int), _end(low), {}
    if found:
        bootstrap = Bootstrap(users)
        for name in EXPLAINERS:
            precisions[name] = mean_interval(np.array([one[name] for _, one in found]), bootstrap)
    return PlantedBand(
        low=round(low, DIGITS),
        high=None if np.isinf(end) else round(end, DIGITS),
        cases=len(found),
        users=len(np.unique(users)),
        precision=precisions,
    )
