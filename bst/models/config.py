"""What the configurations of all model families have in common: plain data that can be written down and read back."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, TypeVar

from bst.domain import MOVIES, Domain
from bst.errors import ConfigError
from bst.schema import Dataset
from bst.text import quoted
from bst.timelines.arrays import WindowShape

# what a model predicts: the rating of any movie, which movie is watched next, and which will be watched and liked
Task = Literal["rating", "next", "like"]

T = TypeVar("T")


@dataclass(frozen=True)
class Sizes:
    """What the shapes of a model follow from: how many users and movies it has a row for, and what is known of them."""

    users: int
    movies: int
    domain: Domain = MOVIES

    @classmethod
    def of(cls, dataset: Dataset) -> "Sizes":
        """Return those of a dataset."""
        return cls(len(dataset.users), len(dataset.movies), dataset.domain)

    @property
    def demographics(self) -> dict[str, int]:
        """How many values each has besides "unknown", which is −1: by ``Demographic.key``."""
        return {demographic.key: len(demographic.values) for demographic in self.domain.demographics.values()}

    @property
    def genres(self) -> int:
        """How many genres, or other tags of movies, there are."""
        return len(self.domain.tag_values)


class ModelConfig(ABC):
    """Everything that defines a model and its training, apart from the dataset's sizes; a frozen dataclass."""

    preset: str

    @property
    @abstractmethod
    def epochs(self) -> int:
        """Epochs of the longest training that it asks for."""

    @property
    @abstractmethod
    def max_history(self) -> int:
        """How many of the newest events the model reads."""

    @property
    @abstractmethod
    def tasks(self) -> tuple[Task, ...]:
        """What the model predicts, at least one task."""

    @property
    def window_shape(self) -> WindowShape | None:
        """The windows that it is trained on; None for a model that reads timelines of any length."""
        return None

    @property
    def reads_requests(self) -> bool:
        """Whether it can read the time of the request for the next movie."""
        return False

    @property
    def reads_demographics(self) -> bool:
        """Whether what is known of a visitor is among its inputs."""
        return True

    @abstractmethod
    def with_tasks(self, tasks: Collection[Task]) -> Self:
        """Return the same with only these tasks. Raises ``ConfigError`` if its tasks cannot be chosen."""

    @abstractmethod
    def with_epochs(self, epochs: int) -> Self:
        """Return the same with ``epochs`` for everything that it trains."""

    def with_tower_epochs(self, epochs: Mapping[str, int]) -> Self:
        """Return the same with other epochs for some of its towers, by name.

        Raises ``ConfigError`` for a tower that it does not have, or a number outside its range.
        """
        if epochs:
            raise ConfigError(f"preset {self.preset} has no towers; choose --epochs for all of its training")
        return self

    @abstractmethod
    def scale_epochs(self, epochs: int) -> Self:
        """Return the same, its longest training ``epochs`` long and the others in proportion."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""

    @classmethod
    @abstractmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote. Raises ``ConfigError`` for unknown or missing names."""


def check_ranges(config: object, **ranges: tuple[type[Any], float, float]) -> None:
    """Check attributes given as name=(type, lowest, highest). Raises ``ConfigError`` that names value and range."""
    for name, (expected, low, high) in ranges.items():
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, expected) or not low <= value <= high:
            raise ConfigError(f"{name} must lie in {low} … {high}, not {quoted(value)}")


def read_dataclass(cls: Callable[..., T], values: Mapping[str, Any], nested: Callable[[], dict[str, Any]] = dict) -> T:
    """Make a dataclass of plain values; ``nested`` returns those that are not plain. Raises ``ConfigError``."""
    try:
        unknown = sorted(set(values) - set(field_names(cls)))
        if unknown:
            raise ConfigError(f"unknown settings in the model configuration: {', '.join(unknown)}")
        return cls(**dict(values) | nested())
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the model configuration is incomplete or malformed: {error}") from error


def field_names(cls: Any) -> tuple[str, ...]:
    """Return the names of a dataclass's fields."""
    return tuple(field.name for field in fields(cls))
