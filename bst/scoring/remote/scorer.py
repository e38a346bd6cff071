"""A scorer that asks a model server. Its answers are checked: they may be another version's, or forged."""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any, NoReturn, Protocol

import numpy as np

from bst.errors import ModelServerError
from bst.schema import Visitor
from bst.scoring.remote.message import Arrays, pack, unpack
from bst.scoring.remote.visitors import write_visitors
from bst.scoring.results import (
    CandidateAttention,
    CandidateScores,
    HistoryAttention,
    IntegratedGradients,
    LazyPredictions,
    Predictions,
)
from bst.scoring.scorer import Scorer
from bst.text import UNPRINTABLE

# of a label, which a page shows
MOST_CHARACTERS = 100
# a shape: None stands for any length
Shape = tuple[int | None, ...]


class Transport(Protocol):
    """What carries a question to the server of one model and its answer back."""

    def __call__(self, method: str, question: bytes) -> bytes:
        """Return the answer. Raises ``ModelServerError``."""


class RemoteScorer(Scorer):
    """As the scorer of the same model on the server. Every method may raise ``ModelServerError``.

    ``movies``: how many the catalogue has. The rows of a history are not sent: they follow from the visitor.
    """

    def __init__(
        self, ask: Transport, levels: tuple[float, ...], max_history: int, tasks: tuple[str, ...], movies: int
    ):
        self.levels, self.max_history, self.tasks = levels, max_history, tasks
        self._ask, self._movies = ask, movies

    # ---- predictions

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue, each part on first use."""

        def ratings(movies: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
            answer = self._question("ratings", [visitor], movies=movies)
            count = self._movies if movies is None else len(movies)
            return answer.array("expected", (count,)), answer.optional("distribution", (count, len(self.levels)))

        def watch_next() -> np.ndarray:
            return self._question("watch_next", [visitor]).array("watch_next", (self._movies,))

        def like_logit() -> np.ndarray:
            return self._question("like_logit", [visitor]).array("like_logit", (self._movies,), masked=True)

        return LazyPredictions(
            ratings,
            watch_next if "next" in self.tasks else None,
            like_logit if "like" in self.tasks else None,
            self._popularity_logit if "like" in self.tasks else None,
        )

    @cached_property
    def _popularity_logit(self) -> np.ndarray:
        return self._question("popularity_logit", []).array("popularity_logit", (self._movies,))

    def retrieve(self, visitor: Visitor, rows: np.ndarray, tasks: Collection[str]) -> Predictions:
        """Predict the whole catalogue as far as that costs little."""
        return self._question("retrieve", [visitor], tasks=list(tasks)).predictions((self._movies,), len(self.levels))

    def predict_many(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, tasks: Collection[str] = ()
    ) -> Predictions:
        """Predict ``movies`` for each visitor."""
        answer = self._question("predict_many", visitors, movies=movies, tasks=list(tasks))
        return answer.predictions((len(visitors), len(movies)), len(self.levels))

    def score_movie(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movie: int) -> CandidateScores:
        """Score one ``movie`` for each of several visitors."""
        return self._question("score_movie", visitors, movie=int(movie)).scores(len(visitors), len(self.levels))

    def catalogue_logits(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], task: str, movies: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the logits of ``task``: see ``Scorer``."""
        if task not in self.tasks or task == "rating":
            return super().catalogue_logits(visitors, rows, task, movies)
        answer = self._question("catalogue_logits", visitors, task=task, movies=movies)
        return answer.array("values", (len(visitors), self._movies if movies is None else len(movies)))

    def movie_vectors(self) -> np.ndarray:
        """Return what the model has learned of each movie: (movies, width) float32."""
        return self._question("movie_vectors", []).array("values", (self._movies, None))

    # ---- explanations

    def score_movie_without_each(
        self, visitor: Visitor, rows: np.ndarray, movie: int, catalogue_logits: bool = True
    ) -> CandidateScores:
        """Score ``movie`` for the visitor, then without each event: see ``Scorer``."""
        answer = self._question(
            "score_movie_without_each", [visitor], movie=int(movie), catalogue_logits=catalogue_logits
        )
        return answer.scores(1 + self._read(rows), len(self.levels))

    def expected_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return expected ratings of ``movies`` without each event: see ``Scorer``."""
        answer = self._question("expected_without_each", [visitor], movies=movies, positions=positions)
        return answer.array("values", (1 + self._read(rows, positions), len(movies)))

    def like_logit_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return ``like_logit`` of ``movies`` without each event: see ``Scorer``."""
        if "like" not in self.tasks:
            return super().like_logit_without_each(visitor, rows, movies, positions)
        answer = self._question("like_logit_without_each", [visitor], movies=movies, positions=positions)
        return answer.array("values", (1 + self._read(rows, positions), len(movies)))

    def expected_if_rated(
        self, visitor: Visitor, rows: np.ndarray, movie: int, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the expected rating of ``movie`` if an event had another rating: see ``Scorer``."""
        answer = self._question("expected_if_rated", [visitor], movie=int(movie), positions=positions)
        return answer.array("values", (self._read(rows, positions), len(self.levels)))

    def integrated_gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, steps: int | None = None, task: str = "rating"
    ) -> IntegratedGradients:
        """Return integrated gradients: see ``Scorer``."""
        self._check_task(task)
        answer = self._question("integrated_gradients", [visitor], movie=int(movie), steps=steps, task=task)
        expected, baseline, rest = answer.array("ends", (3,)).tolist()
        return IntegratedGradients(expected, baseline, answer.array("event_effects", (self._read(rows),)), rest)

    def gradient_times_input(self, visitor: Visitor, rows: np.ndarray, movie: int, task: str = "rating") -> np.ndarray:
        """Return the gradient × input of each event that is read: see ``Scorer``."""
        self._check_task(task)
        answer = self._question("gradient_times_input", [visitor], movie=int(movie), task=task)
        return answer.array("values", (self._read(rows),))

    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return what ``movie`` attends to in the pass that predicts its rating."""
        return self._question("attention_weights", [visitor], movie=int(movie)).attention(self._read(rows))

    def tower_attention(self, visitor: Visitor, rows: np.ndarray, task: str) -> CandidateAttention:
        """Return what the state attends to from which ``task`` is predicted: see ``Scorer``."""
        if task not in self.tasks or task == "rating":
            return super().tower_attention(visitor, rows, task)
        return self._question("tower_attention", [visitor], task=task).attention(self._read(rows))

    # ---- questions

    def _read(self, rows: np.ndarray, positions: Sequence[int] | None = None) -> int:
        """Return how many events a question is about."""
        return min(len(rows), self.max_history) if positions is None else len(positions)

    def _check_task(self, task: str) -> None:
        if task not in self.tasks:
            raise ValueError(f"this model has no tower for task {task!r}")

    def _question(
        self,
        method: str,
        visitors: Sequence[Visitor],
        movies: np.ndarray | None = None,
        positions: Sequence[int] | None = None,
        **values: Any,
    ) -> "_Answer":
        who, arrays = write_visitors(visitors)
        if movies is not None:
            arrays["movies"] = np.asarray(movies, np.int64)
        if positions is not None:
            arrays["positions"] = np.asarray(positions, np.int64)
        answer = self._ask(method, pack(who | values, arrays))
        try:
            return _Answer(method, *unpack(answer))
        except ValueError as error:
            raise ModelServerError(f"the model server's answer to {method} cannot be read: {error}") from error


class _Answer:
    """An answer, of which nothing is believed. All raise ``ModelServerError`` for what cannot be."""

    def __init__(self, method: str, values: dict[str, Any], arrays: Arrays):
        self._method, self._values, self._arrays = method, values, arrays

    def array(self, name: str, shape: Shape, masked: bool = False) -> np.ndarray:
        """Return an array of this shape whose values are numbers; ``masked``: or −∞."""
        array = self._arrays.get(name)
        if array is None or array.dtype not in (np.float32, np.float64):
            self._refuse(f"{name} is missing")
        if len(array.shape) != len(shape) or any(b not in (None, a) for a, b in zip(array.shape, shape, strict=True)):
            self._refuse(f"{name} has shape {array.shape}, not {shape}")
        if not (np.isfinite(array) | (np.isneginf(array) if masked else False)).all():
            self._refuse(f"{name} has values that are not numbers")
        return array

    def optional(self, name: str, shape: Shape, masked: bool = False) -> np.ndarray | None:
        """Return such an array, or None where the model does not predict it."""
        return self.array(name, shape, masked) if name in self._arrays else None

    def predictions(self, shape: tuple[int, ...], levels: int) -> Predictions:
        """Return predictions; ``shape``: (movies,) or (visitors, movies)."""
        return Predictions(
            self.array("expected", shape),
            self.optional("distribution", (*shape, levels)),
            self.optional("watch_next", shape),
            self.optional("like_logit", shape, masked=True),
            self.optional("popularity_logit", shape[-1:]),
        )

    def scores(self, visitors: int, levels: int) -> CandidateScores:
        """Return the scores of one movie."""
        return CandidateScores(
            self.array("expected", (visitors,)),
            self.optional("distribution", (visitors, levels)),
            self.optional("next_logit", (visitors,)),
            self.optional("like_logit", (visitors,)),
        )

    def attention(self, events: int) -> CandidateAttention:
        """Return what a candidate, or the newest state, attends to among that many events."""
        heads = self._labels(self._values.get("heads"))
        to_events, to_rest = self.array("to_events", (len(heads), events)), self.array("to_rest", (len(heads),))
        (rest,) = self._labels([self._values.get("rest")])
        between = self._values.get("between")
        if between is None:
            return CandidateAttention(heads, to_events, to_rest, rest)
        if not isinstance(between, dict):
            self._refuse("between is malformed")
        names, before, after = (self._labels(between.get(name)) for name in ("heads", "before", "after"))
        tokens = len(before) + events + len(after)
        weights = HistoryAttention(names, self.array("between", (len(names), tokens, tokens)), before, after)
        return CandidateAttention(heads, to_events, to_rest, rest, weights)

    def _labels(self, labels: object) -> tuple[str, ...]:
        if not isinstance(labels, list) or not all(
            isinstance(label, str) and len(label) <= MOST_CHARACTERS and not UNPRINTABLE.search(label)
            for label in labels
        ):
            self._refuse("labels are malformed")
        return tuple(labels)

    def _refuse(self, problem: str) -> NoReturn:
        raise ModelServerError(f"the model server's answer to {self._method} cannot be used: {problem}")
