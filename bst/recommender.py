"""The one door to a trained model: expected ratings and ranked lists for a visitor, from any bundle.

Pages, command line and notebooks come through here. Importing this module is quick; TensorFlow loads with the first
``Recommender``.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from bst.bundle import Bundle, open_bundle
from bst.catalogue import Catalogue
from bst.datasets import load_movies
from bst.errors import VisitorError
from bst.schema import GENRES, Event, Visitor, genre_matrix
from bst.scoring import Looks, Predictions, make_scorer

# how a list can be ordered, and by what: see ``Recommender.rank``
ORDERS = {
    "rating": "expected rating",
    "next": "probability of being watched next",
    "blend": "probability of being watched next and liked",
}
LIKED = 4.0


@dataclass(frozen=True)
class Filters:
    """Which movies a list may name: any of ``genres`` (none: all), years from … to, inclusive, and seen ones or not."""

    genres: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    include_seen: bool = False


@dataclass(frozen=True)
class Recommendation:
    """One row of a ranked list. ``expected_rating`` in stars; ``seen`` tells that it is in the history.

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

    Without a user id: a visitor has none. Sex, age group and occupation may be unknown. The newest ``horizon`` events
    of the history are read.
    """

    def __init__(self, bundle: Bundle, catalogue: Catalogue, model):
        self.bundle, self.catalogue = bundle, catalogue
        self._scorer = make_scorer(bundle, model)
        self._genres = genre_matrix(catalogue.movies)
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
    def horizon(self) -> int:
        """How many of the newest events the model reads."""
        return self._scorer.horizon

    @property
    def orders(self) -> tuple[str, ...]:
        """Which of ``ORDERS`` this model can give."""
        return self._scorer.orders

    def read_events(self, visitor: Visitor) -> tuple[Event, ...]:
        """Return the events that the model reads, oldest first."""
        return visitor.history[max(0, len(visitor.history) - self.horizon) :]

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

    def attention(self, visitor: Visitor, movie_id: int) -> Looks:
        """Return where a movie looks in the pass that predicts its rating. Errors as in ``predict``."""
        return self._scorer.attend(visitor, self._rows(visitor), self.catalogue.row(movie_id))

    def one(self, visitor: Visitor, movie_id: int) -> Recommendation:
        """Return what is predicted for one movie, seen or not; ``rank`` is its ``place``."""
        seen = movie_id in {event.movie_id for event in visitor.history}
        return self._row(self.predict(visitor), self.place(visitor, movie_id), self.catalogue.row(movie_id), seen)

    def rank(
        self, visitor: Visitor, k: int | None = 10, filters: Filters | None = None, order: str = "rating"
    ) -> list[Recommendation]:
        """Return the first ``k`` movies (None: all) that pass the filters, in one of ``orders``.

        ``rating``: the highest expected rating first; ``next``: what is most likely watched next; ``blend``: what is
        most likely watched next and liked, the product of the watch-next probability and that of 4 stars or more.
        What ``next`` and ``blend`` leave equal is ordered by rating, and ties keep the order of the catalogue, so that
        the same question gives the same list.

        Errors as in ``predict``; ``VisitorError`` too for ``k`` below 1, an unknown genre, or an order that the model
        cannot give.
        """
        if k is not None and k < 1:
            raise VisitorError(f"a list needs at least one place, not {k}")
        if order not in self.orders:
            raise VisitorError(
                f"model {self.bundle.name} cannot order by {order!r}; it can by: {', '.join(self.orders)}"
            )
        made = self.predict(visitor)
        seen = np.zeros(len(self.catalogue), bool)
        seen[self._rows(visitor)] = True
        allowed = np.flatnonzero(self._allowed(filters or Filters(), seen))
        keys = self._keys(made, order)
        best = allowed[np.lexsort([-key[allowed] for key in reversed(keys)])][:k]
        return [self._row(made, place, row, bool(seen[row])) for place, row in enumerate(best, start=1)]

    def _keys(self, made: Predictions, order: str) -> list[np.ndarray]:
        if order == "rating":
            return [made.expected]
        liked = made.distribution[:, np.array(self.bundle.levels) >= LIKED].sum(axis=1) if order == "blend" else 1.0
        return [made.watch_next * liked, made.expected]

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

    def _allowed(self, filters: Filters, seen: np.ndarray) -> np.ndarray:
        allowed = np.ones(len(self.catalogue), bool) if filters.include_seen else ~seen
        if filters.genres:
            allowed &= self._genres[:, genre_columns(filters.genres)].any(axis=1)
        if filters.years:
            # a movie of unknown year passes no filter by year
            allowed &= self.catalogue.movies["year"].between(*filters.years).fillna(False).to_numpy(bool)
        return allowed


def genre_columns(genres) -> list[int]:
    """Return the places of genres in ``schema.GENRES``, whatever their case. Raises ``VisitorError``."""
    places = {name.casefold(): i for i, name in enumerate(GENRES)}
    strange = [genre for genre in genres if genre.casefold() not in places]
    if strange:
        raise VisitorError(f"unknown genre {strange[0]!r}; choose among: {', '.join(GENRES)}")
    return [places[genre.casefold()] for genre in genres]
