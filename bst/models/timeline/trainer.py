"""Training of a timeline BST on segments: a split in, fitted weights and learning curves out. Knows no files.

The towers go through the same epochs, one after the other, each with its own optimiser and schedule, until its own
epochs are done; each keeps the weights of its own best epoch. What an epoch sees follows from (seed, epoch) alone, as
for the classic presets.
"""

import math
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bst.models.config import Sizes, Task
from bst.models.layers import Inputs, Tensor
from bst.models.timeline.config import BEST_EPOCH_COLUMNS, TimelineConfig
from bst.models.timeline.initialisation import initialise
from bst.models.timeline.like_objective import LikeObjective
from bst.models.timeline.model import build_timeline
from bst.models.timeline.next_objective import NextObjective
from bst.models.timeline.objectives import Objective, RatingObjective
from bst.models.trainer import REPORT_S, OnEpoch, OnProgress, Progress, Trainer, TrainingState, Variable
from bst.parallel import use_one_blas_thread
from bst.timelines.segments import Batch, grouped
from bst.timelines.splits import TRAIN, EvaluationSplit

OBJECTIVES: dict[Task, type[Objective]] = {
    objective.name: objective for objective in (RatingObjective, NextObjective, LikeObjective)
}
# of the learning curves: the learning rate of each tower
RATE_COLUMNS: dict[Task, str] = {
    "rating": "learning_rate",
    "next": "next_learning_rate",
    "like": "like_learning_rate",
}
# variables without weight decay: biases and the gains of norms
NOT_DECAYED = ["bias", "popularity", "distance", "scale"]


class TowerTrainer:
    """One tower's objective, its optimiser, the moving average of its weights, and its compiled step."""

    def __init__(self, objective: Objective, tower: Any):
        self.objective, self.tower, self.config = objective, tower, objective.config
        self.name, self.settings = objective.name, objective.config.towers[objective.name]
        weights = tower.trainable_variables
        self.optimizer = keras.optimizers.AdamW(
            self.settings.learning_rate, self.settings.weight_decay, beta_2=objective.beta_2, global_clipnorm=1.0
        )
        self.optimizer.exclude_from_weight_decay(var_names=NOT_DECAYED)
        self.optimizer.build(weights)
        self.averages = [tf.Variable(weight.value, name=f"average_{i}") for i, weight in enumerate(weights)]

        @tf.function(input_signature=[objective.signature])
        def step(batch: Inputs) -> dict[str, Tensor]:
            with tf.GradientTape() as tape:
                value, sums = objective.loss(batch)
            self._update(tape.gradient(value, weights))
            return sums

        self._step = step

    def _update(self, gradients: list[Tensor]) -> None:
        """Let the optimiser take a step, and the averages follow."""
        weights = self.tower.trainable_variables
        self.optimizer.apply(gradients, weights)
        # a shorter average at first, so that untrained weights do not stay in it
        decay = tf.minimum(self.config.averaging, 1 - 1 / (1 + tf.cast(self.optimizer.iterations, tf.float32) / 2))
        for average, weight in zip(self.averages, weights, strict=True):
            average.assign(average * decay + (1 - decay) * weight.value)

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
        inputs = {name: batch[name] for name in self.objective.signature}
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
        self.towers: Mapping[Task, TowerTrainer] = {
            name: TowerTrainer(OBJECTIVES[name](self.model, split, seed), tower)
            for name, tower in self.model.towers.items()
        }
        # the fold-in of a batch is made of small matrices: with two threads for each a step takes twice as long
        use_one_blas_thread()

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
        ``like_loss`` (nats), ``val_like_loss`` and ``val_precision@10`` of the like tower; ``learning_rate``,
        ``next_learning_rate`` and ``like_learning_rate``, those of the epoch's last step; ``seconds``. ``best_epoch``
        is the rating tower's, where there is one.
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
        self._finish()
        return state

    def _finish(self) -> None:
        for tower in self.towers.values():
            tower.objective.finish()

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
        groups = list(grouped(tower.objective.segments(rng), self.config.batch_events, rng))
        total: dict[str, float] = {}
        began = last = time.monotonic()
        done_before = active.index(tower.name)
        for step, group in enumerate(groups, start=1):
            batch = tower.objective.batch(group, rng)
            if batch is None:
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
                metrics = row | tower.objective.means(total)
                on_progress(Progress(epoch, epochs, round(share * 1000), 1000, remaining, metrics))
        rate = {RATE_COLUMNS[tower.name]: tower.learning_rate}
        return rate | tower.objective.means(total) | self._validate(tower)

    def _validate(self, tower: TowerTrainer) -> dict[str, float]:
        """Measure the averaged weights on the validation labels."""
        tower.swap()
        try:
            return tower.objective.validate()
        finally:
            tower.swap()


def best_epoch(history: list[dict[str, float]], tower: Task) -> int:
    """Return the epoch in which a tower was best on validation, 0 while no epoch has given a number."""
    column = BEST_EPOCH_COLUMNS[tower]
    scores = [(row[column], row["epoch"]) for row in history if math.isfinite(row.get(column, math.nan))]
    return int(min(scores)[1]) if scores else 0
