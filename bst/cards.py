"""A model card as headings, paragraphs and tables, for whoever shows it in a form of their own."""

import re
from dataclasses import dataclass

_HEADING = re.compile(r"^(#{1,6})\s+(.*)$")
_RULE = re.compile(r"^\|[\s:|-]+\|$")


@dataclass(frozen=True)
class Text:
    """Markdown of one or more paragraphs, or a heading of level 1 … 6 (0 is none)."""

    text: str
    heading_level: int = 0


@dataclass(frozen=True)
class Table:
    """A table of plain text; every row has as many cells as there are columns. ``heading``: the last one above it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    heading: str = ""


def blocks(markdown: str) -> list[Text | Table]:
    """Cut a card into its blocks, in order. What is no well-formed table stays text."""
    found: list[Text | Table] = []
    heading = ""
    for part in re.split(r"\n\s*\n", markdown.strip()):
        lines = part.strip("\n").split("\n")
        while lines and (match := _HEADING.match(lines[0])):
            heading = match[2].strip()
            found.append(Text(heading, len(match[1])))
            lines = lines[1:]
        if not lines or not "".join(lines).strip():
            continue
        table = _table(lines, heading)
        found.append(table or Text("\n".join(lines)))
    return found


def _table(lines: list[str], heading: str) -> Table | None:
    lines = [line.strip() for line in lines]
    if len(lines) < 3 or not all(line.startswith("|") and line.endswith("|") for line in lines):
        return None
    if not _RULE.match(lines[1]):
        return None
    columns, *rows = (_cells(line) for line in (lines[0], *lines[2:]))
    if len(set(columns)) < len(columns) or any(len(row) != len(columns) for row in rows):
        return None
    return Table(columns, tuple(rows), heading)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().strip("*") for cell in line[1:-1].split("|"))
