"""Where a model looks."""

import altair as alt
import pandas as pd

# "Layer 1, head 2" stands in two lines above a narrow column, and upright where there are many of them
_IN_TWO_LINES = "split(datum.label, ', ')"
MOST_IN_TWO_LINES = 6


def attention_bars(weights: pd.DataFrame) -> alt.LayerChart:
    """Draw the attention of one prediction as bars, in the frame's order.

    ``weights``: ``label``, ``weight`` 0 … 1, ``movie`` bool: whether the bar is one watched movie, drawn stronger than
    what else is looked at.
    """
    # of many movies each gets little: then a decimal tells more
    digits = 0 if weights.loc[weights["movie"], "weight"].max() >= 0.1 else 1
    base = alt.Chart(weights).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=170, labelFlush=False)),
        x=alt.X(
            "weight:Q",
            title="Attention",
            axis=alt.Axis(format="%", tickCount=5),
            # room for the figure behind the longest bar
            scale=alt.Scale(domain=[0, 1.2 * weights["weight"].max()], nice=False),
        ),
        tooltip=[alt.Tooltip("label:N", title="Looked at"), alt.Tooltip("weight:Q", title="Attention", format=".1%")],
    )
    return alt.layer(
        base.mark_bar().encode(opacity=alt.condition("datum.movie", alt.value(1), alt.value(0.45))),
        base.mark_text(align="left", dx=4).encode(text=alt.Text("weight:Q", format=f".{digits}%")),
    ).properties(height=alt.Step(34))


def attention_heatmap(weights: pd.DataFrame, ink: str, paper: str) -> alt.LayerChart:
    """Draw attention as a heatmap of heads over events. ``weights``: ``head``, ``label``, ``weight`` 0 … 1.

    The numbers in the cells are in ``ink``, and in ``paper`` where a strong weight makes the cell as dark as ink.
    """
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
        base.mark_text().encode(
            text=alt.Text("weight:Q", format=".0%"),
            color=alt.condition("datum.weight > 0.55", alt.value(paper), alt.value(ink)),
        ),
    ).properties(height=alt.Step(34))
