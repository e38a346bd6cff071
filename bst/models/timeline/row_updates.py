"""Training on a large catalogue: a step reads and changes only the movies of its batch.

A dense step of AdamW changes the whole table, its two moments and its average, at 1 million movies 1 GB for each tower,
to learn from some thousand rows. Here each of these has a row for a movie that is touched when the movie is in the
batch, among the events, the labels or the negatives:

- the loss is that of a model with these movies alone (``Tower.limited_to``), so that its gradient has no other rows;
- the moments of a row decay, and its weights too, in the steps in which it is touched (lazy Adam; with a row in every
  step it is AdamW);
- the moving average of weights is exact: a weight that rests for n steps moves its average by the product of their
  decays, which is made up for when the row is touched, and of all rows before a validation.
"""

from typing import Any

import keras
import tensorflow as tf

from bst.models.layers import Inputs, Tensor
from bst.models.timeline.objectives import Objective
from bst.models.timeline.predictions import rows_of
from bst.models.timeline.tower_trainer import BETA_1, CLIP_NORM, EPSILON, NOT_DECAYED, TowerTrainer

Variable = Any
# rows whose averages are made up for at a time
CHUNK = 100_000


class RowTable:
    """A weight with a row for each movie, the moments and the average of each row, and when it was last touched."""

    def __init__(self, weight: Variable, weight_decay: float, beta_2: float):
        self.weight, self.weight_decay, self.beta_2 = weight, weight_decay, beta_2
        name, zeros = weight.name, tf.zeros(weight.shape)
        self.momentum, self.velocity = (tf.Variable(zeros, name=f"{part}_{name}") for part in ("momentum", "velocity"))
        self.average = tf.Variable(weight.value, name=f"average_{name}")
        # Σ ln decay of the averages up to the step in which each row was last touched
        self.log_decay = tf.Variable(tf.zeros(weight.shape[:1]), name=f"log_decay_{name}")

    @property
    def variables(self) -> list[Variable]:
        """All that must survive a stop, beside the weight and its average."""
        return [self.momentum, self.velocity, self.log_decay]

    def update(self, rows: Tensor, gradient: Tensor, rate: Tensor, step: Tensor, decay: Tensor, total: Tensor) -> None:
        """Take a step of AdamW in some rows, int (n,), and let their average follow.

        ``gradient`` (n, …); ``step`` counts from 1; ``decay`` of the average in this step, and ``total`` Σ ln decay up
        to the step before.
        """
        beta_1 = tf.constant(BETA_1)
        old = tf.gather(self.weight.value, rows)
        momentum, velocity = tf.gather(self.momentum, rows), tf.gather(self.velocity, rows)
        momentum += (gradient - momentum) * (1 - beta_1)
        velocity += (tf.square(gradient) - velocity) * (1 - self.beta_2)
        scaled = rate * tf.sqrt(1 - tf.pow(self.beta_2, step)) / (1 - tf.pow(beta_1, step))
        new = old * (1 - rate * self.weight_decay) - scaled * momentum / (tf.sqrt(velocity) + EPSILON)
        rested = tf.exp(total - tf.gather(self.log_decay, rows))
        rested = tf.reshape(rested, [-1] + [1] * (len(old.shape) - 1))
        average = old + (tf.gather(self.average, rows) - old) * rested
        average = average * decay + (1 - decay) * new
        touched = tf.fill(tf.shape(rows), total + tf.math.log(decay))
        for variable, values in (
            (self.weight.value, new),
            (self.momentum, momentum),
            (self.velocity, velocity),
            (self.average, average),
            (self.log_decay, touched),
        ):
            variable.scatter_update(tf.IndexedSlices(values, rows))

    def catch_up(self, total: Tensor) -> None:
        """Make up for the steps in which rows rested: ``total`` is Σ ln decay of all steps."""
        for first in range(0, int(self.weight.shape[0]), CHUNK):
            rows = tf.range(first, min(first + CHUNK, int(self.weight.shape[0])))
            weight, average = tf.gather(self.weight.value, rows), tf.gather(self.average, rows)
            rested = tf.exp(total - tf.gather(self.log_decay, rows))
            rested = tf.reshape(rested, [-1] + [1] * (len(weight.shape) - 1))
            self.average.scatter_update(tf.IndexedSlices(weight + (average - weight) * rested, rows))
        self.log_decay.assign(tf.fill(self.log_decay.shape, total))


class PartTrainer(TowerTrainer):
    """As ``TowerTrainer``, for a catalogue of which a step sees a part."""

    def __init__(self, objective: Objective, tower: Any):
        self.objective, self.tower, self.config = objective, tower, objective.config
        self.name, self.settings = objective.name, objective.config.towers[objective.name]
        trained = {id(weight) for weight in tower.trainable_variables}
        large = {name: table for name, table in tower.movie_tables.items() if id(table) in trained}
        self.tables = {
            name: RowTable(table, 0.0 if _excluded(table) else self.settings.weight_decay, objective.beta_2)
            for name, table in large.items()
        }
        of_tables = {id(table.weight): table.average for table in self.tables.values()}
        dense = [weight for weight in tower.trainable_variables if id(weight) not in of_tables]
        # norms are clipped over all gradients, not over those that the optimiser gets
        self.optimizer = keras.optimizers.AdamW(
            self.settings.learning_rate, self.settings.weight_decay, beta_2=objective.beta_2
        )
        self.optimizer.exclude_from_weight_decay(var_names=NOT_DECAYED)
        self.optimizer.build(dense)
        self.averages = [
            of_tables[id(weight)] if id(weight) in of_tables else tf.Variable(weight.value, name=f"average_{i}")
            for i, weight in enumerate(tower.trainable_variables)
        ]
        self.log_decay = tf.Variable(0.0, name="log_decay")
        self._average_of = {id(w): a for w, a in zip(tower.trainable_variables, self.averages, strict=True)}

        @tf.function(input_signature=[objective.inputs])
        def step(batch: Inputs) -> dict[str, Tensor]:
            part = rows_of(tower, batch["rows"])
            rows = [part[name] for name in self.tables]
            with tf.GradientTape() as tape, tower.limited_to(part):
                tape.watch(rows)
                value, sums = objective.loss(batch)
            gradients, _ = tf.clip_by_global_norm(tape.gradient(value, [*dense, *rows]), CLIP_NORM)
            # as Keras does after clipping: of slices the optimiser would square each instead of their sum
            gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
            self._update_dense(gradients[: len(dense)], dense)
            self._update_rows(batch["rows"], gradients[len(dense) :])
            return sums

        self._step = step

    def _decay(self) -> Tensor:
        return self.decay_of(tf.cast(self.optimizer.iterations, tf.float32))

    def _update_dense(self, gradients: list[Tensor], weights: list[Variable]) -> None:
        self.optimizer.apply(gradients, weights)
        decay = self._decay()
        for weight in weights:
            average = self._average_of[id(weight)]
            average.assign(average * decay + (1 - decay) * weight.value)

    def _update_rows(self, rows: Tensor, gradients: list[Tensor]) -> None:
        rate, decay = tf.cast(self.optimizer.learning_rate, tf.float32), self._decay()
        step, total = tf.cast(self.optimizer.iterations, tf.float32), tf.identity(self.log_decay)
        for table, gradient in zip(self.tables.values(), gradients, strict=True):
            table.update(rows, gradient, rate, step, decay, total)
        self.log_decay.assign(total + tf.math.log(decay))

    @property
    def variables(self) -> list[Variable]:
        """All that must survive a stop."""
        return [*super().variables, self.log_decay, *(one for table in self.tables.values() for one in table.variables)]

    def swap(self) -> None:
        """Exchange weights and averages, which are made up for first."""
        for table in self.tables.values():
            if bool(tf.reduce_any(table.log_decay != self.log_decay)):
                table.catch_up(tf.identity(self.log_decay))
        super().swap()


def _excluded(weight: Variable) -> bool:
    return any(name in weight.name for name in NOT_DECAYED)
