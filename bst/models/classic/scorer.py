"""The scorers of the classic models: by the inference engine, and by the Keras model, the reference for it."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from autograd import make_vjp

from bst.models.classic.config import ClassicConfig
from bst.models.classic.engine import ClassicInference
from bst.models.config import Sizes
from bst.models.weights import Weights
from bst.parallel import map_parallel, use_one_blas_thread
from bst.schema import Visitor
from bst.scoring.encoding import encode_demographics, encode_history, pad_batch
from bst.scoring.local_scorer import LocalScorer
from bst.scoring.results import CandidateAttention, HistoryAttention, Predictions

TARGET = "the movie itself"
# windows that go through the layers together: more are beyond the processor's cache
MOST_TOGETHER = 512

Inputs = dict[str, np.ndarray]


class ClassicScorer(LocalScorer):
    """Reads the newest ``window − 1`` events; a shorter history leaves slots empty.

    Without a user id, as a visitor has none: a preset that was trained with one sees a visitor as a user with the mean
    of all user embeddings.
    """

    def __init__(self, config: ClassicConfig, sizes: Sizes, levels: tuple[float, ...]):
        self.levels, self.max_history, self._movies = levels, config.max_history, sizes.movies
        self._domain = sizes.domain

    # ---- what a subclass computes

    @abstractmethod
    def _ratings(self, inputs: Inputs) -> np.ndarray:
        """Return expected ratings of windows, not clipped: (windows,)."""

    @abstractmethod
    def _weights(self, inputs: Inputs) -> np.ndarray:
        """Return attention weights of one window: (heads, window, window)."""

    @abstractmethod
    def _scaled_gradients(
        self, inputs: Inputs, event_scale: np.ndarray, profile_scale: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return expected ratings (windows,) with scaled inputs, and their gradients: (windows, events), (windows,)."""

    # ---- the interface

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue."""
        return Predictions(self._predict_pass([visitor], [rows], np.arange(self._movies), ()).expected[0])

    def _predict_pass(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, tasks: Collection[str]
    ) -> Predictions:
        ratings = self._ratings(self._inputs(visitors, rows, movies))
        return Predictions(np.clip(ratings, self.levels[0], self.levels[-1]).reshape(len(visitors), len(movies)))

    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return what ``movie`` attends to in the pass that predicts its rating."""
        used = min(len(rows), self.max_history) + 1
        weights = self._weights(self._inputs([visitor], [rows], np.array([movie])))[:, -used:, -used:]
        heads = tuple(f"Head {head + 1}" for head in range(len(weights)))
        between = HistoryAttention(heads, weights, after=(TARGET,))
        return CandidateAttention(heads, weights[:, -1, :-1], weights[:, -1, -1], TARGET, between)

    def _gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As in ``Scorer``, of ratings before they are clipped to the levels: beyond those nothing would change."""
        inputs = self._inputs([visitor], [rows], np.array([movie]))
        inputs = {name: np.repeat(values, len(scales), axis=0) for name, values in inputs.items()}
        scales = scales.astype(np.float32)
        event_scales = np.repeat(scales[:, None], self.max_history, axis=1)
        stars, by_event, by_demographics = self._scaled_gradients(inputs, event_scales, scales)
        return stars, by_event[:, self.max_history - min(len(rows), self.max_history) :], by_demographics

    def _inputs(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], targets: np.ndarray) -> Inputs:
        """Return one window for each visitor and target: the first visitor with all targets, then the second …"""
        histories = [encode_history(*pair, self.max_history) for pair in zip(visitors, rows, strict=True)]
        batch = pad_batch(histories, self.max_history, in_front=True)
        inputs = {"movies": batch.movie, "ratings": batch.rating, "user": np.full(len(visitors), -1, np.int32)}
        inputs |= encode_demographics(visitors, self._domain)
        inputs = {name: np.repeat(values, len(targets), axis=0) for name, values in inputs.items()}
        return inputs | {"target": np.tile(targets.astype(np.int32), len(visitors))}


class NumpyClassicScorer(ClassicScorer):
    """As ``ClassicScorer``, in NumPy: the one that serves. ``weights``: all of ``shapes.weight_shapes``."""

    def __init__(self, config: ClassicConfig, sizes: Sizes, weights: Weights, levels: tuple[float, ...]):
        super().__init__(config, sizes, levels)
        use_one_blas_thread()
        self._model = ClassicInference(config, sizes, weights)

    def movie_vectors(self) -> np.ndarray:
        """Return what the model has learned of each movie, with its genres: (movies, width) float32."""
        return self._model.movie_vectors

    def _ratings(self, inputs: Inputs) -> np.ndarray:
        def run(first: int) -> np.ndarray:
            part = {name: values[first : first + MOST_TOGETHER] for name, values in inputs.items()}
            return self._model.predict(part)[0]

        starts = range(0, len(inputs["target"]), MOST_TOGETHER)
        return np.concatenate([*map_parallel(run, starts), np.zeros(0, np.float32)])

    def _weights(self, inputs: Inputs) -> np.ndarray:
        return self._model.predict(inputs)[1][0]

    def _scaled_gradients(
        self, inputs: Inputs, event_scale: np.ndarray, profile_scale: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        def expected(scales: tuple[np.ndarray, np.ndarray]) -> Any:
            scaled = inputs | dict(zip(("event_scale", "profile_scale"), scales, strict=True))
            return self._model.predict(scaled)[0]

        # no rating depends on the scales of another row, so that one pass back gives the gradients of all
        vjp, ratings = make_vjp(expected)((event_scale, profile_scale))
        return ratings, *vjp(np.ones_like(ratings))
