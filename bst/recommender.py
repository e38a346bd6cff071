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
from bst.schema import AGES, GENRES, OCCUPATIONS, SEXES, Event, Visitor, genre_matrix


@dataclass(frozen=True)
class Filters:
    """Which movies a list may name: any of ``genres`` (none: all), years from … to, inclusive, and seen ones or not."""

    genres: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    include_seen: bool = False


@dataclass(frozen=True)
class Recommendation:
    """One row of a ranked list. ``expected_rating`` in stars; ``seen`` tells that it is in the history.

    ``distribution`` (probability of each rating level) and ``watch_next`` (probability of being the next movie) are
    None for a model that regresses the rating, as the classic presets do.
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

    Without a user id: a visitor has none. The ``seed`` and ``compact`` presets were trained with one, and see a visitor
    as a user with the mean of all user embeddings; in part of their training windows the id was hidden in that very
    way, so that the rest of the model knows how to do without. The ``keras-example`` preset reads no id at all. Unknown
    sex, age group or occupation are treated likewise.

    A classic model reads the newest ``horizon`` events of the history; a shorter one leaves slots empty.
    """

    def __init__(self, bundle: Bundle, catalogue: Catalogue, model):
        import tensorflow as tf

        self.bundle, self.catalogue, self.model = bundle, catalogue, model
        self._genres = genre_matrix(catalogue.movies)
        # plain lists: a list of recommendations is made anew with every click, and a frame is slow cell by cell
        self._names = list(catalogue.movies[["movie_id", "title", "genres"]].itertuples(index=False, name=None))
        # one visitor is asked about again and again: by the list, by the sentence above it, by every filter
        self._whole_catalogue = lru_cache(maxsize=32)(self._predict_whole_catalogue)
        slots = bundle.config.window - 1
        signature = {
            "movies": tf.TensorSpec((None, slots), tf.int32),
            "ratings": tf.TensorSpec((None, slots), tf.float32),
        } | {name: tf.TensorSpec((None,), tf.int32) for name in ("target", "user", "sex", "age", "occupation")}
        # compiled once, for any number of candidates
        self._predict = tf.function(lambda inputs: model(inputs, training=False), input_signature=[signature])
        self._attend = tf.function(
            lambda inputs: model(inputs, training=False, return_attention_scores=True), input_signature=[signature]
        )

    @classmethod
    def load(cls, bundle: str | Path | Bundle) -> "Recommender":
        """Open a bundle by name or folder. Raises ``BundleError`` or ``DatasetError`` if that is unusable."""
        opened = bundle if isinstance(bundle, Bundle) else open_bundle(bundle)
        movies = load_movies(opened.dataset)
        return cls(opened, Catalogue(movies), opened.load_model(movies))

    @property
    def horizon(self) -> int:
        """How many of the newest events the model reads."""
        return self.bundle.config.window - 1

    def read_events(self, visitor: Visitor) -> tuple[Event, ...]:
        """Return the events that the model reads, oldest first."""
        return visitor.history[max(0, len(visitor.history) - self.horizon) :]

    def expected_ratings(self, visitor: Visitor, movie_ids=None) -> np.ndarray:
        """Predict the visitor's ratings of movies, or of the whole catalogue in its order: (movies,) float32 stars.

        Values lie within the dataset's rating levels. Raises ``VisitorError`` for a movie that is not in the catalogue
        or a rating that the dataset does not allow.
        """
        if movie_ids is None:
            return self._whole_catalogue(visitor)
        return self._predict_rows(visitor, self.catalogue.rows(movie_ids))

    def _predict_whole_catalogue(self, visitor: Visitor) -> np.ndarray:
        expected = self._predict_rows(visitor, np.arange(len(self.catalogue), dtype=np.int32))
        expected.flags.writeable = False  # it is shared by all who ask
        return expected

    def _predict_rows(self, visitor: Visitor, rows: np.ndarray) -> np.ndarray:
        ratings = self._predict(self._inputs(visitor, rows)).numpy()[:, 0]
        return np.clip(ratings, self.bundle.levels[0], self.bundle.levels[-1])

    def place(self, visitor: Visitor, movie_id: int) -> int:
        """Return a movie's place among the whole catalogue, seen or not: 1 for the highest expected rating."""
        expected = self.expected_ratings(visitor)
        return int((expected > expected[self.catalogue.row(movie_id)]).sum()) + 1

    def attention_scores(self, visitor: Visitor, movie_id: int) -> tuple[float, np.ndarray]:
        """Return the expected rating of one movie and the attention weights of the pass that predicted it.

        The weights are (heads, window, window), row: who attends, column: to what; slots oldest first, empty ones
        before them, the movie itself last.
        """
        rows = self.catalogue.rows([movie_id])
        rating, scores = self._attend(self._inputs(visitor, rows))
        return float(np.clip(rating.numpy()[0, 0], self.bundle.levels[0], self.bundle.levels[-1])), scores.numpy()[0]

    def rank(self, visitor: Visitor, k: int | None = 10, filters: Filters | None = None) -> list[Recommendation]:
        """Return the ``k`` movies (None: all) with the highest expected ratings that pass the filters.

        Ties keep the order of the catalogue, so that the same question gives the same list. Errors as in
        ``expected_ratings``; ``VisitorError`` too for ``k`` below 1 or an unknown genre.
        """
        if k is not None and k < 1:
            raise VisitorError(f"a list needs at least one place, not {k}")
        expected = self.expected_ratings(visitor)
        seen = np.zeros(len(self.catalogue), bool)
        seen[self.catalogue.rows(e.movie_id for e in visitor.history)] = True
        allowed = np.flatnonzero(self._allowed(filters or Filters(), seen))
        order = allowed[np.argsort(-expected[allowed], kind="stable")][:k]
        return [
            Recommendation(place, *self._names[row], float(expected[row]), bool(seen[row]))
            for place, row in enumerate(order, start=1)
        ]

    def _allowed(self, filters: Filters, seen: np.ndarray) -> np.ndarray:
        allowed = np.ones(len(self.catalogue), bool) if filters.include_seen else ~seen
        if filters.genres:
            allowed &= self._genres[:, genre_columns(filters.genres)].any(axis=1)
        if filters.years:
            # a movie of unknown year passes no filter by year
            allowed &= self.catalogue.movies["year"].between(*filters.years).fillna(False).to_numpy(bool)
        return allowed

    def _inputs(self, visitor: Visitor, targets: np.ndarray) -> dict[str, np.ndarray]:
        levels = self.bundle.levels
        for event in visitor.history:
            if event.rating not in levels:
                kinds = "half stars" if 0.5 in levels else "whole stars"
                raise VisitorError(
                    f"{self.catalogue.title(event.movie_id)} cannot be rated {event.rating:g}: "
                    f"{self.bundle.dataset_title} has {kinds} from {levels[0]:g} to {levels[-1]:g}"
                )
        watched = self.catalogue.rows(e.movie_id for e in visitor.history)
        events = self.read_events(visitor)
        movies = np.full(self.horizon, -1, np.int32)
        ratings = np.zeros(self.horizon, np.float32)
        if events:
            movies[-len(events) :] = watched[-len(events) :]
            ratings[-len(events) :] = [e.rating for e in events]
        who = {
            "user": -1,
            "sex": -1 if visitor.sex is None else SEXES.index(visitor.sex),
            "age": -1 if visitor.age is None else AGES.index(visitor.age),
            "occupation": -1 if visitor.occupation is None else OCCUPATIONS.index(visitor.occupation),
        }
        n = len(targets)
        return {
            "movies": np.broadcast_to(movies, (n, self.horizon)),
            "ratings": np.broadcast_to(ratings, (n, self.horizon)),
            "target": targets,
        } | {name: np.full(n, code, np.int32) for name, code in who.items()}


def genre_columns(genres) -> list[int]:
    """Return the places of genres in ``schema.GENRES``, whatever their case. Raises ``VisitorError``."""
    places = {name.casefold(): i for i, name in enumerate(GENRES)}
    strange = [genre for genre in genres if genre.casefold() not in places]
    if strange:
        raise VisitorError(f"unknown genre {strange[0]!r}; choose among: {', '.join(GENRES)}")
    return [places[genre.casefold()] for genre in genres]
