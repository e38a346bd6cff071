"""All combinations of demographics varied at once: the expected rating of one movie for everyone, as heatmaps."""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from bst.bundles.user_groups import FEW_PEOPLE, groups_of
from bst.domain import Demographic, Domain
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.schema import Visitor
from bst.what_if import demographics
from bst.wording import enumerated
from pages.shared.format import capitalised, escape_markdown
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view
from pages.what_if.sweep_text import EVERYONE, NOTICEABLE, distinguishable, lowest_and_highest, short, unread

# of all combinations, this many pictures are drawn at most: of two demographics each
MOST_PICTURES = 6
# the colours of the heatmaps span at least twice this, in stars, so that small differences look small
MIN_HALF_RANGE = 0.25
# no line ends beside it
NO_BREAK = "\N{WORD JOINER}"


@dataclass(frozen=True)
class Pictures:
    """How all combinations of demographics are drawn: those with most values are the rows and the columns of a picture,
    and there is one for each combination of the ``others``.
    """

    rows: Demographic
    columns: Demographic
    others: tuple[Demographic, ...]

    @classmethod
    def of(cls, domain: Domain) -> "Pictures | None":
        """Return how to draw them; None where there are no combinations, or too many."""
        demographics = tuple(domain.demographics.values())
        if not groups_of(domain) or len(demographics) <= 1:
            return None
        rows, columns, *_ = sorted(demographics, key=lambda demographic: -len(demographic.values))
        others = tuple(one for one in demographics if one not in (rows, columns))
        pictures = cls(rows, columns, others)
        return pictures if math.prod(len(one.values) for one in others) <= MOST_PICTURES else None


def render(recommender: Recommender, visitor: Visitor, movie_id: int) -> str:
    """Draw the expected rating for all combinations of demographics, such as one heatmap for each sex.

    Returns the sentence about it.
    """
    predictions = cached(
        "everyone",
        model_key(recommender, visitor, movie_id),
        lambda: demographics(recommender, visitor, movie_id),
        in_turn=True,
    )
    title, pictures = recommender.catalogue.title(movie_id), Pictures.of(recommender.domain)
    assert pictures is not None  # otherwise it is not offered
    shown = predictions[(predictions["people"] != 0) | predictions["current"]]
    sentence = _everyone_sentence(recommender.domain, predictions, title)
    _draw_pictures(recommender, pictures, shown.assign(title=title), sentence)
    is_known = predictions["current"].any()
    st.caption(
        f"Expected rating for every {pictures.columns.label} (columns) and {pictures.rows.label} (rows, the highest on "
        f"top); the history stays the same. {_people_in_words(predictions)}"
        + ("The frame marks the visitor." if is_known else "The visitor’s own are not all known, so no cell is framed.")
        + unread(recommender, EVERYONE)
    )
    return sentence


def _draw_pictures(recommender: Recommender, pictures: Pictures, shown: pd.DataFrame, sentence: str) -> None:
    """Draw a heatmap for each combination of what is neither in rows nor in columns."""
    rows, columns = pictures.rows, pictures.columns
    middle = (shown["expected"].min() + shown["expected"].max()) / 2
    half = max(MIN_HALF_RANGE, (shown["expected"].max() - shown["expected"].min()) / 2)
    labelled = shown.assign(column=shown[columns.name].map(columns.labels), row=shown[rows.name].map(rows.labels))
    order = labelled.groupby("row")["expected"].mean().sort_values(ascending=False).index.tolist()
    axes = charts.GridAxes(
        capitalised(columns.label), tuple(columns.labels.values()), capitalised(rows.label), tuple(order)
    )
    grid = st.grid(2 if pictures.others else 1, min_column_width=320)
    for values in itertools.product(*(one.values for one in pictures.others)):
        name = ", ".join(one.labels[value] for one, value in zip(pictures.others, values, strict=True))
        own = pd.Series(True, labelled.index)
        for one, value in zip(pictures.others, values, strict=True):
            own &= labelled[one.name] == value
        with grid.cell():
            if name:
                st.markdown(f"**{escape_markdown(name)}**")
            chart_view.show(
                charts.demographic_grid(labelled[own], axes, recommender.bundle.levels, (middle - half, middle + half)),
                f"Expected rating of {shown['title'].iloc[0]} by {columns.label} and {rows.label}"
                f"{', ' if name else ''}{name}: {sentence}",
            )


def _people_in_words(predictions: pd.DataFrame) -> str:
    """Return how many combinations there are people of, for the caption; nothing if that was not counted."""
    people = predictions["people"]
    if people.isna().all():
        return ""
    return (
        f"The dataset has people of {int((people > 0).sum())} of the {len(people)} combinations; the cells of the "
        f"others are empty. The sentence is about those with {FEW_PEOPLE} people or more. "
    )


def _everyone_sentence(domain: Domain, predictions: pd.DataFrame, title: str) -> str:
    many = predictions[predictions["people"] >= FEW_PEOPLE]
    low, high = lowest_and_highest(predictions if many.empty else many)
    names = capitalised(enumerated(tuple(map(short, domain.demographics.values())), "and"))
    if high.expected - low.expected < NOTICEABLE:
        return f"{names} hardly matter here: {title} keeps {low.expected:.1f} ★"
    lowest, highest = distinguishable(low.expected, high.expected)
    return f"{names} move {title}: from {lowest} ({_person(domain, low)}) to {highest} ({_person(domain, high)})"


def _person(domain: Domain, row: Any) -> str:
    values = [one.value_text(getattr(row, one.name)) for one in domain.demographics.values()]
    person = ", ".join(value.replace("–", f"{NO_BREAK}–{NO_BREAK}") for value in values)
    return f"{person}; {int(row.people):,} people" if row.people >= FEW_PEOPLE else person
