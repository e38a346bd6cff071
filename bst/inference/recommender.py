"""The one door to a trained model: expected ratings and ranked lists for a visitor, from any bundle.

Pages, command line and notebooks come through here. What computes is an engine: see ``engines``.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from bst.bundles.bundle import Bundle, open_bundle
from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from bst.domain import Domain
from bst.inference import engines, many
from bst.inference.engines import Engine
from bst.inference.history import history_rows
from bst.inference.list_maker import ListMaker
from bst.inference.many import RankedMany
from bst.inference.movie_data import MovieData
from bst.inference.preselection import Preselection
from bst.inference.ranking import ORDERS, Filters, Order, RankOptions, genre_columns
from bst.inference.recommendation import Recommendation
from bst.models.config import Task
from bst.models.weights import Weights
from bst.schema import Dataset, Event, Visitor
from bst.scoring.packed import PackedVisitors
from bst.scoring.results import CandidateAttention, CandidateScores, IntegratedGradients, Predictions
from bst.scoring.scorer import Scorer

__all__ = ["ORDERS", "Filters", "RankOptions", "Recommendation", "Recommender", "genre_columns"]

# how many visitors' predictions are kept, as a page asks about the same few again and again: at least those of a page,
# at most those of about fifty people, and of a large catalogue what fits into about 32 MB
LEAST_KEPT, MOST_KEPT, KEPT_MOVIES = 32, 256, 1_000_000


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
        rating_counts: np.ndarray | None = None,
    ):
        """Use ``load``, which makes parts that fit each other."""
        self.bundle, self.catalogue, self.engine, self._scorer = bundle, catalogue, engine, scorer
        kept = max(LEAST_KEPT, min(MOST_KEPT, KEPT_MOVIES // max(1, len(catalogue))))
        self._cached_predictions: Callable[[Visitor], Predictions] = lru_cache(maxsize=kept)(self._predict)
        self._movies = MovieData(
            bundle, catalogue, scorer, bundle.dataset if dataset is None else dataset, rating_counts
        )
        self._lists = ListMaker(bundle, self._movies, scorer, self._cached_predictions, self.history_rows)

    @classmethod
    def load(
        cls,
        bundle: str | Path | Bundle,
        dataset: Dataset | str | Path | None = None,
        *,
        engine: Engine | None = None,
        weights: Weights | None = None,
        uniform_attention: bool = False,
        rating_counts: np.ndarray | None = None,
    ) -> "Recommender":
        """Open a bundle (by name or folder, if it is not open yet) and load its model.

        ``dataset``: what the bundle was trained on, or its name or folder, where the name that the bundle gives does
        not lead to it. ``engine``: what predicts, as the settings have it if None. ``weights``: all weights of the
        bundle's model, if they are not to be read from it. ``uniform_attention``: the same model, but made to attend to
        all tokens equally, for measuring what attention does. Neither works with a model server.
        ``rating_counts`` (movies,): how many ratings each movie has, where they need not be read from the bundle or the
        dataset.

        Raises ``BundleError`` or ``DatasetError`` if either is unusable, ``ConfigError`` for an unknown engine,
        ``ModelServerError`` if the settings name a model server that cannot be reached or does not have this model.
        """
        opened = open_bundle(bundle) if isinstance(bundle, str | Path) else bundle
        source = opened.dataset if dataset is None else dataset
        movies = source.movies if isinstance(source, Dataset) else load_movies(source)
        catalogue = Catalogue(movies, opened.sizes.domain)
        if engine is None:
            engine = engines.local() if weights is not None or uniform_attention else engines.chosen()
        if engine == "remote":
            opened.check_movies(catalogue.movies)
            return cls(opened, catalogue, engines.remote_scorer(opened), source, engine, rating_counts)
        weights = opened.load_weights(catalogue.movies) if weights is None else weights
        scorer = engines.make_scorer(engine, opened, weights, catalogue.rows, uniform_attention)
        return cls(opened, catalogue, scorer, source, engine, rating_counts)

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
        return history_rows(visitor, self.bundle, self.catalogue)

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the model predicts: "rating", and perhaps "next" and "like"."""
        return self._scorer.tasks

    @property
    def orders(self) -> tuple[Order, ...]:
        """Which of ``ORDERS`` the model supports; the first is the default."""
        return self._lists.orders

    @property
    def default_options(self) -> RankOptions:
        """The options of a list where none are given: the model's default order, everything unseen."""
        return self._lists.default_options

    def read_events(self, visitor: Visitor) -> tuple[Event, ...]:
        """Return the events that the model reads, oldest first."""
        return visitor.history[max(0, len(visitor.history) - self.max_history) :]

    # ---- predictions

    def predict(self, visitor: Visitor) -> Predictions:
        """Predict the whole catalogue. The arrays are shared by all callers, and read-only."""
        return self._cached_predictions(visitor)

    def _predict(self, visitor: Visitor) -> Predictions:
        predictions = self._scorer.predict(visitor, self.history_rows(visitor))
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
        rows = [self.history_rows(visitor) for visitor in visitors]
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
        return self._scorer.attention_weights(visitor, self.history_rows(visitor), self.catalogue.row(movie_id))

    def tower_attention(self, visitor: Visitor, task: Task) -> CandidateAttention:
        """Return what the state attends to from which ``task``, "next" or "like", is predicted of all movies alike.

        Raises ``ValueError`` for a model that does not predict it.
        """
        return self._scorer.tower_attention(visitor, self.history_rows(visitor), task)

    def score_movie(self, visitors: Sequence[Visitor], movie_id: int) -> CandidateScores:
        """Predict one movie for each of several visitors."""
        rows = [self.history_rows(visitor) for visitor in visitors]
        return self._scorer.score_movie(visitors, rows, self.catalogue.row(movie_id))

    def score_movie_without_each(
        self, visitor: Visitor, movie_id: int, catalogue_logits: bool = True
    ) -> CandidateScores:
        """Predict one movie for the visitor, then for the same visitor without each of ``read_events``.

        As ``score_movie`` does for as many visitors, but many times faster. ``catalogue_logits``: whether
        ``next_logit`` and ``like_logit`` are predicted, which takes most of the time.
        """
        return self._scorer.score_movie_without_each(
            visitor, self.history_rows(visitor), self.catalogue.row(movie_id), catalogue_logits
        )

    def expected_without_each(
        self, visitor: Visitor, movie_ids: Sequence[int], positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return expected ratings of movies as in ``score_movie_without_each``: (1 + events, movies) float32 stars.

        ``positions``: only without those of ``read_events``, in this order.
        """
        rows, movies = self.history_rows(visitor), self.catalogue.rows(movie_ids)
        return self._scorer.expected_without_each(visitor, rows, movies, positions)

    def like_logit_without_each(
        self, visitor: Visitor, movie_ids: Sequence[int], positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return ``like_logit`` of movies, seen ones too, as ``expected_without_each``: (1 + events, movies) log-odds.

        Raises ``ValueError`` for a model without order "like".
        """
        rows, movies = self.history_rows(visitor), self.catalogue.rows(movie_ids)
        return self._scorer.like_logit_without_each(visitor, rows, movies, positions)

    def expected_if_rated(self, visitor: Visitor, movie_id: int, positions: Sequence[int] | None = None) -> np.ndarray:
        """Return the expected rating of a movie for each rating that an event might have: (events, levels) stars.

        ``positions``: only for those of ``read_events``, in this order.
        """
        return self._scorer.expected_if_rated(
            visitor, self.history_rows(visitor), self.catalogue.row(movie_id), positions
        )

    def catalogue_logits(
        self, visitors: Sequence[Visitor], task: Task, movie_ids: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the logits of ``task``, "next" or "like", watched movies included: float32 (visitors, movies).

        Of the whole catalogue in its order, or of ``movie_ids``. Raises ``ValueError`` for a model without that tower.
        """
        movies = None if movie_ids is None else self.catalogue.rows(movie_ids)
        return self._scorer.catalogue_logits(visitors, [self.history_rows(one) for one in visitors], task, movies)

    def integrated_gradients(
        self, visitor: Visitor, movie_id: int, steps: int | None = None, task: Task = "rating"
    ) -> IntegratedGradients:
        """Return integrated gradients of an expected rating, or of a logit: see ``Scorer.integrated_gradients``."""
        rows, movie = self.history_rows(visitor), self.catalogue.row(movie_id)
        return self._scorer.integrated_gradients(visitor, rows, movie, steps, task)

    def gradient_times_input(self, visitor: Visitor, movie_id: int, task: Task = "rating") -> np.ndarray:
        """Return the gradient × input of each event that is read, (events,): see ``Scorer.gradient_times_input``."""
        return self._scorer.gradient_times_input(
            visitor, self.history_rows(visitor), self.catalogue.row(movie_id), task
        )

    # ---- ranked lists

    def recommendation(self, visitor: Visitor, movie_id: int) -> Recommendation:
        """Return one movie, seen or not; ``rank`` is that among the whole catalogue by expected rating.

        In a large catalogue it is that by the factor model's ratings.
        """
        return self._lists.recommendation(visitor, self.catalogue.row(movie_id))

    def rank(self, visitor: Visitor, k: int | None = 10, options: RankOptions | None = None) -> list[Recommendation]:
        """Return the first ``k`` movies (None: all) of the list that the options describe: ``default_options`` if None.

        The same question always gives the same list: what an order leaves equal is ordered by expected rating, and ties
        keep the order of the catalogue. A shorter list is the beginning of a longer one.

        Raises ``VisitorError`` for ``k`` below 1 and for an order that the model does not support, ``DatasetError`` if
        movies are filtered by popularity and the dataset is gone.
        """
        return self._lists.rank(visitor, k, options)

    def rank_together(
        self, visitors: Sequence[Visitor], k: int | None = 10, options: RankOptions | None = None
    ) -> list[list[Recommendation]]:
        """Return the list of ``rank`` for each of a few visitors who wait at the same time, with less work for each.

        Predictions are those of ``rank`` but for rounding. Errors as there; for the first visitor who has one.
        """
        rows = [self.history_rows(visitor) for visitor in visitors]
        predictions = dict(zip(visitors, self._scorer.predict_together(visitors, rows), strict=True))
        lists = self._lists.with_predictions(predictions.__getitem__)
        return [lists.rank(visitor, k, options) for visitor in visitors]

    def ranked_rows(self, visitor: Visitor, options: RankOptions | None = None, k: int | None = None) -> np.ndarray:
        """Return the list of ``rank`` as row numbers of the catalogue, best first: (movies that pass,) int64.

        Much faster for a whole catalogue. One of more than 20,000 movies is ranked in two stages: see
        ``ranking.MOST_IN_ONE_STAGE``. Errors as in ``rank``.
        """
        return self._lists.ranked_rows(visitor, options, k)

    @property
    def preselection(self) -> Preselection | None:
        """What finds candidates in a large catalogue; None where a list is made from all movies."""
        return self._lists.preselection

    def list_note(self, options: RankOptions) -> str | None:
        """Return what to say beside a list: how it was made of a large catalogue; None where all movies were ranked."""
        return self._lists.note(options)

    def rank_many(
        self, visitors: Sequence[Visitor] | PackedVisitors, k: int = 10, options: RankOptions | None = None
    ) -> RankedMany:
        """Return the first ``k`` of the list of each of many visitors: the lists of ``rank``, several times faster.

        Histories of similar length are read together, on as many threads as ``bst.parallel`` allows. Lists that this
        could not order for certain are made one by one, and so are all of a model, or of a question, for which batches
        are not faster. Errors as in ``rank``.
        """
        return many.rank_many(self._lists, visitors, k, options)

    def sort_keys(
        self, predictions: Predictions, options: RankOptions, movie_ids: Sequence[int] | None = None
    ) -> list[np.ndarray]:
        """Return what movies are sorted by: see ``ranking.sort_keys``.

        ``predictions`` of ``movie_ids``, or of the whole catalogue, for one visitor or many. Order "rating" is by
        expected ratings alone where neither the bundle nor a dataset has the numbers of ratings.
        """
        return self._lists.sort_keys(predictions, options, movie_ids)

    # ---- movies

    @property
    def rating_counts(self) -> np.ndarray:
        """How many ratings each movie has in the dataset, (movies,) int64.

        As the bundle has them; otherwise from the whole dataset, which is read once. Raises ``DatasetError`` if neither
        is there.
        """
        return self._movies.rating_counts

    @property
    def known_rating_counts(self) -> np.ndarray | None:
        """``rating_counts``, or None where neither the bundle nor a dataset has them."""
        return self._movies.known_rating_counts

    @property
    def popularity_percentile(self) -> np.ndarray:
        """The share of the catalogue that has fewer ratings than each movie: (movies,). See ``Filters.popularity``."""
        return self._movies.popularity_percentile

    @property
    def embeddings(self) -> np.ndarray:
        """The model's vector of each movie: (movies, D) float32 of length 1, whose dot products are cosines.

        The mean of the learned vectors is subtracted, as what all movies share does not distinguish them.
        """
        return self._movies.embeddings

    def vectors_of(self, rows: np.ndarray) -> np.ndarray:
        """Return ``embeddings`` of some movies: (N, D); those of a large catalogue are not made for it."""
        return self._movies.vectors_of(rows)

    def highest(self, visitor: Visitor, task: Task) -> float:
        """Return the highest probability of any unseen movie of being next ("next") or liked ("like"); 0 if unknown."""
        if task not in self.tasks:
            return 0.0
        if self.preselection:
            return self.preselection.highest(visitor, task)
        predictions = self.predict(visitor)
        of_task = predictions.will_like if task == "like" else predictions.watch_next
        return 0.0 if of_task is None else float(of_task.max())
