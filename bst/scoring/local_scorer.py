"""The scorer of a model in this process: a family says what one pass predicts and what its gradients are."""

from abc import abstractmethod
from collections.abc import Collection, Sequence

import numpy as np

from bst.parallel import map_parallel
from bst.schema import Visitor
from bst.scoring.path_integral import integrate
from bst.scoring.results import IntegratedGradients, Predictions
from bst.scoring.scorer import Scorer, passes


class LocalScorer(Scorer):
    """A family implements the abstract methods, and overrides what it does quicker."""

    @abstractmethod
    def _predict_pass(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, tasks: Collection[str]
    ) -> Predictions:
        """Predict ``movies`` for the visitors of one pass, as ``predict_many`` does."""

    @abstractmethod
    def _gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return expected ratings (scales,) with all inputs scaled, and their gradients with respect to the scale of
        each event that is read (scales, events) and of the demographics (scales,).
        """

    def _tower_gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray, task: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the logit of ``movie`` for a ``task`` other than "rating", and its gradients, as ``_gradients``."""
        raise ValueError(f"this model has no tower for task {task!r}")

    def predict_many(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, tasks: Collection[str] = ()
    ) -> Predictions:
        """Predict ``movies`` for each visitor, in passes of histories of similar length: see ``Scorer``."""
        groups = passes([min(len(row), self.max_history) for row in rows], len(movies))

        def run(group: np.ndarray) -> Predictions:
            return self._predict_pass([visitors[i] for i in group], [rows[i] for i in group], movies, tasks)

        parts = map_parallel(run, groups)
        original = np.argsort(np.concatenate([*groups, np.zeros(0, np.int64)]))

        def joined(name: str) -> np.ndarray | None:
            values = [getattr(part, name) for part in parts]
            return np.concatenate(values)[original] if values and values[0] is not None else None

        expected = np.zeros((0, len(movies)), np.float32) if not parts else joined("expected")
        assert expected is not None
        popularity = parts[0].popularity_logit if parts else None
        return Predictions(expected, joined("distribution"), joined("watch_next"), joined("like_logit"), popularity)

    def integrated_gradients(
        self, visitor: Visitor, rows: np.ndarray, movie: int, steps: int | None = None, task: str = "rating"
    ) -> IntegratedGradients:
        """Return integrated gradients along the path that scales all inputs: see ``Scorer``."""

        def gradients(scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            value, by_event, by_demographics = self._gradients_of(visitor, rows, movie, scales, task)
            return value.astype(float), np.column_stack([by_event, by_demographics]).astype(float)

        baseline, expected, effects = integrate(gradients, steps)
        return IntegratedGradients(expected, baseline, effects[:-1], float(effects[-1]))

    def gradient_times_input(self, visitor: Visitor, rows: np.ndarray, movie: int, task: str = "rating") -> np.ndarray:
        """Return the gradient × input of each event that is read: see ``Scorer``."""
        return self._gradients_of(visitor, rows, movie, np.ones(1), task)[1][0].astype(float)

    def _gradients_of(
        self, visitor: Visitor, rows: np.ndarray, movie: int, scales: np.ndarray, task: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if task == "rating":
            return self._gradients(visitor, rows, movie, scales)
        return self._tower_gradients(visitor, rows, movie, scales, task)
