"""Training of a classic BST on windows: a split in, fitted weights and learning curves out. Knows no files.

Each epoch's order of the windows, and what is masked in them, follow from (seed, epoch) alone. So a run that is stopped
after any epoch and resumed from a snapshot goes through the same numbers as one that was never stopped.
"""

import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from bst.models.classic.config import ClassicConfig
from bst.models.classic.model import ClassicBST, build_classic
from bst.models.config import Sizes
from bst.models.layers import Inputs, Tensor
from bst.models.trainer import REPORT_S, FitOptions, OnProgress, Progress, Trainer, TrainingState, Variable
from bst.schema import Dataset, demographic_codes, genre_matrix
from bst.timelines.arrays import Timelines, Windows, WindowSplit
from bst.timelines.splits import EvaluationSplit

EVALUATION_BATCH = 8192
# several steps in one call of the graph: a step is so short that returning to Python would take a large part of it
STEPS_PER_CALL = 16

Arrays = dict[str, np.ndarray]
OnStep = Callable[[int, int, dict[str, float]], None]
Steps = Callable[[Inputs, Tensor, Tensor, Tensor, Tensor], Tensor]


def window_arrays(dataset: Dataset, timelines: Timelines, windows: Windows) -> tuple[Arrays, np.ndarray]:
    """Gather the model's inputs for windows, and their labels (windows,) float32 in stars.

    The inputs are those of ``ClassicBST``: ``movies`` and ``ratings`` (windows, length − 1), the others (windows,).
    Slots before a user's first event are empty.
    """
    at = windows.start[:, None] + np.arange(windows.length - 1)
    empty = at < timelines.offsets[windows.user][:, None]
    at = np.where(empty, 0, at)
    arrays = {
        "movies": np.where(empty, np.int32(-1), timelines.movie[at]),
        "ratings": np.where(empty, np.float32(0), timelines.rating[at]),
        "target": timelines.movie[windows.target],
        "user": windows.user,
    }
    arrays |= {name: codes[windows.user] for name, codes in demographic_codes(dataset).items()}
    return arrays, timelines.rating[windows.target]


def mask_inputs(arrays: Arrays, config: ClassicConfig, rng: np.random.Generator) -> Arrays:
    """Mask parts of training windows at random, as ``ClassicConfig.short_history`` and ``unknown`` say.

    A shortened history loses its oldest events. Returns new arrays; the given ones stay as they are.
    """
    windows, slots = arrays["movies"].shape
    masked = dict(arrays)
    if config.short_history and slots:
        keep = np.where(rng.random(windows) < config.short_history, rng.integers(0, slots, windows), slots)
        dropped = np.arange(slots) < (slots - keep)[:, None]
        masked["movies"] = np.where(dropped, -1, arrays["movies"]).astype(np.int32)
        masked["ratings"] = np.where(dropped, 0, arrays["ratings"]).astype(np.float32)
    if config.unknown:
        for name in (name for name in arrays if name not in ("movies", "ratings", "target")):
            masked[name] = np.where(rng.random(windows) < config.unknown, -1, arrays[name]).astype(np.int32)
    return masked


def training_epoch(
    arrays: Arrays, labels: np.ndarray, config: ClassicConfig, seed: int, epoch: int
) -> tuple[Arrays, np.ndarray]:
    """Return the windows of one epoch, shuffled and masked, and their labels: batches are slices of them."""
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(labels))
    return mask_inputs({name: values[order] for name, values in arrays.items()}, config, rng), labels[order]


def predict_arrays(model: ClassicBST, arrays: Arrays) -> np.ndarray:
    """Predict windows in large batches: (windows,) float32 stars, not clipped."""
    return model.predict(arrays, batch_size=EVALUATION_BATCH, verbose=0)[:, 0]


def held_out_arrays(split: EvaluationSplit, windows: Windows, *, as_visitor: bool = False) -> tuple[Arrays, np.ndarray]:
    """Return ``window_arrays`` of validation or test windows.

    ``as_visitor`` masks the user ids. Those of users who are held out whole always are: nothing was learned about them.
    """
    arrays, labels = window_arrays(split.dataset, split.timelines, windows)
    if as_visitor or split.holds_out_users:
        arrays["user"] = np.full_like(arrays["user"], -1)
    return arrays, labels


def predict_windows(
    model: ClassicBST, split: EvaluationSplit, windows: Windows, *, as_visitor: bool = False
) -> np.ndarray:
    """Predict windows of a split: (windows,) float32 stars, not clipped. ``as_visitor`` masks the user ids."""
    return predict_arrays(model, held_out_arrays(split, windows, as_visitor=as_visitor)[0])


@keras.saving.register_keras_serializable("bst")
class RowwiseAdagrad(keras.optimizers.Adagrad):
    """Adagrad (Duchi et al. 2011) with steps that cost in proportion to the rows that they change.

    The same numbers and state as its parent on TensorFlow: G += g²; w −= rate · g / √G, where a row that is in a batch
    k times adds k squares, not the square of their sum. A batch touches a few hundred rows of an embedding; the
    parent takes the root of every row's G and looks through all of them for zeros. What is not an embedding is updated
    by one fused operation instead of seven. (That one adds epsilon outside the root: with G at least 0.1, a difference
    below one part in a million.) Measured on the whole training step: a sixth less processor time.
    """

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Update one variable with its gradient."""
        total = self._accumulators[self._get_variable_index(variable)].value
        rate = tf.cast(learning_rate, variable.dtype)
        if isinstance(gradient, tf.IndexedSlices):
            values, rows = gradient.values, gradient.indices
            total.scatter_add(tf.IndexedSlices(tf.square(values), rows))
            change = rate * values * tf.math.rsqrt(tf.gather(total, rows) + self.epsilon)
            variable.scatter_sub(tf.IndexedSlices(change, rows))
        else:
            tf.raw_ops.ResourceApplyAdagradV2(
                var=variable.handle, accum=total.handle, lr=rate, epsilon=self.epsilon, grad=gradient
            )


def compile_model(model: ClassicBST, config: ClassicConfig) -> None:
    """Set loss (mean squared error) and optimiser (Adagrad) as the classic presets have them."""
    model.compile(optimizer=RowwiseAdagrad(config.learning_rate), loss="mse", jit_compile=False)


def _training_steps(model: ClassicBST) -> Steps:
    """Return a function that takes some steps on an epoch's windows, compiled once into one graph.

    Its arguments: inputs, labels (windows,), first step, last step + 1, and the sums of squared and absolute errors of
    the steps before, (2,), to which it adds its own. Keras' ``fit`` would take the same steps, but traces the model
    three times before the first of them, and fetches every batch through a pipeline.
    """
    size, weights = model.config.batch_size, model.trainable_variables

    def step(number: Tensor, sums: Tensor, inputs: Inputs, labels: Tensor) -> Tensor:
        batch = slice(number * size, (number + 1) * size)
        with tf.GradientTape() as tape:
            predicted = model({name: values[batch] for name, values in inputs.items()}, training=True)[:, 0]
            error = predicted - labels[batch]
            loss = tf.reduce_mean(tf.square(error))
        model.optimizer.apply(tape.gradient(loss, weights), weights)
        return sums + tf.stack([tf.reduce_sum(tf.square(error)), tf.reduce_sum(tf.abs(error))])

    def steps(inputs: Inputs, labels: Tensor, first: Tensor, last: Tensor, sums: Tensor) -> Tensor:
        def body(number: Tensor, sums: Tensor) -> tuple[Tensor, Tensor]:
            return number + 1, step(number, sums, inputs, labels)

        # one step after the other: each needs the weights that the one before it left
        return tf.while_loop(lambda number, _: number < last, body, (first, sums), parallel_iterations=1)[1]

    return steps if model.run_eagerly else tf.function(steps, autograph=False)


def _train_epoch(steps: Steps, inputs: Arrays, labels: np.ndarray, size: int, report: OnStep) -> dict[str, float]:
    """Train one epoch in batches of ``size``; return loss, MAE and RMSE of the predictions before each step."""
    arrays = {name: tf.constant(values) for name, values in inputs.items()}
    stars, sums, count = tf.constant(labels), tf.zeros(2), -(-len(labels) // size)
    for first in range(0, count, STEPS_PER_CALL):
        last = min(first + STEPS_PER_CALL, count)
        sums = steps(arrays, stars, tf.constant(first), tf.constant(last), sums)
        squared, absolute = (float(total) / min(last * size, len(labels)) for total in sums)
        metrics = {"loss": squared, "mae": absolute, "rmse": squared**0.5}
        report(last, count, metrics)
    return metrics


def _progress(report: OnProgress, epoch: int, epochs: int) -> OnStep:
    """Return a function that reports how far the run is, at most every ``REPORT_S`` seconds."""
    began = last = time.monotonic()

    def on_step(step: int, steps: int, metrics: dict[str, float]) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < REPORT_S and step < steps:
            return
        last = now
        remaining = (now - began) / step * (steps * (epochs - epoch + 1) - step)
        report(Progress(epoch, epochs, step, steps, remaining, metrics))

    return on_step


def fit(
    model: ClassicBST,
    train: tuple[Arrays, np.ndarray],
    validation: tuple[Arrays, np.ndarray],
    options: FitOptions,
    seed: int,
    state: TrainingState,
) -> TrainingState:
    """Train ``model`` (compiled) until all epochs are done or validation MAE has not fallen for ``patience`` of them.

    The run goes on from ``state``; the model's and the optimiser's weights must be those of the same moment. Otherwise
    as ``Trainer.fit``.
    """
    steps = _training_steps(model)
    while state.epoch < options.epochs and state.epoch - state.best_epoch < max(options.patience, 1):
        epoch, began = state.epoch + 1, time.monotonic()
        inputs, labels = training_epoch(*train, model.config, seed, epoch)
        report = _progress(options.on_progress, epoch, options.epochs)
        row = {"epoch": epoch, **_train_epoch(steps, inputs, labels, model.config.batch_size, report)}
        error = predict_arrays(model, validation[0]) - validation[1]
        row |= {
            "val_loss": float(np.mean(error**2)),
            "val_mae": float(np.mean(np.abs(error))),
            "val_rmse": float(np.sqrt(np.mean(error**2))),
            "learning_rate": float(model.optimizer.learning_rate),
            "seconds": time.monotonic() - began,
        }
        state.epoch = epoch
        state.history.append(row)
        if row["val_mae"] < state.best_score:
            state.best_epoch, state.best_score = epoch, row["val_mae"]
            state.best_weights = model.get_weights()
        options.on_epoch(state)
    if state.best_weights:
        model.set_weights(state.best_weights)
    return state


class ClassicTrainer(Trainer):
    """One training of a classic preset."""

    def __init__(self, config: ClassicConfig, split: EvaluationSplit, seed: int):
        keras.utils.set_random_seed(seed)
        self.config, self.split, self.seed = config, split, seed
        self.model = build_classic(config, Sizes.of(split.dataset))
        self.model.set_genres(genre_matrix(split.dataset.movies, split.dataset.domain.tag_values))
        compile_model(self.model, config)
        self.model.optimizer.build(self.model.trainable_variables)

    @property
    def windows(self) -> WindowSplit:
        """The windows of the split."""
        assert self.split.windows is not None
        return self.split.windows

    @property
    def variables(self) -> list[Variable]:
        """The model's and the optimiser's variables."""
        # .variables, unlike .weights, has the dropout seeds too: a resumed run must draw the same numbers
        return [*self.model.variables, *self.model.optimizer.variables]

    @property
    def training_set(self) -> str:
        """How many windows it is trained on."""
        return f"{len(self.windows.train):,} windows"

    def _fit(self, options: FitOptions, state: TrainingState) -> TrainingState:
        """Train; the best epoch has the lowest validation MAE."""
        train = window_arrays(self.split.dataset, self.split.timelines, self.windows.train)
        return fit(self.model, train, held_out_arrays(self.split, self.windows.validation), options, self.seed, state)
