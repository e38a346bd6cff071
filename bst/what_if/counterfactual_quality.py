"""What searches for counterfactuals find, over many visitors: how often anything, how small it is, whether it holds."""

from collections.abc import Callable, Sequence

import numpy as np

from bst.explanation.fidelity_record import CounterfactualQuality
from bst.explanation.insight_summary import DIGITS, mean_interval
from bst.inference.recommender import Recommender
from bst.metrics import Bootstrap
from bst.schema import Visitor
from bst.what_if.counterfactual import Counterfactual, Goal, find_counterfactuals

TOP = 10
# the rank in the model's default list of the movie to move, and whether the goal is the top of the list or below it
GOALS: dict[str, tuple[int, bool]] = {
    f"from rank 15 into the top {TOP}": (15, True),
    f"from the first rank out of the top {TOP}": (1, False),
}


def counterfactual_quality(
    recommender: Recommender, visitors: Sequence[Visitor], step: Callable[[str], None]
) -> tuple[CounterfactualQuality, ...]:
    """Search for the smallest change of each visitor's history, for each of ``GOALS``, as What if does.

    ``step(stage)`` is called once for each search.
    """
    found = []
    for description, (rank, above) in GOALS.items():
        smallest = []
        for visitor in visitors:
            step("searching for the smallest changes")
            smallest.append(_smallest(recommender, visitor, rank, above))
        if any(smallest):
            found.append(summarize(recommender, description, smallest))
    return tuple(found)


def _smallest(
    recommender: Recommender, visitor: Visitor, rank: int, above: bool
) -> tuple[Goal, Counterfactual | None] | None:
    """Return a goal and the smallest change that reaches it, if one is found; None if there is no such movie."""
    listed = recommender.rank(visitor, rank)
    if len(listed) < rank:
        return None
    options = recommender.default_options
    goal = Goal(listed[-1].movie_id, "top", TOP, above, options.order, options.weight, options.popularity_weight)
    return goal, next(iter(find_counterfactuals(recommender, visitor, goal).counterfactuals), None)


def summarize(
    recommender: Recommender, description: str, smallest: Sequence[tuple[Goal, Counterfactual | None] | None]
) -> CounterfactualQuality:
    """Return shares and means; each change is checked in a list of its own."""
    searches = [search for search in smallest if search]
    found = np.array([change is not None for _, change in searches], float)
    changes = [(goal, change) for goal, change in searches if change]
    return CounterfactualQuality(
        goal=description,
        visitors=len(searches),
        found=mean_interval(found, Bootstrap(np.arange(len(found)))),
        edits=_mean([len(change.edits) for _, change in changes]),
        size=_mean([change.size for _, change in changes]),
        valid=_mean([_is_valid(recommender, goal, change) for goal, change in changes]),
    )


def _is_valid(recommender: Recommender, goal: Goal, change: Counterfactual) -> bool:
    top = [row.movie_id for row in recommender.rank(change.visitor, int(goal.value), goal.rank_options)]
    return (goal.movie_id in top) == goal.above


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), DIGITS) if values else None
