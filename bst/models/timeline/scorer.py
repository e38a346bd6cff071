"""What the scorers of the timeline model share: from visitors to a model's inputs, from its outputs to predictions."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from functools import cache, cached_property, partial
from typing import Protocol

import numpy as np

from bst.models.config import Sizes
from bst.parallel import map_parallel
from bst.schema import Visitor
from bst.scoring.encoding import EncodedHistory, encode_demographics, encode_history, pad_batch
from bst.scoring.local_scorer import LocalScorer
from bst.scoring.packed import PackedVisitors
from bst.scoring.results import CandidateAttention, CandidateScores, HistoryAttention, LazyPredictions, Predictions
from bst.scoring.scorer import RowsOf, passes

VISITOR = "who the visitor is"

Inputs = dict[str, np.ndarray]


class Rate(Protocol):
    """The probability of each rating level for some visitors, who are encoded once, when it is first called."""

    def __call__(self, movies: np.ndarray | None, visitor: int | None = None) -> np.ndarray:
        """Return (visitors, movies, levels): of ``movies``, rows, or of the whole catalogue if None; of one visitor, by
        index, or of all.
        """


class TimelineScorer(LocalScorer):
    """Reads the newest ``max_history`` events, once; then scores every candidate against them.

    A subclass computes with the model; see ``engine.scorer`` and ``keras_scorer``. Without a rating tower, as where
    there are no ratings, every rating is as likely as any other, and attention is that of another tower.
    """

    def __init__(
        self, levels: tuple[float, ...], max_history: int, tasks: tuple[str, ...], rows_of: RowsOf, sizes: Sizes
    ):
        self.levels, self.max_history, self.tasks, self._rows_of = levels, max_history, tasks, rows_of
        self._sizes, self._rates = sizes, "rating" in tasks
        self._catalogue_tasks = tuple(task for task in tasks if task != "rating")

    # ---- what a subclass computes

    @abstractmethod
    def _rate(self, inputs: Inputs) -> Rate:
        """Return what predicts the ratings of the visitors."""

    @abstractmethod
    def _catalogue_logits(self, task: str, inputs: Inputs, movies: np.ndarray | None = None) -> np.ndarray:
        """Return the logits of a task other than "rating": (visitors, movies)."""

    @abstractmethod
    def _attention_arrays(self, inputs: Inputs, movie: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the attention of a movie (layers, heads, tokens), and that between tokens (layers, heads, tokens,
        tokens), for one visitor; the visitor is the first token.
        """

    @abstractmethod
    def _tower_attention_arrays(self, task: str, inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
        """Return the attention of the newest token in the tower of a task other than "rating", (layers, heads, tokens),
        and that between tokens in all layers but the last, as ``_attention_arrays`` does.
        """

    @abstractmethod
    def _scaled_gradients(
        self, task: str, inputs: Inputs, movie: int, event_scale: np.ndarray, profile_scale: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return expected ratings, or the logits of another task, (visitors,), with scaled inputs, and their gradients:
        (visitors, events), (visitors,).

        ``event_scale`` (visitors, events), ``profile_scale`` (visitors,): see ``engine.tower``.
        """

    # ---- predictions

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue, each part on first use: a list needs one tower, or two."""
        return self.predict_together([visitor], [rows])[0]

    def predict_together(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray]) -> list[Predictions]:
        """Predict the whole catalogue for each visitor: each part on its first use for any of them.

        Ratings of the whole catalogue are predicted for one visitor at a time, as that is not slower.
        """
        inputs = self._inputs(visitors, rows)
        rate = self._rate_or_guess(inputs)

        def ratings(visitor: int, movies: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
            distribution = rate(movies, visitor)[0]
            return self._means(distribution), distribution

        def unseen(task: str) -> np.ndarray:
            return self._without_seen(self._catalogue_logits(task, inputs), visitors, rows)

        watch_next, like_logit = cache(lambda: _softmax(unseen("next"))), cache(lambda: unseen("like"))
        return [
            LazyPredictions(
                partial(ratings, index),
                partial(_row, watch_next, index) if "next" in self.tasks else None,
                partial(_row, like_logit, index) if "like" in self.tasks else None,
                self._popularity_logit if "like" in self.tasks else None,
            )
            for index in range(len(visitors))
        ]

    def _rate_or_guess(self, inputs: Inputs) -> Rate:
        """Return ``_rate``; without a rating tower all levels are equally likely."""
        if self._rates:
            return self._rate(inputs)
        every = len(inputs["movie"])
        return lambda movies, visitor=None: self._guess(every if visitor is None else 1, movies)

    def _guess(self, visitors: int, movies: np.ndarray | None) -> np.ndarray:
        count, levels = self._sizes.movies if movies is None else len(movies), len(self.levels)
        return np.full((visitors, count, levels), 1 / levels, np.float32)

    def _predict_pass(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, tasks: Collection[str]
    ) -> Predictions:
        inputs = self._inputs(visitors, rows)
        logits = {task: self._catalogue_logits(task, inputs) for task in self._catalogue_tasks if task in tasks}
        distribution = self._rate_or_guess(inputs)(movies)
        return self._predictions(self._means(distribution), distribution, logits, visitors, rows, movies)

    def _predictions(
        self,
        expected: np.ndarray,
        distribution: np.ndarray | None,
        logits: dict[str, np.ndarray],
        visitors: Sequence[Visitor],
        rows: Sequence[np.ndarray],
        movies: np.ndarray | slice = slice(None),
    ) -> Predictions:
        """Return predictions of ``movies``, given those of their ratings, from logits (visitors, catalogue) by task."""
        # seen movies are not recommended again
        unseen = {name: self._without_seen(values, visitors, rows) for name, values in logits.items()}
        watch_next = _softmax(unseen["next"])[:, movies] if "next" in unseen else None
        like_logit = unseen["like"][:, movies] if "like" in unseen else None
        popularity_logit = self._popularity_logit[movies] if "like" in unseen else None
        return Predictions(expected, distribution, watch_next, like_logit, popularity_logit)

    @cached_property
    def _popularity_logit(self) -> np.ndarray:
        """``like_logit`` of a visitor of whom nothing is known: (movies,)."""
        return self._catalogue_logits("like", self._inputs([Visitor()], [np.zeros(0, np.int32)]))[0]

    def _means(self, distribution: np.ndarray) -> np.ndarray:
        return distribution @ np.array(self.levels, np.float32)

    def _without_seen(self, logits: np.ndarray, visitors: Sequence[Visitor], rows: Sequence[np.ndarray]) -> np.ndarray:
        """Return logits (visitors, catalogue) with −∞ for what each has seen."""
        for row, visitor, watched in zip(logits, visitors, rows, strict=True):
            row[watched] = -np.inf
            if visitor.seen:
                row[self._rows_of(visitor.seen)] = -np.inf
        return logits

    def score_movie(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movie: int) -> CandidateScores:
        """Score one ``movie`` for each of several visitors."""
        distribution = np.zeros((len(visitors), len(self.levels)), np.float32)
        logits = {task: np.zeros(len(visitors), np.float32) for task in self._catalogue_tasks}
        movies = np.array([movie])

        def run(group: np.ndarray) -> None:
            inputs = self._inputs([visitors[i] for i in group], [rows[i] for i in group])
            distribution[group] = self._rate_or_guess(inputs)(movies)[:, 0]
            for task, values in logits.items():
                values[group] = self._catalogue_logits(task, inputs, movies)[:, 0]

        map_parallel(run, passes([min(len(row), self.max_history) for row in rows], 1))
        return self._scores(distribution, logits)

    def _scores(self, distribution: np.ndarray, logits: dict[str, np.ndarray]) -> CandidateScores:
        return CandidateScores(self._means(distribution), distribution, logits.get("next"), logits.get("like"))

    def like_logit_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, positions: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return ``like_logit`` of ``movies`` without each event: see ``Scorer``."""
        if "like" not in self.tasks:
            return super().like_logit_without_each(visitor, rows, movies, positions)
        inputs = self._inputs(*self._without_each(visitor, rows, positions))
        return self._catalogue_logits("like", inputs, movies)

    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return what ``movie`` attends to, in every layer, in the pass that predicts its rating."""
        if not self._rates:
            return self.tower_attention(visitor, rows, self._catalogue_tasks[0])
        return _candidate_attention(*self._attention_arrays(self._inputs([visitor], [rows]), movie))

    def tower_attention(self, visitor: Visitor, rows: np.ndarray, task: str) -> CandidateAttention:
        """Return what the state attends to from which ``task`` is predicted: see ``Scorer``."""
        if task not in self._catalogue_tasks:
            return super().tower_attention(visitor, rows, task)
        return _candidate_attention(*self._tower_attention_arrays(task, self._inputs([visitor], [rows])))

    def catalogue_logits(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], task: str, movies: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the logits of ``task``: see ``Scorer``."""
        if task not in self._catalogue_tasks:
            return super().catalogue_logits(visitors, rows, task, movies)
        groups = passes([min(len(row), self.max_history) for row in rows], 1)

        def run(group: np.ndarray) -> np.ndarray:
            inputs = self._inputs([visitors[i] for i in group], [rows[i] for i in group])
            return self._catalogue_logits(task, inputs, movies)

        return np.concatenate(map_parallel(run, groups))[np.argsort(np.concatenate(groups))]

    def _gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if not self._rates:
            expected = self._means(self._guess(len(scales), np.array([movie])))[:, 0]
            return expected, np.zeros((len(scales), min(len(rows), self.max_history))), np.zeros(len(scales))
        return self._task_gradients("rating", visitor, rows, movie, scales)

    def _tower_gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray, task: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if task not in self._catalogue_tasks:
            return super()._tower_gradients(visitor, rows, movie, scales, task)
        return self._task_gradients(task, visitor, rows, movie, scales)

    def _task_gradients(
        self, task: str, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inputs = self._inputs([visitor], [rows])
        inputs = {name: np.repeat(values, len(scales), axis=0) for name, values in inputs.items()}
        scales = scales.astype(np.float32)
        event_scales = np.repeat(scales[:, None], inputs["movie"].shape[1], axis=1)
        return self._scaled_gradients(task, inputs, movie, event_scales, scales)

    # ---- inputs

    def _inputs(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray]) -> Inputs:
        histories = [encode_history(*pair, self.max_history) for pair in zip(visitors, rows, strict=True)]
        return self._model_inputs(pad_batch(histories, max(len(history.movie) for history in histories)), visitors)

    def _model_inputs(self, histories: EncodedHistory, visitors: Sequence[Visitor]) -> Inputs:
        """Return histories (visitors, events) as the model's inputs; one visitor may stand for all of them."""
        repeats = len(histories.movie) // len(visitors)
        codes = encode_demographics(visitors, self._sizes.domain)
        demographics = {name: np.repeat(values, repeats) for name, values in codes.items()}
        return self._event_inputs(histories) | demographics

    def _packed_inputs(self, visitors: PackedVisitors, which: np.ndarray) -> Inputs:
        """Return the model's inputs of some of many visitors: int64 ``which`` (visitors,)."""
        return self._event_inputs(visitors.batch(which, self.max_history)) | visitors.codes(which)

    def _event_inputs(self, histories: EncodedHistory) -> Inputs:
        level = np.searchsorted(self.levels, histories.rating).astype(np.int32)
        return {"movie": histories.movie, "level": level, "gap": histories.gap, "month": histories.month}


def _row(table: Callable[[], np.ndarray], index: int) -> np.ndarray:
    return table()[index]


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of each row; all 0 where every logit is −∞, as nothing is left."""
    highest = logits.max(axis=1, keepdims=True)
    odds = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
    return odds / np.maximum(odds.sum(axis=1, keepdims=True), 1e-9)


def _candidate_attention(query: np.ndarray, content: np.ndarray) -> CandidateAttention:
    """Return attention (layers, heads, tokens), and that between tokens (layers, heads, tokens, tokens), by head."""
    heads, weights = _by_head(query)
    content_heads, content_weights = _by_head(content)
    between = HistoryAttention(content_heads, content_weights, before=(VISITOR,)) if content_heads else None
    return CandidateAttention(heads, weights[:, 1:], weights[:, 0], VISITOR, between)


def _by_head(weights: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Label the heads of weights (layers, heads, …) and return both, all heads on one axis."""
    layers, heads = weights.shape[:2]
    labels = tuple(f"Layer {layer + 1}, head {head + 1}" for layer in range(layers) for head in range(heads))
    return labels, weights.reshape(len(labels), *weights.shape[2:])
