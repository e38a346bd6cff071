"""Training: one module for each kind of model, each with a ``Trainer`` and an ``evaluate_model``.

A trainer is made of (configuration, task, seed) and has ``model``, ``variables`` (all that a snapshot must hold),
``words`` (what it is trained on) and ``fit``. Importing one of the modules loads TensorFlow; importing this does not.
"""

from importlib import import_module

from bst.models.config import Config, TimelineConfig


def kind(config: Config):
    """Return the module that trains and measures models of a configuration: ``classic`` or ``timeline``."""
    return import_module(f"bst.training.{'timeline' if isinstance(config, TimelineConfig) else 'classic'}")
