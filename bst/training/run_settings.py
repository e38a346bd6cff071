"""What defines a run, and the file in its folder that keeps it."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from bst.datasets import load_domain
from bst.errors import BSTError, TrainingError
from bst.files import write_whole
from bst.models.config import ModelConfig
from bst.models.registry import family_of, for_domain, read_config
from bst.text import reason
from bst.timelines.splits import protocol_name
from bst.training.run_data import SAMPLE_EVENTS

# who starts workers: this computer's processes, or Ray Train
Engine = Literal["local", "ray"]


@dataclass(frozen=True)
class RunSettings:
    """Everything that defines a run: the same settings on the same machine give the same bundle.

    ``workers`` processes train together, started by ``engine``; ``steps_per_epoch``: a tower takes at most that many
    steps in an epoch, None for all. ``sample_events`` of a prepared store, at most, are what is fitted once, validated
    and measured on.
    """

    dataset: str
    config: ModelConfig
    protocol: str = "windows"
    epochs: int = 5
    seed: int = 0
    patience: int = 3
    share: float = 1.0
    workers: int = 1
    engine: Engine = "local"
    steps_per_epoch: int | None = None
    sample_events: int = SAMPLE_EVENTS

    def __post_init__(self) -> None:
        """Give the protocol its present name."""
        object.__setattr__(self, "protocol", protocol_name(self.protocol))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self) | {"config": self.config.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunSettings":
        """Read what ``to_dict`` wrote. Raises ``ConfigError``, ``KeyError`` or ``TypeError`` for anything else."""
        return cls(**dict(values) | {"config": read_config(values["config"])})


def fitted(settings: RunSettings) -> RunSettings:
    """Return settings without what there is nothing to train on in the dataset: see ``registry.for_domain``.

    Raises ``DatasetError`` for a dataset that is not here, ``ConfigError`` for a model that nothing is left of.
    """
    config = for_domain(settings.config, load_domain(settings.dataset))
    epochs = config.epochs if settings.epochs == settings.config.epochs else settings.epochs
    return replace(settings, config=config, epochs=epochs)


def read_settings(folder: Path) -> RunSettings:
    """Return the settings of the unfinished run in a folder. Raises ``TrainingError`` if there is none to read."""
    path = folder / "run.json"
    if not path.is_file():
        raise TrainingError(f"there is no unfinished run in {folder}; start it without --resume")
    try:
        return RunSettings.from_dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError, BSTError) as error:
        raise TrainingError(f"{path} is damaged ({reason(error)}); start again with --overwrite") from error


def write_settings(folder: Path, settings: RunSettings) -> None:
    """Write the settings of a run into its folder. Raises ``OSError`` if they cannot be written."""
    write_whole(folder / "run.json", json.dumps(settings.to_dict(), indent=2))


def check_resumed(folder: Path, settings: RunSettings) -> None:
    """Raise ``TrainingError`` unless the unfinished run in a folder can be continued with these settings."""
    now, before = _lasting(settings), _lasting(read_settings(folder))
    changed = [key for key, value in now.items() if before.get(key) != value]
    if changed:
        raise TrainingError(
            f"the unfinished run in {folder} was started with another {' and '.join(changed)}; "
            "give the same settings, or start again with --overwrite"
        )


def _lasting(settings: RunSettings) -> dict[str, Any]:
    """Return the settings that a run must keep when it is resumed."""
    values = settings.to_dict()
    for name in ("epochs", "engine"):
        del values[name]
    if family_of(settings.config).epochs_can_be_raised:  # a longer run is the same run
        del values["config"]["epochs"]
    return values
