"""How a model was trained and how good it is."""

import altair as alt
import pandas as pd


def learning_curves(history: pd.DataFrame, metric: str, label: str, best_epoch: int) -> alt.LayerChart:
    """Draw a metric over epochs, training against validation, or whichever of the two there is.

    ``history`` has the columns ``epoch`` and ``metric`` or ``val_`` + ``metric`` or both; epochs without a number are
    left out. Line, dash and point shape tell the two apart, not colour alone; a rule marks the best epoch.
    """
    names = {metric: "training", f"val_{metric}": "validation"}
    long = history.melt("epoch", [name for name in names if name in history], "series", "value")
    long = long.replace({"series": names}).dropna(subset="value")
    epochs = int(long["epoch"].max())
    x = alt.X(
        "epoch:Q",
        title="Epoch",
        axis=alt.Axis(tickMinStep=1, format="d"),
        scale=alt.Scale(domain=[1, max(2, epochs)], nice=False),
    )
    base = alt.Chart(long).encode(
        x=x,
        y=alt.Y("value:Q", title=label, scale=alt.Scale(zero=False)),
        color=alt.Color("series:N", title=None, legend=alt.Legend(orient="top")),
        tooltip=[
            alt.Tooltip("series:N", title="Measured on"),
            alt.Tooltip("epoch:Q", title="Epoch"),
            alt.Tooltip("value:Q", title=label, format=".4f"),
        ],
    )
    side = "left" if best_epoch == 1 else "right"  # of the rule, above the picture
    best = alt.Chart(pd.DataFrame({"epoch": [best_epoch], "text": [f"best: epoch {best_epoch}"]}))
    return alt.layer(
        best.mark_rule(strokeDash=[2, 3], opacity=0.6).encode(x=x),
        best.mark_text(
            align=side,
            dy=-5,
            baseline="bottom",
            opacity=0.8,
        ).encode(x=x, y=alt.value(0), text="text:N"),
        base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("series:N", title=None)),
        base.mark_point(size=60 if epochs <= 15 else 25, filled=True).encode(shape=alt.Shape("series:N", title=None)),
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
