"""The model families there are, and look-ups among them: by configuration, by preset, by what a file says."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from bst.domain import Domain
from bst.errors import ConfigError
from bst.models.classic.family import ClassicFamily
from bst.models.config import ModelConfig, field_names
from bst.models.family import ModelFamily, Preset
from bst.models.timeline.family import TimelineFamily
from bst.schema import Dataset
from bst.text import quoted
from bst.timelines.splits import EvaluationSplit

FAMILIES: tuple[ModelFamily[Any], ...] = (TimelineFamily(), ClassicFamily())
PRESETS: dict[str, Preset] = {preset.name: preset for family in FAMILIES for preset in family.presets}

FORMER_PRESETS: dict[str, str] = {old: name for family in FAMILIES for old, name in family.former_presets.items()}


def family_of(config: ModelConfig) -> ModelFamily[Any]:
    """Return the family of a configuration."""
    return next(family for family in FAMILIES if isinstance(config, family.config_class))


def read_config(values: Mapping[str, Any]) -> ModelConfig:
    """Read what the ``to_dict`` of any family's configuration wrote. Raises ``ConfigError``.

    The family is that of the preset or, of a preset that is no more, the one that knows most of the settings.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"the model configuration is not a table of settings: {quoted(values)}")
    name = values.get("preset")
    known = PRESETS.get(FORMER_PRESETS.get(name, name)) if isinstance(name, str) else None
    if known:
        return family_of(known.config).config_class.from_dict(values)
    classes = [family.config_class for family in FAMILIES]
    return max(classes, key=lambda cls: len(set(field_names(cls)) & set(values))).from_dict(values)


def preset(name: str, **changes: Any) -> ModelConfig:
    """Return the configuration of a preset, which may go by a former name, with some of its settings changed.

    Raises ``ConfigError`` if there is none of that name, or it has no such setting.
    """
    name = FORMER_PRESETS.get(name, name)
    if name not in PRESETS:
        raise ConfigError(f"there is no preset {quoted(name)}; choose one of: {', '.join(PRESETS)}")
    config: Any = PRESETS[name].config
    unknown = sorted(set(changes) - {field.name for field in fields(config)})
    if unknown:
        raise ConfigError(f"preset {name} has no setting called {' or '.join(unknown)}")
    return replace(config, **changes)


def preset_title(name: str) -> str:
    """Return what a preset is called on screen; a name that is not a preset stays as it is."""
    name = FORMER_PRESETS.get(name, name)
    return PRESETS[name].title if name in PRESETS else name


def describe(config: ModelConfig) -> str:
    """Say in two sentences what a model of this configuration reads and what it is made of."""
    return family_of(config).describe(config)


def for_domain(config: ModelConfig, domain: Domain) -> ModelConfig:
    """Return a configuration without its rating tower for a dataset without ratings.

    Raises ``ConfigError`` for a model that predicts nothing else.
    """
    if domain.rated or "rating" not in config.tasks:
        return config
    others = [task for task in config.tasks if task != "rating"]
    if not others:
        raise ConfigError(
            f"preset {config.preset} predicts ratings, and this dataset has no ratings; choose --preset timeline"
        )
    return config.with_tasks(others)


def prepare(dataset: Dataset, config: ModelConfig, protocol: str, seed: int, share: float = 1.0) -> EvaluationSplit:
    """Split a dataset under a protocol, for a model of this configuration: see ``ModelFamily.prepare``."""
    return family_of(config).prepare(dataset, config, protocol, seed, share)
