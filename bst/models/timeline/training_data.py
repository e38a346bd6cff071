"""Where a training on several workers takes its batches from, each worker its own: a split in memory, or a store."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bst.store import Statistics
from bst.timelines.segments import Batch, grouped
from bst.timelines.splits import TRAIN, EvaluationSplit

if TYPE_CHECKING:  # it loads TensorFlow
    from bst.models.timeline.objectives import Objective


class TrainingData(ABC):
    """Training labels, divided among streams: each replica reads one or more of them.

    ``split``: what is fitted once, validated and measured on, by the chief; other workers may have an empty one.
    ``description``: in words, as ``Trainer.training_set``.
    """

    split: EvaluationSplit
    description: str

    @property
    def totals(self) -> Statistics | None:
        """Those of all training events, where the split is a sample of them; None where it has them all."""
        return None

    @property
    def users(self) -> int:
        """How many users there are in all."""
        return len(self.split.dataset.users)

    @property
    def rows(self) -> np.ndarray | None:
        """Which of them are the split's, int (n,); None for all."""
        return None

    @abstractmethod
    def batches(
        self, objective: "Objective", key: Sequence[int], stream: int, streams: int
    ) -> Iterator[tuple[Batch, float]]:
        """Yield an epoch's batches of one of ``streams`` streams, each with the share of its events that it completes.

        They follow from ``key``, ``stream`` and ``streams`` alone, wherever the stream is read.
        """


class SplitData(TrainingData):
    """A split that every worker holds in memory. Stream s of S has the groups s, s + S, s + 2 S … of an epoch."""

    def __init__(self, split: EvaluationSplit):
        self.split = split
        self.description = f"{(split.role == TRAIN).sum():,} ratings"

    def batches(
        self, objective: "Objective", key: Sequence[int], stream: int, streams: int
    ) -> Iterator[tuple[Batch, float]]:
        """Yield the batches of one stream: see ``TrainingData``."""
        rng = np.random.default_rng(list(key))
        groups = list(grouped(objective.segments(rng), objective.config.batch_events, rng))
        for at in range(stream, len(groups), streams):
            batch = objective.batch(groups[at], np.random.default_rng([*key, at]))
            if batch is not None:
                yield batch, (at + 1) / len(groups)
