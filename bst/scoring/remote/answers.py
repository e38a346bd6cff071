"""What a model server answers: each question of a ``RemoteScorer`` is put to a scorer, and its answer written."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bst.schema import Visitor
from bst.scoring.remote.message import Arrays, pack, unpack
from bst.scoring.remote.visitors import read_visitors
from bst.scoring.results import CandidateAttention, CandidateScores, LazyPredictions, Predictions
from bst.scoring.scorer import Scorer

# from a visitor to the rows of their history in the catalogue: int32 (events,)
HistoryRows = Callable[[Visitor], np.ndarray]
PREDICTION_PARTS = ("expected", "distribution", "watch_next", "like_logit", "popularity_logit")
SCORE_PARTS = ("expected", "distribution", "next_logit", "like_logit")


@dataclass(frozen=True)
class Question:
    """What was asked. Properties raise ``ValueError`` for what is missing or not of its kind."""

    values: dict[str, Any]
    arrays: Arrays
    rows_of: HistoryRows
    movie_count: int

    @cached_property
    def visitors(self) -> list[Visitor]:
        """All visitors of the question."""
        return read_visitors(self.values, self.arrays)

    @property
    def visitor(self) -> Visitor:
        """The only visitor."""
        (one,) = self.visitors
        return one

    @property
    def history_rows(self) -> list[np.ndarray]:
        """The histories of all visitors. Raises ``VisitorError`` for a movie or a rating that the dataset lacks."""
        return [self.rows_of(visitor) for visitor in self.visitors]

    @property
    def one(self) -> tuple[Visitor, np.ndarray]:
        """The only visitor, and their history."""
        return self.visitor, self.rows_of(self.visitor)

    @property
    def movies(self) -> np.ndarray | None:
        """Rows of movies; None for the whole catalogue."""
        return self._indices("movies", self.movie_count)

    @property
    def some_movies(self) -> np.ndarray:
        """Rows of movies."""
        movies = self.movies
        if movies is None:
            raise ValueError("movies are missing")
        return movies

    @property
    def movie(self) -> int:
        """The row of a movie."""
        return self._integer("movie", self.movie_count - 1)

    @property
    def positions(self) -> list[int] | None:
        """Positions of events; None for all."""
        positions = self._indices("positions", max((len(v.history) for v in self.visitors), default=0))
        return None if positions is None else positions.tolist()

    @property
    def task(self) -> str:
        """One of "rating", "next" and "like"; a scorer refuses what it does not predict."""
        return str(self.values.get("task"))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Several such tasks."""
        return tuple(str(task) for task in self.values.get("tasks") or ())

    @property
    def steps(self) -> int | None:
        """Steps of a path integral; None for the scorer's own choice."""
        return None if self.values.get("steps") is None else self._integer("steps", 1000)

    def _integer(self, name: str, most: int) -> int:
        value = self.values.get(name)
        if type(value) is not int or not 0 <= value <= most:
            raise ValueError(f"{name} must be a whole number from 0 to {most}")
        return value

    def _indices(self, name: str, count: int) -> np.ndarray | None:
        indices = self.arrays.get(name)
        if indices is None:
            return None
        if indices.ndim != 1 or indices.dtype.kind != "i" or (len(indices) and not indices.min() >= 0):
            raise ValueError(f"{name} must be a list of whole numbers")
        if len(indices) and indices.max() >= count:
            raise ValueError(f"{name} must be below {count}")
        return indices


def answer(scorer: Scorer, rows_of: HistoryRows, movie_count: int, method: str, message: bytes) -> bytes:
    """Return the answer to a question. ``method``: one of ``METHODS``.

    Raises ``ValueError`` for a question that is malformed or that this scorer does not answer, ``VisitorError`` for a
    visitor whom the dataset does not allow, ``KeyError`` for an unknown method.
    """
    ask = METHODS[method]
    return pack(*ask(scorer, Question(*unpack(message), rows_of, movie_count)))


Answer = tuple[dict[str, Any], Arrays]


def _ratings(scorer: Scorer, question: Question) -> Answer:
    predictions, movies = scorer.predict(*question.one), question.movies
    if movies is None:
        expected, distribution = predictions.expected, predictions.distribution
    elif isinstance(predictions, LazyPredictions):
        expected, distribution = predictions.ratings_of(movies)
    else:
        distribution = predictions.distribution
        expected, distribution = predictions.expected[movies], None if distribution is None else distribution[movies]
    return _parts(("expected", "distribution"), expected, distribution)


def _watch_next(scorer: Scorer, question: Question) -> Answer:
    return _parts(("watch_next",), scorer.predict(*question.one).watch_next)


def _like_logit(scorer: Scorer, question: Question) -> Answer:
    predictions = scorer.predict(*question.one)
    return _parts(("like_logit", "popularity_logit"), predictions.like_logit, predictions.popularity_logit)


def _popularity_logit(scorer: Scorer, question: Question) -> Answer:
    return _parts(("popularity_logit",), scorer.predict(Visitor(), np.zeros(0, np.int32)).popularity_logit)


def _retrieve(scorer: Scorer, question: Question) -> Answer:
    return _predictions(scorer.retrieve(*question.one, question.tasks))


def _predict_many(scorer: Scorer, question: Question) -> Answer:
    return _predictions(
        scorer.predict_many(question.visitors, question.history_rows, question.some_movies, question.tasks)
    )


def _score_movie(scorer: Scorer, question: Question) -> Answer:
    return _scores(scorer.score_movie(question.visitors, question.history_rows, question.movie))


def _score_movie_without_each(scorer: Scorer, question: Question) -> Answer:
    logits = bool(question.values.get("catalogue_logits"))
    return _scores(scorer.score_movie_without_each(*question.one, question.movie, logits))


def _expected_without_each(scorer: Scorer, question: Question) -> Answer:
    return _values(scorer.expected_without_each(*question.one, question.some_movies, question.positions))


def _like_logit_without_each(scorer: Scorer, question: Question) -> Answer:
    return _values(scorer.like_logit_without_each(*question.one, question.some_movies, question.positions))


def _expected_if_rated(scorer: Scorer, question: Question) -> Answer:
    return _values(scorer.expected_if_rated(*question.one, question.movie, question.positions))


def _catalogue_logits(scorer: Scorer, question: Question) -> Answer:
    return _values(scorer.catalogue_logits(question.visitors, question.history_rows, question.task, question.movies))


def _movie_vectors(scorer: Scorer, question: Question) -> Answer:
    return _values(scorer.movie_vectors())


def _integrated_gradients(scorer: Scorer, question: Question) -> Answer:
    found = scorer.integrated_gradients(*question.one, question.movie, question.steps, question.task)
    ends = np.array([found.expected, found.baseline, found.rest], np.float64)
    return {}, {"ends": ends, "event_effects": _plain(found.event_effects)}


def _gradient_times_input(scorer: Scorer, question: Question) -> Answer:
    return _values(scorer.gradient_times_input(*question.one, question.movie, question.task))


def _attention_weights(scorer: Scorer, question: Question) -> Answer:
    return _attention(scorer.attention_weights(*question.one, question.movie))


def _tower_attention(scorer: Scorer, question: Question) -> Answer:
    return _attention(scorer.tower_attention(*question.one, question.task))


METHODS: dict[str, Callable[[Scorer, Question], Answer]] = {
    "ratings": _ratings,
    "watch_next": _watch_next,
    "like_logit": _like_logit,
    "popularity_logit": _popularity_logit,
    "retrieve": _retrieve,
    "predict_many": _predict_many,
    "score_movie": _score_movie,
    "score_movie_without_each": _score_movie_without_each,
    "expected_without_each": _expected_without_each,
    "like_logit_without_each": _like_logit_without_each,
    "expected_if_rated": _expected_if_rated,
    "catalogue_logits": _catalogue_logits,
    "movie_vectors": _movie_vectors,
    "integrated_gradients": _integrated_gradients,
    "gradient_times_input": _gradient_times_input,
    "attention_weights": _attention_weights,
    "tower_attention": _tower_attention,
}


# ---- answers as messages


def _plain(values: np.ndarray) -> np.ndarray:
    """Return values as an array of a type that a message holds."""
    values = np.asarray(values)
    return values if values.dtype == np.float32 else values.astype(np.float64)


def _values(values: np.ndarray) -> Answer:
    return {}, {"values": _plain(values)}


def _parts(names: tuple[str, ...], *parts: np.ndarray | None) -> Answer:
    return {}, {name: _plain(part) for name, part in zip(names, parts, strict=True) if part is not None}


def _predictions(predictions: Predictions) -> Answer:
    return _parts(PREDICTION_PARTS, *(getattr(predictions, name) for name in PREDICTION_PARTS))


def _scores(scores: CandidateScores) -> Answer:
    return _parts(SCORE_PARTS, *(getattr(scores, name) for name in SCORE_PARTS))


def _attention(attention: CandidateAttention) -> Answer:
    arrays = {"to_events": _plain(attention.to_events), "to_rest": _plain(attention.to_rest)}
    values: dict[str, Any] = {"heads": list(attention.heads), "rest": attention.rest}
    if (between := attention.between) is not None:
        arrays["between"] = _plain(between.weights)
        values["between"] = {name: list(getattr(between, name)) for name in ("heads", "before", "after")}
    return values, arrays
