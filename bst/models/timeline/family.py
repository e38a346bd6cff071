"""The timeline BST as a model family."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bst import backend
from bst.domain import DEMOGRAPHICS, Domain
from bst.models.config import Sizes, Task
from bst.models.diagram import Diagram
from bst.models.family import CardText, ModelFamily, OnMeasured, ParallelTraining, Preset, zeroed
from bst.models.timeline import text
from bst.models.timeline.config import BEST_EPOCH_COLUMNS, TimelineConfig
from bst.models.timeline.diagram import diagrams
from bst.models.timeline.shapes import weight_shapes
from bst.models.trainer import Model, Trainer
from bst.models.weights import Weights
from bst.schema import item_features
from bst.scoring.results import TestPredictions
from bst.scoring.scorer import RowsOf, Scorer
from bst.store import Store
from bst.timelines.splits import TEST, EvaluationSplit

WEIGHT_PURPOSES = {
    "movie": "Movies",
    "facts_to_movie": "Movies",
    "facts": "Movies",
    "level": "Events",
    "gap": "Events",
    "month": "Events",
    "request_gap": "Events",
    "request_month": "Events",
    "surprise": "Events",
    "sex": "Demographics",
    "age": "Demographics",
    "occupation": "Demographics",
    "about": "Demographics",
    "visitor_token": "Demographics",
    "content": "Attention",
    "query": "Attention",
    "factors": "Matrix factorisation",
    "factor_base": "Matrix factorisation",
    "factor_prior": "Matrix factorisation",
    "prior": "Matrix factorisation",
    "drift": "Matrix factorisation",
    "mean_rating": "Matrix factorisation",
    "stars": "Matrix factorisation",
    "popularity": "Output",
    "output": "Output",
    "fame": "Output",
    "calibration": "Output",
}
# of the rating tower: bundles from before it supposed anything of demographics and drift have none
LATER_WEIGHTS = ("prior_mean", *(f"prior_of_{name}" for name in DEMOGRAPHICS), "drift")
# of a training, in seconds: compiling one tower's step; each tower's epoch over a thousand ratings; and the factor
# models, which take c + a · thousands of ratings · factors ^ b
COMPILING_S = 6.0
EPOCH_S: dict[Task, float] = {"rating": 0.05, "next": 0.072, "like": 0.055}
FACTORS_S = (5.6, 0.0067, 1.3)
TOWER_TITLES = {"rating": "Rating tower", "next": "Next tower", "like": "Like tower"}


class _Parallel(ParallelTraining[TimelineConfig]):
    """Training on several workers, or from a store."""

    store_protocols = ("visitor",)

    def data(
        self, source: EvaluationSplit | Store, seed: int, share: float, sample_events: int, *, chief: bool = True
    ) -> Any:
        """Return what several workers train on: see ``ParallelTraining``."""
        from bst.models.timeline.store_data import StoreData
        from bst.models.timeline.training_data import SplitData

        if isinstance(source, EvaluationSplit):
            return SplitData(source)
        return StoreData(source, seed, share, sample_events, chief=chief)

    def trainer(
        self, config: TimelineConfig, data: Any, seed: int, replicas: Any = None, steps: int | None = None
    ) -> Trainer:
        """Return one worker's part of a training: see ``ParallelTraining``."""
        from bst.models.replicas import Replicas
        from bst.models.timeline.parallel_trainer import ParallelTrainer

        return ParallelTrainer(config, data, seed, replicas or Replicas.of_devices(), steps=steps)


class TimelineFamily(ModelFamily[TimelineConfig]):
    """Whole histories, no user id; towers that predict ratings, the next movie, and what will be liked."""

    config_class = TimelineConfig
    presets = (Preset("Timeline BST", TimelineConfig("timeline")),)  # the default of everything
    protocols = ("visitor", "last", "temporal", "windows")
    best_epoch_columns = BEST_EPOCH_COLUMNS
    epochs_can_be_raised = False  # the learning rate falls towards the last of them
    evaluation_users = 1000
    parallel = _Parallel()
    weight_purposes = WEIGHT_PURPOSES
    fixed_weights = frozenset(
        {
            "facts",
            "factors",
            "factor_base",
            "factor_prior",
            "mean_rating",
            "stars",
            "fame",
            "calibration",
            *LATER_WEIGHTS,
        }
    )
    tower_titles = TOWER_TITLES

    def build(self, config: TimelineConfig, sizes: Sizes, levels: int) -> Model:
        """Return an untrained model: see ``ModelFamily.build``."""
        backend.load()
        from bst.models.timeline.model import build_timeline

        return build_timeline(config, sizes, levels)

    def weight_shapes(self, config: TimelineConfig, sizes: Sizes, levels: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all weights."""
        return weight_shapes(config, sizes, levels)

    def dataset_weights(self, config: TimelineConfig, movies: pd.DataFrame, domain: Domain) -> dict[str, np.ndarray]:
        """Return each tower's table of genres and decades: (movies, genres + 10)."""
        return dict.fromkeys(self.dataset_weight_paths(config), item_features(movies, domain.tag_values))

    def dataset_weight_paths(self, config: TimelineConfig) -> frozenset[str]:
        """Return the paths of those tables."""
        return frozenset(f"{name}/facts" for name in config.towers)

    def later_weight_paths(self, config: TimelineConfig) -> frozenset[str]:
        """Return the paths of what the fold-in supposes of visitors."""
        return frozenset(f"rating/{name}" for name in LATER_WEIGHTS if "rating" in config.towers)

    def with_uniform_attention(self, weights: Weights) -> Weights:
        """Return the weights with queries and the bias of distance of the rating tower at 0."""
        of_rating = {path: values for path, values in weights.items() if path.startswith("rating/")}
        return {**weights, **zeroed(of_rating, "attention/query/kernel", "attention/distance")}

    def is_fixed(self, word: str) -> bool:
        """Whether it is set before training."""
        return super().is_fixed(word) or word.startswith("prior_of_")

    def trainer(self, config: TimelineConfig, split: EvaluationSplit, seed: int) -> Trainer:
        """Return a training that has not begun; on all GPUs, where there are several."""
        from bst.models.replicas import Replicas
        from bst.models.timeline.parallel_trainer import ParallelTrainer
        from bst.models.timeline.trainer import TimelineTrainer
        from bst.models.timeline.training_data import SplitData

        replicas = Replicas.of_devices()
        if replicas.size > 1:
            return ParallelTrainer(config, SplitData(split), seed, replicas)
        return TimelineTrainer(config, split, seed)

    def training_seconds(self, config: TimelineConfig, ratings: int) -> float:
        """Return about how long a training takes: see ``ModelFamily.training_seconds``."""
        thousands, default = ratings / 1000, TimelineConfig("default")
        seconds = 0.0
        for name, tower in config.towers.items():
            size = tower.width * tower.layers / (default.towers[name].width * default.towers[name].layers)
            seconds += COMPILING_S + EPOCH_S[name] * thousands * tower.epochs * size
        if "rating" in config.tasks:
            seconds += FACTORS_S[0] + FACTORS_S[1] * thousands * config.factors ** FACTORS_S[2]
        return seconds

    def divergence_advice(self, config: TimelineConfig) -> str:
        """Return what to try after a training that diverged: its learning rates are no option of a command."""
        return "another --seed"

    def scorer(
        self, config: TimelineConfig, sizes: Sizes, weights: Weights, levels: tuple[float, ...], rows_of: RowsOf
    ) -> Scorer:
        """Return the scorer of trained weights."""
        from bst.models.timeline.engine.scorer import NumpyTimelineScorer

        return NumpyTimelineScorer(config, sizes, weights, levels, rows_of)

    def keras_scorer(self, model: Model, levels: tuple[float, ...], rows_of: RowsOf) -> Scorer:
        """Return the same by the Keras model."""
        from bst.models.timeline.keras_scorer import KerasTimelineScorer

        return KerasTimelineScorer(model, levels, rows_of)

    def predict_test(
        self, model: Model, split: EvaluationSplit, on_progress: OnMeasured = lambda share, message: None
    ) -> TestPredictions:
        """Predict the test labels by the model's towers.

        Once more with all gaps unknown under ``visitor``, and the next movie with the time of the request known.
        """
        from bst.models.timeline.predictions import distributions, next_ranks

        expected = distribution = without_gaps = ranks = timed_ranks = None
        if model.rating:
            distribution = distributions(model, split, TEST)
            expected = distribution @ np.array(split.dataset.levels)
            if split.protocol == "visitor":
                on_progress(0.4, "predicting them once more, with all time gaps unknown")
                without_gaps = distributions(model, split, TEST, gaps=False)
        if model.next:
            on_progress(0.8, "looking for the next movie in the whole catalogue")
            ranks = next_ranks(model, split, TEST)[0]
            if model.next.reads_requests:
                on_progress(0.9, "looking for it once more, with the time of the request known")
                timed_ranks = next_ranks(model, split, TEST, timed=True)[0]
        return TestPredictions(expected, distribution, without_gaps, ranks=ranks, timed_ranks=timed_ranks)

    def expected_test(
        self, model: Model, split: EvaluationSplit, on_share: Callable[[float], None] = lambda share: None
    ) -> np.ndarray:
        """Return the expected ratings of the test labels, by the rating tower alone."""
        from bst.models.timeline.predictions import distributions

        return distributions(model, split, TEST, on_share=on_share) @ np.array(split.dataset.levels)

    def describe(self, config: TimelineConfig) -> str:
        """Say in two sentences what such a model reads and what it is made of."""
        return text.describe(config)

    def card_text(self, config: TimelineConfig, epochs: int, best_epoch: int, result: Mapping[str, Any]) -> CardText:
        """Return the sentences of a model card."""
        return text.card_text(config, result)

    def diagrams(self, config: TimelineConfig, sizes: Sizes, levels: int) -> tuple[Diagram, ...]:
        """Return a diagram of each tower."""
        return diagrams(config, sizes, levels)
