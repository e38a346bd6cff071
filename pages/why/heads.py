"""Head by head: what each head of each layer looked at, and how the movies of the history look at each other."""

import pandas as pd
import streamlit as st

from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.text import count
from pages.shared.format import escape_markdown
from pages.shared.widgets import chart_view
from pages.why import contributions
from pages.why.controls import Whose

MEAN = "Mean of all heads"
# of a long history the newest are drawn against each other
MOST_BETWEEN = 40


def render(recommender: Recommender, who: Whose, told: Explanation) -> None:
    """Draw the links, the heatmap of heads, and the heatmap of events."""
    looks = told.attention.weights
    if not told.events:
        st.caption(f"With no history there is nothing to look at but {looks.rest}.")
        return
    heads = [MEAN, *looks.heads]
    if st.session_state.get("why_head") not in heads:
        st.session_state["why_head"] = MEAN
    head = st.selectbox("Head", heads, key="why_head", persist_state="session", width=260)
    grid = st.grid(2, min_column_width=320, gap="medium")
    with grid.cell():
        _draw_links(recommender, told, head)
    with grid.cell():
        _draw_heads(recommender, told)
    _draw_between(recommender, told, head)


def weights(recommender: Recommender, told: Explanation) -> pd.DataFrame:
    """Return what was looked at, one row a bar: ``label``, a column a head and one for their mean.

    Movies stand in the order they were watched. Of a long history the movies looked at least become one bar.
    """
    looks = told.attention.weights
    shown, others = contributions.shown(looks.to_events.mean(axis=0), "time")
    rows = [(contributions.label(recommender, told.events[place]), *looks.to_events[:, place]) for place in shown]
    if len(others):
        rows.append((count(len(others), "other movie"), *looks.to_events[:, others].sum(axis=1)))
    rows.append((looks.rest[0].upper() + looks.rest[1:], *looks.to_rest))
    frame = pd.DataFrame(rows, columns=["label", *looks.heads])
    return frame.assign(**{MEAN: frame[list(looks.heads)].mean(axis=1)})


def _draw_links(recommender: Recommender, told: Explanation, head: str) -> None:
    title = recommender.catalogue.title(told.movie_id)
    st.header("Where it looked", anchor=False)
    rows = weights(recommender, told).assign(weight=lambda frame: frame[head])[["label", "weight"]]
    said = "; ".join(f"{label} {weight:.0%}" for label, weight in rows.itertuples(index=False))
    chart_view.show(
        charts.attention_links(rows, title, chart_view.text_and_background()[0]),
        f"Where {title} looked, {head.lower()}: {said}",
        name="Where it looked",
    )
    st.caption("The thicker the line, the more it looked there. Movies in the order they were watched.")


def _draw_heads(recommender: Recommender, told: Explanation) -> None:
    st.header("Every head", anchor=False)
    looks = told.attention.weights
    long = weights(recommender, told).melt(["label"], list(looks.heads), "head", "weight")
    chart_view.show(
        charts.attention_heatmap(long),
        f"Attention of each of {len(looks.heads)} heads; every head's weights sum to 100%",
        name="Every head",
    )
    st.caption("A head is one of several looks that the model takes at once; each shares out 100%.")


def _draw_between(recommender: Recommender, told: Explanation, head: str) -> None:
    between = told.attention.weights.between
    if between is None:
        return
    st.header("How the movies look at each other", anchor=False)
    matrix = between.weights.mean(axis=0) if head == MEAN else None
    if head in between.heads:
        matrix = between.weights[between.heads.index(head)]
    if matrix is None:
        matrix = between.weights.mean(axis=0)
    capital = [words[0].upper() + words[1:] for words in (*between.before, *between.after)]
    names = [
        *capital[: len(between.before)],
        *(contributions.label(recommender, event) for event in told.events),
        *capital[len(between.before) :],
    ]
    first = max(0, len(names) - MOST_BETWEEN)
    cells = pd.DataFrame(
        [
            (row - first, column - first, names[row], names[column], float(matrix[row, column]))
            for row in range(first, len(names))
            for column in range(first, len(names))
            if matrix[row, column] > 0
        ],
        columns=["row", "column", "row_label", "column_label", "weight"],
    )
    chart_view.show(
        charts.history_attention_heatmap(cells),
        f"How {count(len(names) - first, 'token')} look at each other, {head.lower()}",
        name="How the movies look at each other",
    )
    newest = f" The newest {MOST_BETWEEN} are shown." if first else ""
    st.caption(
        escape_markdown(
            "While the model reads the history, each movie looks at itself and at what came before it: a row looks, "
            f"and shares out 100% among the columns.{newest}"
        )
    )
