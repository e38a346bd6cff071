"""``python -m bst``."""

from bst.cli import console

console()
