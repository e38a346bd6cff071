"""Packages that only some commands need: imported where they are used, with a clear word where they are missing."""

import importlib
from types import ModuleType

from bst.errors import MissingPackageError

REQUIREMENTS = "requirements-scale.txt"


def require(module: str, purpose: str) -> ModuleType:
    """Import a module of an optional package, ``ray`` or ``ray.data``, and return it.

    ``purpose``: what needs it, with a capital, as the beginning of a sentence. Raises ``MissingPackageError`` where the
    package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).partition(".")[0]
        raise MissingPackageError(
            f"{purpose} needs the package {missing}: make scale, or pip install -r {REQUIREMENTS}"
        ) from None
