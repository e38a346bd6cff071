"""Ranked lists of one visitor: which movies are predicted, in one stage, in two or from an index, and their order."""

from collections.abc import Callable, Collection, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from bst.bundles.bundle import Bundle
from bst.errors import VisitorError
from bst.inference import ranking
from bst.inference.movie_data import MovieData
from bst.inference.preselection import LISTED, LONGEST, Preselection
from bst.inference.ranking import Order, RankOptions
from bst.inference.recommendation import Recommendation, make_recommendation, names_of
from bst.schema import Visitor
from bst.scoring.results import LazyPredictions, Predictions
from bst.scoring.scorer import Scorer
from bst.text import quoted


class ListMaker:
    """Makes the lists of ``Recommender``, which documents its methods for callers.

    ``predict`` returns the predictions of the whole catalogue for a visitor; ``rows_of`` the movies of the history as
    rows of the catalogue, and raises ``VisitorError`` for a history that does not fit the dataset.
    """

    def __init__(
        self,
        bundle: Bundle,
        movies: MovieData,
        scorer: Scorer,
        predict: Callable[[Visitor], Predictions],
        rows_of: Callable[[Visitor], np.ndarray],
    ):
        self.bundle, self.movies, self.catalogue = bundle, movies, movies.catalogue
        self.scorer, self.predict, self.rows_of = scorer, predict, rows_of
        self._names = names_of(self.catalogue.movies)

    def with_predictions(self, predict: Callable[[Visitor], Predictions]) -> "ListMaker":
        """Return one that takes predictions from elsewhere."""
        changed = copy(self)
        changed.predict, changed.preselection = predict, self.preselection
        return changed

    @property
    def orders(self) -> tuple[Order, ...]:
        """Which of ``ORDERS`` the model supports; the first is the default."""
        return ranking.orders_of(self.scorer.tasks)

    @property
    def default_options(self) -> RankOptions:
        """The options of a list where none are given: the model's default order, everything unseen."""
        return RankOptions(order=self.orders[0])

    @property
    def in_two_stages(self) -> bool:
        """Whether the catalogue is too large to be ranked in one stage."""
        return len(self.catalogue) > ranking.MOST_IN_ONE_STAGE

    @cached_property
    def preselection(self) -> Preselection | None:
        """What finds candidates in a large catalogue; None where a list is made from all movies."""
        stage = self.movies.first_stage
        if stage is None:
            return None

        def rows_of(visitor: Visitor) -> tuple[np.ndarray, np.ndarray]:
            return self.rows_of(visitor), self.catalogue.rows(visitor.all_seen)

        return Preselection(self.bundle, stage, self.movies.known_rating_counts, rows_of)

    def check_order(self, options: RankOptions) -> None:
        """Raise ``VisitorError`` for an order that the model does not support."""
        if options.order not in self.orders:
            raise VisitorError(
                f"model {self.bundle.name} cannot order by {quoted(options.order)}; it can by: {', '.join(self.orders)}"
            )

    # ---- rows of a list, as titles and figures

    def recommendation(self, visitor: Visitor, row: int) -> Recommendation:
        """Return one movie by its row in the catalogue, seen or not."""
        if self.preselection:
            one = self.preselection.predictions(visitor, np.array([row]))
            rank = self.preselection.rank_by_rating(visitor, row)
            return make_recommendation(self._names[row], visitor, one, 0, rank)
        predictions = self.predict(visitor)
        rank = int((predictions.expected > predictions.expected[row]).sum()) + 1
        return make_recommendation(self._names[row], visitor, predictions, row, rank)

    def rank(self, visitor: Visitor, k: int | None, options: RankOptions | None) -> list[Recommendation]:
        """Return the first ``k`` movies (None: all), best first."""
        if k is not None and k < 1:
            raise VisitorError(f"a list needs at least one movie, not {k}")
        rows = self.ranked_rows(visitor, options, k)
        predictions, columns = self._predictions_of(visitor, rows)
        return [
            make_recommendation(self._names[row], visitor, predictions, column, rank)
            for rank, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True), start=1)
        ]

    def note(self, options: RankOptions) -> str | None:
        """Return what to say beside a list: how it was made of a large catalogue; None where all movies were ranked."""
        if self.preselection is None:
            return None
        ratings = options.order in ("rating", "blend")
        if not ratings and self.preselection.indexes is None:
            return None
        found = ranking.RETRIEVED if ratings else LISTED
        way = "an index" if self.preselection.indexes is not None else "a simpler model"
        return (
            f"Of {len(self.catalogue):,} movies, {way} picked about {found:,} candidates for this visitor, and the "
            "model ranked only these."
        )

    def _predictions_of(self, visitor: Visitor, rows: np.ndarray) -> tuple[Predictions, np.ndarray]:
        """Return predictions that have these movies, and their columns there."""
        columns = np.arange(len(rows))
        if self.preselection:
            return self.preselection.predictions(visitor, rows), columns
        if self.in_two_stages:
            return self.predict_some(visitor, rows, self.scorer.tasks), columns
        everything = self.predict(visitor)
        if not isinstance(everything, LazyPredictions):
            return everything, rows
        watch_next, like_logit = (
            None if part is None else part[rows] for part in (everything.watch_next, everything.like_logit)
        )
        return Predictions(*everything.ratings_of(rows), watch_next, like_logit), columns

    # ---- the order

    def ranked_rows(self, visitor: Visitor, options: RankOptions | None, k: int | None) -> np.ndarray:
        """Return the list as row numbers of the catalogue, best first: (movies that pass,) int64."""
        options = options or self.default_options
        self.check_order(options)
        allowed = self.movies.allowed(visitor, options.filters)
        needed = max(k or 0, ranking.POOL if options.diversity else 0)
        if k is not None and needed <= LONGEST and self.preselection:
            best = self.preselection.rank(visitor, options, allowed)
        elif self.in_two_stages:
            best = self._rank_in_two_stages(visitor, options, allowed)
        else:
            best = self._rank_in_one_stage(visitor, options, allowed, None if k is None else needed)
        if not options.diversity:
            return best[:k]
        order = np.arange(len(best))  # of the pool: no more vectors are needed
        return best[ranking.diversify(order, self.movies.vectors_of(best[: ranking.POOL]), options.diversity, k)]

    def sort_keys(
        self, predictions: Predictions, options: RankOptions, movie_ids: Sequence[int] | None = None
    ) -> list[np.ndarray]:
        """Return what movies are sorted by: see ``ranking.sort_keys``."""
        counts = self.counts_for(options)
        if counts is not None and movie_ids is not None:
            counts = counts[self.catalogue.rows(movie_ids)]
        return ranking.sort_keys(predictions, options, self.bundle.levels, counts)

    def counts_for(self, options: RankOptions) -> np.ndarray | None:
        """Return the numbers of ratings of movies for an order that allows for them."""
        return self.movies.known_rating_counts if options.order == "rating" else None

    def predict_some(self, visitor: Visitor, rows: np.ndarray, tasks: Collection[str]) -> Predictions:
        """Predict some movies, by their rows, for one visitor."""
        return self.scorer.predict_many([visitor], [self.rows_of(visitor)], rows, tasks).of_visitor(0)

    def _rank_in_one_stage(
        self, visitor: Visitor, options: RankOptions, allowed: np.ndarray, needed: int | None
    ) -> np.ndarray:
        """Return the allowed rows, best first; at least the ``needed`` first of them (None: all).

        Ratings are predicted only where they decide.
        """
        predictions = self.predict(visitor)
        key = ranking.primary_key(predictions, options, self.bundle.levels, self.counts_for(options))
        allowed = ranking.with_best(key, allowed, needed)
        if not isinstance(predictions, LazyPredictions):
            return ranking.argsort_candidates([key, predictions.expected], allowed)
        expected, tied = np.zeros(len(key), np.float32), ranking.tied_rows(key, allowed)
        expected[tied], _ = predictions.ratings_of(tied)
        return ranking.argsort_candidates([key, expected], allowed)

    def _rank_in_two_stages(self, visitor: Visitor, options: RankOptions, allowed: np.ndarray) -> np.ndarray:
        """Return the allowed rows, best first; behind those of the second stage in the order of the first."""
        tasks = ranking.ORDER_TASKS[options.order]
        first = self.scorer.retrieve(visitor, self.rows_of(visitor), tasks)
        if options.order in ("like", "next"):  # ratings decide nothing
            return ranking.argsort_candidates(self.sort_keys(first, options), allowed)
        # a blend takes what is good by either of its parts
        orders: tuple[Order, ...] = ("next", "rating") if options.order == "blend" else (options.order,)
        keys = [
            ranking.primary_key(first, replace(options, order=order), self.bundle.levels, self.counts_for(options))
            for order in orders
        ]
        retrieved, others = ranking.retrieve(keys, allowed)
        second = self.predict_some(visitor, retrieved, tasks)
        keys = self.sort_keys(second, options, [self._names[row][0] for row in retrieved])
        return np.concatenate([retrieved[ranking.argsort_candidates(keys, np.ones(len(retrieved), bool))], others])
