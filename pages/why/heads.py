"""Head by head: what each head looked at, in numbers, and how the movies of the history look at each other."""

import numpy as np
import pandas as pd
import streamlit as st

from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.scoring.results import CandidateAttention, HistoryAttention
from bst.text import count
from pages.shared.format import capitalised, escape_markdown
from pages.shared.widgets import chart_view, film_strip
from pages.shared.wording import say
from pages.why import contributions, controls
from pages.why.controls import Subject

TITLE = "Head by head"
# of a long history the newest tokens are drawn in the heatmap
MAX_TOKENS = 40


def render(recommender: Recommender, subject: Subject, explanation: Explanation) -> None:
    """Draw the heatmap of heads, and the heatmap of events."""
    looks = explanation.attention_weights(controls.measure(explanation))
    if not explanation.events:
        st.caption(f"With no history there is nothing to look at but {looks.rest}.")
        return
    grid = st.grid(2, min_column_width=320, gap="medium")
    with grid.cell():
        _draw_heads(recommender, explanation, looks)
    if looks.between is not None:
        with grid.cell():
            _draw_history_attention(recommender, explanation, looks.between)


def weights(recommender: Recommender, explanation: Explanation, looks: CandidateAttention) -> pd.DataFrame:
    """Return the attention weights, one row a movie: ``label``, and a column a head.

    Movies are in the order they were watched. Of a long history, the newest and the most looked at have a row each; the
    others share one.
    """
    kept = film_strip.kept_events(looks)
    others = np.setdiff1d(np.arange(len(explanation.events)), kept)
    rows = [(contributions.event_label(recommender, explanation.events[i]), *looks.to_events[:, i]) for i in kept]
    if len(others):
        rows.append((count(len(others), say("other movie")), *looks.to_events[:, others].sum(axis=1)))
    rows.append((capitalised(looks.rest), *looks.to_rest))
    return pd.DataFrame(rows, columns=["label", *looks.heads])


def _draw_heads(recommender: Recommender, explanation: Explanation, looks: CandidateAttention) -> None:
    st.header("Every head", anchor=False)
    long = weights(recommender, explanation, looks).melt(["label"], list(looks.heads), "head", "weight")
    chart_view.show(
        charts.attention_heatmap(long),
        f"Attention of each of {len(looks.heads)} heads; every head’s weights sum to 100%",
        name="Every head",
    )
    st.caption("The model looks in several ways at once: with several heads, whose weights sum to 100% each.")


def _draw_history_attention(recommender: Recommender, explanation: Explanation, attention: HistoryAttention) -> None:
    st.header(say("How the movies look at each other"), anchor=False)
    heads = [film_strip.MEAN, *attention.heads]
    if st.session_state.get("why_head") not in heads:
        st.session_state["why_head"] = film_strip.MEAN
    head = st.selectbox("Head", heads, key="why_head", persist_state="session", width=260)
    matrix = _matrix(attention, head)
    names = [
        *map(capitalised, attention.before),
        *(contributions.event_label(recommender, event) for event in explanation.events),
        *map(capitalised, attention.after),
    ]
    first = max(0, len(names) - MAX_TOKENS)
    tokens = range(first, len(names))
    cells = pd.DataFrame(
        [
            (row - first, column - first, names[row], names[column], float(matrix[row, column]))
            for row in tokens
            for column in tokens
            if matrix[row, column] > 0
        ],
        columns=["row", "column", "row_label", "column_label", "weight"],
    )
    chart_view.show(
        charts.history_attention_heatmap(cells),
        f"How {count(len(tokens), 'token')} look at each other, {head.lower()}",
        name=say("How the movies look at each other"),
    )
    newest = f" The newest {MAX_TOKENS} are shown." if first else ""
    st.caption(
        escape_markdown(
            say(
                "While the model reads the history, each movie looks at itself and at what came before it (causal "
                f"self-attention). The weights of each row sum to 100%.{newest}"
            )
        )
    )


def _matrix(attention: HistoryAttention, head: str) -> np.ndarray:
    """Return a head's weights, or the mean of all heads."""
    return attention.weights.mean(axis=0) if head == film_strip.MEAN else attention.weights[attention.heads.index(head)]
