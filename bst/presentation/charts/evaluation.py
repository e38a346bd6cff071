"""Charts of an evaluation. Their frames are those of ``presentation.frames``, with ``value`` …: ``value``, ``low`` and
``high``, a value and its 95% interval. Intervals are always drawn, in ``ink``, the colour of text.
"""

from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from bst.presentation.charts.axes import row_heights
from bst.presentation.charts.series import interval_tooltip, series_colour, series_dash, series_shape
from bst.presentation.vocabulary import LIKED_TEXT


def baseline_errors(errors: pd.DataFrame, label: str, ink: str) -> alt.LayerChart:
    """Draw the errors of a model and of baselines, in the frame's order. ``errors``: ``name``, ``value`` …, ``ours``.

    The model's are filled circles, the baselines' open diamonds.
    """
    low, high = float(errors["low"].min()), float(errors["high"].max())
    room = 0.1 * (high - low)
    base = alt.Chart(errors).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=190, labelFlush=False)),
        x=alt.X(
            "value:Q",
            title=f"{label} in stars; further left is better",
            axis=alt.Axis(tickCount=5, format=".2f"),
            scale=alt.Scale(domain=[low - room, high + 2.5 * room], nice=False, zero=False),
        ),
        tooltip=interval_tooltip([alt.Tooltip("name:N", title="Prediction")], label),
    )
    ours, others = base.transform_filter("datum.ours"), base.transform_filter("!datum.ours")
    return alt.layer(
        _spans(base, ink),
        ours.mark_point(size=130, filled=True, shape="circle", opacity=1),
        others.mark_point(size=90, filled=False, shape="diamond", strokeWidth=2, opacity=1),
        base.mark_text(align="left", dx=7).encode(x="high:Q", text=alt.Text("value:Q", format=".3f")),
    ).properties(**row_heights(34, errors["name"].nunique()))


def by_history(
    errors: pd.DataFrame, label: str, ink: str, percent: bool = False, counted: str = "ratings"
) -> alt.LayerChart:
    """Draw a metric by length of history, one line per series.

    ``errors``: ``length``, ``name``, ``value`` …, ``labels``: on how many of what is ``counted`` each value rests.

    Lengths and names keep the frame's order; the first series is drawn with its interval, the others have it in the
    tooltip. Dash and point shape distinguish the series.
    """
    names = list(errors["name"].unique())
    form = ".0%" if percent else ".2f"
    base = alt.Chart(errors).encode(
        x=alt.X(
            "length:O",
            title="Known ratings of the user",
            sort=None,
            axis=alt.Axis(labelAngle=0, labelFlush=False, labelOverlap="greedy"),
        ),
        y=alt.Y("value:Q", title=label, scale=alt.Scale(zero=False), axis=alt.Axis(format=form, tickCount=6)),
        color=series_colour(names),
        tooltip=interval_tooltip(
            [alt.Tooltip("name:N", title="Prediction"), alt.Tooltip("length:O", title="Ratings before")],
            label,
            [alt.Tooltip("labels:Q", title=f"Measured on, {counted}", format=",")],
            ".1%" if percent else ".3f",
        ),
    )
    first = base.transform_filter(alt.datum.name == names[0])
    layers = [
        first.mark_area(opacity=0.18).encode(y="low:Q", y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(strokeDash=series_dash(names)),
        base.mark_point(size=60, filled=True, opacity=1).encode(shape=series_shape(names)),
    ]
    if percent:
        zero = (
            alt.Chart(pd.DataFrame({"value": [0]}))
            .mark_rule(strokeDash=[2, 3], opacity=0.6, color=ink)
            .encode(y="value:Q")
        )
        layers.insert(0, zero)
    return alt.layer(*layers).properties(height=360)


@dataclass(frozen=True)
class CalibrationAxes:
    """What is compared: titles of the picture and of both axes, how their values are written, and what is counted."""

    title: str
    predicted: str
    actual: str
    percent: bool
    counted: str = "Ratings"

    @property
    def format(self) -> str:
        """The format of values on the axes."""
        return ".0%" if self.percent else ".1f"

    @property
    def precise_format(self) -> str:
        """The format of values in tooltips."""
        return ".1%" if self.percent else ".2f"


LIKED_CALIBRATION = CalibrationAxes("Chance to be liked", f"Predicted chance of {LIKED_TEXT}", "Came true", True)
WILL_LIKE_CALIBRATION = CalibrationAxes(
    "Chance to be watched and liked some time", "Predicted chance to watch and like it", "Came true", True, "Movies"
)
RATING_CALIBRATION = CalibrationAxes(
    "Expected and given ratings", "Expected rating, stars", "Given on average, stars", False
)


def calibration(bins: pd.DataFrame, axes: CalibrationAxes, ink: str) -> alt.LayerChart:
    """Draw predicted against actual values, with intervals (a reliability diagram).

    ``bins``: ``from``, ``to``, ``predicted``, ``value`` … (what happened), ``labels``. Where the points lie on the
    dashed line, predictions are right.
    """
    scale, ends = _span(bins, axes.percent)
    ideal = alt.Chart(pd.DataFrame({"x": ends, "y": ends})).mark_line(
        strokeDash=[4, 4], opacity=0.6, strokeWidth=1.5, color=ink
    )
    base = alt.Chart(bins).encode(
        x=alt.X("predicted:Q", title=axes.predicted, scale=scale, axis=alt.Axis(format=axes.format, tickCount=5)),
        y=alt.Y("value:Q", title=axes.actual, scale=scale, axis=_left(format=axes.format, tickCount=5)),
        tooltip=interval_tooltip(
            [alt.Tooltip("predicted:Q", title=axes.predicted, format=axes.precise_format)],
            axes.actual,
            [alt.Tooltip("labels:Q", title="Ratings", format=",")],
            axes.precise_format,
        ),
    )
    return alt.layer(
        ideal.encode(x=alt.X("x:Q", scale=scale), y="y:Q"),
        base.mark_line(strokeWidth=1.5, opacity=0.5),
        base.mark_rule(strokeWidth=3, opacity=0.45, color=ink).encode(y="low:Q", y2="high:Q"),
        base.mark_point(size=70, filled=True, opacity=1),
    ).properties(height=270)


def bin_counts(bins: pd.DataFrame, axes: CalibrationAxes) -> alt.LayerChart:
    """Draw on how much of what is counted each point of ``calibration`` rests, to be shown below it."""
    scale, _ = _span(bins, axes.percent)
    bars = (
        alt.Chart(bins)
        .mark_bar(opacity=0.6)
        .encode(
            x=alt.X(
                "from:Q", title=None, scale=scale, bin="binned", axis=alt.Axis(labels=False, ticks=False, grid=False)
            ),
            x2="to:Q",
            y=alt.Y("labels:Q", title=axes.counted, axis=_left(tickCount=2, format="~s", grid=False)),
            tooltip=[alt.Tooltip("labels:Q", title=axes.counted, format=",")],
        )
    )
    return alt.layer(bars).properties(height=80)


def _span(bins: pd.DataFrame, percent: bool) -> tuple[alt.Scale, list[float]]:
    ends = [0.0, 1.0] if percent else [float(bins["from"].min()), float(bins["to"].max())]
    return alt.Scale(domain=ends, nice=False, zero=False), ends


def _left(**options: Any) -> alt.Axis:
    """Return an axis of fixed width, so that two charts line up."""
    return alt.Axis(minExtent=36, maxExtent=36, **options)


def rating_shares(shares: pd.DataFrame) -> alt.LayerChart:
    """Draw how often each rating was given and predicted. ``shares``: ``level`` str, ``series``, ``share``.

    The first series of the frame are bars with their share, the others points of different shapes.
    """
    names = list(shares["series"].unique())
    base = alt.Chart(shares).encode(
        x=alt.X("level:O", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("share:Q", title="Share of ratings", axis=alt.Axis(format=".0%", tickCount=5)),
        tooltip=[
            alt.Tooltip("series:N", title="Series"),
            alt.Tooltip("level:O", title="Rating"),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
        ],
    )
    bars, points = (base.transform_filter(f"datum.series {sign} {names[0]!r}") for sign in ("==", "!="))
    colour = alt.Color(
        "series:N", title=None, sort=names, legend=alt.Legend(orient="top", columns=1, labelLimit=320, symbolOpacity=1)
    )
    return alt.layer(
        bars.mark_bar(opacity=0.45).encode(color=colour),
        points.mark_point(size=110, filled=True, opacity=1).encode(
            color=colour,
            shape=alt.Shape(
                "series:N", title=None, sort=names, scale=alt.Scale(domain=names, range=["square", "diamond", "cross"])
            ),
        ),
    ).properties(height=300)


def group_errors(errors: pd.DataFrame, overall: float, label: str, ink: str) -> alt.LayerChart:
    """Draw the error of groups and the overall one, in the frame's order.

    ``errors``: ``name``, ``value`` …, ``labels``, ``users``, ``sign`` (▲ clearly above, ▼ clearly below, ● neither) and
    ``baseline``, the error of the best baseline, which may be missing. A rule marks the overall error; shape tells the
    signs apart.
    """
    signs, shapes = ["●", "▲", "▼"], ["circle", "triangle-up", "triangle-down"]
    ends = errors[["low", "high", "baseline"]].astype(float)
    low, high = float(ends.min(axis=None)), float(ends.max(axis=None))
    room = 0.05 * (high - low) or 0.01
    base = alt.Chart(errors).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=200, labelFlush=False, labelOverlap=False)),
        x=alt.X(
            "value:Q",
            title=f"{label} in stars; further left is better",
            scale=alt.Scale(domain=[low - room, high + room], nice=False, zero=False),
            axis=alt.Axis(format=".2f", tickCount=5),
        ),
        tooltip=interval_tooltip(
            [alt.Tooltip("name:N", title="Group")],
            label,
            [
                alt.Tooltip("labels:Q", title="Ratings", format=","),
                alt.Tooltip("users:Q", title="Users", format=","),
                alt.Tooltip("baseline:Q", title="Best baseline", format=".3f"),
            ],
        ),
    )
    overall_rule = alt.Chart(pd.DataFrame({"value": [overall], "text": ["all"]}))
    return alt.layer(
        overall_rule.mark_rule(strokeDash=[4, 4], opacity=0.7, color=ink).encode(x="value:Q"),
        overall_rule.mark_text(baseline="bottom", dy=-4).encode(x="value:Q", y=alt.value(0), text="text:N"),
        _spans(base, ink),
        base.mark_point(size=80, filled=True, opacity=1).encode(
            shape=alt.Shape("sign:N", legend=None, scale=alt.Scale(domain=signs, range=shapes)),
            color=alt.Color("sign:N", legend=None, scale=alt.Scale(domain=signs)),
        ),
        base.mark_point(size=60, shape="stroke", angle=90, strokeWidth=2, opacity=0.7).encode(x="baseline:Q"),
    ).properties(**row_heights(24, errors["name"].nunique()))


def rank_curves(metrics: pd.DataFrame, label: str, percent: bool) -> alt.LayerChart:
    """Draw HR@K or NDCG@K over K, one line per order of lists. ``metrics``: ``k``, ``name``, ``value`` …"""
    names = list(metrics["name"].unique())
    base = alt.Chart(metrics).encode(
        x=alt.X("k:O", title="Length of the list (K)", sort=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=label, axis=alt.Axis(format=".0%" if percent else ".2f", tickCount=6)),
        color=series_colour(names),
        tooltip=interval_tooltip(
            [alt.Tooltip("name:N", title="List"), alt.Tooltip("k:O", title="K")],
            label,
            form=".1%" if percent else ".3f",
        ),
    )
    return alt.layer(
        base.mark_rule(strokeWidth=1.5, opacity=0.7).encode(y="low:Q", y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(strokeDash=series_dash(names)),
        base.mark_point(size=60, filled=True, opacity=1).encode(shape=series_shape(names)),
    ).properties(height=340)


def differences(metrics: pd.DataFrame, first: str, second: str, ink: str) -> alt.LayerChart:
    """Draw how much better one model is than another. ``metrics``: ``name``, ``value`` … (negative: the first is)."""
    reach = 1.15 * max(metrics[["value", "low", "high"]].abs().max(axis=None), 1e-6)
    base = alt.Chart(metrics).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=220, labelFlush=False)),
        x=alt.X(
            "value:Q",
            title=f"← {first} is better · {second} is better →",
            scale=alt.Scale(domain=[-reach, reach], nice=False),
            axis=alt.Axis(format="+.3f", tickCount=5),
        ),
        tooltip=interval_tooltip([alt.Tooltip("name:N", title="Metric")], "Difference", form="+.4f"),
    )
    zero = (
        alt.Chart(pd.DataFrame({"value": [0]})).mark_rule(strokeDash=[4, 4], opacity=0.7, color=ink).encode(x="value:Q")
    )
    return alt.layer(zero, _spans(base, ink), base.mark_point(size=100, filled=True, opacity=1)).properties(
        **row_heights(34, metrics["name"].nunique())
    )


def _spans(base: alt.Chart, ink: str) -> alt.Chart:
    return base.mark_rule(strokeWidth=3, opacity=0.45, color=ink).encode(x="low:Q", x2="high:Q")
