"""What every training has in common: its interface, what it reports while it runs, and what must survive a stop."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

REPORT_S = 0.25  # seconds between two reports of progress, at least

# a Keras model of any family, and a Keras or TensorFlow variable; neither has types, nor is loaded here
Model = Any
Variable = Any


@dataclass(frozen=True)
class Progress:
    """How far a run is. ``remaining_s`` is an estimate in seconds, None before there is one."""

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


@dataclass(frozen=True)
class FitOptions:
    """How long a training goes on, and what is called meanwhile: see ``Trainer.fit``."""

    epochs: int
    patience: int
    on_epoch: OnEpoch = lambda state: None
    on_progress: OnProgress = lambda progress: None


class Trainer(ABC):
    """One training of a model on an evaluation split."""

    model: Model

    @property
    @abstractmethod
    def variables(self) -> list[Variable]:
        """All that a snapshot must hold: the variables of the model, of its optimisers, and whatever else changes."""

    @property
    @abstractmethod
    def training_set(self) -> str:
        """What it is trained on, in words: "800,167 ratings"."""

    def fit(
        self,
        *,
        epochs: int,
        patience: int,
        state: TrainingState | None = None,
        on_epoch: OnEpoch = lambda state: None,
        on_progress: OnProgress = lambda progress: None,
    ) -> TrainingState:
        """Train until ``epochs`` epochs are done or validation has not improved for ``patience`` of them.

        ``on_epoch`` is called when an epoch is complete: the moment to take a snapshot. With ``state`` the run goes on
        from there; ``variables`` must be those of the same moment. At the end the model holds the weights of the best
        epoch. Returns the final state, whose ``history`` has one row an epoch.
        """
        return self._fit(FitOptions(epochs, patience, on_epoch, on_progress), state or TrainingState())

    @abstractmethod
    def _fit(self, options: FitOptions, state: TrainingState) -> TrainingState:
        """Train as ``fit`` does, from ``state`` on."""
