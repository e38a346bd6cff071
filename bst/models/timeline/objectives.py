"""What the rating tower and the next tower are trained on: their batches, losses and validation.

The like tower's is in ``like_objective``.
"""

import math
from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from bst.metrics import rank_figures, rating_figures
from bst.models.config import Task
from bst.models.layers import Inputs, Tensor
from bst.models.timeline.config import TimelineConfig
from bst.models.timeline.initialisation import out_of_fold
from bst.models.timeline.model import TimelineBST
from bst.models.timeline.predictions import (
    SIGNATURE,
    TIME_INPUTS,
    compile_next,
    compile_rating,
    distributions,
    next_ranks,
)
from bst.schema import DEMOGRAPHICS
from bst.timelines.segments import Batch, SegmentReader, Segments, training_segments
from bst.timelines.splits import TRAIN, VALIDATION, EvaluationSplit

# weights in the loss, beside the cross-entropy of the levels, of the mean's error
SQUARED_ERROR = 0.5
ABSOLUTE_ERROR = 0.5
BY_POPULARITY = 0.5  # share of the negatives that is drawn by popularity; the others are drawn uniformly


class Objective(ABC):
    """What one tower is trained on. ``signature``: of its batches; ``beta_2``: of its optimiser."""

    name: Task
    signature: ClassVar[dict[str, Any]]
    beta_2: float

    def __init__(self, model: TimelineBST, split: EvaluationSplit, seed: int):
        self.model, self.split, self.seed = model, split, seed
        self.config: TimelineConfig = model.config
        self.reader = SegmentReader(split.dataset, split.timelines)
        self.users = np.unique(split.user[split.role == TRAIN])

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
        """Make each of sex, age and occupation unknown in the configuration's share of the timelines."""
        for name in DEMOGRAPHICS:
            hidden = rng.random(len(batch[name])) < self.config.unknown
            batch[name] = np.where(hidden, -1, batch[name]).astype(np.int32)


class EveryEventObjective(Objective):
    """Every event of a segment is a label, predicted from the events before it."""

    def read(self, group: Segments, rng: np.random.Generator) -> tuple[Batch, np.ndarray]:
        """Return a batch with demographics and times hidden at random, and the index of each cell: see the reader."""
        batch, at = self.reader.read(group, self.split.role == TRAIN)
        self.hide_demographics(batch, rng)
        untimed = rng.random((len(group), 1)) < self.config.no_gaps
        for column in TIME_INPUTS:
            batch[column] = np.where(untimed, 0, batch[column]).astype(np.int32)
        return batch, at


class RatingObjective(EveryEventObjective):
    """The rating of each event: cross-entropy of its level, squared and absolute error of the mean."""

    name, beta_2 = "rating", 0.999
    signature: ClassVar[dict[str, Any]] = SIGNATURE | dict.fromkeys(
        ("fold_in_prediction", "variance"), tf.TensorSpec((None, None), tf.float32)
    )

    def __init__(self, model: TimelineBST, split: EvaluationSplit, seed: int):
        super().__init__(model, split, seed)
        self.out_of_fold = out_of_fold(model, split, seed)

    def batch(self, group: Segments, rng: np.random.Generator) -> Batch | None:
        """Return a batch with the fold-in of each position: see ``Objective``."""
        batch, _ = self.read(group, rng)
        known: Batch = {name: batch[name] for name in DEMOGRAPHICS}
        batch["fold_in_prediction"], batch["variance"] = self.out_of_fold.fold_in(self.split.timelines, group, known)
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


class NextObjective(EveryEventObjective):
    """The movie of each event, against negatives that stand for the catalogue."""

    name, beta_2 = "next", 0.98
    signature: ClassVar[dict[str, Any]] = SIGNATURE | {"negatives": tf.TensorSpec((None,), tf.int32)}

    def __init__(self, model: TimelineBST, split: EvaluationSplit, seed: int):
        super().__init__(model, split, seed)
        movies = len(split.dataset.movies)
        count = np.bincount(split.timelines.movie[split.role == TRAIN], minlength=movies) + 1.0
        probability = BY_POPULARITY * count / count.sum() + (1 - BY_POPULARITY) / movies
        self.sampling_log_probability = tf.constant(np.log(probability), tf.float32)
        self._cumulative = np.cumsum(probability)

    def batch(self, group: Segments, rng: np.random.Generator) -> Batch | None:
        """Return a batch with ``negatives``, drawn by popularity and uniformly: see ``Objective``."""
        batch, _ = self.read(group, rng)
        drawn = np.searchsorted(self._cumulative, rng.random(self.config.negatives) * self._cumulative[-1])
        batch["negatives"] = np.minimum(drawn, len(self._cumulative) - 1).astype(np.int32)
        return batch if batch["label"].any() else None

    def loss(self, batch: Inputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Softmax over the label and the batch's negatives: mean of −ln p over the labels.

        Each logit of a negative is lowered by ln(negatives · its probability of being drawn), so that the sum over
        negatives estimates that over the catalogue (Bengio & Senécal, IEEE TNN 19(4), 2008).
        """
        tower: Any = self.model.next
        states, table = tower(batch, training=True)
        at = tf.reshape(tf.where(tf.reshape(batch["label"], [-1])), [-1])
        states = tf.gather(tf.reshape(states, [-1, states.shape[-1]]), at)
        movie, drawn = tf.gather(tf.reshape(batch["movie"], [-1]), at), batch["negatives"]
        popularity = tf.convert_to_tensor(tower.popularity)
        correction = tf.gather(self.sampling_log_probability, drawn) + math.log(self.config.negatives)
        others = (
            tf.matmul(states, tf.gather(table, drawn), transpose_b=True) + tf.gather(popularity, drawn) - correction
        )
        # a label that was drawn among the negatives does not count as one
        others = tf.where(drawn[None] == movie[:, None], -1e9, others)
        own = tf.reduce_sum(states * tf.gather(table, movie), -1) + tf.gather(popularity, movie)
        loss = tf.reduce_logsumexp(tf.concat([own[:, None], others], axis=1), axis=1) - own
        return tf.reduce_mean(loss), {"labels": tf.cast(tf.size(loss), tf.float32), "loss": tf.reduce_sum(loss)}

    def means(self, total: dict[str, float]) -> dict[str, float]:
        """Return ``next_loss``."""
        return {"next_loss": total["loss"] / total["labels"]}

    def validate(self) -> dict[str, float]:
        """Return ``val_next_loss``, over the whole catalogue, ``val_ndcg@10`` and ``val_hr@10``."""
        ranks, cross_entropy = next_ranks(self.model, self.split, VALIDATION, predict=self._predict)
        figures = {f"val_{name}": value for name, value in rank_figures(ranks).items()}
        return {"val_next_loss": float(cross_entropy.mean()), **figures}

    @cached_property
    def _predict(self) -> Any:
        return compile_next(self.model)
