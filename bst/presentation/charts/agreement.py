"""How well attention agrees with what a prediction depends on, and how often each method finds planted causes."""

import altair as alt
import pandas as pd

from bst.presentation.charts.axes import row_heights


def agreement(rows: pd.DataFrame, ink: str) -> alt.LayerChart:
    """Draw rank correlations of a sample of visitors and of this prediction, in the frame's order.

    ``rows``: ``name``; ``low``, ``middle``, ``high`` of the sample (−1 … 1) and ``here`` of this prediction, each of
    which may be missing; ``control`` bool: not the model's own attention, so drawn faintly.
    """
    scale = alt.Scale(domain=[-1, 1], nice=False)
    tips = [
        alt.Tooltip("name:N", title="Of"),
        alt.Tooltip("here:Q", title="This prediction", format="+.2f"),
        alt.Tooltip("middle:Q", title="Median visitor", format="+.2f"),
        alt.Tooltip("low:Q", title="A tenth is below", format="+.2f"),
        alt.Tooltip("high:Q", title="A tenth is above", format="+.2f"),
    ]
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=190, labelFlush=False)), tooltip=tips
    )
    axis = alt.Axis(values=[-1, -0.5, 0, 0.5, 1], format="+.1f", title="← the opposite · the same order →")
    opacity = alt.OpacityValue(
        0.7, condition=alt.ConditionalPredicateValueDefnumberExprRef(test="datum.control", value=0.3)
    )
    sampled = base.transform_filter("isValid(datum.middle)")
    return alt.layer(
        alt.Chart(pd.DataFrame({"zero": [0]}))
        .mark_rule(color=ink, opacity=0.5)
        .encode(x=alt.X("zero:Q", scale=scale, axis=axis)),
        sampled.mark_bar(size=13).encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q", opacity=opacity),
        sampled.mark_tick(size=17, thickness=2, color=ink, opacity=1).encode(x=alt.X("middle:Q", scale=scale)),
        base.transform_filter("isValid(datum.here)")
        .mark_point(shape="diamond", filled=True, size=110, color=ink, opacity=1)
        .encode(x=alt.X("here:Q", scale=scale)),
    ).properties(**row_heights(25, rows["name"].nunique()))


def precision(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw how often each method finds planted causes. ``rows``: ``name``, ``share`` 0 … 1."""
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=190, labelFlush=False)),
        x=alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, 1.15], nice=False), axis=None),
        tooltip=[alt.Tooltip("name:N", title="Method"), alt.Tooltip("share:Q", title="Right", format=".1%")],
    )
    return alt.layer(
        base.mark_bar(size=15), base.mark_text(align="left", dx=4).encode(text=alt.Text("share:Q", format=".0%"))
    ).properties(**row_heights(27, rows["name"].nunique()))
