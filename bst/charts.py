"""Charts: DataFrame → ``altair.Chart``, pure functions. Colours come from whoever shows them (the app's theme)."""

import altair as alt
import pandas as pd


def learning_curves(history: pd.DataFrame, metric: str, label: str, best_epoch: int) -> alt.LayerChart:
    """Draw a metric over epochs, training against validation.

    ``history`` has the columns ``epoch``, ``metric`` and ``val_`` + ``metric``. Line, dash and point shape tell the two
    apart, not colour alone; a rule marks the best epoch.
    """
    names = {metric: "training", f"val_{metric}": "validation"}
    long = history.melt("epoch", list(names), "series", label).replace({"series": names})
    epochs = int(history["epoch"].max())
    x = alt.X(
        "epoch:Q",
        title="Epoch",
        axis=alt.Axis(tickMinStep=1, format="d"),
        scale=alt.Scale(domain=[1, max(2, epochs)], nice=False),
    )
    base = alt.Chart(long).encode(
        x=x,
        y=alt.Y(f"{label}:Q", title=label, scale=alt.Scale(zero=False)),
        color=alt.Color("series:N", title=None, legend=alt.Legend(orient="top")),
        tooltip=[
            alt.Tooltip("series:N", title="Measured on"),
            alt.Tooltip("epoch:Q", title="Epoch"),
            alt.Tooltip(f"{label}:Q", format=".4f"),
        ],
    )
    side = "left" if best_epoch == 1 else "right"  # of the rule, within the picture
    best = alt.Chart(pd.DataFrame({"epoch": [best_epoch], "text": [f"best: epoch {best_epoch}"]}))
    return alt.layer(
        best.mark_rule(strokeDash=[2, 3], opacity=0.6).encode(x=x),
        best.mark_text(
            align=side,
            dx=6 if side == "left" else -6,
            dy=6,
            baseline="top",
            opacity=0.8,
        ).encode(x=x, y=alt.value(0), text="text:N"),
        base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("series:N", title=None)),
        base.mark_point(size=60 if epochs <= 15 else 25, filled=True).encode(shape=alt.Shape("series:N", title=None)),
    )


def peer_bars(errors: pd.DataFrame, label: str) -> alt.LayerChart:
    """Draw errors as bars, in the frame's order. ``errors``: ``name``, ``error`` (stars), ``ours`` bool."""
    base = alt.Chart(errors).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
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


def attention_bars(weights: pd.DataFrame) -> alt.LayerChart:
    """Draw the attention of one prediction as bars, in the frame's order. ``weights``: ``label``, ``weight`` 0 … 1."""
    base = alt.Chart(weights).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=260)),
        x=alt.X(
            "weight:Q",
            title="Attention",
            axis=alt.Axis(format="%", tickCount=5),
            scale=alt.Scale(domain=[0, min(1, 1.15 * weights["weight"].max())], nice=False),
        ),
        tooltip=[alt.Tooltip("label:N", title="Movie"), alt.Tooltip("weight:Q", title="Attention", format=".1%")],
    )
    return alt.layer(
        base.mark_bar(), base.mark_text(align="left", dx=4).encode(text=alt.Text("weight:Q", format=".0%"))
    ).properties(height=alt.Step(34))


def attention_heatmap(weights: pd.DataFrame, ink: str, paper: str) -> alt.LayerChart:
    """Draw attention as a heatmap of heads over events. ``weights``: ``head``, ``label``, ``weight`` 0 … 1.

    The numbers in the cells are in ``ink``, and in ``paper`` where a strong weight makes the cell as dark as ink.
    """
    base = alt.Chart(weights).encode(
        x=alt.X("head:N", title="Head", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=260)),
        tooltip=[
            alt.Tooltip("label:N", title="Movie"),
            alt.Tooltip("head:N", title="Head"),
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
