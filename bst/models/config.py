"""Presets: the named model configurations, as plain data that can be written into a bundle and read back."""

import math
from dataclasses import asdict, dataclass, fields, replace
from numbers import Real

from bst.errors import ConfigError


@dataclass(frozen=True)
class ClassicConfig:
    """Everything that defines a classic BST and its training, apart from the dataset's sizes.

    The window holds ``window - 1`` watched movies and the target. Embedding widths are not set here: as in the Keras
    example, each is the square root of its vocabulary's size, rounded down.

    ``short_history`` is the share of training windows of which only the newest 0 … window − 2 events are kept, and
    ``unknown`` the share in which the user id, and each of sex, age and occupation, is hidden. Both prepare the model
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

    def __post_init__(self):
        """Raise ``ConfigError`` for a value outside its range, naming both."""
        for name, kind, low, high in (
            ("window", int, 2, 200),
            ("step", int, 1, 200),
            ("heads", int, 1, 16),
            ("dropout", Real, 0, 0.9),
            ("learning_rate", Real, 1e-6, 1),
            ("batch_size", int, 1, 65_536),
            ("epochs", int, 1, 1_000),
            ("short_history", Real, 0, 1),
            ("unknown", Real, 0, 1),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
                raise ConfigError(f"{name} must lie in {low} … {high}, not {value!r}")
        for name in ("user_id", "demographics", "genres"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} must be true or false, not {getattr(self, name)!r}")
        # a bundle's configuration comes from a file: no layer may be so wide that making it takes all memory
        if not 1 <= len(self.mlp) <= 8 or not all(isinstance(units, int) and 1 <= units <= 4096 for units in self.mlp):
            raise ConfigError(f"mlp must name 1 … 8 layers of 1 … 4096 units each, not {self.mlp}")

    def to_dict(self) -> dict:
        """Return plain values, ready for JSON."""
        return asdict(self) | {"mlp": list(self.mlp)}

    @classmethod
    def from_dict(cls, values: dict) -> "ClassicConfig":
        """Read what ``to_dict`` wrote. Raises ``ConfigError`` for unknown or missing names."""
        known = {f.name for f in fields(cls)}
        strange = sorted(set(values) - known)
        if strange:
            raise ConfigError(f"unknown settings in the model configuration: {', '.join(strange)}")
        try:
            return cls(**values | {"mlp": tuple(values["mlp"])})
        except (KeyError, TypeError) as error:
            raise ConfigError(f"the model configuration is incomplete or malformed: {error}") from error


@dataclass(frozen=True)
class Sizes:
    """How many users and movies the model has a row for."""

    users: int
    movies: int


def embedding_width(vocabulary: int) -> int:
    """Return the width of an embedding over ``vocabulary`` entries: ⌊√n⌋, the rule of the Keras example."""
    return math.isqrt(vocabulary)


PRESETS: dict[str, ClassicConfig] = {
    # "A Transformer-based recommendation system" on keras.io, with its feature switches as published: all off
    "keras-example": ClassicConfig("keras-example", user_id=False, demographics=False, genres=False, epochs=2),
    # the same with every feature on: the system of 951,801 parameters on MovieLens 1M
    "seed": ClassicConfig("seed"),
    # the small derivative: a longer window, a narrow head
    "compact": ClassicConfig("compact", window=6, mlp=(32, 16)),
}

PRESET_TITLES: dict[str, str] = {"keras-example": "Keras example", "seed": "Classic BST", "compact": "Compact BST"}


def describe(config: ClassicConfig) -> str:
    """Say in two sentences what a model of this configuration reads and what it is made of."""
    parts = {
        "genres": config.genres,
        "sex, age group and occupation": config.demographics,
        "the user's id": config.user_id,
    }
    read = [name for name, on in parts.items() if on]
    layers = " and ".join(str(units) for units in config.mlp)
    return (
        f"{config.window - 1} watched movies and the target go through a Transformer block of {config.heads} heads, "
        f"then through layers of {layers} units. "
        + (f"Beside the movies it reads {'; '.join(read)}." if read else "It reads nothing but movies and ratings.")
    )


def preset(name: str, **changes) -> ClassicConfig:
    """Return a preset by name, with some of its settings changed. Raises ``ConfigError`` if there is none."""
    if name not in PRESETS:
        raise ConfigError(f"there is no preset {name!r}; choose one of: {', '.join(PRESETS)}")
    return replace(PRESETS[name], **changes)
