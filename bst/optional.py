"""Packages that only some commands need: imported where they are used."""

import importlib
from types import ModuleType

from bst.errors import MissingPackageError


def require(module: str, purpose: str) -> ModuleType:
    """Return an optional module. ``purpose``: what needs it, as the subject of a sentence.

    Raises ``MissingPackageError`` where it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise MissingPackageError(
            f"{purpose} needs the package {package}: pip install -r requirements-scale.txt"
        ) from error
