"""The configuration of a classic BST."""

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from numbers import Real
from typing import Any

from bst.errors import ConfigError
from bst.models.config import ModelConfig, Task, check_ranges, read_dataclass
from bst.text import quoted
from bst.timelines.arrays import WindowShape

# presets that bundles, runs and commands of earlier versions know by another name
FORMER_PRESETS = {"seed": "user-features"}
MOST_LAYERS, MOST_UNITS = 8, 4096


@dataclass(frozen=True)
class ClassicConfig(ModelConfig):
    """Everything that defines a classic BST and its training, apart from the dataset's sizes.

    The window holds ``window - 1`` watched movies and the target. Embedding widths are not set here: see
    ``embedding_width``.

    ``short_history`` is the share of training windows of which only the newest 0 … window − 2 events are kept, and
    ``unknown`` the share in which the user id, and each of sex, age and occupation, is masked. Both prepare the model
    for a visitor, who has no user id and may have watched little. The public systems do neither.
    """

    preset: str
    window: int = 4
    step: int = 2
    heads: int = 3
    mlp: tuple[int, ...] = (256, 128)
    dropout: float = 0.1
    user_id: bool = True
    demographics: bool = True
    genres: bool = True
    learning_rate: float = 0.01
    batch_size: int = 265
    epochs: int = 5
    short_history: float = 0.15
    unknown: float = 0.15

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a value outside its range, naming both."""
        check_ranges(
            self,
            window=(int, 2, 200),
            step=(int, 1, 200),
            heads=(int, 1, 16),
            dropout=(Real, 0, 0.9),
            learning_rate=(Real, 1e-6, 1),
            batch_size=(int, 1, 65_536),
            epochs=(int, 1, 1_000),
            short_history=(Real, 0, 1),
            unknown=(Real, 0, 1),
        )
        for name in ("user_id", "demographics", "genres"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} must be true or false, not {quoted(getattr(self, name))}")
        # a bundle's configuration comes from a file: no layer may be so wide that making it takes all memory
        sizes_fit = all(isinstance(units, int) and 1 <= units <= MOST_UNITS for units in self.mlp)
        if not 1 <= len(self.mlp) <= MOST_LAYERS or not sizes_fit:
            raise ConfigError(f"mlp must name 1 … {MOST_LAYERS} layers of 1 … {MOST_UNITS} units each, not {self.mlp}")

    @property
    def max_history(self) -> int:
        """How many of the newest events the model reads."""
        return self.window - 1

    @property
    def tasks(self) -> tuple[Task, ...]:
        """It predicts ratings."""
        return ("rating",)

    @property
    def window_shape(self) -> WindowShape:
        """The windows that it is trained on."""
        return WindowShape(self.window, self.step)

    @property
    def reads_demographics(self) -> bool:
        """Whether sex, age group and occupation are among its inputs."""
        return self.demographics

    def with_tasks(self, tasks: Collection[Task]) -> "ClassicConfig":
        """Raise ``ConfigError``: there is nothing to choose."""
        raise ConfigError(f"preset {self.preset} has no towers; --tower is for preset timeline")

    def with_epochs(self, epochs: int) -> "ClassicConfig":
        """Return the same with another number of epochs."""
        return replace(self, epochs=epochs)

    def scale_epochs(self, epochs: int) -> "ClassicConfig":
        """Return the same with another number of epochs."""
        return replace(self, epochs=epochs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self) | {"mlp": list(self.mlp)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ClassicConfig":
        """Read what ``to_dict`` wrote, now or in an earlier version. Raises ``ConfigError``."""

        def converted() -> dict[str, Any]:
            return {
                "mlp": tuple(values["mlp"]),
                "preset": FORMER_PRESETS.get(values["preset"], values["preset"]),
            }

        return read_dataclass(cls, values, converted)


def embedding_width(vocabulary: int) -> int:
    """Return the width of an embedding over ``vocabulary`` entries: ⌊√n⌋, the rule of the Keras example."""
    return math.isqrt(vocabulary)
