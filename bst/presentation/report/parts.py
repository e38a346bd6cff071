"""What a report is made of: sections of paragraphs, figures and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from markupsafe import Markup

from bst.domain import Domain
from bst.presentation.charts.wording import reword_titles
from bst.presentation.report.svg import inline
from bst.wording import reword


@dataclass(frozen=True)
class Figure:
    """A chart, its content in words for those who do not see it, and its caption and title."""

    chart: Any
    words: str
    caption: str = ""
    title: str = ""
    svg: Markup = field(default_factory=Markup)


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass
class Section:
    """A heading with paragraphs, figures and tables; empty parts are left out."""

    title: str
    text: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def reworded(section: Section, domain: Domain) -> Section:
    """Return a section in the words of a dataset, its charts drawn. No title of the catalogue is in it."""
    say = partial(reword, domain=domain)
    figures = [
        Figure(
            figure.chart,
            say(figure.words),
            say(figure.caption),
            say(figure.title),
            Markup(inline(reword_titles(figure.chart, domain))),
        )
        for figure in section.figures
    ]
    tables = [
        replace(table, columns=[*map(say, table.columns)], caption=say(table.caption)) for table in section.tables
    ]
    return Section(say(section.title), [*map(say, section.text)], figures, tables)
