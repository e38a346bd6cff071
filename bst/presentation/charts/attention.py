"""Attention: what a model looks at."""

from typing import Any

import altair as alt
import pandas as pd

from bst.presentation.charts.axes import (
    axis_labels,
    labelled_axis,
    numbered_axis,
    parameter_scale,
    readable_colour,
    row_heights,
)
from bst.presentation.charts.template import fill, template

# "Layer 1, head 2" is split into two lines above a column, or turned upright where there are many columns
_IN_TWO_LINES = "split(datum.label, ', ')"
MOST_IN_TWO_LINES = 6
# cells of up to this many rows are large enough for a number
MOST_WITH_NUMBERS = 14


def attention_heatmap(weights: pd.DataFrame) -> alt.LayerChart:
    """Draw attention as a heatmap of heads over events. ``weights``: ``head``, ``label``, ``weight`` 0 … 1."""
    few = weights["head"].nunique() <= MOST_IN_TWO_LINES
    lines = {"labelAngle": 0, "labelExpr": _IN_TWO_LINES} if few else {"labelAngle": -90}
    base = alt.Chart(weights).encode(
        x=alt.X(
            "head:N", title=None, sort=None, axis=alt.Axis(orient="top", labelOverlap=False, labelFlush=False, **lines)
        ),
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=170, labelFlush=False)),
        tooltip=[
            alt.Tooltip("label:N", title="Looked at"),
            alt.Tooltip("head:N", title="By"),
            alt.Tooltip("weight:Q", title="Attention", format=".1%"),
        ],
    )
    return alt.layer(
        base.mark_rect().encode(
            color=alt.Color("weight:Q", title="Attention", scale=alt.Scale(domain=[0, 1]), legend=None)
        ),
        base.mark_text().encode(text=alt.Text("weight:Q", format=".0%"), color=readable_colour("weight")),
    ).properties(**row_heights(34, weights["label"].nunique()))


def history_attention_heatmap(weights: pd.DataFrame) -> dict[str, Any]:
    """Draw the attention between events: rows look at columns, which are labelled by the numbers of the rows.

    ``weights``: ``row``, ``column`` (positions from 0), ``row_label``, ``column_label``, ``weight`` 0 … 1; pairs that
    causality masks are absent. Large weights have their number as text.
    """
    names = weights.drop_duplicates("row").set_index("row")["row_label"].to_dict()
    top = max(0.5, float(weights["weight"].max()))  # where all weights are small, none is drawn strongly
    return fill(
        _history_attention(len(names)),
        weights,
        names=axis_labels({i: f"{i + 1}. {name}" for i, name in names.items()}),
        high=top,
    )


@template
def _history_attention(rows: int) -> alt.LayerChart:
    few = rows <= MOST_WITH_NUMBERS
    base = alt.Chart().encode(
        x=alt.X("column:O", title="looks at", axis=numbered_axis(orient="top", labelAngle=0)),
        y=alt.Y("row:O", title=None, axis=labelled_axis()),
        tooltip=[
            alt.Tooltip("row_label:N", title="Looks"),
            alt.Tooltip("column_label:N", title="At"),
            alt.Tooltip("weight:Q", title="Attention", format=".1%"),
        ],
    )
    layers = [base.mark_rect().encode(color=alt.Color("weight:Q", scale=parameter_scale("0", "high"), legend=None))]
    if few:
        text = base.transform_filter("datum.weight >= 0.05").mark_text(fontSize=alt.ExprRef("width < 400 ? 8 : 10"))
        layers.append(text.encode(text=alt.Text("weight:Q", format=".0%"), color=readable_colour("weight")))
    return alt.layer(*layers).properties(**row_heights(24 if few else 14, rows))
