"""How well attention agrees with what a prediction depends on, how faithful explanations are, and how often they find
planted causes.
"""

import altair as alt
import pandas as pd

from bst.presentation.charts.axes import row_heights
from bst.presentation.charts.series import interval_tooltip, series_colour, series_dash, series_shape

# pixels: of the row of a method, and of the picture of all curves
PRECISION_ROW, FIDELITY_HEIGHT = 44, 360


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


def precision(rows: pd.DataFrame, ink: str) -> alt.LayerChart:
    """Draw how often each method finds planted causes, by how strong these are.

    ``rows``: ``name`` of the method, ``band`` of causes, ``value``, ``low`` and ``high``, 0 … 1; methods and bands in
    the frame's order. Colour and shape distinguish bands.
    """
    bands = list(rows["band"].unique())
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=190, labelFlush=False)),
        # the bands of a method stand below one another, so that none hides another
        yOffset=alt.YOffset("band:N", sort=bands),
        tooltip=interval_tooltip(
            [alt.Tooltip("name:N", title="Method"), alt.Tooltip("band:N", title="Causes of")], "True causes", form=".0%"
        ),
    )
    x = alt.X(
        "value:Q", title=None, scale=alt.Scale(domain=[0, 1], nice=False), axis=alt.Axis(format=".0%", tickCount=5)
    )
    return alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.4, color=ink).encode(
            x=alt.X("low:Q", title=None, scale=alt.Scale(domain=[0, 1], nice=False)), x2="high:Q"
        ),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=x, color=series_colour(bands, "band"), shape=series_shape(bands, "band")
        ),
    ).properties(**row_heights(PRECISION_ROW, rows["name"].nunique()))


def fidelity(curves: pd.DataFrame, ink: str) -> alt.LayerChart:
    """Draw what becomes of a rating without the movies that explanations name first, and with them alone.

    ``curves``: ``name`` of the method, ``way`` ("without" or "alone"), ``size`` (movies, from 0), ``value``, ``low``
    and ``high`` (stars more than with the whole history, or than with none); methods in the frame's order. What is
    without falls below 0, what is alone rises above it. Colour, dash and shape distinguish methods.
    """
    names = list(curves["name"].unique())
    tips = [
        alt.Tooltip("name:N", title="By"),
        alt.Tooltip("way:N", title="Movies"),
        alt.Tooltip("size:Q", title="Number"),
    ]
    base = alt.Chart(curves).encode(
        x=alt.X(
            "size:Q",
            title="Movies that are named first",
            axis=alt.Axis(tickMinStep=1, format="d", grid=False),
            scale=alt.Scale(nice=False, padding=8),
        ),
        y=alt.Y("value:Q", title="← without them · stars · with them alone →", axis=alt.Axis(format="+.1f")),
        color=series_colour(names),
        detail="way:N",
        tooltip=interval_tooltip(tips, "Stars", form="+.2f"),
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=ink, opacity=0.5).encode(y="zero:Q")
    return alt.layer(
        zero,
        base.mark_line(strokeWidth=2).encode(strokeDash=series_dash(names)),
        base.mark_point(filled=True, size=55, opacity=1)
        .transform_filter("datum.size > 0")
        .encode(shape=series_shape(names)),
    ).properties(height=FIDELITY_HEIGHT)
