"""A model's architecture as boxes and arrows, to be drawn or read as text. Each family makes its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["input", "attention", "dense", "answer"]
Side = Literal["left", "right", "wide"]
INPUT: Kind = "input"
ATTENTION: Kind = "attention"
DENSE: Kind = "dense"
ANSWER: Kind = "answer"
LEFT: Side = "left"
RIGHT: Side = "right"
WIDE: Side = "wide"


@dataclass(frozen=True)
class Box:
    """A step: its ``row`` from the top and its ``side``, what it is called, and what it does in a sentence."""

    name: str
    row: int
    side: Side
    kind: Kind
    label: str
    detail: str
    meaning: str


@dataclass(frozen=True)
class Diagram:
    """Boxes, arrows between them (names), and a title."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]

    def reworded(self, reword: Callable[[str], str]) -> "Diagram":
        """Return the same diagram with every text passed through ``reword``."""
        boxes = (
            replace(box, label=reword(box.label), detail=reword(box.detail), meaning=reword(box.meaning))
            for box in self.boxes
        )
        return Diagram(reword(self.title), tuple(boxes), self.arrows)

    @property
    def text(self) -> str:
        """The diagram as text: every box with what it does, and where its result goes."""
        label = {box.name: box.label for box in self.boxes}
        lines = []
        for box in self.boxes:
            targets = [label[end] for start, end in self.arrows if start == box.name]
            lines.append(f"{box.label} ({box.detail}): {box.meaning}" + (f" → {', '.join(targets)}" if targets else ""))
        return f"{self.title}. " + " ".join(f"{i}. {line}" for i, line in enumerate(lines, 1))
