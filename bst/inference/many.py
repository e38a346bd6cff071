"""Ranked lists of many visitors: the lists of ``Recommender.rank``, of histories that are read in batches.

What decides a list is computed, and no more: the logits of a batch are one matrix product, the best few are found
without sorting the catalogue, and ratings are predicted only of movies that could be among these. Batches and single
visitors differ in the last bits of their numbers, so that a list in which two neighbours are closer than ``TOLERANCE``
is left to the single path: ``sure`` says which are not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bst.errors import VisitorError
from bst.inference import ranking
from bst.inference.list_maker import ListMaker
from bst.inference.ranking import RankOptions
from bst.metrics import probability_liked
from bst.parallel import map_parallel
from bst.schema import Visitor
from bst.scoring.packed import PackedVisitors
from bst.scoring.results import expit
from bst.scoring.scorer import VisitorBatch

# several times the largest difference between a batch and single visitors, which is 3e-6 of a logit or a star
TOLERANCE = 1e-5
# the natural logarithm of the smallest probability that float32 keeps exactly is -87: below this the single path may
# find two of them equal
LEAST_LOG_PROBABILITY = -80.0
# movies whose ratings are predicted first, where only the best few can matter
FIRST_RATED = 256

Evaluate = Callable[[np.ndarray], np.ndarray]


class RankedMany(NamedTuple):
    """The first ``k`` of each visitor's list.

    ``rows`` int32 (visitors, k): rows of the catalogue, −1 behind the end of a list that is shorter. ``scores`` float32
    (visitors, k), NaN there: what the list is ordered by, descending, see ``score_of``.
    """

    rows: np.ndarray
    scores: np.ndarray

    @classmethod
    def empty(cls, visitors: int, k: int) -> "RankedMany":
        """Return lists without any item."""
        return cls(np.full((visitors, k), -1, np.int32), np.full((visitors, k), np.nan, np.float32))

    def put(self, visitor: int, rows: np.ndarray, scores: np.ndarray) -> None:
        """Set the list of one visitor, of up to ``k`` rows."""
        self.rows[visitor, : len(rows)], self.scores[visitor, : len(rows)] = rows, scores


@dataclass(frozen=True)
class ManyQuestion:
    """The question, the same for all visitors.

    ``allowed`` bool (movies,): which movies pass the filters, seen or not. ``counts`` (movies,) for order "rating",
    ``popularity_logit`` (movies,) for order "like" with less weight of popularity, and ``vectors`` (movies, D) of
    length 1 for a diverse list; None where they do not count. ``k``: how many are listed.
    """

    options: RankOptions
    k: int
    levels: tuple[float, ...]
    allowed: np.ndarray
    counts: np.ndarray | None = None
    popularity_logit: np.ndarray | None = None
    vectors: np.ndarray | None = None

    @property
    def needed(self) -> int:
        """How many of the best movies must be known: more than are listed, where a diverse list is chosen of them."""
        return max(self.k, ranking.POOL) if self.options.diversity else self.k


class Best(NamedTuple):
    """The best of one visitor's movies: ``rows`` and ``keys``, best first, and whether their order is certain."""

    rows: np.ndarray
    keys: np.ndarray
    sure: bool


def rank_many(
    lists: ListMaker, visitors: Sequence[Visitor] | PackedVisitors, k: int, options: RankOptions | None
) -> RankedMany:
    """Return the first ``k`` of the list of each of many visitors: see ``Recommender.rank_many``."""
    if k < 1:
        raise VisitorError(f"a list needs at least one movie, not {k}")
    options = options or lists.default_options
    lists.check_order(options)
    catalogue, scorer = lists.catalogue, lists.scorer
    if isinstance(visitors, PackedVisitors):
        packed = visitors
    else:
        histories = [lists.rows_of(one) for one in visitors]
        packed = PackedVisitors.of(visitors, histories, catalogue.rows, catalogue.domain)
    result = RankedMany.empty(len(packed), k)
    by_ratings = options.order in ("rating", "blend")
    in_batches = not options.filters.include_seen and not (lists.in_two_stages and by_ratings)
    batches = scorer.batches(packed) if in_batches else None
    unsure: Sequence[int] = range(len(packed))
    if batches is not None:
        unsure = fill(result, batches, packed, _question(lists, k, options))
    ids = catalogue.movies["movie_id"].to_numpy()
    for index in unsure:
        one = (
            visitors.visitor(index, ids, scorer.max_history)
            if isinstance(visitors, PackedVisitors)
            else visitors[index]
        )
        rows = lists.ranked_rows(one, options, k)
        if len(rows):
            predictions = lists.predict_some(one, rows, ranking.ORDER_TASKS[options.order])
            key = lists.sort_keys(predictions, options, ids[rows])[0]
            # those of "next" and "blend" are probabilities already
            result.put(index, rows, score_of(key, options) if options.order == "like" else key)
    return result


def _question(lists: ListMaker, k: int, options: RankOptions) -> ManyQuestion:
    less_popularity = options.order == "like" and options.popularity_weight < 1
    return ManyQuestion(
        options,
        k,
        lists.bundle.levels,
        lists.movies.allowed(Visitor(), options.filters),
        lists.counts_for(options),
        lists.predict(Visitor()).popularity_logit if less_popularity else None,
        lists.movies.embeddings if options.diversity else None,
    )


def score_of(keys: np.ndarray, options: RankOptions) -> np.ndarray:
    """Return what is stored of keys: probabilities in place of their logarithms and log-odds; cautious stars as is."""
    if options.order == "rating":
        return keys
    return expit(keys) if options.order == "like" else np.exp(keys)


def fill(
    result: RankedMany, batches: Sequence[VisitorBatch], visitors: PackedVisitors, question: ManyQuestion
) -> list[int]:
    """Put the lists of visitors into ``result``; return those whose lists have to be made one by one, ascending."""
    unsure: list[int] = []
    options, k = question.options, question.k

    def run(batch: VisitorBatch) -> None:
        for visitor, best in zip(batch.which.tolist(), rank_batch(batch, visitors, question), strict=True):
            rows, keys = best.rows, best.keys
            if not best.sure:
                unsure.append(visitor)
                continue
            if question.vectors is not None:
                rows = ranking.diversify(rows, question.vectors, options.diversity, k)
                keys = keys[[best.rows.tolist().index(row) for row in rows.tolist()]]
            result.put(visitor, rows, score_of(keys, options))

    map_parallel(run, batches)
    return sorted(unsure)


def rank_batch(batch: VisitorBatch, visitors: PackedVisitors, question: ManyQuestion) -> list[Best]:
    """Return the best ``question.needed`` movies of each visitor of a batch.

    Their keys are the log-odds of order "like", log-probabilities of "next" and "blend", and cautious stars.
    """
    seen = [visitors.all_seen(visitor) for visitor in batch.which]
    match question.options.order:
        case "like":
            keys = batch.logits("like")
            if question.popularity_logit is not None:
                keys -= (1 - question.options.popularity_weight) * question.popularity_logit
            return _best_of_each(_without(keys, seen, question.allowed), question.needed)
        case "next":
            found = _best_of_each(_without(_log_softmax(batch, seen), seen, question.allowed), question.needed)
            return [best._replace(sure=best.sure and _representable(best.keys)) for best in found]
        case "blend":
            return _blends(batch, seen, question)
        case "rating":
            return _cautious_ratings(batch, seen, question)


def _blends(batch: VisitorBatch, seen: list[np.ndarray], question: ManyQuestion) -> list[Best]:
    """log(p ** w · liked ** (1 − w)) is at most w log p, as no probability is above 1."""
    weight, found = question.options.weight, []
    for index, log_next in enumerate(_log_softmax(batch, seen)):

        def evaluate(rows: np.ndarray, index: int = index, log_next: np.ndarray = log_next) -> np.ndarray:
            liked = probability_liked(batch.distribution(index, rows), question.levels)
            with np.errstate(divide="ignore"):
                return weight * log_next[rows].astype(np.float64) + (1 - weight) * np.log(liked)

        rows = _allowed_rows(question, seen[index])
        rows = rows[np.argsort(-log_next[rows], kind="stable")]
        best = best_by_bound(rows, weight * log_next[rows].astype(np.float64), evaluate, question.needed)
        sure = best.sure and _representable(log_next[best.rows]) and _representable(best.keys)
        found.append(best._replace(sure=sure))
    return found


def _cautious_ratings(batch: VisitorBatch, seen: list[np.ndarray], question: ManyQuestion) -> list[Best]:
    """A cautious rating is at most the highest rating minus the movie's uncertainty."""
    levels, counts = question.levels, question.counts
    stars = np.array(levels, np.float32)
    highest = np.full(len(question.allowed), levels[-1], np.float32)
    bound = highest if counts is None else ranking.cautious_rating(highest, counts, levels)
    common = np.argsort(-bound, kind="stable")
    found = []
    for index in range(len(batch.which)):

        def evaluate(rows: np.ndarray, index: int = index) -> np.ndarray:
            expected = batch.distribution(index, rows) @ stars
            return expected if counts is None else ranking.cautious_rating(expected, counts[rows], levels)

        allowed = np.zeros(len(bound), bool)
        allowed[_allowed_rows(question, seen[index])] = True
        rows = common[allowed[common]]
        found.append(best_by_bound(rows, bound[rows], evaluate, question.needed))
    return found


def best_by_bound(rows: np.ndarray, bound: np.ndarray, evaluate: Evaluate, needed: int) -> Best:
    """Return the ``needed`` best of ``rows``, whose keys are at most ``bound``, (movies,) each, bounds descending.

    ``evaluate`` returns the keys of some rows. It is called only for rows that can still be among the best: a key
    that is not higher than the worst of these so far ends the search, as in the threshold algorithm of Fagin, Lotem and
    Naor 2003 ("Optimal aggregation algorithms for middleware").
    """
    keys, reach, size = np.zeros(0), len(rows), FIRST_RATED
    while len(keys) < reach:
        keys = np.concatenate([keys, evaluate(rows[len(keys) : min(reach, max(len(keys) + size, needed + 1))])])
        if len(keys) > needed:
            worst = np.partition(keys, len(keys) - needed)[len(keys) - needed]
            reach = int(np.searchsorted(-bound, -(worst - TOLERANCE), side="right"))
        size = 4 * size
    order = np.lexsort([rows[: len(keys)], -keys])[: needed + 1]
    return _best(rows[order], keys[order], needed)


def _best_of_each(keys: np.ndarray, needed: int) -> list[Best]:
    """Return the ``needed`` best of each row of keys (visitors, movies), of those that are not −∞."""
    movies = keys.shape[1]
    count = min(needed + 1, movies)
    rows = np.argpartition(keys, movies - count, axis=1)[:, movies - count :]
    rows.sort(axis=1)  # equal keys keep the order of the catalogue
    found = np.take_along_axis(keys, rows, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    rows, found = np.take_along_axis(rows, order, axis=1), np.take_along_axis(found, order, axis=1)
    ends = np.isfinite(found).sum(axis=1)
    return [
        _best(visitor_rows[:end], visitor_keys[:end], needed)
        for visitor_rows, visitor_keys, end in zip(rows, found, ends, strict=True)
    ]


def _best(rows: np.ndarray, keys: np.ndarray, needed: int) -> Best:
    """Return the first of sorted rows, of which there is one more than needed, if there are that many."""
    sure = bool(np.isfinite(keys).all() and (keys[:-1] - keys[1:] > TOLERANCE).all())
    return Best(rows[:needed], keys[:needed], sure)


def _allowed_rows(question: ManyQuestion, seen: np.ndarray) -> np.ndarray:
    allowed = question.allowed.copy()
    allowed[seen] = False
    return np.flatnonzero(allowed)


def _without(keys: np.ndarray, seen: list[np.ndarray], allowed: np.ndarray) -> np.ndarray:
    """Return keys (visitors, movies), in their place, with −∞ for what is not to be listed."""
    if not allowed.all():
        keys[:, ~allowed] = -np.inf
    for row, watched in zip(keys, seen, strict=True):
        row[watched] = -np.inf
    return keys


def _log_softmax(batch: VisitorBatch, seen: list[np.ndarray]) -> np.ndarray:
    """Return the logarithms of watch-next probabilities: (visitors, movies), −∞ for what was watched."""
    logits = _without(batch.logits("next"), seen, np.ones(1, bool))
    highest = logits.max(axis=1, keepdims=True)
    logits -= np.where(np.isfinite(highest), highest, 0)
    total = np.exp(logits).sum(axis=1, keepdims=True)
    logits -= np.log(np.maximum(total, np.float32(1e-9)))
    return logits


def _representable(log_probabilities: np.ndarray) -> bool:
    return bool((log_probabilities > LEAST_LOG_PROBABILITY).all())
