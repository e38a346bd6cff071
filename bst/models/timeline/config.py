"""The configuration of a timeline BST and of its towers."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from numbers import Real
from typing import Any

from bst.errors import ConfigError
from bst.models.config import ModelConfig, Task, check_ranges, read_dataclass
from bst.text import quoted

TOWERS: tuple[Task, ...] = ("rating", "next", "like")
# a bundle or run of an earlier version has none of these
LATER_TOWERS: tuple[Task, ...] = ("like",)
# what those were trained with that do not name it
LATER_SETTINGS = {"no_request": 1.0}
# a tower's best epoch has the lowest value in this column of the learning curves
BEST_EPOCH_COLUMNS: dict[Task, str] = {
    "rating": "val_rmse",
    "next": "val_next_loss",
    "like": "val_like_loss",
}
# settings that bundles and runs of earlier versions know by another name
FORMER_NAMES = {"segment": "train_length", "memory": "max_history"}


@dataclass(frozen=True)
class TowerConfig:
    """One tower of a timeline BST and its training.

    ``width`` of tokens, split among ``heads``; ``layers`` of attention; ``epochs`` of a cosine schedule that starts at
    ``learning_rate`` after a warm-up; ``weight_decay`` of AdamW.
    """

    width: int = 64
    heads: int = 2
    layers: int = 2
    dropout: float = 0.2
    learning_rate: float = 2e-3
    epochs: int = 10
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a value outside its range, naming both."""
        check_ranges(
            self,
            width=(int, 4, 512),
            heads=(int, 1, 16),
            layers=(int, 1, 12),
            dropout=(Real, 0, 0.9),
            learning_rate=(Real, 1e-6, 1),
            epochs=(int, 0, 1_000),
            weight_decay=(Real, 0, 10),
        )
        if self.width % self.heads:
            raise ConfigError(f"a width of {self.width} cannot be shared by {self.heads} heads")


@dataclass(frozen=True)
class TimelineConfig(ModelConfig):
    """Everything that defines a timeline BST and its training, apart from the dataset's sizes.

    It is trained on segments of ``train_length`` events and reads the newest ``max_history`` events of a history:
    distances further than any in training count as the furthest of them. A tower of 0 epochs is not made.

    ``batch_events`` cells make a batch, padding included. ``unknown`` is the share of training segments in which each
    of sex, age and occupation is masked, ``no_gaps`` that in which all times are, as a visitor of the app has none.
    ``no_request`` is the share in which at least the time of the request is; only the
    next tower reads it, and not at all if that is 1. ``averaging`` is the decay of the moving average of weights that
    is kept in place of the last ones. ``negatives`` movies are drawn for each batch to stand for the catalogue in the
    loss of the next tower; 0 where it is small enough for a softmax over all of it. ``factors`` is the rank of the
    factor model whose fold-in the head of the rating tower reads. ``shuffled`` is the share of timelines that the like
    tower is trained on in random order.
    """

    preset: str
    rating: TowerConfig = TowerConfig(epochs=8)
    next: TowerConfig = TowerConfig(layers=4, learning_rate=4e-3, epochs=24, weight_decay=0.3)
    like: TowerConfig = TowerConfig(epochs=10)
    train_length: int = 200
    max_history: int = 300
    batch_events: int = 3200
    averaging: float = 0.998
    warm_up: int = 200
    unknown: float = 0.15
    no_gaps: float = 0.3
    no_request: float = 0.6
    negatives: int = 0
    factors: int = 24
    shuffled: float = 0.25

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a value outside its range, naming both."""
        check_ranges(
            self,
            train_length=(int, 2, 1000),
            max_history=(int, 2, 2000),
            batch_events=(int, 1, 1_000_000),
            averaging=(Real, 0, 0.99999),
            warm_up=(int, 1, 100_000),
            unknown=(Real, 0, 1),
            no_gaps=(Real, 0, 1),
            no_request=(Real, 0, 1),
            negatives=(int, 0, 1_000_000),
            factors=(int, 1, 256),
            shuffled=(Real, 0, 1),
        )
        if not self.towers:
            raise ConfigError("one of the towers must be trained: give it at least one epoch")

    @property
    def towers(self) -> dict[Task, TowerConfig]:
        """The model's towers, by the task that each predicts."""
        return {name: tower for name in TOWERS if (tower := getattr(self, name)).epochs}

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What its towers predict."""
        return tuple(self.towers)

    @property
    def reads_requests(self) -> bool:
        """Whether the next tower can read the time of the request."""
        return "next" in self.towers and self.no_request < 1

    @property
    def epochs(self) -> int:
        """Epochs of the tower that trains longest."""
        return max(tower.epochs for tower in self.towers.values())

    def with_tower(self, name: Task, tower: TowerConfig) -> "TimelineConfig":
        """Return the same with another tower."""
        towers: dict[str, Any] = {name: tower}
        return replace(self, **towers)

    def with_tasks(self, tasks: Collection[Task]) -> "TimelineConfig":
        """Return the same with only the towers of these tasks."""
        return self._replace_epochs({name: 0 for name in self.towers if name not in tasks})

    def with_epochs(self, epochs: int) -> "TimelineConfig":
        """Return the same with ``epochs`` for each of its towers."""
        return self._replace_epochs(dict.fromkeys(self.towers, epochs))

    def with_tower_epochs(self, epochs: Mapping[str, int]) -> "TimelineConfig":
        """Return the same with other epochs for some towers: see ``ModelConfig``."""
        for name, count in epochs.items():
            if name not in self.towers:
                raise ConfigError(f"this training has no tower {quoted(name)}; choose one of: {', '.join(self.towers)}")
            if count < 1:
                raise ConfigError(f"the {name} tower needs at least 1 epoch, not {count}")
        return self._replace_epochs({name: epochs[name] for name in self.towers if name in epochs})

    def scale_epochs(self, epochs: int) -> "TimelineConfig":
        """Return the same, its longest tower training ``epochs``, the others in proportion and at least one."""
        return self._replace_epochs(
            {name: max(1, round(tower.epochs * epochs / self.epochs)) for name, tower in self.towers.items()}
        )

    def _replace_epochs(self, epochs: Mapping[Task, int]) -> "TimelineConfig":
        towers: dict[str, Any] = {name: replace(self.towers[name], epochs=count) for name, count in epochs.items()}
        return replace(self, **towers)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TimelineConfig":
        """Read what ``to_dict`` wrote, now or in an earlier version. Raises ``ConfigError``."""
        values = {FORMER_NAMES.get(name, name): value for name, value in values.items()}
        values = {name: {"epochs": 0} for name in LATER_TOWERS} | LATER_SETTINGS | values
        if (weight_decay := values.pop("weight_decay", None)) is not None:  # once the same for all towers
            values |= {name: {"weight_decay": weight_decay} | values[name] for name in TOWERS if name in values}
        # what every version has written must be there: the towers and the length of training segments
        return read_dataclass(
            cls,
            values,
            lambda: {
                "train_length": values["train_length"],
                **{name: read_dataclass(TowerConfig, values[name]) for name in TOWERS},
            },
        )
