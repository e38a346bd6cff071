"""What the next tower is trained on: the movie of each event, among those that were not watched before it."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from bst.metrics import rank_figures
from bst.models.constants import MASKED
from bst.models.layers import Inputs, Tensor
from bst.models.timeline.definition import LEAST_NEGATIVES
from bst.models.timeline.model import TimelineBST
from bst.models.timeline.objectives import EveryEventObjective, hide, limit
from bst.models.timeline.predictions import REQUEST_INPUTS, compile_next, next_ranks, next_signature, with_requests
from bst.models.timeline.towers.next import NextTower
from bst.store import Statistics
from bst.timelines.segments import Batch, Segments, months
from bst.timelines.splits import TRAIN, VALIDATION, EvaluationSplit

BY_POPULARITY = 0.5  # share of the negatives that is drawn by popularity; the others are drawn uniformly
# users whose last movies validate an epoch: with all those of a large dataset it took a fifth of the training
VALIDATION_USERS = 2000
# logits of a validation: those of fewer users, of a large catalogue, but not of fewer than this many
MOST_LOGITS, LEAST_VALIDATED = 400_000_000, 100


class NextObjective(EveryEventObjective):
    """The movie of each event: cross-entropy of a softmax over the movies that its user had not watched before it.

    Movies are hardly ever rated twice, so a tower that must learn to rule out what was watched wastes part of its
    capacity on it. With ``negatives`` in the configuration the softmax is over a sample of the catalogue.
    """

    name, beta_2 = "next", 0.98

    @property
    def signature(self) -> dict[str, Any]:
        """What its batches consist of."""
        return next_signature(self.model) | {
            "first_seen": tf.TensorSpec((None, None), tf.int16),
            "negatives": tf.TensorSpec((None,), tf.int32),
        }

    def __init__(self, model: TimelineBST, split: EvaluationSplit, seed: int, *, fit: bool = True):
        super().__init__(model, split, seed)
        movies, train = len(split.dataset.movies), split.role == TRAIN
        self.trained_months = np.unique(self.reader.month[train])
        self.set_counts(np.bincount(split.timelines.movie[train], minlength=movies))

    def set_counts(self, count: np.ndarray) -> None:
        """Draw negatives by how many training events each movie has: int (M,)."""
        self.count, movies = count, len(count)
        count = count + 1.0
        probability = BY_POPULARITY * count / count.sum() + (1 - BY_POPULARITY) / movies
        self.sampling_log_probability = tf.constant(np.log(probability), tf.float32)
        self._cumulative = np.cumsum(probability)

    @property
    def negatives(self) -> int:
        """How many movies are drawn for each batch; 0 for a softmax over the whole catalogue."""
        return max(self.config.negatives, LEAST_NEGATIVES) if self.by_parts else self.config.negatives

    def fitted(self) -> dict[str, np.ndarray]:
        """Return the counts of training events by movie, and the months in which there are any."""
        return {"count": self.count, "months": self.trained_months}

    def extend(self, rows: np.ndarray, users: int, totals: Statistics | None) -> None:
        """Take both from the totals of all training events: nearly every month from first to last has some."""
        if totals:
            first, last = months(np.array([totals.first, totals.last]))
            self.set_fitted({"count": totals.item_count, "months": np.arange(first, last + 1)})

    def set_fitted(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take both: see ``Objective``."""
        self.trained_months = arrays["months"]
        self.set_counts(arrays["count"])

    def hide_times(self, batch: Batch, drawn: np.ndarray) -> None:
        """Add the times of the requests, unknown in the configuration's share, and hide all times in a part of it."""
        batch |= hide(with_requests(batch), REQUEST_INPUTS, drawn < self.config.no_request)
        super().hide_times(batch, drawn)

    def batch(self, group: Segments, rng: np.random.Generator) -> Batch | None:
        """Return a batch with ``first_seen`` and ``negatives``, drawn by popularity and uniformly: see ``Objective``.

        A movie that a user watches for a second time is not a label.
        """
        batch, _ = self.read(group, rng)
        drawn = np.searchsorted(self._cumulative, rng.random(self.negatives) * self._cumulative[-1])
        batch["negatives"] = np.minimum(drawn, len(self._cumulative) - 1).astype(np.int32)
        rows = limit(batch, ["movie", "negatives"]) if self.by_parts else None
        batch["first_seen"] = self._first_seen(group, batch["movie"], rows)
        position = np.arange(batch["movie"].shape[1])
        first = np.take_along_axis(batch["first_seen"], np.maximum(batch["movie"], 0), axis=1)
        batch["label"] &= first >= position
        return batch if batch["label"].any() else None

    def _first_seen(self, group: Segments, movie: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """Return at which position of its segment each movie was first seen: int16 (B, M), −1 if before the segment,
        the number of positions if in none of them. ``movie`` (B, T): of the segments. M movies of the catalogue, or
        those of ``rows``, ascending.
        """
        events, positions = self.split.timelines, movie.shape[1]
        movies = len(self.split.dataset.movies) if rows is None else len(rows)
        first = np.full((len(group), movies), positions, np.int16)
        for row, (start, user) in enumerate(zip(group.start, group.user, strict=True)):
            seen = movie[row][: group.length[row]]
            # from the last to the first, so that the first time counts
            first[row, seen[::-1]] = np.arange(len(seen) - 1, -1, -1)
            before = events.movie[events.offsets[user] : start]
            if rows is not None:
                at = np.minimum(np.searchsorted(rows, before), movies - 1)
                before = at[rows[at] == before]
            first[row, before] = -1
        return first

    def loss(self, batch: Inputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean of −ln p over the labels, p by a softmax over unseen movies or over negatives for them.

        Each logit of a negative is lowered by ln(negatives · its probability of being drawn), so that the sum over
        negatives estimates that over the catalogue (Bengio & Senécal, IEEE TNN 19(4), 2008).
        """
        tower: NextTower = self.model.towers["next"]
        states, table = tower(batch, training=True)
        at = tf.where(batch["label"])  # (N, 2): timeline and position
        states, movie = tf.gather_nd(states, at), tf.gather_nd(batch["movie"], at)
        # popularity as one more column: a sum of two matrices of this size would take as long as half of the product
        states = tf.concat([states, tf.ones_like(states[:, :1])], axis=1)
        table = tf.concat([table, tower.table("popularity")[:, None]], axis=1)
        timeline, position = at[:, 0], tf.cast(at[:, 1:], tf.int16)
        loss = (self._sampled if self.negatives else _whole)(states, table, movie, timeline, position, batch)
        return tf.reduce_mean(loss), {"labels": tf.cast(tf.size(loss), tf.float32), "loss": tf.reduce_sum(loss)}

    def _sampled(
        self, states: Tensor, table: Tensor, movie: Tensor, timeline: Tensor, position: Tensor, batch: Inputs
    ) -> Tensor:
        """Return −ln p of each label (N,), given the batch's negatives: arguments as ``_whole``."""
        drawn = batch["negatives"]
        of_catalogue = tf.gather(batch["rows"], drawn) if "rows" in batch else drawn
        correction = tf.gather(self.sampling_log_probability, of_catalogue) + math.log(self.negatives)
        others = tf.matmul(states, tf.gather(table, drawn), transpose_b=True) - correction
        seen = tf.gather(tf.gather(batch["first_seen"], drawn, axis=1), timeline) < position
        # a label that was drawn among the negatives does not count as one
        others = tf.where(seen | (drawn[None] == movie[:, None]), MASKED, others)
        own = tf.reduce_sum(states * tf.gather(table, movie), -1)
        return tf.reduce_logsumexp(tf.concat([own[:, None], others], axis=1), axis=1) - own

    def means(self, total: dict[str, float]) -> dict[str, float]:
        """Return ``next_loss``."""
        return {"next_loss": total["loss"] / total["labels"]}

    def validate(self) -> dict[str, float]:
        """Return ``val_next_loss``, among all unseen movies, ``val_ndcg@10`` and ``val_hr@10``.

        Of the last validation labels of users, or of a sample of ``VALIDATION_USERS``, the same in each epoch.
        """
        most = max(LEAST_VALIDATED, min(VALIDATION_USERS, MOST_LOGITS // self.model.sizes.movies))
        ranks, cross_entropy = next_ranks(self.model, self.split, VALIDATION, most=most, predict=self._predict)
        figures = {f"val_{name}": value for name, value in rank_figures(ranks).items()}
        return {"val_next_loss": float(cross_entropy.mean()), **figures}

    def finish(self) -> None:
        """Give months in which there was no training label the embeddings of the nearest month in which there was.

        Otherwise an event of a later year than any in training would add noise.
        """
        tower: NextTower = self.model.towers["next"]
        trained = self.trained_months
        nearest = trained[np.abs(np.arange(tower.month.input_dim)[:, None] - trained).argmin(axis=1)]
        nearest[0] = 0  # unknown
        for table in (tower.month, tower.request_month) if tower.reads_requests else (tower.month,):
            table.embeddings.assign(table.embeddings.numpy()[nearest])

    @cached_property
    def _predict(self) -> Any:
        return compile_next(self.model)


def _whole(states: Tensor, table: Tensor, movie: Tensor, timeline: Tensor, position: Tensor, batch: Inputs) -> Tensor:
    """Return −ln p of each label (N,), by a softmax over the unseen movies of the catalogue.

    ``states`` (N, D), vectors of movies ``table`` (M, D); of each label its ``movie``, its ``timeline`` in the batch,
    (N,) each, and its ``position`` (N, 1) there.
    """
    seen = tf.gather(batch["first_seen"], timeline) < position  # (N, M)
    logits = tf.where(seen, MASKED, tf.matmul(states, table, transpose_b=True))
    return tf.nn.sparse_softmax_cross_entropy_with_logits(movie, logits)
