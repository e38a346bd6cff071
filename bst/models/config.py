"""Presets: the named model configurations, as plain data that can be written into a bundle and read back."""

import math
from dataclasses import asdict, dataclass, fields, replace
from numbers import Real

from bst.errors import ConfigError


def _check_ranges(config, **ranges) -> None:
    for name, (kind, low, high) in ranges.items():
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
            raise ConfigError(f"{name} must lie in {low} … {high}, not {value!r}")


def _read(cls, values: dict, parts=dict):
    """Make a configuration of plain values; ``parts`` returns those that are not plain."""
    try:
        strange = sorted(set(values) - {f.name for f in fields(cls)})
        if strange:
            raise ConfigError(f"unknown settings in the model configuration: {', '.join(strange)}")
        return cls(**dict(values) | parts())
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the model configuration is incomplete or malformed: {error}") from error


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
        _check_ranges(
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
                raise ConfigError(f"{name} must be true or false, not {getattr(self, name)!r}")
        # a bundle's configuration comes from a file: no layer may be so wide that making it takes all memory
        if not 1 <= len(self.mlp) <= 8 or not all(isinstance(units, int) and 1 <= units <= 4096 for units in self.mlp):
            raise ConfigError(f"mlp must name 1 … 8 layers of 1 … 4096 units each, not {self.mlp}")

    @property
    def max_history(self) -> int:
        """How many of the newest events the model reads."""
        return self.window - 1

    def with_epochs(self, epochs: int) -> "ClassicConfig":
        """Return the same with another number of epochs."""
        return replace(self, epochs=epochs)

    def to_dict(self) -> dict:
        """Return plain values, ready for JSON."""
        return asdict(self) | {"mlp": list(self.mlp)}

    @classmethod
    def from_dict(cls, values: dict) -> "ClassicConfig":
        """Read what ``to_dict`` wrote. Raises ``ConfigError`` for unknown or missing names."""
        values = {FORMER_NAMES.get(name, name): value for name, value in values.items()}
        return _read(cls, values, lambda: {"mlp": tuple(values["mlp"])})


@dataclass(frozen=True)
class TowerConfig:
    """One tower of a timeline BST and its training.

    ``width`` of tokens, split among ``heads``; ``layers`` of attention; ``epochs`` of a cosine schedule that starts at
    ``learning_rate`` after a warm-up.
    """

    width: int = 64
    heads: int = 2
    layers: int = 2
    dropout: float = 0.2
    learning_rate: float = 2e-3
    epochs: int = 10

    def __post_init__(self):
        """Raise ``ConfigError`` for a value outside its range, naming both."""
        _check_ranges(
            self,
            width=(int, 4, 512),
            heads=(int, 1, 16),
            layers=(int, 1, 12),
            dropout=(Real, 0, 0.9),
            learning_rate=(Real, 1e-6, 1),
            epochs=(int, 0, 1_000),
        )
        if self.width % self.heads:
            raise ConfigError(f"a width of {self.width} cannot be shared by {self.heads} heads")


# settings that bundles and runs of earlier versions know by another name
FORMER_NAMES = {"segment": "train_length", "memory": "max_history"}


@dataclass(frozen=True)
class TimelineConfig:
    """Everything that defines a timeline BST and its training, apart from the dataset's sizes.

    It is trained on segments of ``train_length`` events and reads the newest ``max_history`` events of a history:
    distances further than any in training count as the furthest of them. A tower of 0 epochs is left out.

    ``batch_events`` cells make a batch, padding included. ``unknown`` is the share of training segments in which each
    of sex, age and occupation is hidden, ``no_gaps`` that in which all times are, as a visitor of the app has none.
    ``averaging`` is the decay of the moving average of weights that is kept in place of the last ones. ``negatives``
    movies are drawn for each batch to stand for the catalogue in the loss of the next tower. ``factors`` is the rank of
    the factor model whose fold-in the head of the rating tower reads.
    """

    preset: str
    rating: TowerConfig = TowerConfig(epochs=8)
    next: TowerConfig = TowerConfig(layers=4, epochs=14)
    train_length: int = 200
    max_history: int = 300
    batch_events: int = 3200
    weight_decay: float = 0.01
    averaging: float = 0.998
    warm_up: int = 200
    unknown: float = 0.15
    no_gaps: float = 0.3
    negatives: int = 512
    factors: int = 24

    def __post_init__(self):
        """Raise ``ConfigError`` for a value outside its range, naming both."""
        _check_ranges(
            self,
            train_length=(int, 2, 1000),
            max_history=(int, 2, 2000),
            batch_events=(int, 1, 1_000_000),
            weight_decay=(Real, 0, 1),
            averaging=(Real, 0, 0.99999),
            warm_up=(int, 1, 100_000),
            unknown=(Real, 0, 1),
            no_gaps=(Real, 0, 1),
            negatives=(int, 1, 1_000_000),
            factors=(int, 1, 256),
        )
        if not self.rating.epochs and not self.next.epochs:
            raise ConfigError("one of the two towers must be trained: give it at least one epoch")

    @property
    def towers(self) -> dict[str, TowerConfig]:
        """The towers that there are, by name: ``rating``, ``next``."""
        return {name: tower for name in ("rating", "next") if (tower := getattr(self, name)).epochs}

    @property
    def epochs(self) -> int:
        """Epochs of the tower that trains longest."""
        return max(self.rating.epochs, self.next.epochs)

    def with_towers(self, names) -> "TimelineConfig":
        """Return the same with only the towers of these names."""
        gone = {name: replace(tower, epochs=0) for name, tower in self.towers.items() if name not in names}
        return replace(self, **gone)

    def with_epochs(self, epochs: int) -> "TimelineConfig":
        """Return the same with ``epochs`` for each tower that there is."""
        return replace(self, **{name: replace(tower, epochs=epochs) for name, tower in self.towers.items()})

    def to_dict(self) -> dict:
        """Return plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "TimelineConfig":
        """Read what ``to_dict`` wrote. Raises ``ConfigError`` for unknown or missing names."""
        values = {FORMER_NAMES.get(name, name): value for name, value in values.items()}
        return _read(cls, values, lambda: {n: _read(TowerConfig, values[n]) for n in ("rating", "next")})


Config = ClassicConfig | TimelineConfig


def read_config(values: dict) -> Config:
    """Read what either kind's ``to_dict`` wrote. Raises ``ConfigError``."""
    return (TimelineConfig if "rating" in values else ClassicConfig).from_dict(values)


@dataclass(frozen=True)
class Sizes:
    """How many users and movies the model has a row for."""

    users: int
    movies: int


def embedding_width(vocabulary: int) -> int:
    """Return the width of an embedding over ``vocabulary`` entries: ⌊√n⌋, the rule of the Keras example."""
    return math.isqrt(vocabulary)


PRESETS: dict[str, Config] = {
    # the default: whole histories, no user id
    "timeline": TimelineConfig("timeline"),
    # "A Transformer-based recommendation system" on keras.io, with its feature switches as published: all off
    "keras-example": ClassicConfig("keras-example", user_id=False, demographics=False, genres=False, epochs=2),
    # the same with every feature on: the system of 951,801 parameters on MovieLens 1M
    "seed": ClassicConfig("seed"),
    # the small derivative: a longer window, a narrow head
    "compact": ClassicConfig("compact", window=6, mlp=(32, 16)),
}

PRESET_TITLES: dict[str, str] = {
    "timeline": "Timeline BST",
    "keras-example": "Keras example",
    "seed": "Classic BST",
    "compact": "Compact BST",
}


def describe(config: Config) -> str:
    """Say in two sentences what a model of this configuration reads and what it is made of."""
    if isinstance(config, TimelineConfig):
        return _describe_timeline(config)
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


def _describe_timeline(config: TimelineConfig) -> str:
    jobs = {"rating": "predicts how they would rate any movie", "next": "predicts their next movie"}
    towers = "; ".join(
        f"the {name} tower ({tower.layers} layer{'s' * (tower.layers != 1)} of attention, width {tower.width}) "
        f"{jobs[name]}"
        for name, tower in config.towers.items()
    )
    return (
        f"It reads up to {config.max_history} watched movies with their ratings, genres, years and time gaps, and the "
        f"visitor's sex, age group and occupation, but no user id. {towers[0].upper()}{towers[1:]}."
    )


def preset(name: str, **changes) -> Config:
    """Return a preset by name, with some of its settings changed.

    Raises ``ConfigError`` if there is none of that name, or it has no such setting.
    """
    if name not in PRESETS:
        raise ConfigError(f"there is no preset {name!r}; choose one of: {', '.join(PRESETS)}")
    strange = sorted(set(changes) - {f.name for f in fields(PRESETS[name])})
    if strange:
        raise ConfigError(f"preset {name} has no setting called {' or '.join(strange)}")
    return replace(PRESETS[name], **changes)
