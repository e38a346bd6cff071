"""The one interface to a trained model: all that ``Recommender`` asks of it.

A scorer works on rows of the catalogue, not on movie ids: ``rows`` int32 (events,) are the movies of a visitor's
history, oldest first, ``movie`` or ``movies`` those to be scored.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np

from bst.schema import Visitor
from bst.scoring.first_stage import FirstStage
from bst.scoring.packed import PackedVisitors
from bst.scoring.results import CandidateAttention, CandidateScores, IntegratedGradients, Predictions

# visitors in one pass, and candidates of all of them together: more are not faster, and take memory
MOST_VISITORS, MOST_CANDIDATES = 64, 32_768
# and events, with padding: more are beyond a processor's cache (64 histories at once took 1.6 times as long)
MOST_EVENTS = 2_000

# from movie ids to rows of the catalogue: int32 (movies,)
RowsOf = Callable[[Iterable[int]], np.ndarray]


def passes(lengths: Sequence[int], candidates: int) -> list[np.ndarray]:
    """Return which visitors to predict together: those with histories of similar length, so that little is padded."""
    size = int(np.clip(MOST_CANDIDATES // max(candidates, 1), 1, MOST_VISITORS))
    order = np.argsort(lengths, kind="stable")
    groups, first = [], 0
    while first < len(order):
        # in ascending order, so that the last of a group has the length to which the others are padded
        padded = np.arange(1, size + 1)[: len(order) - first] * np.asarray(lengths)[order[first : first + size]]
        count = max(1, int(np.searchsorted(padded, MOST_EVENTS, side="right")))
        groups.append(order[first : first + count])
        first += count
    return groups


class VisitorBatch(ABC):
    """Some of many visitors, whose histories a model reads together, each tower when it is first asked.

    ``which`` int64 (visitors,): their numbers among the ``PackedVisitors``.
    """

    which: np.ndarray

    @abstractmethod
    def logits(self, task: str) -> np.ndarray:
        """Return the logits of ``task``, "next" or "like", of the whole catalogue, watched movies included.

        A new float32 array (visitors, movies).
        """

    @abstractmethod
    def distribution(self, index: int, movies: np.ndarray) -> np.ndarray:
        """Return the probability of each rating of ``movies`` (N,) by visitor ``which[index]``: (N, levels)."""


class Scorer(ABC):
    """Predictions of one trained model, from this process or from another.

    ``levels``: the dataset's ratings, in stars; ``max_history``: how many of the newest events the model reads;
    ``tasks``: what it predicts, "rating" and perhaps "next" and "like".
    """

    levels: tuple[float, ...]
    max_history: int
    tasks: tuple[str, ...] = ("rating",)

    @abstractmethod
    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue."""

    def predict_together(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray]) -> list[Predictions]:
        """Predict the whole catalogue for each of a few visitors, as ``predict`` does one by one, but for rounding.

        For visitors who wait at the same time: a request for one may be computed for all of them at once.
        """
        return [self.predict(*pair) for pair in zip(visitors, rows, strict=True)]

    def retrieve(self, visitor: Visitor, rows: np.ndarray, tasks: Collection[str]) -> Predictions:
        """Predict the whole catalogue as far as that costs little, to find movies that are worth predicting: the first
        of two stages of ranking.

        Expected ratings need not be those of ``predict``; distributions may be None, and what is predicted by none of
        the ``tasks``, "next" and "like".
        """
        return self.predict(visitor, rows)

    def batches(self, visitors: PackedVisitors) -> Sequence[VisitorBatch] | None:
        """Return the visitors in batches, each of them in one; None for a model for which that is not faster."""
        return None

    @property
    def first_stage(self) -> FirstStage | None:
        """What an index of items can be made of, or None of a model whose scores are no products."""
        return None

    @abstractmethod
    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return what ``movie`` attends to in the pass that predicts its rating."""

    def tower_attention(self, visitor: Visitor, rows: np.ndarray, task: str) -> CandidateAttention:
        """Return what the state after the newest event attends to, from which ``task``, "next" or "like", is predicted
        of every movie: it is the same for all.

        Raises ``ValueError`` for a model that does not predict it.
        """
        raise ValueError(f"this model has no tower for task {task!r}")

    def catalogue_logits(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], task: str, movies: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the logits of ``task``, "next" or "like", watched movies included: float32 (visitors, movies).

        Of the whole catalogue, or of ``movies``. Raises ``ValueError`` for a model that does not predict it.
        """
        raise ValueError(f"this model has no tower for task {task!r}")

    @abstractmethod
    def movie_vectors(self) -> np.ndarray:
        """Return what the model has learned of each movie: (movies, width) float32."""

    @abstractmethod
    def predict_many(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, tasks: Collection[str] = ()
    ) -> Predictions:
        """Predict ``movies`` for each visitor; ``rows``: those of each of them.

        ``tasks``: which of "next" and "like" to predict beside the ratings, where the model does.
        """

    def score_movie(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movie: int) -> CandidateScores:
        """Score one ``movie`` for each of several visitors."""
        predictions = self.predict_many(visitors, rows, np.array([movie]))
        distribution = predictions.distribution
        return CandidateScores(predictions.expected[:, 0], None if distribution is None else distribution[:, 0])

    def score_movie_without_each(
        self, visitor: Visitor, rows: np.ndarray, movie: int, catalogue_logits: bool = True
    ) -> CandidateScores:
        """Score ``movie`` for the visitor, then for the visitor without each event that is read: (1 + events,).

        As ``score_movie`` does; ``next_logit`` and ``like_logit``, which take most of the time, only on request.
        """
        scores = self.score_movie(*self._without_each(visitor, rows), movie)
        return scores if catalogue_logits else replace(scores, next_logit=None, like_logit=None)

    def expected_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return expected ratings of ``movies`` as ``score_movie_without_each`` does: (1 + events, movies) stars.

        Of all events that are read, or of those at ``positions``.
        """
        return self.predict_many(*self._without_each(visitor, rows, positions), movies).expected

    def like_logit_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return ``like_logit`` of ``movies`` as ``expected_without_each`` does: (1 + events, movies).

        Of watched movies, too. Raises ``ValueError`` for a model that does not predict it.
        """
        raise ValueError("this model does not predict what will be watched and liked")

    def expected_if_rated(
        self, visitor: Visitor, rows: np.ndarray, movie: int, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the expected rating of ``movie`` if an event had another rating: (events, levels) stars.

        Of all events that are read, or of those at ``positions``.
        """
        events = visitor.history[max(0, len(rows) - self.max_history) :]
        events = events if positions is None else tuple(events[index] for index in positions)
        changed = [visitor.rated(event.movie_id, level) for event in events for level in self.levels]
        scores = self.score_movie(changed, [rows] * len(changed), movie)
        return scores.expected.reshape(len(events), len(self.levels))

    def _without_each(
        self, visitor: Visitor, rows: np.ndarray, positions: Sequence[int] | None = None
    ) -> tuple[list[Visitor], list[np.ndarray]]:
        """Return the visitor, then the same without each event that is read, and the movies of each."""
        events, read = len(rows), min(len(rows), self.max_history)
        removed = range(read) if positions is None else positions
        kept = [np.delete(np.arange(events), events - read + index) for index in removed]
        without = [replace(visitor, history=tuple(visitor.history[i] for i in keep)) for keep in kept]
        return [visitor, *without], [rows, *(rows[keep] for keep in kept)]

    @abstractmethod
    def integrated_gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, steps: int | None = None, task: str = "rating"
    ) -> IntegratedGradients:
        """Return integrated gradients of the expected rating of ``movie``, or of its logit for another ``task``.

        attribution_i = ∫₀¹ ∂F(s, …, s) / ∂s_i ds (Sundararajan et al. 2017, arXiv 1703.01365, equation 1), where input
        i is scaled by s between an input that says nothing (0) and what it is (1): see ``path_integral.integrate``.
        Raises ``ValueError`` for a task that the model does not have.
        """

    @abstractmethod
    def gradient_times_input(self, visitor: Visitor, rows: np.ndarray, movie: int, task: str = "rating") -> np.ndarray:
        """Return ∂F / ∂s_i at s = 1 for each event that is read, as in ``integrated_gradients``: (events,).

        An event is its difference from an event that says nothing, times s, so this is gradient × input.
        """
