"""The training of one tower: its optimiser, the moving average of its weights, and its compiled step."""

import math
from typing import Any

import keras
import tensorflow as tf

from bst.models.layers import Inputs, Tensor
from bst.models.timeline.objectives import Objective
from bst.models.trainer import Variable
from bst.timelines.segments import Batch

# variables without weight decay: biases and the gains of norms
NOT_DECAYED = ["bias", "popularity", "distance", "scale"]
CLIP_NORM = 1.0  # of all gradients of a step together
BETA_1, EPSILON = 0.9, 1e-7  # of AdamW, the defaults of Keras


class TowerTrainer:
    """One tower's objective, its optimiser, the moving average of its weights, and its compiled step."""

    def __init__(self, objective: Objective, tower: Any):
        self.objective, self.tower, self.config = objective, tower, objective.config
        self.name, self.settings = objective.name, objective.config.towers[objective.name]
        weights = tower.trainable_variables
        self.optimizer = keras.optimizers.AdamW(
            self.settings.learning_rate, self.settings.weight_decay, beta_2=objective.beta_2, global_clipnorm=CLIP_NORM
        )
        self.optimizer.exclude_from_weight_decay(var_names=NOT_DECAYED)
        self.optimizer.build(weights)
        self.averages = [tf.Variable(weight.value, name=f"average_{i}") for i, weight in enumerate(weights)]

        @tf.function(input_signature=[objective.inputs])
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
        decay = self.decay_of(tf.cast(self.optimizer.iterations, tf.float32))
        for average, weight in zip(self.averages, weights, strict=True):
            average.assign(average * decay + (1 - decay) * weight.value)

    @property
    def variables(self) -> list[Variable]:
        """All that must survive a stop."""
        return [*self.tower.variables, *self.optimizer.variables, *self.averages]

    def decay_of(self, step: Tensor) -> Tensor:
        """Return the decay of the averages: shorter at first, so that untrained weights do not stay in them."""
        return tf.minimum(self.config.averaging, 1 - 1 / (1 + step / 2))

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
        inputs = {name: batch[name] for name in self.objective.inputs}
        return {name: float(value) for name, value in self._step(inputs).items()}

    def swap(self) -> None:
        """Exchange weights and averages; twice changes nothing."""
        for average, weight in zip(self.averages, self.tower.trainable_variables, strict=True):
            value = weight.numpy()
            weight.assign(average)
            average.assign(value)
