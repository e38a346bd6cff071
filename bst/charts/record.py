"""How a model was trained and how good it is."""

import altair as alt
import pandas as pd


def learning_curves(curves: pd.DataFrame, label: str, log: bool = False) -> alt.LayerChart:
    """Draw a figure over the epochs of one training or several, in the frame's order.

    ``curves``: ``source`` (whose training), ``series`` ("training", "validation" or another), ``epoch``, ``value``, and
    ``best`` bool: a ring marks it. Colour tells the sources apart, dash and point shape the series, tooltips both. With
    ``log`` the values stand on a logarithmic scale. Shift and wheel zoom, dragging moves, a double click resets.
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
    legend = alt.Legend(orient="top") if len(series) > 1 else None
    rings = base.transform_filter("datum.best")
    move = alt.selection_interval(bind="scales", zoom="wheel![event.shiftKey]")
    return alt.layer(
        base.mark_line(strokeWidth=2).encode(
            strokeDash=alt.StrokeDash("series:N", title=None, sort=series, legend=legend),
            detail="source:N",
        ),
        base.mark_point(size=60 if epochs <= 15 else 25, filled=True)
        .encode(shape=alt.Shape("series:N", title=None, sort=series, legend=legend))
        .add_params(move),
        rings.mark_point(size=260, filled=False, strokeWidth=2, shape="circle"),
        rings.mark_text(align="center", baseline="bottom", dy=-12, fontWeight="bold").encode(text=alt.value("best")),
    )


def peer_bars(errors: pd.DataFrame, label: str) -> alt.LayerChart:
    """Draw errors as bars, in the frame's order. ``errors``: ``name``, ``error`` (stars), ``ours`` bool."""
    base = alt.Chart(errors).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=220, labelFlush=False)),
        x=alt.X(
            "error:Q",
            title=f"{label} in stars; shorter is better",
            axis=alt.Axis(tickCount=4),
            scale=alt.Scale(domain=[0, 1.15 * errors["error"].max()], nice=False),
        ),
        tooltip=[alt.Tooltip("name:N", title="Prediction"), alt.Tooltip("error:Q", title=label, format=".4f")],
    )
    return alt.layer(
        base.mark_bar().encode(opacity=alt.condition("datum.ours", alt.value(1), alt.value(0.45))),
        base.mark_text(align="left", dx=4).encode(text=alt.Text("error:Q", format=".3f")),
    ).properties(height=alt.Step(34))


def history_lines(errors: pd.DataFrame) -> alt.LayerChart:
    """Draw MAE by length of history, a line a series. ``errors``: ``length`` str, ``name``, ``error`` (stars).

    Lengths and names stand in the frame's order. Dash and point shape tell the series apart, not colour alone.
    """
    names = list(errors["name"].unique())
    base = alt.Chart(errors).encode(
        x=alt.X("length:O", title="Movies watched before", sort=None, axis=alt.Axis(labelAngle=0, labelFlush=False)),
        y=alt.Y("error:Q", title="MAE in stars; lower is better", scale=alt.Scale(zero=False)),
        color=alt.Color("name:N", title=None, sort=names, legend=alt.Legend(orient="top", columns=2, labelLimit=220)),
        tooltip=[
            alt.Tooltip("name:N", title="Prediction"),
            alt.Tooltip("length:O", title="Movies watched before"),
            alt.Tooltip("error:Q", title="MAE", format=".4f"),
        ],
    )
    return alt.layer(
        base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("name:N", title=None, sort=names)),
        base.mark_point(size=70, filled=True).encode(shape=alt.Shape("name:N", title=None, sort=names)),
    )
