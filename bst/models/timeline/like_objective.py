"""What the like tower is trained on: everything a user liked later, at a few moments of each timeline."""

import warnings
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from bst.metrics import LIKED
from bst.models.constants import MASKED
from bst.models.layers import Inputs, Tensor
from bst.models.timeline.objectives import Objective
from bst.timelines.segments import Batch, Segments
from bst.timelines.splits import TRAIN, VALIDATION

# moments of a timeline in a batch: neighbouring ones have nearly the same labels
MOMENTS = 6
# after this many events validation asks what will be liked later
VALIDATION_HISTORIES = (1, 5, 10, 20, 50)
VALIDATION_USERS = 64  # in one pass
LIST_LENGTH = 10
# how much more the base popularity may count than in training: see ``LikeObjective.finish``
BASE_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
NO_PENALTY = np.inf  # of the calibration's coefficients


class LikeObjective(Objective):
    """Which movies were watched and liked later than a moment, of those not watched before it.

    The loss of a moment is −Σ_liked ln softmax(scores)_i / (number of liked), over all movies that were not watched
    before it: the multinomial likelihood of Liang et al. 2018 (arXiv 1802.05814), applied to all later events (the
    dense all-action loss of Pancha et al. 2022, arXiv 2205.04507). Moments are drawn so that ln(1 + events before) is
    uniform. A share of the timelines is shuffled in each batch: what a user likes depends little on the order in
    which a website showed it.

    The softmax gives the order of movies. That sigmoid(logit) is a probability, also for people who were not trained
    on, is made sure of by a logistic regression on validation labels at the end: see ``finish``.
    """

    name, beta_2 = "like", 0.99

    @property
    def signature(self) -> dict[str, Any]:
        """What its batches consist of."""
        of_moments = (*self.reader.demographics, "timeline", "position")
        return {
            **{name: tf.TensorSpec((None, None), tf.int32) for name in ("movie", "level", "gap")},
            **{name: tf.TensorSpec((None,), tf.int32) for name in of_moments},
            **{name: tf.TensorSpec((None, None), tf.bool) for name in ("liked", "seen")},
        }

    def segments(self, rng: np.random.Generator) -> Segments:
        """Return the beginning of each training user's timeline."""
        return self._beginnings(self.users)

    def _beginnings(self, users: np.ndarray) -> Segments:
        timelines = self.split.timelines
        length = np.minimum(timelines.lengths[users], self.config.train_length)
        return Segments(timelines.offsets[users], length, users, np.zeros(len(users), np.int64))

    def batch(self, group: Segments, rng: np.random.Generator) -> Batch | None:
        """Return a batch of ``MOMENTS`` moments R of each timeline: see ``Objective``.

        ``timeline`` and ``position`` int32 (R,): which timeline of the batch, after how many of its events; ``liked``
        and ``seen`` bool (R, M): movies that were liked later, and those that were watched before.
        """
        lengths = self.split.timelines.lengths[group.user]
        shuffled = rng.random(len(group)) < self.config.shuffled
        orders = [rng.permutation(n) if mixed else np.arange(n) for n, mixed in zip(lengths, shuffled, strict=True)]
        timeline = np.repeat(np.arange(len(group)), MOMENTS)
        latest = np.minimum(group.length, lengths - 1)[timeline]
        position = ((latest + 1) ** rng.random(len(timeline)) - 1).astype(np.int64)
        batch = self._batch(group, orders, timeline, position, TRAIN)
        self.hide_demographics(batch, rng)
        return batch if len(batch["timeline"]) else None

    def _batch(
        self, group: Segments, orders: list[np.ndarray], timeline: np.ndarray, position: np.ndarray, role: int
    ) -> Batch:
        """Return a batch; ``orders`` are those of all events of each timeline. Moments without a label are left out."""
        timelines, width = self.split.timelines, int(group.length.max())
        at = np.full((len(group), max(map(len, orders))), -1)
        for row, start, order in zip(at, group.start, orders, strict=True):
            row[: len(order)] = start + order
        read = np.arange(width) < group.length[:, None]
        inputs = {
            "movie": np.where(read, timelines.movie[at[:, :width]], -1).astype(np.int32),
            "level": np.where(read, self.reader.level[at[:, :width]], 0).astype(np.int32),
            "gap": np.zeros(read.shape, np.int32),
        }
        inputs |= {name: codes[group.user] for name, codes in self.reader.demographics.items()}
        later = np.arange(at.shape[1]) >= position[:, None]  # (R, events)
        label = (at >= 0) & (self.split.role[at] == role) & (timelines.rating[at] >= LIKED)
        liked = self._movies(at[timeline], later & label[timeline])
        seen = self._movies(at[timeline], ~later)
        has_label = (liked & ~seen).any(axis=1)
        moments = {"timeline": timeline.astype(np.int32), "position": position.astype(np.int32)}
        moments |= {"liked": liked & ~seen, "seen": seen}
        return inputs | {name: values[has_label] for name, values in moments.items()}

    def _movies(self, at: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return the movies of the ``chosen`` events (R, events) as bool (R, M)."""
        result = np.zeros((len(at), len(self.split.dataset.movies)), bool)
        row, column = np.nonzero(chosen)
        result[row, self.split.timelines.movie[at[row, column]]] = True
        return result

    def loss(self, batch: Inputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean loss of the moments: see the class."""
        tower: Any = self.model.like
        states, vectors = tower(batch, training=True)
        state = _at_moments(states, batch)
        each = multinomial_loss(tower.scores(state, vectors, batch["position"]), batch["liked"], batch["seen"])
        return tf.reduce_mean(each), {"labels": tf.cast(tf.size(each), tf.float32), "loss": tf.reduce_sum(each)}

    def means(self, total: dict[str, float]) -> dict[str, float]:
        """Return ``like_loss``, nats a liked movie."""
        return {"like_loss": total["loss"] / total["labels"]}

    def validate(self) -> dict[str, float]:
        """Return ``val_like_loss`` and ``val_precision@10``, of the users after ``VALIDATION_HISTORIES`` events."""
        losses, precision = [np.zeros(0)], [np.zeros(0)]
        for batch in self._validation_batches:
            loss, scores = (part.numpy() for part in self._predict(batch))
            losses.append(loss)
            precision.append(_precision(scores, batch))
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # without labels both are NaN
            return {
                "val_like_loss": float(np.mean(np.concatenate(losses))),
                "val_precision@10": float(np.mean(np.concatenate(precision))),
            }

    def finish(self) -> None:
        """Fit the tower's calibration to the validation labels: see ``LikeTower``.

        Training overrates what distinguishes people, as it knows them. So the base popularity gets more weight: b / a
        is the one of ``BASE_WEIGHTS`` with the highest precision of ten movies. The other coefficients are those of a
        logistic regression of whether a movie is liked later (Platt scaling, 1999).
        """
        tower: Any = self.model.like
        batches = self._validation_batches
        scores = [self._predict(batch)[1].numpy() for batch in batches]
        bases = [np.array(tower.base_popularity_after(batch["position"])) for batch in batches]
        liked = np.concatenate([np.zeros(0, bool), *(batch["liked"][~batch["seen"]] for batch in batches)])
        if not 0 < liked.mean() < 1:
            return

        def with_base(weight: float) -> list[np.ndarray]:
            return [score + weight * base for score, base in zip(scores, bases, strict=True)]

        def precision(weight: float) -> float:
            pairs = zip(with_base(weight), batches, strict=True)
            return float(np.concatenate([_precision(*pair) for pair in pairs]).mean())

        weight = max(BASE_WEIGHTS, key=precision)
        inputs = []
        for score, batch in zip(with_base(weight), batches, strict=True):
            log_count = np.broadcast_to(np.log1p(batch["position"])[:, None], score.shape)
            inputs.append(np.stack([part[~batch["seen"]] for part in (score, log_count)], axis=1))
        fitted = LogisticRegression(C=NO_PENALTY).fit(np.concatenate(inputs), liked)
        of_score, of_count = fitted.coef_[0]
        tower.calibration.assign([of_score, weight * of_score, fitted.intercept_[0], of_count])

    @cached_property
    def _validation_batches(self) -> list[Batch]:
        """Users with validation labels, in the order of their timelines, nothing hidden."""
        split, batches = self.split, []
        labels = np.flatnonzero(split.role == VALIDATION)
        users, first = np.unique(split.user[labels], return_index=True)
        before = labels[first] - split.timelines.offsets[users]  # events ahead of a user's first label
        for start in range(0, len(users), VALIDATION_USERS):
            chosen = slice(start, start + VALIDATION_USERS)
            group = self._beginnings(users[chosen])
            timeline = np.repeat(np.arange(len(group)), len(VALIDATION_HISTORIES))
            position = np.maximum(np.tile(VALIDATION_HISTORIES, len(group)), before[chosen][timeline])
            position = np.minimum(position, group.length[timeline])
            orders = [np.arange(n) for n in split.timelines.lengths[group.user]]
            batch = self._batch(group, orders, timeline, position, VALIDATION)
            batches += [batch] if len(batch["timeline"]) else []
        return batches

    @cached_property
    def _predict(self) -> Any:
        tower: Any = self.model.like

        @tf.function(input_signature=[self.signature])
        def predict(batch: Inputs) -> tuple[Tensor, Tensor]:
            states, vectors = tower(batch, training=False)
            scores = tower.scores(_at_moments(states, batch), vectors, batch["position"])
            return multinomial_loss(scores, batch["liked"], batch["seen"]), scores

        return predict


def _precision(scores: np.ndarray, batch: Batch) -> np.ndarray:
    """Return which share of the ten movies with the highest scores (R, M) is liked later: (R,)."""
    top = np.argsort(-np.where(batch["seen"], -np.inf, scores), axis=1, kind="stable")[:, :LIST_LENGTH]
    return np.take_along_axis(batch["liked"], top, axis=1).mean(axis=1)


def _at_moments(states: Tensor, batch: Inputs) -> Tensor:
    """Return of the states (B, T + 1, D) those of the batch's moments: (R, D)."""
    return tf.gather_nd(states, tf.stack([batch["timeline"], batch["position"]], axis=1))


def multinomial_loss(scores: Tensor, liked: Tensor, seen: Tensor) -> Tensor:
    """Return −Σ_liked ln softmax(scores) / number of liked, over what was not seen: (R, M) each → (R,) nats."""
    log_probability = tf.nn.log_softmax(scores + tf.cast(seen, tf.float32) * MASKED)
    weight = tf.cast(liked, tf.float32)
    return -tf.reduce_sum(weight * log_probability, axis=1) / tf.reduce_sum(weight, axis=1)
