"""The replay of a user: expected and given ratings, and the running error.

A chart is built once per user. Its parameter ``NOW``, the number of events that have happened, sets the current step
(see ``at_step``). Later events are drawn faintly, so that nothing moves.
"""

from typing import Any

import altair as alt
import pandas as pd

GAVE, EXPECTED = "they gave", "the model expected"
MODEL, ITEM_MEAN = "model", "item mean"
NOW = "now"
FAINT = 0.16
HEIGHT = 250
# areas of points in square pixels, for up to this many steps
_POINT_SIZES = {60: 55, 120: 30}
_SMALLEST_POINT = 18
_HAPPENED = f"datum.step <= {NOW}"
# both charts have axes of the same width, so that their steps line up
_SCALE_WIDTH = 30


def replay_stars(table: pd.DataFrame, levels: tuple[float, ...], ink: str) -> alt.LayerChart:
    """Draw the rating expected and given at every step. ``table``: ``step`` (1, 2, …), ``title``, ``actual``,
    ``predicted``, in stars.

    Circles are given ratings, crosses expected ones; the line in ``ink`` between them is the error.
    """
    names = [GAVE, EXPECTED]
    wide = table[["step", "title", "actual", "predicted"]].rename(columns={"actual": GAVE, "predicted": EXPECTED})
    x = _steps(table, None)
    scale = alt.Scale(domain=[levels[0] - 0.2, levels[-1] + 0.2], nice=False)
    axis = alt.Axis(
        values=[1, 2, 3, 4, 5], format="d", labelOverlap=False, minExtent=_SCALE_WIDTH, maxExtent=_SCALE_WIDTH
    )
    base = alt.Chart(wide)
    errors = base.mark_rule(strokeWidth=1, color=ink).encode(
        x=x,
        y=alt.Y(f"{GAVE}:Q", title="Stars", scale=scale, axis=axis),
        y2=alt.Y2(f"{EXPECTED}:Q"),
        opacity=alt.condition(_HAPPENED, alt.value(0.45), alt.value(FAINT)),
    )
    points = (
        base.transform_fold(names, ["series", "stars"])
        .mark_point(size=_point_size(len(table)), filled=True)
        .encode(
            x=x,
            y=alt.Y("stars:Q", title="Stars", scale=scale, axis=axis),
            color=alt.Color("series:N", title=None, sort=names, legend=alt.Legend(orient="top", columns=2)),
            shape=alt.Shape(
                "series:N", title=None, sort=names, scale=alt.Scale(domain=names, range=["circle", "cross"])
            ),
            opacity=alt.condition(_HAPPENED, alt.value(0.95), alt.value(FAINT)),
            tooltip=[
                alt.Tooltip("title:N", title="Movie"),
                alt.Tooltip(f"{GAVE}:Q", title="They gave", format=".1f"),
                alt.Tooltip(f"{EXPECTED}:Q", title="The model expected", format=".2f"),
            ],
        )
    )
    return alt.layer(errors, points).add_params(alt.param(NOW, value=0)).properties(height=HEIGHT)


def replay_errors(table: pd.DataFrame, ink: str) -> alt.LayerChart:
    """Draw the MAE of all ratings up to each step. ``table``: ``step``, ``mae``, ``item_mean_mae``.

    Dash and colour distinguish the model from item means; a rule in ``ink`` marks the current step.
    """
    names = [MODEL, ITEM_MEAN]
    wide = table[["step", "mae", "item_mean_mae"]].rename(columns={"mae": MODEL, "item_mean_mae": ITEM_MEAN})
    x = _steps(table, "Movies rated")
    highest = max(1.0, 1.08 * float(wide[names].max(axis=None)))
    base = (
        alt.Chart(wide)
        .transform_fold(names, ["series", "error"])
        .encode(
            x=x,
            y=alt.Y(
                "error:Q",
                title="Mean error in stars",
                scale=alt.Scale(domain=[0, highest], nice=False),
                axis=alt.Axis(tickCount=5, format=".1f", minExtent=_SCALE_WIDTH, maxExtent=_SCALE_WIDTH),
            ),
            color=alt.Color(
                "series:N",
                title=None,
                sort=names,
                legend=alt.Legend(orient="top", columns=2, symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=2.5),
            ),
            strokeDash=alt.StrokeDash("series:N", title=None, sort=names),
            tooltip=[
                alt.Tooltip("series:N", title="Prediction"),
                alt.Tooltip("step:Q", title="Movies rated"),
                alt.Tooltip("error:Q", title="Mean error", format=".3f"),
            ],
        )
    )
    # next to the rule, on the side that has room
    late = f"{NOW} > {len(table) / 2}"
    rule = (
        alt.Chart(pd.DataFrame({"here": [0]}))
        .transform_calculate(step=NOW, text=f"'after ' + {NOW}")
        .encode(x=x.copy())
    )
    return (
        alt.layer(
            rule.mark_rule(strokeDash=[2, 3], opacity=0.7, color=ink),
            rule.mark_text(
                align=alt.expr(f"{late} ? 'right' : 'left'"), dx=alt.expr(f"{late} ? -5 : 5"), baseline="top", dy=2
            ).encode(y=alt.value(0), text="text:N"),
            base.transform_filter(_HAPPENED).mark_line(strokeWidth=2.5),
            # a condition that always holds, as otherwise the legend would be as faint as the line
            base.mark_line(strokeWidth=2).encode(
                opacity=alt.condition("datum.step > 0", alt.value(2 * FAINT), alt.value(1))
            ),
            # a line of one point would be invisible
            base.transform_filter(f"datum.step == {NOW}").mark_point(size=60, filled=True, opacity=1),
        )
        .add_params(alt.param(NOW, value=0))
        .properties(height=HEIGHT)
    )


def at_step(spec: dict[str, Any], step: int) -> dict[str, Any]:
    """Return the Vega-Lite specification of one of these charts at another step. ``spec`` is not changed."""
    return spec | {"params": [{**param, "value": step} if param["name"] == NOW else param for param in spec["params"]]}


def _steps(table: pd.DataFrame, title: str | None) -> alt.X:
    return alt.X(
        "step:Q",
        title=title,
        axis=alt.Axis(tickMinStep=1, format="d", grid=False),
        scale=alt.Scale(domain=[0, max(1, len(table)) + 0.5], nice=False),
    )


def _point_size(steps: int) -> int:
    return next((size for most, size in _POINT_SIZES.items() if steps <= most), _SMALLEST_POINT)
