"""What a kind of model is to the rest of the project: one object for each architecture.

An architecture lives in a folder of its own, whose ``family.py`` implements ``ModelFamily``, and stands in one line of
``registry.py``. Nothing else needs to know which architectures there are. Importing a family is quick: its methods load
TensorFlow where they need it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from bst.domain import Domain
from bst.errors import ConfigError
from bst.models.config import ModelConfig, Sizes, Task
from bst.models.diagram import Diagram
from bst.models.trainer import Model, Trainer
from bst.models.weights import Weights, assign
from bst.schema import Dataset
from bst.scoring.results import TestPredictions
from bst.scoring.scorer import RowsOf, Scorer
from bst.store import Store
from bst.timelines import splits
from bst.timelines.splits import EvaluationSplit

ConfigT = TypeVar("ConfigT", bound=ModelConfig)
# called with how far a measurement is: a share of it from 0 to 1, and what is being done
OnMeasured = Callable[[float, str], None]


@dataclass(frozen=True)
class Preset:
    """A named configuration. ``title`` is what it is called on screen."""

    title: str
    config: ModelConfig

    @property
    def name(self) -> str:
        """The name by which it is chosen."""
        return self.config.preset


@dataclass(frozen=True)
class CardText:
    """The sentences of a model card: what is predicted, how it was trained, which inputs were masked, and
    how to read the figures.
    """

    prediction: str
    training: str
    masking: str
    figures: str


class ParallelTraining(ABC, Generic[ConfigT]):
    """How several workers train the models of a family, or one that reads a prepared store."""

    # protocols under which models can be trained from a store
    store_protocols: tuple[str, ...]

    @abstractmethod
    def data(
        self, source: EvaluationSplit | Store, seed: int, share: float, sample_events: int, *, chief: bool = True
    ) -> Any:
        """Return what ``trainer`` trains on: a split in memory, or a store.

        ``chief``: whether this process fits and validates: others need less of a store. Of a store it has ``dataset``,
        all users and movies; ``split``, that of a sample of ``sample_events`` at most; and ``statistics``, of all.
        """

    @abstractmethod
    def trainer(self, config: ConfigT, data: Any, seed: int, replicas: Any = None, steps: int | None = None) -> Trainer:
        """Return one worker's part of a training that has not begun.

        ``replicas``: a ``models.replicas.Replicas``, None for a process alone; ``steps``: at most that many in an
        epoch.
        """


class ModelFamily(ABC, Generic[ConfigT]):
    """One architecture: its configurations, and all that can be done with a model of it."""

    config_class: type[ConfigT]
    presets: tuple[Preset, ...]
    # names of earlier versions, and the present ones
    former_presets: Mapping[str, str] = {}
    # protocols that its models can be measured under, the default first
    protocols: tuple[str, ...]
    # a task's best epoch has the lowest value in this column of the learning curves
    best_epoch_columns: Mapping[Task, str]
    # whether a run may be resumed with more epochs: only where an epoch does not depend on how many will follow
    epochs_can_be_raised: bool
    # users for whom an evaluation makes ranked lists of the whole catalogue
    evaluation_users: int
    # what weights are for, by the first word of their name; purposes in the order in which they are shown
    weight_purposes: Mapping[str, str]
    # first words of weights that are set before training and then fixed
    fixed_weights: frozenset[str]
    # how several workers train its models, None where they cannot
    parallel: ParallelTraining[ConfigT] | None = None
    # titles of towers by the first part of a weight's name, for a family that has towers
    tower_titles: Mapping[str, str] = {}

    @property
    def default_protocol(self) -> str:
        """The protocol that a training is measured under unless another is chosen."""
        return self.protocols[0]

    def prepare(
        self, dataset: Dataset, config: ConfigT, protocol: str, seed: int, share: float = 1.0
    ) -> EvaluationSplit:
        """Split a dataset for a model of this configuration: see ``splits.prepare``.

        Raises ``ConfigError`` as that does, and for a protocol under which the model cannot be measured.
        """
        protocol = splits.protocol_name(protocol)
        if protocol in splits.PROTOCOLS and protocol not in self.protocols:
            raise ConfigError(
                f"preset {config.preset} cannot be measured under protocol {protocol}; "
                f"give --protocol {' or '.join(self.protocols)}, or another --preset"
            )
        return splits.prepare(dataset, protocol, seed, share, config.window_shape)

    # ---- the network

    @abstractmethod
    def build(self, config: ConfigT, sizes: Sizes, levels: int) -> Model:
        """Return an untrained model with all its weights made; ``levels``: how many different ratings there are.

        Raises ``InstallationError`` without TensorFlow.
        """

    @abstractmethod
    def weight_shapes(self, config: ConfigT, sizes: Sizes, levels: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all weights of ``build``'s model by their paths, without building it."""

    @abstractmethod
    def dataset_weights(self, config: ConfigT, movies: pd.DataFrame, domain: Domain) -> dict[str, np.ndarray]:
        """Return the weights that are not learned but come from the dataset: genres and years of its movies.

        They are not stored with a model.
        """

    @abstractmethod
    def dataset_weight_paths(self, config: ConfigT) -> frozenset[str]:
        """Return the paths of ``dataset_weights``."""

    def later_weight_paths(self, config: ConfigT) -> frozenset[str]:
        """Return the paths of weights that bundles of earlier versions lack: 0 makes the model that they hold."""
        return frozenset()

    @abstractmethod
    def with_uniform_attention(self, weights: Weights) -> Weights:
        """Return weights with which a model that predicts ratings attends evenly to all that it may see.

        Queries of zero and no bias of distance leave nothing but the mask; nothing else changes. For measuring what
        attention contributes: such a model was not trained that way, and it is not to be saved.
        """

    def is_fixed(self, word: str) -> bool:
        """Whether a weight whose name begins with this word is set before training and then fixed."""
        return word in self.fixed_weights

    # ---- training and prediction

    @abstractmethod
    def trainer(self, config: ConfigT, split: EvaluationSplit, seed: int) -> Trainer:
        """Return a training that has not begun."""

    @abstractmethod
    def training_seconds(self, config: ConfigT, ratings: int) -> float:
        """Return about how long a training takes, in seconds, by its ratings, without what every training takes.

        Measured on two cores of a server; ``training.duration`` knows how fast another computer is beside it.
        """

    @abstractmethod
    def divergence_advice(self, config: ConfigT) -> str:
        """Return what to try after a training without any prediction that is a number: "another --seed"."""

    def scorer(
        self, config: ConfigT, sizes: Sizes, weights: Weights, levels: tuple[float, ...], rows_of: RowsOf
    ) -> Scorer:
        """Return the scorer of trained weights that predict ratings. ``levels``: the dataset's ratings, in stars.

        Without an inference engine of the family's own it is that of the Keras model.
        """
        model = self.build(config, sizes, len(levels))
        assign(model, weights)
        return self.keras_scorer(model, levels, rows_of)

    @abstractmethod
    def keras_scorer(self, model: Model, levels: tuple[float, ...], rows_of: RowsOf) -> Scorer:
        """Return the same by a Keras model with those weights: the reference for ``scorer``."""

    @abstractmethod
    def predict_test(
        self, model: Model, split: EvaluationSplit, on_progress: OnMeasured = lambda share, message: None
    ) -> TestPredictions:
        """Predict the test labels of a split."""

    def expected_test(
        self, model: Model, split: EvaluationSplit, on_share: Callable[[float], None] = lambda share: None
    ) -> np.ndarray:
        """Return the expected ratings of ``predict_test`` alone, (labels,) stars, of a model that predicts ratings.

        ``on_share`` gets the share of them that is predicted, where that is known.
        """
        expected = self.predict_test(model, split).expected
        assert expected is not None
        return expected

    # ---- in words and pictures

    @abstractmethod
    def describe(self, config: ConfigT) -> str:
        """Say in two sentences what a model of this configuration reads and what it is made of."""

    @abstractmethod
    def card_text(self, config: ConfigT, epochs: int, best_epoch: int, result: Mapping[str, Any]) -> CardText:
        """Return the sentences of a model card. ``result``: what ``evaluation.evaluate_predictions`` returned."""

    @abstractmethod
    def diagrams(self, config: ConfigT, sizes: Sizes, levels: int) -> tuple[Diagram, ...]:
        """Return the architecture as diagrams, in the order in which they are shown."""


def zeroed(weights: Weights, *suffixes: str) -> Weights:
    """Return weights in which those whose paths end so are 0."""
    return {path: np.zeros_like(w) if path.endswith(suffixes) else w for path, w in weights.items()}


def count_parameters(model: Model) -> dict[str, Any]:
    """Count weights: ``parameters``, ``trainable``, ``non_trainable`` and ``by_part``."""

    def count(weights: list[Any]) -> int:
        return sum(int(np.prod(weight.shape)) for weight in weights)

    total, trainable = count(model.weights), count(model.trainable_weights)
    return {
        "parameters": total,
        "trainable": trainable,
        "non_trainable": total - trainable,
        "by_part": {name: count(weights) for name, weights in model.parts().items()},
    }
