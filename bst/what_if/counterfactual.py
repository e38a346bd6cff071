"""The smallest change of a history that brings a movie where one wants it, or away from there.

Single edits first, then pairs of the most promising of them. All are judged against the strongest rivals only; what is
returned was ranked in the whole catalogue.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from bst.errors import VisitorError
from bst.inference import ranking
from bst.inference.ranking import Order, RankOptions
from bst.inference.recommender import Recommender
from bst.schema import Visitor
from bst.what_if.candidates import EditCandidate, pairs, single_edits
from bst.what_if.edits import Edit, apply_all

# rivals: so many beyond the goal's last place, those whom so many edits bring up, and so many at most
BEYOND, PILOTS, MOST_RIVALS = 30, 12, 300
# how many edits are judged at once; how often pairs are looked at exactly; how many rankings a search may make
TOGETHER, ROUNDS, EXACT = 128, 4, 80

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Goal:
    """Where a movie shall be. ``kind`` "top": among the first ``value`` of the list in an ``order``; "stars": at an
    expected rating of ``value`` or more. ``above`` False: not there, but below. ``weight``: as in ``Recommender.rank``.
    """

    movie_id: int
    kind: str
    value: float
    above: bool = True
    order: Order = "rating"
    weight: float = 0.5

    @property
    def rank_options(self) -> RankOptions:
        """How the list is ranked that the movie shall be in. Raises ``VisitorError`` for an invalid order or weight."""
        return RankOptions(order=self.order, weight=self.weight)

    def reached(self, expected: float, rank: int) -> bool:
        """Whether a movie with this expected rating and rank is where it shall be."""
        there = rank <= self.value if self.kind == "top" else expected >= self.value
        return there == self.above


@dataclass(frozen=True)
class Counterfactual:
    """Edits that reach a goal, the visitor that they lead to, and what the movie's expected rating and rank are then.

    ``size``: stars changed plus places moved; a movie that comes or goes counts as 3.
    """

    edits: tuple[Edit, ...]
    visitor: Visitor
    expected: float
    rank: int
    size: float = 0.0


@dataclass(frozen=True)
class Search:
    """What a search has ``found``, the smallest first, after so many edits and pairs of edits were ``tried``.

    ``already``: the goal is reached as things are. ``expected`` and ``rank``: the movie's as things are.
    """

    found: tuple[Counterfactual, ...]
    tried: int
    already: bool
    expected: float
    rank: int


def find(
    recommender: Recommender,
    visitor: Visitor,
    goal: Goal,
    budget: int = 2000,
    results: int = 5,
    on_progress: Progress | None = None,
) -> Search:
    """Look for the smallest changes of the history that reach a goal, trying at most ``budget`` of them.

    Changes are: another rating, a movie removed, two swapped, one added as the newest with the highest or lowest
    rating; and pairs of these, unless single ones are enough. Smaller is what takes fewer edits, then fewer stars and
    places, then what does more. No part of a pair reaches the goal by itself. Lists know no filters and no diversity
    here; a movie that is in the history has the rank that it would have if seen ones were listed.

    ``on_progress(tried, budget)`` is called again and again; it may raise to end the search. Raises ``VisitorError``
    for a goal that makes no sense, and as ``Recommender.rank``.
    """
    judge = Judge(recommender, visitor, goal)
    if goal.reached(*judge.now):
        return Search((), 0, True, *judge.now)
    tell = on_progress or (lambda tried, budget: None)

    def try_some(trials: Iterator[EditCandidate]) -> bool:
        """Try the next few; return whether there were any."""
        tell(len(judge.tried), budget)
        batch = list(islice(trials, min(TOGETHER, budget - len(judge.tried))))
        judge.judge(batch)
        return bool(batch)

    alone = single_edits(recommender, visitor, goal.movie_id, budget)
    judge.add_competitors([trial.edits for trial in alone[:: len(alone) // PILOTS + 1]])
    waiting = iter(alone)
    while try_some(waiting):
        pass
    found = judge.verified(results)
    waiting = pairs(list(judge.tried.values()), judge.start())
    more = True
    while more and len(found) < results:
        more = all(try_some(waiting) for _ in range(ROUNDS))
        found = judge.verified(results)
    tell(len(judge.tried), budget)
    return Search(tuple(found), len(judge.tried), False, *judge.now)


class Judge:
    """Says how near to a goal edited visitors are. ``tried``: all trials by their edits."""

    def __init__(self, recommender: Recommender, visitor: Visitor, goal: Goal):
        self.recommender, self.visitor, self.goal = recommender, visitor, goal
        self.row = recommender.catalogue.row(goal.movie_id)
        _check(recommender, visitor, goal)
        self.now = self.exact(visitor)
        self.tried: dict[tuple[Edit, ...], EditCandidate] = {}
        self._exact: dict[tuple[Edit, ...], tuple[float, int]] = {}
        self._movie_ids = recommender.catalogue.movies["movie_id"].to_numpy()
        self._rivals: dict[int, None] = {}  # rows, in the order in which they turned up
        self.add_competitors([()], beyond=BEYOND)

    # ---- exactly

    def exact(self, visitor: Visitor) -> tuple[float, int]:
        """Return the movie's expected rating, and its rank in the whole list; of a seen movie its place among all."""
        expected = float(self.recommender.predict(visitor).expected[self.row])
        if self.goal.movie_id in visitor:
            return expected, self.recommender.recommendation(visitor, self.goal.movie_id).rank
        rows = self.recommender.ranked_rows(visitor, self.goal.rank_options)
        return expected, int(np.flatnonzero(rows == self.row)[0]) + 1

    def reaches(self, edits: tuple[Edit, ...]) -> bool:
        """Whether edits do reach the goal."""
        if edits not in self._exact:
            self._exact[edits] = self.exact(apply_all(self.visitor, edits))
        return self.goal.reached(*self._exact[edits])

    def verified(self, results: int) -> list[Counterfactual]:
        """Return the smallest trials that do reach the goal, one of each kind; no part of a pair does so alone.

        One that only seemed to has rivals that were not thought of. They are met, and the others judged again.
        """
        found: dict[frozenset, EditCandidate] = {}
        hopeful, failed, patience = self._hopeful(), [], 3
        while hopeful and len(found) < results and len(self._exact) < EXACT:
            trial = hopeful.pop(0)
            if trial.kind in found:
                continue
            if self.reaches(trial.edits):
                parts = [self.tried[edit,] for edit in trial.edits if len(trial.edits) > 1]
                for one in [part for part in parts if self.reaches(part.edits)] or [trial]:
                    found.setdefault(one.kind, one)
                continue
            failed.append(trial)
            if len(failed) == patience:
                self._learn(failed, hopeful)
                hopeful, failed, patience = self._hopeful(), [], 2 * patience
        self._learn(failed, [])
        best = sorted(found.values(), key=lambda trial: trial.rank)[:results]
        return [Counterfactual(t.edits, apply_all(self.visitor, t.edits), *self._exact[t.edits], t.size) for t in best]

    def _hopeful(self) -> list[EditCandidate]:
        """Return the trials that seem to reach the goal, or do, the smallest first."""
        seeming = (t for t in self.tried.values() if t.margin >= 0)
        unsure = (t for t in seeming if t.edits not in self._exact or self.reaches(t.edits))
        return sorted(unsure, key=lambda trial: trial.rank)

    def _learn(self, failed: list[EditCandidate], others: list[EditCandidate]) -> None:
        self.add_competitors([trial.edits for trial in failed])
        self.judge([*failed, *others])

    # ---- nearly

    def add_competitors(self, changes: Sequence[tuple[Edit, ...]], beyond: int = 0) -> None:
        """Take the first of the lists after some edits as rivals: those who may stand between a movie and its goal.

        Movies in the history are among them, as they may be removed.
        """
        if self.goal.kind == "stars" or not changes:
            return
        visitors = [apply_all(self.visitor, edits) for edits in changes]
        made = self.recommender.predict_many(visitors, self._movie_ids, watch_next=self._by_next)
        others = np.arange(len(self._movie_ids)) != self.row
        keys = ranking.sort_keys(made, self.goal.rank_options, self.recommender.bundle.levels)
        for one in range(len(visitors)):
            first = ranking.argsort_candidates([key[one] for key in keys], others)[: int(self.goal.value) + beyond]
            self._rivals |= dict.fromkeys(first.tolist())
        self._rivals = dict(islice(self._rivals.items(), int(self.goal.value) + MOST_RIVALS))

    @property
    def _by_next(self) -> bool:
        return self.goal.kind == "top" and self.goal.order != "rating"

    def start(self) -> float:
        """Return the margin without any edit."""
        return float(self._margins([self.visitor])[0])

    def judge(self, trials: Sequence[EditCandidate]) -> None:
        """Note the margins of trials."""
        if trials:
            margins = self._margins([apply_all(self.visitor, trial.edits) for trial in trials])
            self.tried |= {t.edits: replace(t, margin=float(m)) for t, m in zip(trials, margins, strict=True)}

    def _margins(self, visitors: Sequence[Visitor]) -> np.ndarray:
        """Return how far beyond the goal the movie is: in stars, or ahead of the rival who holds the last place of it.

        Where a list is ordered by probabilities: in logarithms of these, so that the effects of two edits add up.
        """
        movie_ids = [self.goal.movie_id, *self._movie_ids[list(self._rivals)].tolist()]
        made = self.recommender.predict_many(visitors, movie_ids, watch_next=self._by_next)
        if self.goal.kind == "stars":
            margins = made.expected[:, 0].astype(np.float64) - self.goal.value
        else:
            keys = ranking.sort_keys(made, self.goal.rank_options, self.recommender.bundle.levels)[0]
            keys = np.log(np.maximum(keys, 1e-12)) if self._by_next else keys
            margins = keys[:, 0] - self._last_place(keys[:, 1:], visitors, movie_ids[1:])
        return margins if self.goal.above else -margins

    def _last_place(self, keys: np.ndarray, visitors: Sequence[Visitor], rivals: list[int]) -> np.ndarray:
        """Return the key of the rival in the last place of the goal, of those that each visitor has not seen."""
        last = len(rivals) - int(self.goal.value)
        if last < 0:
            return np.full(len(visitors), -np.inf)
        seen = np.array([[movie in visitor for movie in rivals] for visitor in visitors])
        return np.partition(np.where(seen, -np.inf, keys), last, axis=1)[:, last]


def _check(recommender: Recommender, visitor: Visitor, goal: Goal) -> None:
    title, levels = recommender.catalogue.title(goal.movie_id), recommender.bundle.levels
    if goal.kind not in ("top", "stars"):
        raise VisitorError(f"a goal is a place in the top or a number of stars, not {goal.kind!r}")
    if goal.kind == "stars" and not levels[0] <= goal.value <= levels[-1]:
        raise VisitorError(f"{goal.value:g} stars are no goal: ratings go from {levels[0]:g} to {levels[-1]:g}")
    if goal.kind == "top" and (goal.value < 1 or goal.value != int(goal.value)):
        raise VisitorError(f"the top {goal.value:g} is no goal: give a whole number of places, from 1 on")
    if goal.kind == "top" and goal.movie_id in visitor:
        where = "among the movies that they have seen" if goal.movie_id in visitor.seen else "in the history"
        raise VisitorError(f"{title} is {where}, so no list names it; remove it, or ask for its stars")
