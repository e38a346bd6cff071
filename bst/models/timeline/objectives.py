"""What a tower is trained on: its batches, loss and validation; and those of the rating tower.

The next tower's are in ``next_objective``, the like tower's in ``like_objective``.
"""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import tensorflow as tf

from bst.metrics import rating_figures
from bst.models.config import Task
from bst.models.layers import Inputs, Tensor
from bst.models.timeline.config import TimelineConfig
from bst.models.timeline.definition import MOST_WHOLE
from bst.models.timeline.initialisation import FOLDS, OutOfFold, out_of_fold
from bst.models.timeline.model import TimelineBST
from bst.models.timeline.predictions import (
    TIME_INPUTS,
    compile_rating,
    distributions,
    rating_signature,
)
from bst.store import Statistics
from bst.timelines.segments import Batch, SegmentReader, Segments, training_segments
from bst.timelines.splits import TRAIN, VALIDATION, EvaluationSplit

# weights in the loss, beside the cross-entropy of the levels, of the mean's error
SQUARED_ERROR = 0.5
ABSOLUTE_ERROR = 0.5


def hide(batch: Batch, names: Iterable[str], hidden: np.ndarray) -> Batch:
    """Return some inputs of a batch with 0, unknown, in the ``hidden`` timelines, bool (B, 1)."""
    return {name: np.where(hidden, 0, batch[name]).astype(np.int32) for name in names}


def limit(batch: Batch, names: Iterable[str]) -> np.ndarray:
    """Make movies in some inputs of a batch rows of those that it has, and add these as ``rows`` int32, ascending.

    −1, padding, stays. Returns the rows.
    """
    names = list(names)
    rows = np.unique(np.concatenate([batch[name].ravel() for name in names]))
    rows = rows[rows >= 0].astype(np.int32)
    for name in names:
        batch[name] = np.where(batch[name] >= 0, np.searchsorted(rows, batch[name]), -1).astype(np.int32)
    batch["rows"] = rows
    return rows


class Objective(ABC):
    """What one tower is trained on. ``beta_2``: of its optimiser."""

    name: Task
    beta_2: float

    def __init__(self, model: TimelineBST, split: EvaluationSplit, seed: int, *, fit: bool = True):
        """Prepare a training on a split. Without ``fit`` nothing is fitted: see ``set_fitted``."""
        self.model, self.seed = model, seed
        self.config: TimelineConfig = model.config
        self._take(split)

    def _take(self, split: EvaluationSplit) -> None:
        self.split = split
        self.reader = SegmentReader(split.dataset, split.timelines)
        self.users = np.unique(split.user[split.role == TRAIN])

    @property
    @abstractmethod
    def signature(self) -> dict[str, Any]:
        """What its batches consist of."""

    @cached_property
    def by_parts(self) -> bool:
        """Whether the catalogue is so large that a step sees a part of it: see ``limit``."""
        return self.model.sizes.movies > MOST_WHOLE

    @property
    def inputs(self) -> dict[str, Any]:
        """The signature of what a step reads: with the ``rows`` of its movies, if it sees a part of the catalogue."""
        return self.signature | ({"rows": tf.TensorSpec((None,), tf.int32)} if self.by_parts else {})

    def on(self, split: EvaluationSplit, users: np.ndarray) -> Self:
        """Return the same objective whose segments and batches are of another split, for training alone.

        ``users`` int (n,): which rows of the whole dataset's users the split's are.
        """
        other = copy.copy(self)
        other._take(split)
        return other

    # what is fitted before training, once for all workers

    def fitted(self) -> dict[str, np.ndarray]:
        """Return what was fitted to the split, apart from the model's weights: named arrays."""
        return {}

    def set_fitted(self, arrays: Mapping[str, np.ndarray]) -> None:  # noqa: B027 - most have nothing
        """Take what ``fitted`` returned on another worker."""

    def extend(self, rows: np.ndarray, users: int, totals: Statistics | None) -> None:  # noqa: B027 - most have nothing
        """Make what was fitted to a sample serve all ``users``, among whom ``rows`` int (n,) are those of the sample.

        ``totals``: of all training events.
        """

    def segments(self, rng: np.random.Generator) -> Segments:
        """Return what an epoch reads of the timelines."""
        return training_segments(self.split.timelines, self.users, self.config.train_length, rng)

    @abstractmethod
    def batch(self, group: Segments, rng: np.random.Generator) -> Batch | None:
        """Return the batch of a group of segments; None if it has no training label."""

    @abstractmethod
    def loss(self, batch: Inputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, and by name what to sum over an epoch."""

    @abstractmethod
    def means(self, total: dict[str, float]) -> dict[str, float]:
        """Return the columns of the learning curves, from what ``loss`` gave, summed."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Measure the tower on the validation labels, and return columns of the learning curves."""

    def finish(self) -> None:  # noqa: B027 - most have nothing left to do
        """Do what remains when the model has the weights of the best epoch."""

    def hide_demographics(self, batch: Batch, rng: np.random.Generator) -> None:
        """Make each demographic unknown in the configuration's share of the timelines."""
        for name in self.reader.demographics:
            hidden = rng.random(len(batch[name])) < self.config.unknown
            batch[name] = np.where(hidden, -1, batch[name]).astype(np.int32)


class EveryEventObjective(Objective):
    """Every event of a segment is a label, predicted from the events before it."""

    def read(self, group: Segments, rng: np.random.Generator) -> tuple[Batch, np.ndarray]:
        """Return a batch with demographics and times hidden at random, and the index of each cell: see the reader."""
        batch, at = self.reader.read(group, self.split.role == TRAIN)
        self.hide_demographics(batch, rng)
        self.hide_times(batch, rng.random((len(group), 1)))
        return batch, at

    def hide_times(self, batch: Batch, drawn: np.ndarray) -> None:
        """Make all times unknown in the configuration's share of the timelines; ``drawn``: uniform numbers (B, 1)."""
        batch |= hide(batch, TIME_INPUTS, drawn < self.config.no_gaps)


class RatingObjective(EveryEventObjective):
    """The rating of each event: cross-entropy of its level, squared and absolute error of the mean."""

    name, beta_2 = "rating", 0.999

    @property
    def signature(self) -> dict[str, Any]:
        """What its batches consist of."""
        of_factors = dict.fromkeys(("fold_in_prediction", "variance"), tf.TensorSpec((None, None), tf.float32))
        return rating_signature(self.model) | of_factors

    out_of_fold: OutOfFold

    def __init__(self, model: TimelineBST, split: EvaluationSplit, seed: int, *, fit: bool = True):
        super().__init__(model, split, seed)
        if fit:
            self.out_of_fold = out_of_fold(model, split, seed)

    def fitted(self) -> dict[str, np.ndarray]:
        """Return the factor models, apart from their users."""
        return self.out_of_fold.to_arrays()

    def set_fitted(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take the factor models: see ``Objective``."""
        self.out_of_fold = OutOfFold.from_arrays(arrays)

    def extend(self, rows: np.ndarray, users: int, totals: Statistics | None) -> None:
        """Give every user a fold: those outside the sample any, as no factor model has seen them."""
        fold = np.random.default_rng([self.seed, 5]).integers(0, FOLDS, users, np.int8)
        fold[rows] = self.out_of_fold.fold
        self.out_of_fold = replace(self.out_of_fold, fold=fold)

    def on(self, split: EvaluationSplit, users: np.ndarray) -> Self:
        """Return the same for another split: see ``Objective``."""
        other = super().on(split, users)
        other.out_of_fold = replace(self.out_of_fold, fold=self.out_of_fold.fold[users])
        return other

    def batch(self, group: Segments, rng: np.random.Generator) -> Batch | None:
        """Return a batch with the fold-in of each position: see ``Objective``."""
        batch, _ = self.read(group, rng)
        known: Batch = {name: batch[name] for name in self.reader.demographics}
        batch["fold_in_prediction"], batch["variance"] = self.out_of_fold.fold_in(self.split.timelines, group, known)
        if self.by_parts:
            limit(batch, ["movie"])
        return batch if batch["label"].any() else None

    def loss(self, batch: Inputs) -> tuple[Tensor, dict[str, Tensor]]:
        """−ln p of the level, plus squared and absolute error of the mean with their weights: mean over the labels."""
        logits = self.model.towers["rating"](batch, training=True)
        weight = tf.cast(batch["label"], tf.float32)
        stars = tf.constant(self.split.dataset.levels, tf.float32)
        error = tf.reduce_sum(tf.nn.softmax(logits) * stars, -1) - tf.gather(stars, batch["level"])
        cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(batch["level"], logits)
        labels = tf.reduce_sum(weight)
        absolute, squared = tf.reduce_sum(weight * tf.abs(error)), tf.reduce_sum(weight * error**2)
        total = tf.reduce_sum(weight * cross_entropy) + SQUARED_ERROR * squared + ABSOLUTE_ERROR * absolute
        return total / labels, {"labels": labels, "loss": total, "absolute": absolute, "squared": squared}

    def means(self, total: dict[str, float]) -> dict[str, float]:
        """Return ``loss``, ``mae`` and ``rmse``."""
        n = total["labels"]
        means = {"loss": total["loss"] / n, "mae": total["absolute"] / n}
        return means | {"rmse": math.sqrt(total["squared"] / n)}

    def validate(self) -> dict[str, float]:
        """Return ``val_loss``, ``val_mae`` and ``val_rmse``."""
        probability = distributions(self.model, self.split, VALIDATION, predict=self._predict)
        figures = rating_figures(probability, *self._labels)
        loss = figures["nll"] + SQUARED_ERROR * figures["rmse"] ** 2 + ABSOLUTE_ERROR * figures["mae"]
        return {"val_loss": loss, "val_mae": figures["mae"], "val_rmse": figures["rmse"]}

    @cached_property
    def _labels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The rating levels, and of the validation labels the actual ratings and the number of earlier events."""
        labels = self.split.role == VALIDATION
        levels = np.array(self.split.dataset.levels)
        return levels, self.split.timelines.rating[labels], self.split.history[labels]

    @cached_property
    def _predict(self) -> Any:
        # compiled once: that takes longer than to validate on a small dataset
        return compile_rating(self.model)
