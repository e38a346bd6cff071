"""Training of a timeline BST on segments: a split in, fitted weights and learning curves out. Knows no files.

The towers go through the same epochs, one after the other, each with its own optimiser and schedule, until its own
epochs are done; each keeps the weights of its own best epoch. What an epoch sees follows from (seed, epoch) alone, as
for the classic presets.
"""

import math
import time
from collections.abc import Mapping

import keras
import numpy as np

from bst.errors import ConfigError
from bst.models.config import Sizes, Task
from bst.models.timeline.config import BEST_EPOCH_COLUMNS, TimelineConfig
from bst.models.timeline.definition import MOST_WHOLE
from bst.models.timeline.initialisation import initialise
from bst.models.timeline.like_objective import LikeObjective
from bst.models.timeline.model import build_timeline
from bst.models.timeline.next_objective import NextObjective
from bst.models.timeline.objectives import Objective, RatingObjective
from bst.models.timeline.row_updates import PartTrainer
from bst.models.timeline.tower_trainer import TowerTrainer
from bst.models.timeline.towers.tower import Tower
from bst.models.trainer import REPORT_S, FitOptions, OnProgress, Progress, Trainer, TrainingState, Variable
from bst.parallel import use_one_blas_thread
from bst.timelines.segments import grouped
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


class TimelineTrainer(Trainer):
    """One training of a timeline preset."""

    def __init__(self, config: TimelineConfig, split: EvaluationSplit, seed: int):
        movies = len(split.dataset.movies)
        if "like" in config.towers and movies > MOST_WHOLE:
            raise ConfigError(
                f"the like tower is trained on catalogues of at most {MOST_WHOLE:,}, and this one has {movies:,}; "
                "train the other towers: --tower rating --tower next"
            )
        keras.utils.set_random_seed(seed)
        self.config, self.split, self.seed = config, split, seed
        sizes = Sizes.of(split.dataset)
        self.model = build_timeline(config, sizes, len(split.dataset.levels))
        initialise(self.model, split, seed)
        self.towers: Mapping[Task, TowerTrainer] = {
            name: _tower_trainer(OBJECTIVES[name](self.model, split, seed), tower)
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

    def _fit(self, options: FitOptions, state: TrainingState) -> TrainingState:
        """Train until all epochs are done or no tower has improved on validation for ``patience`` epochs of its own.

        ``history`` has a row an epoch: ``loss``, ``mae``, ``rmse`` and their ``val_`` twins of the rating tower;
        ``next_loss`` (nats; with negatives in training, over the whole catalogue in validation), ``val_ndcg@10`` and
        ``val_hr@10`` of the next tower; ``like_loss`` (nats), ``val_like_loss`` and ``val_precision@10`` of the like
        tower; ``learning_rate``, ``next_learning_rate`` and ``like_learning_rate``, those of the epoch's last step;
        ``seconds``. ``best_epoch`` is the rating tower's, where there is one.
        """
        while state.epoch < options.epochs:
            active = [name for name in self.towers if self._goes_on(name, state, options.patience)]
            if not active:
                break
            epoch, began = state.epoch + 1, time.monotonic()
            row: dict[str, float] = {"epoch": epoch}
            for name in active:
                row |= self._epoch(self.towers[name], epoch, options.epochs, active, row, options.on_progress)
            row["seconds"] = time.monotonic() - began
            state.epoch = epoch
            state.history.append(row)
            self._keep_best(active, state)
            options.on_epoch(state)
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


def _tower_trainer(objective: Objective, tower: Tower) -> TowerTrainer:
    return (PartTrainer if objective.by_parts else TowerTrainer)(objective, tower)
