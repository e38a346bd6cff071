"""The one door to a trained model: expected ratings and ranked lists for a visitor, from any bundle.

Pages, command line and notebooks come through here. Importing this module is quick; TensorFlow loads with the first
``Recommender``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from bst.bundles.bundle import Bundle, open_bundle
from bst.datasets import load, load_movies
from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.inference import ranking
from bst.inference.ranking import ORDERS, Filters, genre_columns
from bst.models.family import make_scorer
from bst.schema import Event, Visitor, genre_matrix
from bst.scoring.results import Answers, Attributed, CandidateAttention, Predictions

__all__ = ["ORDERS", "Filters", "Recommendation", "Recommender", "genre_columns"]


@dataclass(frozen=True)
class Recommendation:
    """One row of a ranked list. ``expected_rating`` in stars; ``seen`` tells that the visitor has seen it.

    ``distribution`` (probability of each rating level) and ``watch_next`` (probability of being the next movie, 0 for a
    seen one) are None for a model that regresses the rating, as the classic presets do.
    """

    rank: int
    movie_id: int
    title: str
    genres: str
    expected_rating: float
    seen: bool = False
    distribution: tuple[float, ...] | None = None
    watch_next: float | None = None


class Recommender:
    """A bundle's model with the catalogue that it was trained on.

    Without a user id: a visitor has none. Sex, age group and occupation may be unknown. The newest ``max_history``
    events of the history are read.
    """

    def __init__(self, bundle: Bundle, catalogue: Catalogue, model, dataset: str | Path | None = None):
        """``dataset``: name or folder, where it is not found by the name that the bundle gives."""
        self.bundle, self.catalogue, self.dataset = bundle, catalogue, dataset or bundle.dataset
        self._scorer = make_scorer(bundle, model, catalogue.rows)
        self._genres, self._years = genre_matrix(catalogue.movies), ranking.years_of(catalogue.movies)
        # plain lists: a list of recommendations is made anew with every click, and a frame is slow cell by cell
        self._names = list(catalogue.movies[["movie_id", "title", "genres"]].itertuples(index=False, name=None))
        # one visitor is asked about again and again: by the list, by the sentence above it, by every filter
        self._remembered = lru_cache(maxsize=32)(self._predict)

    @classmethod
    def load(cls, bundle: str | Path | Bundle) -> "Recommender":
        """Open a bundle by name or folder. Raises ``BundleError`` or ``DatasetError`` if that is unusable."""
        opened = bundle if isinstance(bundle, Bundle) else open_bundle(bundle)
        movies = load_movies(opened.dataset)
        return cls(opened, Catalogue(movies), opened.load_model(movies))

    @property
    def max_history(self) -> int:
        """How many of the newest events the model reads."""
        return self._scorer.max_history

    @property
    def orders(self) -> tuple[str, ...]:
        """Which of ``ORDERS`` this model can give."""
        return self._scorer.orders

    def read_events(self, visitor: Visitor) -> tuple[Event, ...]:
        """Return the events that the model reads, oldest first."""
        return visitor.history[max(0, len(visitor.history) - self.max_history) :]

    def predict(self, visitor: Visitor) -> Predictions:
        """Predict the whole catalogue. The arrays are shared by all who ask, and read-only.

        Raises ``VisitorError`` for a movie that is not in the catalogue or a rating that the dataset does not allow.
        """
        return self._remembered(visitor)

    def _predict(self, visitor: Visitor) -> Predictions:
        made = self._scorer.predict(visitor, self._rows(visitor))
        for values in (made.expected, made.distribution, made.watch_next):
            if values is not None:
                values.flags.writeable = False
        return made

    def predict_many(
        self, visitors: Sequence[Visitor], movie_ids: Sequence[int], watch_next: bool = False
    ) -> Predictions:
        """Predict some movies for many visitors at once, as ``predict`` does one by one, but many times quicker.

        ``expected`` is (visitors, movies), ``distribution`` (visitors, movies, levels), and ``watch_next`` (visitors,
        movies), which is None unless asked for, as it takes a pass of its own. Errors as in ``predict``.
        """
        rows = [self._rows(visitor) for visitor in visitors]
        return self._scorer.predict_many(visitors, rows, self.catalogue.rows(movie_ids), watch_next)

    def expected_ratings(self, visitor: Visitor, movie_ids=None) -> np.ndarray:
        """Predict the visitor's ratings of movies, or of the whole catalogue in its order: (movies,) float32 stars.

        Values lie within the dataset's rating levels. Errors as in ``predict``.
        """
        expected = self.predict(visitor).expected
        return expected if movie_ids is None else expected[self.catalogue.rows(movie_ids)]

    def place(self, visitor: Visitor, movie_id: int) -> int:
        """Return a movie's place among the whole catalogue, seen or not: 1 for the highest expected rating."""
        expected = self.expected_ratings(visitor)
        return int((expected > expected[self.catalogue.row(movie_id)]).sum()) + 1

    def attention(self, visitor: Visitor, movie_id: int) -> CandidateAttention:
        """Return where a movie looks in the pass that predicts its rating. Errors as in ``predict``."""
        return self._scorer.attention_weights(visitor, self._rows(visitor), self.catalogue.row(movie_id))

    def answers(self, visitors: Sequence[Visitor], movie_id: int) -> Answers:
        """Return what the model says of one movie to each of several visitors. Errors as in ``predict``."""
        rows = [self._rows(visitor) for visitor in visitors]
        return self._scorer.answer(visitors, rows, self.catalogue.row(movie_id))

    def answers_without_each(self, visitor: Visitor, movie_id: int, following: bool = True) -> Answers:
        """Return what the model says of one movie: first to the visitor, then without each of ``read_events``.

        As ``answers`` does of as many visitors, but many times quicker. Unless ``following``, without ``next_logit``,
        which takes most of the time. Errors as in ``predict``.
        """
        return self._scorer.without_each(visitor, self._rows(visitor), self.catalogue.row(movie_id), following)

    def expected_without_each(
        self, visitor: Visitor, movie_ids: Sequence[int], among: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return expected ratings of movies: (1 + events, movies) float32 stars, in the order of the method above.

        Or without those of ``read_events`` in the places ``among``, in their order. Errors as in ``predict``.
        """
        rows, movies = self._rows(visitor), self.catalogue.rows(movie_ids)
        return self._scorer.expected_without_each(visitor, rows, movies, among)

    def expected_if_rated(self, visitor: Visitor, movie_id: int, among: Sequence[int] | None = None) -> np.ndarray:
        """Return the expected rating of a movie if one of ``read_events`` had another rating: (events, levels) stars.

        Of all of them, or of those in the places ``among``, in their order. Errors as in ``predict``.
        """
        return self._scorer.expected_if_rated(visitor, self._rows(visitor), self.catalogue.row(movie_id), among)

    def attribute(self, visitor: Visitor, movie_id: int, steps: int | None = None) -> Attributed:
        """Return integrated gradients of an expected rating: see ``Scorer.attribute``. Errors as in ``predict``."""
        return self._scorer.attribute(visitor, self._rows(visitor), self.catalogue.row(movie_id), steps)

    def one(self, visitor: Visitor, movie_id: int) -> Recommendation:
        """Return what is predicted for one movie, seen or not; ``rank`` is its ``place``."""
        seen = movie_id in visitor.all_seen
        return self._row(self.predict(visitor), self.place(visitor, movie_id), self.catalogue.row(movie_id), seen)

    def rank(
        self,
        visitor: Visitor,
        k: int | None = 10,
        filters: Filters | None = None,
        order: str = "rating",
        weight: float = 0.5,
        diversity: float = 0.0,
    ) -> list[Recommendation]:
        """Return the first ``k`` movies (None: all) that pass the filters, in one of ``orders``.

        ``rating``: the highest expected rating first; ``next``: what is most likely watched next; ``blend``: what is
        most likely watched next and liked, watch_next ** ``weight`` × P(4 stars or more) ** (1 − ``weight``). What
        ``next`` and ``blend`` leave equal is ordered by rating, and ties keep the order of the catalogue, so that the
        same question gives the same list. ``diversity`` from 0 to 1 puts off movies that are like those above them: see
        ``ranking.diversify``. A shorter list is the beginning of a longer one.

        Errors as in ``predict``; ``VisitorError`` too for ``k`` below 1, an unknown genre, an order that the model
        cannot give, and a weight or diversity outside 0 … 1. ``DatasetError`` if a filter by fame finds no ratings.
        """
        if k is not None and k < 1:
            raise VisitorError(f"a list needs at least one place, not {k}")
        best = self.ranked_rows(visitor, filters, order, weight, diversity, k)
        made, seen = self.predict(visitor), visitor.all_seen
        return [self._row(made, place, row, self._names[row][0] in seen) for place, row in enumerate(best, start=1)]

    def ranked_rows(
        self,
        visitor: Visitor,
        filters: Filters | None = None,
        order: str = "rating",
        weight: float = 0.5,
        diversity: float = 0.0,
        k: int | None = None,
    ) -> np.ndarray:
        """Return the list of ``rank`` as row numbers of the catalogue, best first: (movies that pass,) int64.

        Much quicker for a whole catalogue. Errors as in ``rank``.
        """
        if order not in self.orders:
            raise VisitorError(
                f"model {self.bundle.name} cannot order by {order!r}; it can by: {', '.join(self.orders)}"
            )
        by = ranking.keys(self.predict(visitor), order, self.bundle.levels, weight)
        best = ranking.argsort_candidates(by, self.allowed(visitor, filters or Filters()))
        return ranking.diversify(best, self.embeddings, diversity, k) if diversity else best[:k]

    def allowed(self, visitor: Visitor, filters: Filters) -> np.ndarray:
        """Return which movies pass the filters for a visitor: (movies,) bool. Errors as in ``rank``."""
        allowed = np.ones(len(self.catalogue), bool)
        if not filters.include_seen:
            allowed[self.catalogue.rows(visitor.all_seen)] = False
        if filters.genres:
            allowed &= self._genres[:, genre_columns(filters.genres)].any(axis=1)
        if filters.years:
            low, high = filters.years
            allowed &= (self._years >= low) & (self._years <= high)
        if filters.fame:
            allowed &= ranking.between(self.fame, filters.fame)
        return allowed

    @cached_property
    def rating_counts(self) -> np.ndarray:
        """How many ratings each movie has in the dataset, (movies,) int64: reads the whole dataset, once.

        Raises ``DatasetError`` if that is not there any more.
        """
        ratings = load(self.dataset).ratings
        return np.bincount(ratings["movie"], minlength=len(self.catalogue))

    @cached_property
    def fame(self) -> np.ndarray:
        """How famous each movie is: the share of the catalogue that has fewer ratings, (movies,). See ``Filters``."""
        return ranking.fame(self.rating_counts)

    @cached_property
    def embeddings(self) -> np.ndarray:
        """The model's own picture of each movie: (movies, D) float32 of length 1, whose products are cosines.

        Of the learnt vectors less their mean, as what all movies share tells none of them apart.
        """
        vectors = self._scorer.movie_vectors()
        vectors = vectors - vectors.mean(axis=0)
        return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    def _row(self, made: Predictions, place: int, row: int, seen: bool) -> Recommendation:
        distribution = None if made.distribution is None else tuple(made.distribution[row].tolist())
        watch_next = None if made.watch_next is None else float(made.watch_next[row])
        return Recommendation(place, *self._names[row], float(made.expected[row]), seen, distribution, watch_next)

    def _rows(self, visitor: Visitor) -> np.ndarray:
        levels = self.bundle.levels
        for event in visitor.history:
            if event.rating not in levels:
                kinds = "half stars" if 0.5 in levels else "whole stars"
                raise VisitorError(
                    f"{self.catalogue.title(event.movie_id)} cannot be rated {event.rating:g}: "
                    f"{self.bundle.dataset_title} has {kinds} from {levels[0]:g} to {levels[-1]:g}"
                )
        return self.catalogue.rows(event.movie_id for event in visitor.history)
