"""Counterfactual explanations: the smallest change of a history that brings a movie into the top, or out of it.

Single edits are tried first, then pairs of the most promising of them. Their margins are estimated against the
strongest competitors only; what is returned was verified by ranking the whole catalogue.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import numpy as np

from bst.errors import VisitorError
from bst.inference import ranking
from bst.inference.ranking import Order, RankOptions
from bst.inference.recommender import Recommender
from bst.models.config import Task
from bst.schema import Visitor
from bst.what_if.candidates import EditCandidate, pairs, single_edits
from bst.what_if.edits import Edit, apply_all

# competitors: this many movies beyond the goal's last rank, those that this many edits bring up, and this many at most
BEYOND, PILOTS, MOST_COMPETITORS = 30, 12, 300
# edits whose margins are estimated at once; batches of pairs between two verifications; rankings that a search may make
BATCH, BATCHES_PER_CHECK, MOST_RANKINGS = 128, 4, 80
# candidates that are ranked to find which comes nearest, where none is enough
MOST_NEAREST = 10
# rankings that may refute a candidate before competitors are added: this many at first, then twice as many each time
FIRST_PATIENCE = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Goal:
    """Where a movie should be.

    ``kind`` "top": among the first ``value`` of the list in an ``order``; "stars": at an expected rating of ``value``
    or more. ``above`` False: below that. ``order``, ``weight``, ``popularity_weight``: as in ``RankOptions``.
    """

    movie_id: int
    kind: Literal["top", "stars"]
    value: float
    above: bool = True
    order: Order = "rating"
    weight: float = 0.5
    popularity_weight: float = 1.0

    @property
    def rank_options(self) -> RankOptions:
        """How the list of the goal is ranked. Raises ``VisitorError`` for an invalid order or weight."""
        return RankOptions(order=self.order, weight=self.weight, popularity_weight=self.popularity_weight)

    def reached(self, expected: float, rank: int) -> bool:
        """Whether a movie with this expected rating and rank reaches the goal."""
        inside = rank <= self.value if self.kind == "top" else expected >= self.value
        return inside == self.above


@dataclass(frozen=True)
class Counterfactual:
    """Edits that reach a goal, the visitor that they lead to, and the movie's expected rating and rank then.

    ``size``: stars changed plus positions moved; a movie that is added or removed counts as 3.
    """

    edits: tuple[Edit, ...]
    visitor: Visitor
    expected: float
    rank: int
    size: float = 0.0


@dataclass(frozen=True)
class SearchResult:
    """The counterfactuals of a search, the smallest first; ``tried``: how many edits and pairs of edits it tried.

    ``already_reached``: the goal is reached without any edit. ``expected`` and ``rank``: the movie's without any.
    ``nearest``: where none reaches the goal, the one found that comes nearest, if one comes nearer than no edit.
    """

    counterfactuals: tuple[Counterfactual, ...]
    tried: int
    already_reached: bool
    expected: float
    rank: int
    nearest: Counterfactual | None = None


def find_counterfactuals(
    recommender: Recommender,
    visitor: Visitor,
    goal: Goal,
    budget: int = 2000,
    results: int = 5,
    on_progress: Progress | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> SearchResult:
    """Look for the smallest changes of the history that reach a goal, trying at most ``budget`` of them.

    Changes are: a different rating, a movie removed, two swapped, one added as the newest with the highest or lowest
    rating; and pairs of these, unless single ones are enough. Smaller means fewer edits, then fewer stars and
    positions, then a larger effect. Neither part of a pair reaches the goal alone. Lists have no filters and no
    diversity here; a movie in the history has the rank that it would have if seen movies were listed.

    ``on_progress(tried, budget)`` is called repeatedly; it may raise to end the search. ``is_over`` is asked between
    batches: once it says so, no more is tried, and the result has what was found. Raises ``VisitorError`` for an
    impossible goal, and as ``Recommender.rank``.
    """
    search = CounterfactualSearch(recommender, visitor, goal)
    if goal.reached(*search.current):
        return SearchResult((), 0, True, *search.current)
    report = on_progress or (lambda tried, budget: None)

    def try_batch(candidates: Iterator[EditCandidate]) -> bool:
        """Try the next few; return whether there were any."""
        report(len(search.tried), budget)
        if is_over():
            return False
        batch = list(islice(candidates, min(BATCH, budget - len(search.tried))))
        search.estimate(batch)
        return bool(batch)

    singles = single_edits(recommender, visitor, goal.movie_id, budget)
    search.add_competitors([candidate.edits for candidate in singles[:: len(singles) // PILOTS + 1]])
    candidates = iter(singles)
    while try_batch(candidates):
        pass
    counterfactuals = search.verified(results)
    candidates = pairs(list(search.tried.values()), search.margin_without_edits())
    more = True
    while more and len(counterfactuals) < results:
        more = all(try_batch(candidates) for _ in range(BATCHES_PER_CHECK))
        counterfactuals = search.verified(results)
    report(len(search.tried), budget)
    nearest = None if counterfactuals else search.nearest()
    if nearest and goal.reached(nearest.expected, nearest.rank):  # there were too many others to verify
        counterfactuals, nearest = [nearest], None
    return SearchResult(tuple(counterfactuals), len(search.tried), False, *search.current, nearest)


class CounterfactualSearch:
    """Estimates how near edits come to a goal, and verifies those that seem to reach it.

    ``current``: the movie's expected rating and rank without any edit. ``tried``: all candidates by their edits.
    """

    def __init__(self, recommender: Recommender, visitor: Visitor, goal: Goal):
        """Raise ``VisitorError`` for an impossible goal."""
        self.recommender, self.visitor, self.goal = recommender, visitor, goal
        self.row = recommender.catalogue.row(goal.movie_id)
        _check(recommender, visitor, goal)
        self.current = self.outcome(visitor)
        self.tried: dict[tuple[Edit, ...], EditCandidate] = {}
        self._outcomes: dict[tuple[Edit, ...], tuple[float, int]] = {}
        self._movie_ids = recommender.catalogue.movies["movie_id"].to_numpy()
        self._competitors: dict[int, None] = {}  # rows, in the order in which they were added
        self.add_competitors([()], beyond=BEYOND)

    # ---- verified

    def outcome(self, visitor: Visitor) -> tuple[float, int]:
        """Return the movie's expected rating and its rank in the whole list; for a seen movie that among all movies."""
        expected = float(self.recommender.predict(visitor).expected[self.row])
        if self.goal.movie_id in visitor:
            return expected, self.recommender.recommendation(visitor, self.goal.movie_id).rank
        rows = self.recommender.ranked_rows(visitor, self.goal.rank_options)
        return expected, int(np.flatnonzero(rows == self.row)[0]) + 1

    def reaches(self, edits: tuple[Edit, ...]) -> bool:
        """Whether edits do reach the goal."""
        if edits not in self._outcomes:
            self._outcomes[edits] = self.outcome(apply_all(self.visitor, edits))
        return self.goal.reached(*self._outcomes[edits])

    def verified(self, results: int) -> list[Counterfactual]:
        """Return the smallest candidates that do reach the goal, one of each kind; no part of a pair does so alone.

        A candidate that only seemed to has competitors that were not considered. They are added, and margins estimated
        again.
        """
        reaching: dict[frozenset, EditCandidate] = {}
        hopeful, failed, patience = self._hopeful(), [], FIRST_PATIENCE
        while hopeful and len(reaching) < results and len(self._outcomes) < MOST_RANKINGS:
            candidate = hopeful.pop(0)
            if candidate.kind in reaching:
                continue
            if self.reaches(candidate.edits):
                parts = [self.tried[edit,] for edit in candidate.edits if len(candidate.edits) > 1]
                for smallest in [part for part in parts if self.reaches(part.edits)] or [candidate]:
                    reaching.setdefault(smallest.kind, smallest)
                continue
            failed.append(candidate)
            if len(failed) == patience:
                self._learn(failed, hopeful)
                hopeful, failed, patience = self._hopeful(), [], 2 * patience
        self._learn(failed, [])
        best = sorted(reaching.values(), key=lambda candidate: candidate.sort_key)[:results]
        return [
            Counterfactual(c.edits, apply_all(self.visitor, c.edits), *self._outcomes[c.edits], c.size) for c in best
        ]

    def nearest(self) -> Counterfactual | None:
        """Return which of the most promising candidates comes nearest to the goal; None if none comes nearer at all."""
        promising = sorted(self.tried.values(), key=lambda candidate: -candidate.margin)[:MOST_NEAREST]
        for candidate in promising:
            self.reaches(candidate.edits)
        best = min(promising, key=lambda c: self._distance(*self._outcomes[c.edits]), default=None)
        if best is None or self._distance(*self._outcomes[best.edits]) >= self._distance(*self.current):
            return None
        return Counterfactual(best.edits, apply_all(self.visitor, best.edits), *self._outcomes[best.edits], best.size)

    def _distance(self, expected: float, rank: int) -> float:
        """Return how far from the goal a movie with this expected rating and rank is: in ranks or stars."""
        if self.goal.reached(expected, rank):
            return 0.0
        return abs((rank if self.goal.kind == "top" else expected) - self.goal.value)

    def _hopeful(self) -> list[EditCandidate]:
        """Return the candidates that seem to reach the goal, or do, the smallest first."""
        seeming = (c for c in self.tried.values() if c.margin >= 0)
        not_refuted = (c for c in seeming if c.edits not in self._outcomes or self.reaches(c.edits))
        return sorted(not_refuted, key=lambda candidate: candidate.sort_key)

    def _learn(self, failed: list[EditCandidate], others: list[EditCandidate]) -> None:
        self.add_competitors([candidate.edits for candidate in failed])
        self.estimate([*failed, *others])

    # ---- estimated

    def add_competitors(self, changes: Sequence[tuple[Edit, ...]], beyond: int = 0) -> None:
        """Add the first movies of the lists after some edits: those that may come between the movie and its goal.

        Movies in the history are among them, as they may be removed from it.
        """
        if self.goal.kind == "stars" or not changes:
            return
        visitors = [apply_all(self.visitor, edits) for edits in changes]
        predictions = self.recommender.predict_many(visitors, self._movie_ids, self._tasks)
        others = np.arange(len(self._movie_ids)) != self.row
        keys = self.recommender.sort_keys(predictions, self.goal.rank_options)
        for i in range(len(visitors)):
            first = ranking.argsort_candidates([key[i] for key in keys], others)[: int(self.goal.value) + beyond]
            self._competitors |= dict.fromkeys(first.tolist())
        self._competitors = dict(islice(self._competitors.items(), int(self.goal.value) + MOST_COMPETITORS))

    @property
    def _tasks(self) -> tuple[Task, ...]:
        return ranking.ORDER_TASKS[self.goal.order] if self.goal.kind == "top" else ()

    def margin_without_edits(self) -> float:
        """Return the estimated margin of the visitor as they are."""
        return float(self._margins([self.visitor])[0])

    def estimate(self, candidates: Sequence[EditCandidate]) -> None:
        """Keep candidates in ``tried`` with their estimated margins."""
        if candidates:
            margins = self._margins([apply_all(self.visitor, candidate.edits) for candidate in candidates])
            self.tried |= {c.edits: replace(c, margin=float(m)) for c, m in zip(candidates, margins, strict=True)}

    def _margins(self, visitors: Sequence[Visitor]) -> np.ndarray:
        """Return how far beyond the goal the movie is, (visitors,): in stars, or ahead of the goal's last competitor.

        Where a list is ordered by probabilities: in logarithms or log-odds, so that the effects of two edits add up.
        """
        movie_ids = [self.goal.movie_id, *self._movie_ids[list(self._competitors)].tolist()]
        predictions = self.recommender.predict_many(visitors, movie_ids, self._tasks)
        if self.goal.kind == "stars":
            margins = predictions.expected[:, 0].astype(np.float64) - self.goal.value
        else:
            key = self.recommender.sort_keys(predictions, self.goal.rank_options, movie_ids)[0]
            key = np.log(np.maximum(key, 1e-12)) if self._tasks == ("next",) else key
            margins = key[:, 0] - self._last_in_goal(key[:, 1:], visitors, movie_ids[1:])
        return margins if self.goal.above else -margins

    def _last_in_goal(self, keys: np.ndarray, visitors: Sequence[Visitor], competitors: list[int]) -> np.ndarray:
        """Return the key of the competitor at the goal's last rank, of those that each visitor has not seen."""
        last = len(competitors) - int(self.goal.value)
        if last < 0:
            return np.full(len(visitors), -np.inf)
        seen = np.array([[movie_id in visitor for movie_id in competitors] for visitor in visitors])
        return np.partition(np.where(seen, -np.inf, keys), last, axis=1)[:, last]


def _check(recommender: Recommender, visitor: Visitor, goal: Goal) -> None:
    title, levels = recommender.catalogue.title(goal.movie_id), recommender.bundle.levels
    if goal.kind not in ("top", "stars"):
        raise VisitorError(f"a goal is a rank in the top or a number of stars, not {goal.kind!r}")
    if goal.kind == "stars" and not levels[0] <= goal.value <= levels[-1]:
        raise VisitorError(f"{goal.value:g} stars cannot be a goal: ratings go from {levels[0]:g} to {levels[-1]:g}")
    if goal.kind == "top" and (goal.value < 1 or goal.value != int(goal.value)):
        raise VisitorError(f"the top {goal.value:g} cannot be a goal: give a whole number of ranks, at least 1")
    if goal.kind == "top" and goal.movie_id in visitor:
        where = "in the history" if goal.movie_id in visitor.ratings else "among the movies that they have seen"
        raise VisitorError(f"{title} is {where}, so no list names it; remove it, or ask for its stars")
