"""Attention: what a model looks at."""

from typing import Any

import altair as alt
import numpy as np
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
_TEXT = alt.ExprRef("width < 520 ? 11 : 12")


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


def attention_links(rows: pd.DataFrame, target: str, ink: str) -> alt.LayerChart:
    """Draw lines from the events of a history to the movie that looks at them, thicker for more weight.

    ``rows``: ``label``, ``weight`` 0 … 1, in the order of the history; ``target`` is the title of the movie.
    """
    middle = (len(rows) - 1) / 2
    frame = rows.reset_index(drop=True).assign(
        position=range(len(rows)),
        middle=middle,
        width=np.maximum(0.6, 16 * rows["weight"].to_numpy() / max(rows["weight"].max(), 1e-9)),
        share=[f"{weight:.0%}" for weight in rows["weight"]],
    )
    scale = alt.Scale(domain=[-0.5, len(rows) - 0.5], reverse=True, nice=False, zero=False)
    y = alt.Y("position:Q", axis=None, scale=scale)
    left, right = "0.42 * width", "0.7 * width"
    tips = [alt.Tooltip("label:N", title="Looked at"), alt.Tooltip("weight:Q", title="Attention", format=".1%")]
    base = alt.Chart(frame)
    end = alt.Chart(pd.DataFrame({"position": [middle], "title": [target]})).encode(y=y)
    return alt.layer(
        base.mark_rule(opacity=0.55, strokeCap="round").encode(
            x=alt.XValue(alt.ExprRef(left)),
            x2=alt.X2Value(alt.ExprRef(right)),
            y=y,
            y2="middle:Q",
            size=alt.Size("width:Q", scale=None, legend=None),
            tooltip=tips,
        ),
        base.mark_text(align="right", fontSize=_TEXT, limit=alt.ExprRef(f"{left} - 42")).encode(
            x=alt.XValue(alt.ExprRef(f"{left} - 42")), y=y, text="label:N", tooltip=tips
        ),
        base.mark_text(align="right", fontSize=_TEXT).encode(
            x=alt.XValue(alt.ExprRef(f"{left} - 6")), y=y, text="share:N", tooltip=tips
        ),
        end.mark_circle(size=90, color=ink, opacity=1).encode(x=alt.XValue(alt.ExprRef(right))),
        end.mark_text(
            align="left", fontSize=_TEXT, fontWeight="bold", limit=alt.ExprRef(f"width - {right} - 10")
        ).encode(x=alt.XValue(alt.ExprRef(f"{right} + 10")), text="title:N"),
    ).properties(height=26 * max(2, len(rows)))
