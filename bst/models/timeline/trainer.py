"""Training of a timeline BST on segments: a split in, fitted weights and learning curves out. Knows no files.

Both towers go through the same epochs, one after the other, each with its own optimiser and schedule, until its own
epochs are done; each keeps the weights of its own best epoch. What an epoch sees follows from (seed, epoch) alone, as
for the classic presets.
"""

import math
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bst.metrics import rank_figures, rating_figures
from bst.models.config import Sizes, Task
from bst.models.layers import Inputs, Tensor
from bst.models.timeline.config import BEST_EPOCH_COLUMNS, TimelineConfig
from bst.models.timeline.initialisation import initialise, out_of_fold
from bst.models.timeline.model import TimelineBST, build_timeline
from bst.models.trainer import REPORT_S, OnEpoch, OnProgress, Progress, Trainer, TrainingState, Variable
from bst.schema import DEMOGRAPHICS
from bst.timelines.segments import (
    EVENT_INPUTS,
    Batch,
    SegmentReader,
    Segments,
    evaluation_segments,
    grouped,
    training_segments,
)
from bst.timelines.splits import TRAIN, VALIDATION, EvaluationSplit

# weights in the loss, beside the cross-entropy of the levels, of the mean's error
SQUARED_ERROR = 0.5
ABSOLUTE_ERROR = 0.5
BY_POPULARITY = 0.5  # share of the negatives that is drawn by popularity; the others are drawn uniformly
EVALUATION_EVENTS = 12_800  # cells of a batch in evaluation
BETA_2 = {"rating": 0.999, "next": 0.98}
TIME_INPUTS = ("gap", "month")

SIGNATURE: dict[str, Any] = {
    **{name: tf.TensorSpec((None, None), tf.int32) for name in EVENT_INPUTS},
    **{name: tf.TensorSpec((None,), tf.int32) for name in DEMOGRAPHICS},
    "label": tf.TensorSpec((None, None), tf.bool),
}
TRAINING_SIGNATURES = {
    "rating": SIGNATURE | dict.fromkeys(("fold_in_prediction", "variance"), tf.TensorSpec((None, None), tf.float32)),
    "next": SIGNATURE | {"negatives": tf.TensorSpec((None,), tf.int32)},
}


class TowerTrainer:
    """One tower's optimiser, the moving average of its weights, and its compiled step.

    ``loss`` maps a batch to the loss and, by name, what to sum over an epoch.
    """

    def __init__(self, name: Task, tower: Any, config: TimelineConfig, loss: Callable):
        self.name, self.tower, self.config, self.settings = name, tower, config, config.towers[name]
        weights = tower.trainable_variables
        self.optimizer = keras.optimizers.AdamW(
            self.settings.learning_rate, config.weight_decay, beta_2=BETA_2[name], global_clipnorm=1.0
        )
        # no weight decay for biases and the gains of norms
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "popularity", "distance", "scale"])
        self.optimizer.build(weights)
        self.averages = [tf.Variable(weight.value, name=f"average_{i}") for i, weight in enumerate(weights)]

        @tf.function(input_signature=[TRAINING_SIGNATURES[name]])
        def step(batch: Inputs) -> dict[str, Tensor]:
            with tf.GradientTape() as tape:
                value, sums = loss(batch)
            self.optimizer.apply(tape.gradient(value, weights), weights)
            # a shorter average at first, so that untrained weights do not stay in it
            decay = tf.minimum(config.averaging, 1 - 1 / (1 + tf.cast(self.optimizer.iterations, tf.float32) / 2))
            for average, weight in zip(self.averages, weights, strict=True):
                average.assign(average * decay + (1 - decay) * weight.value)
            return sums

        self._step = step

    @property
    def variables(self) -> list[Variable]:
        """All that must survive a stop."""
        return [*self.tower.variables, *self.optimizer.variables, *self.averages]

    def rate(self, share: float) -> float:
        """Return the learning rate when ``share`` of the training is done: warm-up, then half a cosine to 0."""
        warm = min(1.0, (int(self.optimizer.iterations) + 1) / self.config.warm_up)
        return self.settings.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * share))

    @property
    def learning_rate(self) -> float:
        """The learning rate of the latest step."""
        return float(self.optimizer.learning_rate)

    def train(self, batch: Batch, share: float) -> dict[str, float]:
        """Do one step and return its sums."""
        self.optimizer.learning_rate = self.rate(share)
        inputs = {name: batch[name] for name in TRAINING_SIGNATURES[self.name]}
        return {name: float(value) for name, value in self._step(inputs).items()}

    def swap(self) -> None:
        """Exchange weights and averages; twice changes nothing."""
        for average, weight in zip(self.averages, self.tower.trainable_variables, strict=True):
            value = weight.numpy()
            weight.assign(average)
            average.assign(value)


class TimelineTrainer(Trainer):
    """One training of a timeline preset."""

    def __init__(self, config: TimelineConfig, split: EvaluationSplit, seed: int):
        keras.utils.set_random_seed(seed)
        self.config, self.split, self.seed = config, split, seed
        sizes = Sizes(len(split.dataset.users), len(split.dataset.movies))
        self.model = build_timeline(config, sizes, len(split.dataset.levels))
        initialise(self.model, split, seed)
        self.reader = SegmentReader(split.dataset, split.timelines)
        losses = {"rating": self._rating_loss, "next": self._next_loss}
        self.towers = {
            name: TowerTrainer(name, tower, config, losses[name]) for name, tower in self.model.towers.items()
        }
        if self.model.rating:
            self.fold_in_prediction, self.variance = out_of_fold(self.model, split, seed)
        if self.model.next:
            count = np.bincount(split.timelines.movie[split.role == TRAIN], minlength=sizes.movies) + 1.0
            probability = BY_POPULARITY * count / count.sum() + (1 - BY_POPULARITY) / sizes.movies
            self.sampling_log_probability, self._cumulative = (
                tf.constant(np.log(probability), tf.float32),
                np.cumsum(probability),
            )

    @cached_property
    def _validation(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The rating levels, and of the validation labels the actual ratings and the number of earlier events."""
        labels = self.split.role == VALIDATION
        levels = np.array(self.split.dataset.levels)
        return levels, self.split.timelines.rating[labels], self.split.history[labels]

    @cached_property
    def _predict(self) -> dict[Task, Callable]:
        """The compiled predictions by tower: to compile them takes longer than to validate on a small dataset."""
        builders: dict[Task, Callable] = {"rating": compile_rating, "next": compile_next}
        return {name: builders[name](self.model) for name in self.towers}

    @property
    def variables(self) -> list[Variable]:
        """The towers', their optimisers' and their averages' variables."""
        return [variable for tower in self.towers.values() for variable in tower.variables]

    @property
    def training_set(self) -> str:
        """How many ratings it is trained on."""
        return f"{(self.split.role == TRAIN).sum():,} ratings"

    def fit(
        self,
        *,
        epochs: int,
        patience: int,
        state: TrainingState | None = None,
        on_epoch: OnEpoch = lambda state: None,
        on_progress: OnProgress = lambda progress: None,
    ) -> TrainingState:
        """Train until ``epochs`` epochs are done or no tower has improved on validation for ``patience`` of its own.

        ``state``, ``on_epoch`` and the result are as for the classic presets. ``history`` has a row an epoch:
        ``loss``, ``mae``, ``rmse`` and their ``val_`` twins of the rating tower; ``next_loss`` (nats; with negatives
        in training, over the whole catalogue in validation), ``val_ndcg@10`` and ``val_hr@10`` of the next tower;
        ``learning_rate`` and ``next_learning_rate``, those of the epoch's last step; ``seconds``. ``best_epoch`` is the
        rating tower's, where there is one.
        """
        state = state or TrainingState()
        while state.epoch < epochs:
            active = [name for name in self.towers if self._goes_on(name, state, patience)]
            if not active:
                break
            epoch, began = state.epoch + 1, time.monotonic()
            row: dict[str, float] = {"epoch": epoch}
            for name in active:
                row |= self._epoch(self.towers[name], epoch, epochs, active, row, on_progress)
            row["seconds"] = time.monotonic() - began
            state.epoch = epoch
            state.history.append(row)
            self._keep_best(active, state)
            on_epoch(state)
        if state.best_weights:
            self.model.set_weights(state.best_weights)
        return state

    def _goes_on(self, name: Task, state: TrainingState, patience: int) -> bool:
        rows = [row for row in state.history if BEST_EPOCH_COLUMNS[name] in row]
        if state.epoch >= self.towers[name].settings.epochs or len(rows) < state.epoch:
            return False
        return len(rows) - best_epoch(state.history, name) < max(patience, 1)

    def _keep_best(self, active: list[Task], state: TrainingState) -> None:
        """Keep the averages of the towers whose best epoch this is."""
        index_of = {id(weight): i for i, weight in enumerate(self.model.weights)}
        state.best_weights = state.best_weights or self.model.get_weights()
        for name in active:
            if best_epoch(state.history, name) == state.epoch:
                tower = self.towers[name]
                for average, weight in zip(tower.averages, tower.tower.trainable_variables, strict=True):
                    state.best_weights[index_of[id(weight)]] = average.numpy()
        first = next(iter(self.towers))
        state.best_epoch = best_epoch(state.history, first)
        column = BEST_EPOCH_COLUMNS[first]
        state.best_score = state.history[state.best_epoch - 1][column] if state.best_epoch else math.inf

    # ---- one epoch

    def _epoch(
        self,
        tower: TowerTrainer,
        epoch: int,
        epochs: int,
        active: list[Task],
        row: dict[str, float],
        on_progress: OnProgress,
    ) -> dict[str, float]:
        """Train one tower for an epoch and return its row of the curves; ``row`` has those of the towers before it."""
        rng = np.random.default_rng([self.seed, epoch, list(BEST_EPOCH_COLUMNS).index(tower.name)])
        users = np.unique(self.split.user[self.split.role == TRAIN])
        groups = list(
            grouped(
                training_segments(self.split.timelines, users, self.config.train_length, rng),
                self.config.batch_events,
                rng,
            )
        )
        total: dict[str, float] = {}
        began = last = time.monotonic()
        done_before = active.index(tower.name)
        for step, group in enumerate(groups, start=1):
            batch = self._training_batch(tower.name, group, rng)
            if not batch["label"].any():
                continue
            sums = tower.train(batch, (epoch - 1 + (step - 1) / len(groups)) / tower.settings.epochs)
            for name, value in sums.items():
                total[name] = total.get(name, 0.0) + value
            now = time.monotonic()
            if now - last > REPORT_S or step == len(groups):
                last = now
                share = (done_before + step / len(groups)) / len(active)
                # the towers of an epoch take about the same time
                remaining = (now - began) / step * len(groups) * len(active) * (epochs - epoch + 1 - share)
                metrics = row | self._means(tower.name, total)
                on_progress(Progress(epoch, epochs, round(share * 1000), 1000, remaining, metrics))
        rate = {"learning_rate" if tower.name == "rating" else "next_learning_rate": tower.learning_rate}
        return rate | self._means(tower.name, total) | self._validate(tower)

    def _training_batch(self, name: Task, group: Segments, rng: np.random.Generator) -> Batch:
        batch, at = self.reader.read(group, self.split.role == TRAIN)
        for part in DEMOGRAPHICS:
            batch[part] = np.where(rng.random(len(group)) < self.config.unknown, -1, batch[part]).astype(np.int32)
        untimed = rng.random((len(group), 1)) < self.config.no_gaps
        for column in TIME_INPUTS:
            batch[column] = np.where(untimed, 0, batch[column]).astype(np.int32)
        if name == "rating":
            batch["fold_in_prediction"] = np.where(at >= 0, self.fold_in_prediction[at], 0).astype(np.float32)
            batch["variance"] = np.where(at >= 0, self.variance[at], 0).astype(np.float32)
        else:
            drawn = np.searchsorted(self._cumulative, rng.random(self.config.negatives) * self._cumulative[-1])
            batch["negatives"] = np.minimum(drawn, len(self._cumulative) - 1).astype(np.int32)
        return batch

    def _means(self, name: Task, total: dict[str, float]) -> dict[str, float]:
        n = total["labels"]
        if name == "next":
            return {"next_loss": total["loss"] / n}
        means = {"loss": total["loss"] / n, "mae": total["absolute"] / n}
        return means | {"rmse": math.sqrt(total["squared"] / n)}

    # ---- losses

    def _rating_loss(self, batch: Inputs) -> tuple[Tensor, dict[str, Tensor]]:
        """−ln p of the level, plus squared and absolute error of the mean with their weights: mean over the labels."""
        logits = self.model.rating(batch, training=True)
        weight = tf.cast(batch["label"], tf.float32)
        stars = tf.constant(self.split.dataset.levels, tf.float32)
        error = tf.reduce_sum(tf.nn.softmax(logits) * stars, -1) - tf.gather(stars, batch["level"])
        cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(batch["level"], logits)
        labels = tf.reduce_sum(weight)
        absolute, squared = tf.reduce_sum(weight * tf.abs(error)), tf.reduce_sum(weight * error**2)
        total = tf.reduce_sum(weight * cross_entropy) + SQUARED_ERROR * squared + ABSOLUTE_ERROR * absolute
        return total / labels, {"labels": labels, "loss": total, "absolute": absolute, "squared": squared}

    def _next_loss(self, batch: Inputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Softmax over the label and the batch's negatives: mean of −ln p over the labels.

        Each logit of a negative is lowered by ln(negatives · its probability of being drawn), so that the sum over
        negatives estimates that over the catalogue (Bengio & Senécal, IEEE TNN 19(4), 2008).
        """
        states, table = self.model.next(batch, training=True)
        at = tf.reshape(tf.where(tf.reshape(batch["label"], [-1])), [-1])
        states = tf.gather(tf.reshape(states, [-1, states.shape[-1]]), at)
        movie, drawn = tf.gather(tf.reshape(batch["movie"], [-1]), at), batch["negatives"]
        popularity = tf.convert_to_tensor(self.model.next.popularity)
        correction = tf.gather(self.sampling_log_probability, drawn) + math.log(self.config.negatives)
        others = (
            tf.matmul(states, tf.gather(table, drawn), transpose_b=True) + tf.gather(popularity, drawn) - correction
        )
        # a label that was drawn among the negatives does not count as one
        others = tf.where(drawn[None] == movie[:, None], -1e9, others)
        own = tf.reduce_sum(states * tf.gather(table, movie), -1) + tf.gather(popularity, movie)
        loss = tf.reduce_logsumexp(tf.concat([own[:, None], others], axis=1), axis=1) - own
        return tf.reduce_mean(loss), {"labels": tf.cast(tf.size(loss), tf.float32), "loss": tf.reduce_sum(loss)}

    # ---- validation

    def _validate(self, tower: TowerTrainer) -> dict[str, float]:
        """Measure the averaged weights on the validation labels."""
        tower.swap()
        try:
            if tower.name == "rating":
                probability = distributions(self.model, self.split, VALIDATION, predict=self._predict[tower.name])
                figures = rating_figures(probability, *self._validation)
                loss = figures["nll"] + SQUARED_ERROR * figures["rmse"] ** 2 + ABSOLUTE_ERROR * figures["mae"]
                return {"val_loss": loss, "val_mae": figures["mae"], "val_rmse": figures["rmse"]}
            ranks, cross_entropy = next_ranks(self.model, self.split, VALIDATION, predict=self._predict[tower.name])
            figures = {f"val_{name}": value for name, value in rank_figures(ranks).items()}
            return {"val_next_loss": float(cross_entropy.mean()), **figures}
        finally:
            tower.swap()


def best_epoch(history: list[dict[str, float]], tower: Task) -> int:
    """Return the epoch in which a tower was best on validation, 0 while no epoch has given a number."""
    column = BEST_EPOCH_COLUMNS[tower]
    scores = [(row[column], row["epoch"]) for row in history if math.isfinite(row.get(column, math.nan))]
    return int(min(scores)[1]) if scores else 0


def _batches(model: TimelineBST, split: EvaluationSplit, segments: Segments, label: np.ndarray) -> Iterator:
    reader = SegmentReader(split.dataset, split.timelines)
    for group in grouped(segments, EVALUATION_EVENTS):
        batch, at = reader.read(group, label)
        if batch["label"].any():
            yield group, batch, at


def compile_rating(model: TimelineBST) -> Callable:
    """Return a graph that maps a batch to distributions (timelines, events, levels)."""
    tower: Any = model.rating

    @tf.function(input_signature=[SIGNATURE])
    def predict(batch: Inputs) -> Tensor:
        return tf.nn.softmax(tower(batch, training=False))

    return predict


def compile_next(model: TimelineBST) -> Callable:
    """Return a graph that maps a batch to ln p (labels, movies): at each label, of every movie."""
    tower: Any = model.next

    @tf.function(input_signature=[SIGNATURE])
    def predict(batch: Inputs) -> Tensor:
        states, _ = tower(batch, training=False)
        return tf.nn.log_softmax(tower.catalogue_logits(tf.boolean_mask(states, batch["label"])))

    return predict


def distributions(
    model: TimelineBST, split: EvaluationSplit, role: int, *, gaps: bool = True, predict: Callable | None = None
) -> np.ndarray:
    """Predict the labels of a role, each from the newest events before it: (labels, levels), in timeline order.

    Every label has at least half of the configuration's ``max_history`` behind it, where its user has so many. Without
    ``gaps`` all times are unknown. ``predict``: what ``compile_rating`` returned of the model, if it is called often.
    """
    predict = predict or compile_rating(model)
    label = split.role == role
    segments = evaluation_segments(split.timelines, np.unique(split.user[label]), model.config.max_history)
    result = np.zeros((len(label), model.levels), np.float32)
    for _, batch, at in _batches(model, split, segments, label):
        if not gaps:
            batch |= {name: np.zeros_like(batch[name]) for name in TIME_INPUTS}
        result[at[batch["label"]]] = predict(batch).numpy()[batch["label"]]
    return result[label]


def next_ranks(
    model: TimelineBST, split: EvaluationSplit, role: int, *, predict: Callable | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rank the movie of each user's last label of a role among unseen movies: rank and −ln p, (users,) each.

    The rank is that of ``metrics.rank``; p is the probability among all movies, seen or not. ``predict``: what
    ``compile_next`` returned of the model, if it is called often.
    """
    predict = predict or compile_next(model)
    labels, offsets = split.last_labels(role), split.timelines.offsets
    user = split.user[labels]
    start = np.maximum(offsets[user], labels - model.config.max_history + 1)
    segments = Segments(start, labels - start + 1, user, labels - start)
    is_label = np.zeros(len(split.role), bool)
    is_label[labels] = True
    ranks, cross_entropy = np.zeros(len(split.role), np.int64), np.zeros(len(split.role))
    for group, batch, _ in _batches(model, split, segments, is_label):
        at, scores = group.start + group.length - 1, predict(batch).numpy()
        ranks[at] = split.ranks(at, scores)
        cross_entropy[at] = -scores[np.arange(len(at)), split.timelines.movie[at]]
    return ranks[labels], cross_entropy[labels]
