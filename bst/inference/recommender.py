"""The one door to a trained model: expected ratings and ranked lists for a visitor, from any bundle.

Pages, command line and notebooks come through here. What computes is an engine: see ``engines``.
"""

from collections.abc import Callable, Collection, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bst.bundles import rating_counts
from bst.bundles.bundle import Bundle, open_bundle
from bst.datasets import load, load_movies
from bst.datasets.catalogue import Catalogue
from bst.domain import Domain
from bst.errors import DatasetError, VisitorError
from bst.inference import engines, many, ranking
from bst.inference.engines import Engine
from bst.inference.many import ManyQuestion, RankedMany
from bst.inference.preselection import LISTED, LONGEST, Preselection
from bst.inference.ranking import ORDERS, Filters, Order, RankOptions, genre_columns
from bst.models.config import Task
from bst.models.weights import Weights
from bst.schema import HALF_STARS, Dataset, Event, Visitor, genre_matrix
from bst.scoring.packed import PackedVisitors
from bst.scoring.results import CandidateAttention, CandidateScores, IntegratedGradients, LazyPredictions, Predictions
from bst.scoring.scorer import Scorer
from bst.text import quoted

__all__ = ["ORDERS", "Filters", "RankOptions", "Recommendation", "Recommender", "genre_columns"]

# how many visitors' predictions are kept, as a page asks about the same few again and again: at least those of a page,
# at most those of some fifty people, and of a large catalogue as many as take about 32 MB
LEAST_KEPT, MOST_KEPT, KEPT_MOVIES = 32, 256, 1_000_000


@dataclass(frozen=True)
class Recommendation:
    """One row of a ranked list. ``expected_rating`` in stars; ``seen``: whether the visitor has seen the movie.

    ``distribution`` (probability of each rating level), ``watch_next`` (probability of being the next movie, 0 for a
    seen one) and ``will_like`` (probability of being watched and liked some time, 0 for a seen one) are None for a
    model that does not predict them.
    """

    rank: int
    movie_id: int
    title: str
    genres: str
    expected_rating: float
    seen: bool = False
    distribution: tuple[float, ...] | None = None
    watch_next: float | None = None
    will_like: float | None = None


class Recommender:
    """A bundle's model with the catalogue that it was trained on.

    Without a user id: a visitor has none. Demographics may be unknown. The newest ``max_history`` events of the history
    are read. Every method that takes a visitor raises ``VisitorError`` for a movie that is not in the catalogue or a
    rating that the dataset does not allow.
    """

    def __init__(
        self,
        bundle: Bundle,
        catalogue: Catalogue,
        scorer: Scorer,
        dataset: Dataset | str | Path | None = None,
        engine: Engine = engines.DEFAULT,
    ):
        """Use ``load``, which makes parts that fit each other."""
        self.bundle, self.catalogue, self.engine = bundle, catalogue, engine
        self._scorer, self._dataset = scorer, bundle.dataset if dataset is None else dataset
        self._genres, self._years = (
            genre_matrix(catalogue.movies, self.domain.tag_values),
            ranking.years_of(catalogue.movies),
        )
        self._names = _names(catalogue.movies)
        kept = max(LEAST_KEPT, min(MOST_KEPT, KEPT_MOVIES // max(1, len(catalogue))))
        self._cached_predictions: Callable[[Visitor], Predictions] = lru_cache(maxsize=kept)(self._predict)

    @classmethod
    def load(
        cls,
        bundle: str | Path | Bundle,
        dataset: Dataset | str | Path | None = None,
        *,
        engine: Engine | None = None,
        weights: Weights | None = None,
        uniform_attention: bool = False,
    ) -> "Recommender":
        """Open a bundle (by name or folder, if it is not open yet) and load its model.

        ``dataset``: what the bundle was trained on, or its name or folder, where the name that the bundle gives does
        not lead to it. ``engine``: what predicts, as the settings have it if None. ``weights``: all weights of the
        bundle's model, if they are not to be read from it. ``uniform_attention``: the same model, but made to attend to
        all tokens equally, for measuring what attention does. Neither is a matter of a model server.

        Raises ``BundleError`` or ``DatasetError`` if either is unusable, ``ConfigError`` for an unknown engine,
        ``ModelServerError`` if there is to be a model server and it is away or does not have this model.
        """
        opened = open_bundle(bundle) if isinstance(bundle, str | Path) else bundle
        source = opened.dataset if dataset is None else dataset
        movies = source.movies if isinstance(source, Dataset) else load_movies(source)
        catalogue = Catalogue(movies, opened.sizes.domain)
        if engine is None:
            engine = engines.local() if weights is not None or uniform_attention else engines.chosen()
        if engine == "remote":
            opened.check_movies(catalogue.movies)
            return cls(opened, catalogue, engines.remote_scorer(opened), source, engine)
        weights = opened.load_weights(catalogue.movies) if weights is None else weights
        scorer = engines.make_scorer(engine, opened, weights, catalogue.rows, uniform_attention)
        return cls(opened, catalogue, scorer, source, engine)

    @property
    def domain(self) -> Domain:
        """What the dataset is about: the names of things, and what may be known of a visitor."""
        return self.catalogue.domain

    @property
    def max_history(self) -> int:
        """How many of the newest events the model reads."""
        return self._scorer.max_history

    @property
    def scorer(self) -> Scorer:
        """What predicts, for a server that passes on the questions of another process; all others ask this class."""
        return self._scorer

    def history_rows(self, visitor: Visitor) -> np.ndarray:
        """Return the movies of the history as a scorer is given them: rows of the catalogue, int32 (events,)."""
        return self._rows(visitor)

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the model predicts: "rating", and perhaps "next" and "like"."""
        return self._scorer.tasks

    @property
    def orders(self) -> tuple[Order, ...]:
        """Which of ``ORDERS`` the model supports; the first is the default."""
        return ranking.orders_of(self.tasks)

    @property
    def default_options(self) -> RankOptions:
        """The options of a list where none are given: the model's default order, everything unseen."""
        return RankOptions(order=self.orders[0])

    def read_events(self, visitor: Visitor) -> tuple[Event, ...]:
        """Return the events that the model reads, oldest first."""
        return visitor.history[max(0, len(visitor.history) - self.max_history) :]

    # ---- predictions

    def predict(self, visitor: Visitor) -> Predictions:
        """Predict the whole catalogue. The arrays are shared by all callers, and read-only."""
        return self._cached_predictions(visitor)

    def _predict(self, visitor: Visitor) -> Predictions:
        predictions = self._scorer.predict(visitor, self._rows(visitor))
        for values in vars(predictions).values():
            if isinstance(values, np.ndarray):
                values.flags.writeable = False
        return predictions

    def predict_many(
        self, visitors: Sequence[Visitor], movie_ids: Sequence[int], tasks: Collection[Task] = ()
    ) -> Predictions:
        """Predict some movies for many visitors at once: as ``predict`` does one by one, but many times faster.

        ``expected`` is (visitors, movies) and ``distribution`` (visitors, movies, levels). ``watch_next`` and
        ``like_logit``, (visitors, movies) each, take a pass of their own: they are None unless ``tasks`` has "next" or
        "like".
        """
        rows = [self._rows(visitor) for visitor in visitors]
        return self._scorer.predict_many(visitors, rows, self.catalogue.rows(movie_ids), tasks)

    def expected_ratings(self, visitor: Visitor, movie_ids: Sequence[int] | None = None) -> np.ndarray:
        """Predict the visitor's ratings of movies, or of the whole catalogue in its order: (movies,) float32 stars.

        Values lie within the dataset's rating levels.
        """
        expected = self.predict(visitor).expected
        return expected if movie_ids is None else expected[self.catalogue.rows(movie_ids)]

    # ---- explanations of a prediction

    def attention(self, visitor: Visitor, movie_id: int) -> CandidateAttention:
        """Return the attention weights of a movie in the pass that predicts its rating."""
        return self._scorer.attention_weights(visitor, self._rows(visitor), self.catalogue.row(movie_id))

    def tower_attention(self, visitor: Visitor, task: Task) -> CandidateAttention:
        """Return what the state attends to from which ``task``, "next" or "like", is predicted of all movies alike.

        Raises ``ValueError`` for a model that does not predict it.
        """
        return self._scorer.tower_attention(visitor, self._rows(visitor), task)

    def score_movie(self, visitors: Sequence[Visitor], movie_id: int) -> CandidateScores:
        """Predict one movie for each of several visitors."""
        rows = [self._rows(visitor) for visitor in visitors]
        return self._scorer.score_movie(visitors, rows, self.catalogue.row(movie_id))

    def score_movie_without_each(
        self, visitor: Visitor, movie_id: int, catalogue_logits: bool = True
    ) -> CandidateScores:
        """Predict one movie for the visitor, then for the same visitor without each of ``read_events``.

        As ``score_movie`` does for as many visitors, but many times faster. ``catalogue_logits``: whether
        ``next_logit`` and ``like_logit`` are predicted, which takes most of the time.
        """
        return self._scorer.score_movie_without_each(
            visitor, self._rows(visitor), self.catalogue.row(movie_id), catalogue_logits
        )

    def expected_without_each(
        self, visitor: Visitor, movie_ids: Sequence[int], positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return expected ratings of movies as in ``score_movie_without_each``: (1 + events, movies) float32 stars.

        ``positions``: only without those of ``read_events``, in this order.
        """
        rows, movies = self._rows(visitor), self.catalogue.rows(movie_ids)
        return self._scorer.expected_without_each(visitor, rows, movies, positions)

    def like_logit_without_each(
        self, visitor: Visitor, movie_ids: Sequence[int], positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return ``like_logit`` of movies, seen ones too, as ``expected_without_each``: (1 + events, movies) log-odds.

        Raises ``ValueError`` for a model without order "like".
        """
        rows, movies = self._rows(visitor), self.catalogue.rows(movie_ids)
        return self._scorer.like_logit_without_each(visitor, rows, movies, positions)

    def expected_if_rated(self, visitor: Visitor, movie_id: int, positions: Sequence[int] | None = None) -> np.ndarray:
        """Return the expected rating of a movie for each rating that an event might have: (events, levels) stars.

        ``positions``: only for those of ``read_events``, in this order.
        """
        return self._scorer.expected_if_rated(visitor, self._rows(visitor), self.catalogue.row(movie_id), positions)

    def catalogue_logits(
        self, visitors: Sequence[Visitor], task: Task, movie_ids: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the logits of ``task``, "next" or "like", watched movies included: float32 (visitors, movies).

        Of the whole catalogue in its order, or of ``movie_ids``. Raises ``ValueError`` for a model without that tower.
        """
        movies = None if movie_ids is None else self.catalogue.rows(movie_ids)
        return self._scorer.catalogue_logits(visitors, [self._rows(one) for one in visitors], task, movies)

    def integrated_gradients(
        self, visitor: Visitor, movie_id: int, steps: int | None = None, task: Task = "rating"
    ) -> IntegratedGradients:
        """Return integrated gradients of an expected rating, or of a logit: see ``Scorer.integrated_gradients``."""
        rows, movie = self._rows(visitor), self.catalogue.row(movie_id)
        return self._scorer.integrated_gradients(visitor, rows, movie, steps, task)

    def gradient_times_input(self, visitor: Visitor, movie_id: int, task: Task = "rating") -> np.ndarray:
        """Return the gradient × input of each event that is read, (events,): see ``Scorer.gradient_times_input``."""
        return self._scorer.gradient_times_input(visitor, self._rows(visitor), self.catalogue.row(movie_id), task)

    # ---- ranked lists

    def recommendation(self, visitor: Visitor, movie_id: int) -> Recommendation:
        """Return one movie, seen or not; ``rank`` is that among the whole catalogue by expected rating.

        In a large catalogue it is that by the factor model's ratings.
        """
        row = self.catalogue.row(movie_id)
        if self.preselection:
            one = self.preselection.predictions(visitor, np.array([row]))
            return self._recommendation(visitor, one, row, 0, self.preselection.rank_by_rating(visitor, row))
        predictions = self.predict(visitor)
        rank = int((predictions.expected > predictions.expected[row]).sum()) + 1
        return self._recommendation(visitor, predictions, row, row, rank)

    def rank(self, visitor: Visitor, k: int | None = 10, options: RankOptions | None = None) -> list[Recommendation]:
        """Return the first ``k`` movies (None: all) of the list that the options describe: ``default_options`` if None.

        The same question always gives the same list: what an order leaves equal is ordered by expected rating, and ties
        keep the order of the catalogue. A shorter list is the beginning of a longer one.

        Raises ``VisitorError`` for ``k`` below 1 and for an order that the model does not support, ``DatasetError`` if
        movies are filtered by popularity and the dataset is gone.
        """
        if k is not None and k < 1:
            raise VisitorError(f"a list needs at least one movie, not {k}")
        rows = self.ranked_rows(visitor, options, k)
        predictions, columns = self._predictions_of(visitor, rows)
        return [
            self._recommendation(visitor, predictions, row, column, rank)
            for rank, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True), start=1)
        ]

    def rank_together(
        self, visitors: Sequence[Visitor], k: int | None = 10, options: RankOptions | None = None
    ) -> list[list[Recommendation]]:
        """Return the list of ``rank`` for each of a few visitors who wait at the same time, with less work for each.

        Predictions are those of ``rank`` but for rounding. Errors as there; for the first visitor who has one.
        """
        rows = [self._rows(visitor) for visitor in visitors]
        together = copy(self)
        predictions = dict(zip(visitors, self._scorer.predict_together(visitors, rows), strict=True))
        together._cached_predictions = predictions.__getitem__
        return [together.rank(visitor, k, options) for visitor in visitors]

    def ranked_rows(self, visitor: Visitor, options: RankOptions | None = None, k: int | None = None) -> np.ndarray:
        """Return the list of ``rank`` as row numbers of the catalogue, best first: (movies that pass,) int64.

        Much faster for a whole catalogue. One of more than 20,000 movies is ranked in two stages: see
        ``ranking.MOST_IN_ONE_STAGE``. Errors as in ``rank``.
        """
        options = options or self.default_options
        self._check_order(options)
        allowed = self._allowed(visitor, options.filters)
        needed = max(k or 0, ranking.POOL if options.diversity else 0)
        if k is not None and needed <= LONGEST and self.preselection:
            best = self.preselection.rank(visitor, options, allowed)
        elif self._in_two_stages:
            best = self._rank_in_two_stages(visitor, options, allowed)
        else:
            best = self._rank_in_one_stage(visitor, options, allowed, None if k is None else needed)
        if not options.diversity:
            return best[:k]
        order = np.arange(len(best))  # of the pool: no more vectors are needed
        return best[ranking.diversify(order, self.vectors_of(best[: ranking.POOL]), options.diversity, k)]

    @cached_property
    def preselection(self) -> Preselection | None:
        """What finds candidates in a large catalogue; None where a list is made from all movies."""
        stage = self._scorer.first_stage if len(self.catalogue) > ranking.MOST_WITHOUT_INDEX else None
        if stage is None:
            return None

        def rows_of(visitor: Visitor) -> tuple[np.ndarray, np.ndarray]:
            return self._rows(visitor), self.catalogue.rows(visitor.all_seen)

        return Preselection(self.bundle, stage, self.known_rating_counts, rows_of)

    def list_note(self, options: RankOptions) -> str | None:
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

    def rank_many(
        self, visitors: Sequence[Visitor] | PackedVisitors, k: int = 10, options: RankOptions | None = None
    ) -> RankedMany:
        """Return the first ``k`` of the list of each of many visitors: the lists of ``rank``, several times faster.

        Histories of similar length are read together, on as many threads as ``bst.parallel`` allows. Lists that this
        could not order for certain are made one by one, and so are all of a model, or of a question, for which batches
        are no quicker. Errors as in ``rank``.
        """
        if k < 1:
            raise VisitorError(f"a list needs at least one movie, not {k}")
        options = options or self.default_options
        self._check_order(options)
        if isinstance(visitors, PackedVisitors):
            packed = visitors
        else:
            histories = [self._rows(one) for one in visitors]
            packed = PackedVisitors.of(visitors, histories, self.catalogue.rows, self.domain)
        result = RankedMany.empty(len(packed), k)
        by_ratings = options.order in ("rating", "blend")
        in_batches = not options.filters.include_seen and not (self._in_two_stages and by_ratings)
        batches = self._scorer.batches(packed) if in_batches else None
        unsure: Sequence[int] = range(len(packed))
        if batches is not None:
            with_fame = options.order == "like" and options.fame < 1
            question = ManyQuestion(
                options,
                k,
                self.bundle.levels,
                self._allowed(Visitor(), options.filters),
                self._counts_for(options),
                self.predict(Visitor()).fame_logit if with_fame else None,
                self.embeddings if options.diversity else None,
            )
            unsure = many.fill(result, batches, packed, question)
        ids = self.catalogue.movies["movie_id"].to_numpy()
        for index in unsure:
            one = (
                visitors.visitor(index, ids, self.max_history)
                if isinstance(visitors, PackedVisitors)
                else visitors[index]
            )
            rows = self.ranked_rows(one, options, k)
            if len(rows):
                predictions = self._predict_some(one, rows, ranking.ORDER_TASKS[options.order])
                key = self.sort_keys(predictions, options, ids[rows])[0]
                # those of "next" and "blend" are probabilities already
                result.put(index, rows, many.score_of(key, options) if options.order == "like" else key)
        return result

    @property
    def _in_two_stages(self) -> bool:
        return len(self.catalogue) > ranking.MOST_IN_ONE_STAGE

    def _check_order(self, options: RankOptions) -> None:
        if options.order not in self.orders:
            raise VisitorError(
                f"model {self.bundle.name} cannot order by {quoted(options.order)}; it can by: {', '.join(self.orders)}"
            )

    def _rank_in_one_stage(
        self, visitor: Visitor, options: RankOptions, allowed: np.ndarray, needed: int | None
    ) -> np.ndarray:
        """Return the allowed rows, best first; at least the ``needed`` first of them (None: all).

        Ratings are predicted only where they decide.
        """
        predictions = self.predict(visitor)
        key = ranking.primary_key(predictions, options, self.bundle.levels, self._counts_for(options))
        allowed = ranking.with_best(key, allowed, needed)
        if not isinstance(predictions, LazyPredictions):
            return ranking.argsort_candidates([key, predictions.expected], allowed)
        expected, tied = np.zeros(len(key), np.float32), ranking.tied_rows(key, allowed)
        expected[tied], _ = predictions.ratings_of(tied)
        return ranking.argsort_candidates([key, expected], allowed)

    def _predictions_of(self, visitor: Visitor, rows: np.ndarray) -> tuple[Predictions, np.ndarray]:
        """Return predictions that have these movies, and their columns there."""
        columns = np.arange(len(rows))
        if self.preselection:
            return self.preselection.predictions(visitor, rows), columns
        if self._in_two_stages:
            return self._predict_some(visitor, rows, self.tasks), columns
        everything = self.predict(visitor)
        if not isinstance(everything, LazyPredictions):
            return everything, rows
        watch_next, like_logit = (
            None if part is None else part[rows] for part in (everything.watch_next, everything.like_logit)
        )
        return Predictions(*everything.ratings_of(rows), watch_next, like_logit), columns

    def _rank_in_two_stages(self, visitor: Visitor, options: RankOptions, allowed: np.ndarray) -> np.ndarray:
        """Return the allowed rows, best first; behind those of the second stage in the order of the first."""
        tasks = ranking.ORDER_TASKS[options.order]
        first = self._scorer.retrieve(visitor, self._rows(visitor), tasks)
        if options.order in ("like", "next"):  # ratings decide nothing
            return ranking.argsort_candidates(self.sort_keys(first, options), allowed)
        # a blend takes what is good by either of its parts
        orders: tuple[Order, ...] = ("next", "rating") if options.order == "blend" else (options.order,)
        keys = [
            ranking.primary_key(first, replace(options, order=order), self.bundle.levels, self._counts_for(options))
            for order in orders
        ]
        retrieved, others = ranking.retrieve(keys, allowed)
        second = self._predict_some(visitor, retrieved, tasks)
        keys = self.sort_keys(second, options, [self._names[row][0] for row in retrieved])
        return np.concatenate([retrieved[ranking.argsort_candidates(keys, np.ones(len(retrieved), bool))], others])

    def _predict_some(self, visitor: Visitor, rows: np.ndarray, tasks: Collection[str]) -> Predictions:
        """Predict some movies, by their rows, for one visitor."""
        return self._scorer.predict_many([visitor], [self._rows(visitor)], rows, tasks).of_visitor(0)

    def sort_keys(
        self, predictions: Predictions, options: RankOptions, movie_ids: Sequence[int] | None = None
    ) -> list[np.ndarray]:
        """Return what movies are sorted by: see ``ranking.sort_keys``.

        ``predictions`` of ``movie_ids``, or of the whole catalogue, for one visitor or many. Order "rating" is by
        expected ratings alone where neither the bundle nor a dataset has the numbers of ratings.
        """
        counts = self._counts_for(options)
        if counts is not None and movie_ids is not None:
            counts = counts[self.catalogue.rows(movie_ids)]
        return ranking.sort_keys(predictions, options, self.bundle.levels, counts)

    def _counts_for(self, options: RankOptions) -> np.ndarray | None:
        """Return the numbers of ratings of movies for an order that allows for them."""
        return self.known_rating_counts if options.order == "rating" else None

    def _allowed(self, visitor: Visitor, filters: Filters) -> np.ndarray:
        """Return which movies pass the filters for a visitor: (movies,) bool."""
        allowed = np.ones(len(self.catalogue), bool)
        if not filters.include_seen:
            allowed[self.catalogue.rows(visitor.all_seen)] = False
        if filters.candidates is not None:
            listed = np.zeros(len(self.catalogue), bool)
            listed[self.catalogue.rows(filters.candidates)] = True
            allowed &= listed
        if filters.genres:
            allowed &= self._genres[:, genre_columns(filters.genres, self.domain)].any(axis=1)
        if filters.years:
            first, last = filters.years
            allowed &= (self._years >= first) & (self._years <= last)
        if filters.popularity:
            allowed &= ranking.in_range(self.popularity_percentile, filters.popularity)
        return allowed

    def _recommendation(
        self, visitor: Visitor, predictions: Predictions, row: int, column: int, rank: int
    ) -> Recommendation:
        """Return a movie by its row in the catalogue, which has a ``column`` of the predictions."""
        movie_id, title, genres = self._names[row]
        return Recommendation(
            rank=rank,
            movie_id=movie_id,
            title=title,
            genres=genres,
            expected_rating=float(predictions.expected[column]),
            seen=movie_id in visitor,
            distribution=None if predictions.distribution is None else tuple(predictions.distribution[column].tolist()),
            watch_next=None if predictions.watch_next is None else float(predictions.watch_next[column]),
            will_like=None if predictions.will_like is None else float(predictions.will_like[column]),
        )

    # ---- movies

    @cached_property
    def rating_counts(self) -> np.ndarray:
        """How many ratings each movie has in the dataset, (movies,) int64.

        As the bundle has them; otherwise from the whole dataset, which is read once. Raises ``DatasetError`` if neither
        is there.
        """
        stored = rating_counts.read(self.bundle)
        if stored is not None:
            return stored
        dataset = self._dataset if isinstance(self._dataset, Dataset) else load(self._dataset)
        return rating_counts.count(dataset)

    @cached_property
    def known_rating_counts(self) -> np.ndarray | None:
        """``rating_counts``, or None where neither the bundle nor a dataset has them."""
        try:
            return self.rating_counts
        except DatasetError:
            return None

    @cached_property
    def popularity_percentile(self) -> np.ndarray:
        """The share of the catalogue that has fewer ratings than each movie: (movies,). See ``Filters.popularity``."""
        return ranking.popularity_percentile(self.rating_counts)

    @cached_property
    def embeddings(self) -> np.ndarray:
        """The model's vector of each movie: (movies, D) float32 of length 1, whose dot products are cosines.

        The mean of the learned vectors is subtracted, as what all movies share does not distinguish them.
        """
        return self._normed(self._scorer.movie_vectors())

    def vectors_of(self, rows: np.ndarray) -> np.ndarray:
        """Return ``embeddings`` of some movies: (N, D); those of a large catalogue are not made for it."""
        return self.embeddings[rows] if self.preselection is None else self._normed(self._scorer.movie_vectors()[rows])

    @cached_property
    def _mean_vector(self) -> np.ndarray:
        return self._scorer.movie_vectors().mean(axis=0)

    def _normed(self, vectors: np.ndarray) -> np.ndarray:
        vectors = vectors - self._mean_vector
        return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    def highest(self, visitor: Visitor, task: Task) -> float:
        """Return the highest probability of any unseen movie of being next ("next") or liked ("like"); 0 if unknown."""
        if task not in self.tasks:
            return 0.0
        if self.preselection:
            return self.preselection.highest(visitor, task)
        predictions = self.predict(visitor)
        of_task = predictions.will_like if task == "like" else predictions.watch_next
        return 0.0 if of_task is None else float(of_task.max())

    def _rows(self, visitor: Visitor) -> np.ndarray:
        """Return the visitor's history as rows of the catalogue: (events,)."""
        levels = self.bundle.levels
        for event in visitor.history:
            if event.rating not in levels:
                step = "half stars" if HALF_STARS[0] in levels else "whole stars"
                raise VisitorError(
                    f"{self.catalogue.title(event.movie_id)} cannot be rated {event.rating:g}: "
                    f"{self.bundle.dataset_title} has {step} from {levels[0]:g} to {levels[-1]:g}"
                )
        return self.catalogue.rows(visitor.ratings)


def _names(movies: pd.DataFrame) -> Sequence[tuple[int, str, str]]:
    """Return id, title and genres of each movie.

    Plain tuples: every click makes a new list of recommendations, and reading a frame cell by cell is slow. Those of a
    large catalogue are read when they are needed, as 1 million take as much memory as the frame.
    """
    columns = movies[["movie_id", "title", "genres"]]
    if len(movies) > ranking.MOST_WITHOUT_INDEX:
        return _LazyNames(*(columns[name].array for name in columns))
    return list(columns.itertuples(index=False, name=None))


class _LazyNames(Sequence[tuple[int, str, str]]):
    def __init__(self, *columns: Any):
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def __getitem__(self, row: Any) -> Any:
        movie_id, title, genres = (column[row] for column in self._columns)
        return int(movie_id), title, genres
