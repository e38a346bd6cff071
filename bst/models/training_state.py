"""What every training tells while it runs, and what must survive a stop."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Progress:
    """How far a run is. ``remaining_s`` is an estimate in seconds, None while nothing is known yet."""

    epoch: int
    epochs: int
    step: int
    steps: int
    remaining_s: float | None
    metrics: dict[str, float]

    @property
    def share(self) -> float:
        """Part of the whole run that is done, 0 … 1."""
        return (self.epoch - 1 + self.step / self.steps) / self.epochs


@dataclass
class TrainingState:
    """What must survive a stop, beside the weights: the epochs done, the curves, and the best epoch so far."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = float("inf")
    best_weights: list[np.ndarray] = field(default_factory=list)


OnEpoch = Callable[[TrainingState], None]
OnProgress = Callable[[Progress], None]
