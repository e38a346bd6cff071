"""Learning curves."""

import altair as alt
import pandas as pd

# areas of points, in square pixels: large ones where few epochs leave room
LARGE_POINT, SMALL_POINT, FEW_EPOCHS = 60, 25, 15


def learning_curves(curves: pd.DataFrame, label: str, log: bool = False) -> alt.LayerChart:
    """Draw a metric over the epochs of one or several trainings, in the frame's order.

    ``curves``: ``source`` (whose training), ``series`` ("training", "validation" or another), ``epoch``, ``value``, and
    ``best`` bool: a ring marks it. Colour distinguishes the sources, dash and point shape the series, tooltips both.
    ``log``: on a logarithmic scale. Shift and mouse wheel zoom, dragging moves, a double click resets.
    """
    sources, series = list(curves["source"].unique()), list(curves["series"].unique())
    epochs = int(curves["epoch"].max())
    scale = alt.Scale(type="log", nice=False) if log else alt.Scale(zero=False)
    several = {"orient": "top", "columns": 2, "labelLimit": 260}
    base = alt.Chart(curves).encode(
        x=alt.X(
            "epoch:Q",
            title="Epoch",
            axis=alt.Axis(tickMinStep=1, format="d"),
            # room for the points and rings at either end
            scale=alt.Scale(domain=[0.85, max(2, epochs) + 0.15 * max(2, epochs) ** 0.5], nice=False),
        ),
        y=alt.Y("value:Q", title=label, scale=scale),
        color=alt.Color(
            "source:N", title=None, sort=sources, legend=alt.Legend(**several) if len(sources) > 1 else None
        ),
        tooltip=[
            alt.Tooltip("source:N", title="Training"),
            alt.Tooltip("series:N", title="Measured on"),
            alt.Tooltip("epoch:Q", title="Epoch"),
            alt.Tooltip("value:Q", title=label, format=".4~g"),
        ],
    )
    # in no source's colour, and visible on light and dark; a dashed outline would eat into so small a symbol
    legend = alt.Legend(orient="top", symbolFillColor="gray", symbolStrokeWidth=0) if len(series) > 1 else None
    rings = base.transform_filter("datum.best")
    move = alt.selection_interval(bind="scales", zoom="wheel![event.shiftKey]")
    return alt.layer(
        base.mark_line(strokeWidth=2).encode(
            strokeDash=alt.StrokeDash("series:N", title=None, sort=series, legend=legend),
            detail="source:N",
        ),
        base.mark_point(size=LARGE_POINT if epochs <= FEW_EPOCHS else SMALL_POINT, filled=True)
        .encode(shape=alt.Shape("series:N", title=None, sort=series, legend=legend))
        .add_params(move),
        rings.mark_point(size=260, filled=False, strokeWidth=2, shape="circle"),
        rings.mark_text(align="center", baseline="bottom", dy=-12, fontWeight="bold").encode(text=alt.value("best")),
    )
