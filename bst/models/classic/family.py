"""The classic BST as a model family."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bst import backend
from bst.domain import Domain
from bst.models.classic import text
from bst.models.classic.config import FORMER_PRESETS, ClassicConfig
from bst.models.classic.diagram import diagram
from bst.models.classic.shapes import weight_shapes
from bst.models.config import Sizes, Task
from bst.models.diagram import Diagram
from bst.models.family import CardText, ModelFamily, OnMeasured, Preset, zeroed
from bst.models.trainer import Model, Trainer
from bst.models.weights import Weights
from bst.schema import genre_matrix
from bst.scoring.results import TestPredictions
from bst.scoring.scorer import RowsOf, Scorer
from bst.timelines.splits import EvaluationSplit

BEST_EPOCH_COLUMNS: dict[Task, str] = {"rating": "val_mae"}
WEIGHT_PURPOSES = {
    "user": "User ids",
    "movie": "Movies",
    "movie_and_genres": "Movies",
    "genres": "Movies",
    "position": "Events",
    "sex": "Demographics",
    "age": "Demographics",
    "occupation": "Demographics",
    "about": "Demographics",
    "transformer_block": "Attention",
}
# of a training, in seconds: compiling its step; an epoch over a thousand ratings in windows of the default step without
# features, and how much longer it takes with each of them
COMPILING_S, EPOCH_S, FEATURE_SHARE, DEFAULT_STEP = 3.0, 0.014, 0.1, 2


class ClassicFamily(ModelFamily[ClassicConfig]):
    """A fixed window of movies through one Transformer block; the rating is regressed."""

    config_class = ClassicConfig
    presets = (
        # "A Transformer-based recommendation system" on keras.io, with its feature switches as published: all off
        Preset(
            "Keras example",
            ClassicConfig("keras-example", user_id=False, demographics=False, genres=False, epochs=2),
        ),
        # the same with every feature on: the system of 951,801 parameters on MovieLens 1M
        Preset("Classic BST", ClassicConfig("user-features")),
        # the small derivative: a longer window, a narrow head
        Preset("Compact BST", ClassicConfig("compact", window=6, mlp=(32, 16))),
    )
    former_presets = FORMER_PRESETS
    protocols = ("windows", "visitor")
    best_epoch_columns = BEST_EPOCH_COLUMNS
    epochs_can_be_raised = True
    evaluation_users = 150  # a whole window is read for each user and movie
    weight_purposes = WEIGHT_PURPOSES
    fixed_weights = frozenset({"genres"})

    def build(self, config: ClassicConfig, sizes: Sizes, levels: int) -> Model:
        """Return an untrained model: see ``ModelFamily.build``."""
        backend.load()
        from bst.models.classic.model import build_classic

        return build_classic(config, sizes)

    def weight_shapes(self, config: ClassicConfig, sizes: Sizes, levels: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all weights."""
        return weight_shapes(config, sizes)

    def dataset_weights(self, config: ClassicConfig, movies: pd.DataFrame, domain: Domain) -> dict[str, np.ndarray]:
        """Return which genres each movie has, (movies, genres), if the model reads them."""
        return dict.fromkeys(self.dataset_weight_paths(config), genre_matrix(movies, domain.tag_values))

    def dataset_weight_paths(self, config: ClassicConfig) -> frozenset[str]:
        """Return the path of that table."""
        return frozenset(["genres/embeddings"] if config.genres else [])

    def with_uniform_attention(self, weights: Weights) -> Weights:
        """Return the weights with queries at 0."""
        return zeroed(weights, "attention/query/kernel", "attention/query/bias")

    def trainer(self, config: ClassicConfig, split: EvaluationSplit, seed: int) -> Trainer:
        """Return a training that has not begun."""
        from bst.models.classic.trainer import ClassicTrainer

        return ClassicTrainer(config, split, seed)

    def training_seconds(self, config: ClassicConfig, ratings: int) -> float:
        """Return about how long a training takes: see ``ModelFamily.training_seconds``."""
        features = config.user_id + config.demographics + config.genres
        per_thousand = EPOCH_S * (1 + features * FEATURE_SHARE)
        return COMPILING_S + per_thousand * ratings / 1000 * config.epochs * (DEFAULT_STEP / config.step)

    def divergence_advice(self, config: ClassicConfig) -> str:
        """Return what to try after a training that diverged."""
        return f"a lower --learning-rate than {config.learning_rate:g}"

    def scorer(
        self, config: ClassicConfig, sizes: Sizes, weights: Weights, levels: tuple[float, ...], rows_of: RowsOf
    ) -> Scorer:
        """Return the scorer of trained weights."""
        from bst.models.classic.scorer import NumpyClassicScorer

        return NumpyClassicScorer(config, sizes, weights, levels)

    def keras_scorer(self, model: Model, levels: tuple[float, ...], rows_of: RowsOf) -> Scorer:
        """Return the same by the Keras model."""
        from bst.models.classic.keras_scorer import KerasClassicScorer

        return KerasClassicScorer(model, levels)

    def predict_test(
        self, model: Model, split: EvaluationSplit, on_progress: OnMeasured = lambda share, message: None
    ) -> TestPredictions:
        """Predict the targets of the test windows; of a model that reads user ids once more without them."""
        from bst.models.classic.trainer import predict_windows

        assert split.windows is not None
        test, levels = split.windows.test, split.dataset.levels

        def clipped(as_visitor: bool) -> np.ndarray:
            stars = predict_windows(model, split, test, as_visitor=as_visitor)
            return np.clip(stars, levels[0], levels[-1]).astype(np.float64)

        expected = clipped(as_visitor=False)
        if split.holds_out_users or not model.config.user_id:
            return TestPredictions(expected)
        on_progress(0.5, "predicting them once more for people it does not know")
        return TestPredictions(expected, as_visitor=clipped(as_visitor=True))

    def describe(self, config: ClassicConfig) -> str:
        """Say in two sentences what such a model reads and what it is made of."""
        return text.describe(config)

    def card_text(self, config: ClassicConfig, epochs: int, best_epoch: int, result: Mapping[str, Any]) -> CardText:
        """Return the sentences of a model card."""
        return text.card_text(config, epochs, best_epoch, str(result.get("protocol", self.default_protocol)))

    def diagrams(self, config: ClassicConfig, sizes: Sizes, levels: int) -> tuple[Diagram, ...]:
        """Return the architecture as one diagram."""
        return (diagram(config, sizes),)
