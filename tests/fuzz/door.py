"""One way in: where its inputs come from, and what each of them must lead to."""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

from hypothesis.strategies import SearchStrategy


class Door(ABC):
    """A door is opened once, in a folder of its own, and then tries many inputs; use it in a ``with`` statement.

    ``inputs`` draws an input. ``open`` prepares what all inputs share, on ``stack``, which is closed in the end.
    """

    name: ClassVar[str]
    inputs: SearchStrategy[Any]

    def __init__(self, folder: Path):
        self.folder = folder
        self.stack = ExitStack()

    def __enter__(self) -> "Door":
        """Prepare."""
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        """Undo what ``open`` did."""
        self.stack.close()

    @abstractmethod
    def open(self) -> None:
        """Prepare what all inputs share."""

    @abstractmethod
    def check(self, given: Any) -> bool:
        """Try an input: True if it was taken, False if it was refused as it should be.

        Anything that is raised is a failure.
        """
