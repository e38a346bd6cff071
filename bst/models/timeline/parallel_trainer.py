"""Training of a timeline BST on several replicas: processes, GPUs, or groups that one process accumulates.

A step takes a batch from each stream. Gradients are summed over all of them, each weighted by its labels, so that the
sum over the number of labels is the gradient of the mean loss of all: what one process would take of the same batches.
The optimiser and the moving averages work on that sum, outside of the strategy, as they would all-reduce and clip for
themselves within it.
"""

import math
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bst.errors import TrainingError
from bst.models.config import Sizes, Task
from bst.models.layers import Inputs, Tensor
from bst.models.replicas import Replicas
from bst.models.timeline.config import BEST_EPOCH_COLUMNS, TimelineConfig
from bst.models.timeline.initialisation import initialise
from bst.models.timeline.model import build_timeline
from bst.models.timeline.objectives import Objective
from bst.models.timeline.tower_trainer import TowerTrainer
from bst.models.timeline.trainer import OBJECTIVES, RATE_COLUMNS, TimelineTrainer
from bst.models.timeline.training_data import TrainingData
from bst.models.trainer import REPORT_S, FitOptions, OnProgress, Progress, TrainingState
from bst.parallel import use_one_blas_thread
from bst.timelines.segments import Batch

# beside the sums of an objective: the shares of the epoch that streams have done, and which have more
DONE, MORE = "_done", "_more"


class ParallelTowerTrainer(TowerTrainer):
    """A tower's step on the batches of all streams that this process reads."""

    def __init__(self, objective: Objective, tower: Any, replicas: Replicas, accumulate: int):
        super().__init__(objective, tower)
        weights, streams = tower.trainable_variables, replicas.local * accumulate

        def of_batch(batch: Inputs, present: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
            with tf.GradientTape() as tape:
                value, sums = objective.loss(batch)
            # of tables in which rows were looked up it is a list of rows, of another length on each worker
            gradients = [tf.convert_to_tensor(each) for each in tape.gradient(value, weights)]
            weight = sums["labels"] * present
            return [each * weight for each in gradients], {name: each * present for name, each in sums.items()}

        @tf.function(
            input_signature=[
                [objective.signature] * streams,
                tf.TensorSpec((streams,), tf.float32),
                tf.TensorSpec((2,), tf.float32),
            ],
            autograph=False,
        )
        def step(batches: list[Inputs], present: Tensor, progress: Tensor) -> dict[str, Tensor]:
            def of_replica(replica: int) -> tuple[list[Tensor], dict[str, Tensor]]:
                mine = range(replica * accumulate, (replica + 1) * accumulate)
                parts = [of_batch(batches[at], present[at]) for at in mine]
                gradients = [tf.add_n(same) for same in zip(*(part for part, _ in parts), strict=True)]
                sums = {name: tf.add_n([each[name] for _, each in parts]) for name in parts[0][1]}
                # one replica speaks for the streams of its process
                share = progress if replica == 0 else tf.zeros_like(progress)
                total = replicas.sum([*gradients, *sums.values(), share])
                *values, share = total[len(gradients) :]
                sums = dict(zip(sums, values, strict=True)) | {DONE: share[0], MORE: share[1]}
                return [each / sums["labels"] for each in total[: len(gradients)]], sums

            gradients, sums = replicas.run(of_replica)
            self._update(gradients)
            return sums

        self._parallel_step = step

    def train_together(
        self, batches: list[Batch], present: list[bool], done: float, more: int, share: float
    ) -> dict[str, float]:
        """Do one step and return its sums over all replicas.

        ``batches`` of this process's streams, of which those not ``present`` do not count; ``done``: the sum of the
        shares of the epoch that they have done, ``more`` how many have another; ``share`` as in ``train``.
        """
        self.optimizer.learning_rate = self.rate(share)
        inputs = [{name: tf.constant(batch[name]) for name in self.objective.signature} for batch in batches]
        sums = self._parallel_step(inputs, tf.constant(present, tf.float32), tf.constant([done, more], tf.float32))
        return {name: float(value) for name, value in sums.items()}


class ParallelTrainer(TimelineTrainer):
    """One training on several replicas. The chief's history, validation and fits are those of all.

    ``accumulate``: how many streams each replica reads; with 2 one replica takes the steps of two. ``steps``: at most
    that many in an epoch of a tower, each epoch other ones.
    """

    def __init__(
        self,
        config: TimelineConfig,
        data: TrainingData,
        seed: int,
        replicas: Replicas,
        *,
        accumulate: int = 1,
        steps: int | None = None,
    ):
        keras.utils.set_random_seed(seed)
        self.config, self.data, self.split, self.seed = config, data, data.split, seed
        self.replicas, self.accumulate, self.steps = replicas, accumulate, steps
        dataset = data.split.dataset
        self.model = build_timeline(config, Sizes(data.users, len(dataset.movies), dataset.domain), len(dataset.levels))
        if replicas.is_chief:
            initialise(self.model, data.split, seed, data.totals)
        self.towers = {
            name: ParallelTowerTrainer(self._objective(name), tower, replicas, accumulate)
            for name, tower in self.model.towers.items()
        }
        use_one_blas_thread()

    def _objective(self, name: Task) -> Objective:
        """Return a tower's objective; what is fitted for it is fitted by the chief."""
        objective = OBJECTIVES[name](self.model, self.data.split, self.seed, fit=self.replicas.is_chief)
        if self.replicas.is_chief and self.data.rows is not None:
            objective.extend(self.data.rows, self.data.users, self.data.totals)
        objective.set_fitted(self.replicas.broadcast(objective.fitted() if self.replicas.is_chief else None))
        return objective

    @property
    def training_set(self) -> str:
        """How many ratings it is trained on, and by how many workers."""
        size = self.replicas.size
        return self.data.description + (f", {size} workers" if size > 1 else "")

    @property
    def streams(self) -> int:
        """How many streams there are in all."""
        return self.replicas.size * self.accumulate

    def _fit(self, options: FitOptions, state: TrainingState) -> TrainingState:
        """Train as ``TimelineTrainer`` does. ``state`` and ``variables`` are the chief's: the others take them."""
        if not self.replicas.is_chief:
            options = replace(options, on_progress=lambda progress: None)
        return super()._fit(options, self._from_chief(state))

    def _from_chief(self, state: TrainingState) -> TrainingState:
        """Set all variables to the chief's, and return its state."""
        if self.replicas.workers == 1:
            return state
        values = {f"v{i}": variable.numpy() for i, variable in enumerate(self.variables)}
        values |= {f"best{i}": weight for i, weight in enumerate(state.best_weights)}
        values = self.replicas.broadcast(values)
        for i, variable in enumerate(self.variables):
            variable.assign(values[f"v{i}"])
        scalars = {name: value for name, value in asdict(state).items() if name != "best_weights"}
        best = [values[name] for name in values if name.startswith("best")]
        return TrainingState(**self.replicas.share(scalars), best_weights=best)

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
        """Train one tower for an epoch and return its row of the curves: see ``TimelineTrainer``."""
        assert isinstance(tower, ParallelTowerTrainer)
        key = [self.seed, epoch, list(BEST_EPOCH_COLUMNS).index(tower.name)]
        self._reseed(tower, key)
        report = _Reports(epoch, epochs, active.index(tower.name), len(active), on_progress)
        total: dict[str, float] = {}
        for sums, done in self._rounds(tower, key, epoch):
            for name, value in sums.items():
                total[name] = total.get(name, 0.0) + value
            report(done, row | tower.objective.means(total))
        self._agree(tower)
        rate = {RATE_COLUMNS[tower.name]: tower.learning_rate}
        validation = self._validate(tower) if self.replicas.is_chief else None
        return rate | tower.objective.means(total) | self.replicas.share(validation)

    def _rounds(
        self, tower: ParallelTowerTrainer, key: list[int], epoch: int
    ) -> Iterator[tuple[dict[str, float], float]]:
        """Take an epoch's steps; yield the sums of each, and the share of the epoch that is then done.

        All workers take as many: one whose streams have ended takes part with nothing until the last one's have.
        """
        first, local = self.replicas.first * self.accumulate, self.replicas.local * self.accumulate
        streams = [_Stream(self.data.batches(tower.objective, key, first + i, self.streams)) for i in range(local)]
        filler = next((stream.ahead[0] for stream in streams if stream.ahead), None)
        if filler is None:
            raise TrainingError(
                f"worker {self.replicas.worker + 1} has nothing to train the {tower.name} tower on; use fewer --workers"
            )
        done, step, more = 0.0, 0, True
        while more:
            batches = [stream.take() for stream in streams]
            present = [batch is not None for batch in batches]
            filled = [filler if batch is None else batch for batch in batches]
            share = (epoch - 1 + done) / tower.settings.epochs
            shares, left = sum(stream.done for stream in streams), sum(stream.ahead is not None for stream in streams)
            sums = tower.train_together(filled, present, shares, left, share)
            step += 1
            done, more = sums.pop(DONE) / self.streams, sums.pop(MORE) > 0
            if self.steps:
                done, more = max(done, step / self.steps), more and step < self.steps
            yield sums, done if more else 1.0

    def _reseed(self, tower: ParallelTowerTrainer, key: list[int]) -> None:
        """Let dropout follow from seed, epoch and worker, so that nothing but the variables must survive a stop."""
        rng = np.random.default_rng([*key, 1, self.replicas.worker])
        for variable in tower.tower.variables:
            if variable.dtype == "uint32":  # the state of a generator
                variable.assign(rng.integers(0, 2**32, variable.shape, np.uint32))

    def _agree(self, tower: ParallelTowerTrainer) -> None:
        """Let all workers go on with the chief's variables if their own differ.

        On equal computers they never do; on others the same step may round the last bit in another way.
        """
        lasting = [*tower.tower.trainable_variables, *tower.optimizer.variables, *tower.averages]
        values = [variable.numpy() for variable in lasting]
        checksum = 0
        for value in values:
            checksum = zlib.crc32(value.tobytes(), checksum)
        if len(set(self.replicas.gather(checksum))) > 1:
            agreed = self.replicas.broadcast({str(i): value for i, value in enumerate(values)})
            for i, variable in enumerate(lasting):
                variable.assign(agreed[str(i)])

    def _finish(self) -> None:
        """What remains at the end is fitted to validation labels, which the chief has."""
        if self.replicas.is_chief:
            super()._finish()


class _Stream:
    """The batches of a stream, read one ahead, so that it is known whether there is another."""

    def __init__(self, batches: Iterator[tuple[Batch, float]]):
        self._batches, self.done = batches, 0.0
        self.ahead = next(batches, None)

    def take(self) -> Batch | None:
        """Return the next batch, None after the last one."""
        if self.ahead is None:
            self.done = 1.0
            return None
        batch, self.done = self.ahead
        self.ahead = next(self._batches, None)
        if self.ahead is None:
            self.done = 1.0
        return batch


class _Reports:
    """Progress of one tower's epoch, a few times a second."""

    def __init__(self, epoch: int, epochs: int, tower: int, towers: int, on_progress: OnProgress):
        self.epoch, self.epochs, self.tower, self.towers = epoch, epochs, tower, towers
        self.on_progress, self.began = on_progress, time.monotonic()
        self.last = self.began

    def __call__(self, done: float, metrics: dict[str, float]) -> None:
        now = time.monotonic()
        if now - self.last <= REPORT_S and done < 1:
            return
        self.last = now
        share = (self.tower + done) / self.towers
        # the towers of an epoch take about the same time
        left = (now - self.began) / max(done, 1e-9) * self.towers * (self.epochs - self.epoch + 1 - share)
        remaining = left if math.isfinite(left) else None
        self.on_progress(Progress(self.epoch, self.epochs, round(share * 1000), 1000, remaining, metrics))
