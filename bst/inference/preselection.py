"""Lists from a large catalogue: candidates are found first, and all else is worked out for these alone.

An index finds the items whose scores of the next tower, the like tower or the factor model are highest for a visitor
(``item_index``); the exact scores then order them, and where ratings decide, the whole model ranks them. Without an
index, or where a filter leaves few items, the first scores are worked out for all items that pass.
"""

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np

from bst.bundles.bundle import Bundle
from bst.errors import BSTError
from bst.inference import index_store, ranking
from bst.inference.item_index import ItemIndex
from bst.inference.ranking import RankOptions
from bst.models.config import Task
from bst.schema import Visitor
from bst.scoring.first_stage import FirstStage, Kind, VisitorScores
from bst.scoring.results import Predictions, expit

# candidates of orders in which ratings decide nothing, and the longest list that is made of candidates
LISTED, LONGEST = 1_000, 500
# so few items are scored without an index: nothing is missed, and an index would look at most of its lists
MOST_SCORED = 50_000
# items drawn at random, by which the sum of a softmax over all that are not candidates is estimated
SAMPLED = 20_000
KEPT_VISITORS = 64


@dataclass(frozen=True)
class _Reader:
    """What is known of one visitor. ``seen`` int (items,): rows of what they have seen."""

    stage: FirstStage
    scores: VisitorScores
    seen: np.ndarray
    find_next: Callable[["_Reader"], np.ndarray]

    @cached_property
    def log_sum(self) -> float:
        """ln Σ e^logit of the next tower over the unseen items: exact of the candidates, estimated of the others."""
        found = np.setdiff1d(self.find_next(self), self.seen)
        sample = np.setdiff1d(_sample(self.stage.size), np.concatenate([found, self.seen]))
        others = self.stage.size - len(found) - len(np.unique(self.seen))
        logits = [self.scores.scores("next", rows).astype(np.float64) for rows in (found, sample)]
        if len(sample):
            logits[1] += np.log(max(others, 1) / len(sample))
        together = np.concatenate(logits)
        return float(np.logaddexp.reduce(together)) if len(together) else 0.0


@lru_cache(maxsize=4)
def _sample(items: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).choice(items, min(items, SAMPLED), replace=False))


class Preselection:
    """Candidates of a bundle's catalogue. ``counts`` (items,): how many ratings each has, None if that is unknown.

    ``rows_of``: a visitor's history, and all that they have seen, as rows.
    """

    def __init__(
        self,
        bundle: Bundle,
        stage: FirstStage,
        counts: np.ndarray | None,
        rows_of: Callable[[Visitor], tuple[np.ndarray, np.ndarray]],
    ):
        self.bundle, self.stage, self.counts, self._rows_of = bundle, stage, counts, rows_of
        self.levels = bundle.levels
        self._indexes: dict[str, ItemIndex] | None = None
        self._looked, self._building = False, threading.Lock()
        self._read = lru_cache(maxsize=KEPT_VISITORS)(self._reader)

    # ---- the index

    @property
    def indexes(self) -> dict[str, ItemIndex] | None:
        """The indexes by kind, if they have been built: read on first use."""
        if not self._looked:
            self._looked = True
            with suppress(BSTError):  # without the package lists are searched for among all items
                self._indexes = index_store.read(self.bundle, self._key, self.stage.kinds)
        return self._indexes

    def build(self) -> None:
        """Build the indexes, unless they are there. Raises ``BSTError`` if they cannot be built or kept."""
        with self._building:
            if self.indexes is None:
                builders: dict[str, Callable[[], ItemIndex]] = {
                    kind: partial(self._build_one, kind) for kind in self.stage.kinds
                }
                self._indexes = index_store.build(self.bundle, self._key, builders)

    def _build_one(self, kind: Kind) -> ItemIndex:
        return ItemIndex.build(self._items(kind))

    def build_in_background(self) -> None:
        """Build the indexes in a thread of their own, if they can be; lists are made without them until then."""

        def build() -> None:
            with suppress(BSTError):
                self.build()

        if self.indexes is None:
            threading.Thread(target=build, name="index of items", daemon=True).start()

    @cached_property
    def _key(self) -> str:
        """What the indexes depend on beside the weights: the numbers of ratings, which order "rating" allows for."""
        return "" if self.counts is None else hashlib.sha256(self.counts.astype("<i8").tobytes()).hexdigest()

    @cached_property
    def _uncertainty(self) -> np.ndarray:
        if self.counts is None:
            return np.zeros(self.stage.size, np.float32)
        return ranking.uncertainty(self.counts, self.levels).astype(np.float32)

    def _items(self, kind: Kind) -> np.ndarray:
        items = self.stage.items(kind)
        if kind != "rating":
            return items
        return np.column_stack([items, -self._uncertainty / np.float32(self.stage.scale(kind))])

    # ---- lists

    def rank(self, visitor: Visitor, options: RankOptions, allowed: np.ndarray) -> np.ndarray:
        """Return the best of the ``allowed`` items, bool (items,), as rows, best first: as far as candidates go.

        There are ``LISTED`` of them at least, or all that are allowed.
        """
        reader = self._read(visitor)
        if options.order in ("like", "next"):  # ratings decide nothing but between equals
            kind: Kind = "like" if options.order == "like" else "next"
            rows = np.sort(self._find(reader, kind, LISTED, allowed, options.popularity_weight))
            score = reader.scores.scores(kind, rows, options.popularity_weight)
            score = np.where(np.isin(rows, reader.seen), -np.inf, score)  # listed, where they are wanted, as unlikely
            keys = [score, reader.scores.scores("rating", rows)]
            return rows[np.lexsort([-key for key in reversed(keys)])]
        if options.order == "blend":  # takes what is good by either of its parts
            kinds: tuple[tuple[Kind, bool], ...] = (("next", False), ("rating", False))
        else:
            kinds = (("rating", True),)
        each = ranking.RETRIEVED // len(kinds)
        found = [self._find(reader, kind, each, allowed, careful=careful) for kind, careful in kinds]
        rows = np.unique(np.concatenate(found))
        predictions = self._predictions(reader, rows, ranking.ORDER_TASKS[options.order])
        counts = None if self.counts is None or options.order != "rating" else self.counts[rows]
        keys = ranking.sort_keys(predictions, options, self.levels, counts)
        return rows[np.lexsort([-key for key in reversed(keys)])]

    def predictions(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict some items; ``watch_next`` is out of an estimated sum: see ``SAMPLED``."""
        return self._predictions(self._read(visitor), rows, ("next", "like"))

    def highest(self, visitor: Visitor, task: Task) -> float:
        """Return the highest probability of any item of being next ("next"), or of being liked ("like")."""
        reader = self._read(visitor)
        kind: Kind = "like" if task == "like" else "next"
        allowed = np.ones(self.stage.size, bool)
        allowed[reader.seen] = False
        rows = self._find(reader, kind, LISTED, allowed)
        if not len(rows):
            return 0.0
        best = reader.scores.scores(kind, rows).max()
        return float(expit(best)) if task == "like" else float(np.exp(best - reader.log_sum))

    def rank_by_rating(self, visitor: Visitor, row: int) -> int:
        """Return the rank of an item among all by the factor model's ratings, from 1."""
        scores = self._read(visitor).scores.scores("rating", slice(None))
        return int((scores > scores[row]).sum()) + 1

    # ---- parts

    def _reader(self, visitor: Visitor) -> _Reader:
        history, seen = self._rows_of(visitor)
        return _Reader(self.stage, self.stage.read(visitor, history), seen, self._next_of_all)

    def _next_of_all(self, reader: _Reader) -> np.ndarray:
        allowed = np.ones(self.stage.size, bool)
        allowed[reader.seen] = False
        return self._find(reader, "next", LISTED, allowed)

    def _find(
        self,
        reader: _Reader,
        kind: Kind,
        count: int,
        allowed: np.ndarray,
        popularity_weight: float = 1.0,
        careful: bool = True,
    ) -> np.ndarray:
        """Return the rows of about the ``count`` best of the allowed items, in any order.

        ``careful``: whether scores of kind "rating" are less the uncertainty of items with few ratings.
        """
        left = int(allowed.sum())
        if left > MOST_SCORED and self.indexes is not None:
            query = reader.scores.query(kind, popularity_weight)
            if kind == "rating":
                query = np.append(query, np.float32(self.stage.scale(kind) if careful else 0))
            found = self.indexes[kind].search(query, count, None if left == len(allowed) else allowed)
            if len(found) >= min(count, left):
                return found
        rows = np.flatnonzero(allowed)
        every = left * 2 > len(allowed)  # then one product with all is quicker than to copy most of them
        scores = (
            reader.scores.scores(kind, slice(None), popularity_weight)[rows]
            if every
            else reader.scores.scores(kind, rows, popularity_weight)
        )
        if kind == "rating" and careful:
            scores = scores - self._uncertainty[rows]
        return rows if left <= count else rows[np.argpartition(-scores, count - 1)[:count]]

    def _predictions(self, reader: _Reader, rows: np.ndarray, tasks: tuple[str, ...]) -> Predictions:
        distribution = reader.scores.rate(rows)
        expected = distribution @ np.array(self.levels, np.float32)
        seen = np.isin(rows, reader.seen)
        watch_next = like_logit = popularity_logit = None
        if "next" in tasks and "next" in self.stage.kinds:
            logits = reader.scores.scores("next", rows)
            watch_next = np.where(seen, np.float32(0), np.exp(logits - np.float32(reader.log_sum)))
        if "like" in tasks and "like" in self.stage.kinds:
            like_logit = reader.scores.scores("like", rows)
            popularity_logit = like_logit - reader.scores.scores("like", rows, 0.0)
            like_logit = np.where(seen, np.float32(-np.inf), like_logit)
        return Predictions(expected, distribution, watch_next, like_logit, popularity_logit)
