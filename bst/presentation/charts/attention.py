"""Where a model looks."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bst.presentation.charts.axes import fixed, in_rows, listed, named, numbered, on_fill
from bst.presentation.charts.template import filled, template

# "Layer 1, head 2" stands in two lines above a narrow column, and upright where there are many of them
_IN_TWO_LINES = "split(datum.label, ', ')"
MOST_IN_TWO_LINES = 6
# and cells of so many rows are large enough for a number
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
        base.mark_text().encode(text=alt.Text("weight:Q", format=".0%"), color=on_fill("weight")),
    ).properties(**in_rows(34, weights["label"].nunique()))


def between_heatmap(weights: pd.DataFrame) -> dict[str, Any]:
    """Draw how events look at each other. ``weights``: ``row``, ``column`` (places from 0), ``row_label``,
    ``column_label``, ``weight`` 0 … 1; what must not be seen is left out.

    Rows look, columns are looked at; the names of columns are the numbers of the rows. Large weights have their number
    as text.
    """
    names = weights.drop_duplicates("row").set_index("row")["row_label"].to_dict()
    top = max(0.5, float(weights["weight"].max()))  # where all are alike, none is strong
    return filled(
        _between(len(names)), weights, names=listed({i: f"{i + 1}. {name}" for i, name in names.items()}), high=top
    )


@template
def _between(rows: int) -> alt.LayerChart:
    few = rows <= MOST_WITH_NUMBERS
    base = alt.Chart().encode(
        x=alt.X("column:O", title="looks at", axis=numbered(orient="top", labelAngle=0)),
        y=alt.Y("row:O", title=None, axis=named()),
        tooltip=[
            alt.Tooltip("row_label:N", title="Looks"),
            alt.Tooltip("column_label:N", title="At"),
            alt.Tooltip("weight:Q", title="Attention", format=".1%"),
        ],
    )
    layers = [base.mark_rect().encode(color=alt.Color("weight:Q", scale=fixed("0", "high"), legend=None))]
    if few:
        text = base.transform_filter("datum.weight >= 0.05").mark_text(fontSize=alt.ExprRef("width < 400 ? 8 : 10"))
        layers.append(text.encode(text=alt.Text("weight:Q", format=".0%"), color=on_fill("weight")))
    return alt.layer(*layers).properties(**in_rows(24 if few else 14, rows))


def links(rows: pd.DataFrame, target: str, ink: str) -> alt.LayerChart:
    """Draw lines from what was looked at to the movie that looks, the thicker the more weight.

    ``rows``: ``label``, ``weight`` 0 … 1, in the order of the history; ``target`` is the title of the movie.
    """
    middle = (len(rows) - 1) / 2
    frame = rows.reset_index(drop=True).assign(
        place=range(len(rows)),
        middle=middle,
        width=np.maximum(0.6, 16 * rows["weight"].to_numpy() / max(rows["weight"].max(), 1e-9)),
        share=[f"{weight:.0%}" for weight in rows["weight"]],
    )
    scale = alt.Scale(domain=[-0.5, len(rows) - 0.5], reverse=True, nice=False, zero=False)
    y = alt.Y("place:Q", axis=None, scale=scale)
    left, right = "0.42 * width", "0.7 * width"
    tips = [alt.Tooltip("label:N", title="Looked at"), alt.Tooltip("weight:Q", title="Attention", format=".1%")]
    base = alt.Chart(frame)
    end = alt.Chart(pd.DataFrame({"place": [middle], "title": [target]})).encode(y=y)
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
