"""What an input may lead to: it is taken, with the right values, or refused in one clear line. Nothing else."""

from pathlib import Path

from bst.errors import BSTError
from bst.text import UNPRINTABLE

# characters of a message, without the paths in it: those are as long as the person's own folders
LONGEST_MESSAGE = 300


class WrongError(Exception):
    """An input led to something that it must not lead to."""


def require(condition: bool, what: object) -> None:
    """Raise ``WrongError`` unless a condition holds. Unlike ``assert`` it works under ``python -O``, too."""
    if not condition:
        raise WrongError(str(what))


def require_equal(read: object, right: object, what: str) -> None:
    """Raise ``WrongError`` unless what was read is what is right."""
    require(read == right, f"{what}: read {read!r}, right is {right!r}"[:1000])


def require_clear(message: str | BSTError, *paths: Path) -> None:
    """Raise ``WrongError`` unless a refusal is one line of a length that fits a screen. ``paths`` are not counted."""
    text = str(message)
    require(bool(text.strip()), "an empty message")
    require(not UNPRINTABLE.search(text), f"a message with line breaks or control characters: {text!r}"[:1000])
    for path in sorted(paths, key=lambda path: -len(str(path))):
        text = text.replace(str(path), path.name)
    require(len(text) <= LONGEST_MESSAGE, f"a message of {len(text)} characters: {text}"[:1000])
