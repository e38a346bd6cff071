"""Why a prediction came out as it did: contributions, attention, and the effect of other ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from bst.presentation.charts.axes import (
    PICKED,
    axis_labels,
    frames_around,
    labelled_axis,
    numbered_axis,
    parameter_scale,
    readable_colour,
    row_heights,
)
from bst.presentation.charts.template import fill, template

_ROW = 38
# on a phone a label is above its bars, otherwise to the left of them; widths are those of the plot, in pixels
_NARROW = "width < 520"
_NAMES = f"({_NARROW} ? 0 : clamp(0.36 * width, 150, 330))"
# there, label and bar are close together and apart from the next row: how far each is moved, and a bar's height
_LABEL_UP, _BAR_DOWN, _BAR_SIZE = -9, 5, 10
_TEXT = alt.ExprRef(f"{_NARROW} ? 11 : 12")
_UP, _DOWN = "raises", "lowers"
# room next to a bar for its value, as a share of the range of all bars, in a panel of full width
_VALUE_ROOM = 0.28
# stars; what is smaller rounds to 0.00
LEAST_SHOWN = 0.005
# the level, in ``rating_changes``, of a movie that is left out
NOT_RATED = 0.0


@dataclass(frozen=True)
class Panel:
    """One column of bars: the frame's column ``name`` has their values, ``name``_text their texts.

    ``signed``: bars go both ways from 0; otherwise they are shares, drawn in a neutral colour. ``part``: of the width.
    """

    name: str
    title: str
    signed: bool = True
    part: float = 1.0


def bar_panels(rows: pd.DataFrame, panels: Sequence[Panel], ink: str) -> dict[str, Any]:
    """Draw several panels of bars side by side, with the same rows in the frame's order.

    ``rows``: ``label``, and for each panel a value, which may be missing, and its text; ``weak`` bool: faint, for a row
    that sums up several. Labels, zero lines and neutral bars are in ``ink``.
    """
    frame = rows.reset_index(drop=True).assign(place=range(len(rows)))
    total = sum(panel.part for panel in panels)
    ends: dict[str, Any] = {}
    for panel in panels:
        values = frame[panel.name].dropna()
        low, high = min(0.0, values.min()) if len(values) else 0.0, max(0.0, values.max()) if len(values) else 0.0
        room = _VALUE_ROOM * total / panel.part * (high - low) or 1.0
        ends[f"{panel.name}_low"] = float(low - (room if low < 0 else 0.02 * room))
        ends[f"{panel.name}_high"] = float(high + (room if high > 0 or not low < 0 else 0.02 * room))
    return fill(_bar_panels(tuple(panels), ink), frame, _ROW * max(1, len(frame)), **ends)


@template
def _bar_panels(panels: tuple[Panel, ...], ink: str) -> alt.LayerChart:
    y = alt.Y("place:O", axis=None, scale=alt.Scale(paddingInner=0.1, paddingOuter=0.05))
    total, start = sum(panel.part for panel in panels), 0.0
    tips = [alt.Tooltip("label:N", title="What"), *(alt.Tooltip(f"{p.name}_text:N", title=p.title) for p in panels)]
    layers = []
    for panel in panels:
        layers.append(_panel(panel, y, (start / total, (start + panel.part) / total), ink, tips))
        start += panel.part
    names = (
        alt.Chart()
        .mark_text(
            align="left",
            fontSize=_TEXT,
            limit=alt.ExprRef(f"{_NARROW} ? width : {_NAMES} - 12"),
            dy=alt.ExprRef(f"{_NARROW} ? {_LABEL_UP} : 0"),
        )
        .encode(x=alt.value(0), y=y, text="label:N", tooltip=tips)
    )
    return alt.layer(names, *layers).resolve_scale(x="independent")


def _panel(panel: Panel, y: alt.Y, span: tuple[float, float], ink: str, tips: list) -> alt.LayerChart:
    first, last = (f"{_NAMES} + (width - {_NAMES}) * {share:.4f}" for share in span)
    gap = 14 if span[0] > 0 else 0
    ends = f"{panel.name}_low", f"{panel.name}_high"
    scale = parameter_scale(*ends, zero=False, range=[alt.ExprRef(f"{first} + {gap}"), alt.ExprRef(last)])
    axis = alt.Axis(
        orient="top",
        title=panel.title,
        titleAnchor="start",
        titleAlign="left",
        labels=False,
        ticks=False,
        domain=False,
        grid=False,
    )
    x = alt.X(f"{panel.name}:Q", scale=scale, axis=axis)
    base = alt.Chart().transform_filter(f"isValid(datum['{panel.name}'])")
    lower = alt.ExprRef(f"{_NARROW} ? {_BAR_DOWN} : 0")
    bars = base.mark_bar(
        size=alt.ExprRef(f"{_NARROW} ? {_BAR_SIZE} : 17"), yOffset=lower, **({} if panel.signed else {"color": ink})
    ).encode(x=x, y=y, tooltip=tips)
    strong, weak = (1, 0.5) if panel.signed else (0.45, 0.22)
    bars = bars.encode(opacity=alt.condition("datum.weak", alt.value(weak), alt.value(strong)))
    if panel.signed:
        way = f"datum['{panel.name}'] < 0 ? '{_DOWN}' : '{_UP}'"
        colour = alt.Color("way:N", scale=alt.Scale(domain=[_UP, _DOWN]), legend=None)
        bars = bars.transform_calculate(way=way).encode(color=colour)
    texts = (
        base.transform_filter(f"datum['{panel.name}'] {test}")
        .mark_text(align=align, dx=dx, dy=lower, fontSize=_TEXT)
        .encode(x=x, y=y, text=f"{panel.name}_text:N", tooltip=tips)
        for test, align, dx in ((">= 0", "left", 4), ("< 0", "right", -4))
    )
    # from top to bottom; on a phone, where it would cross the labels, only beside the bars
    at_zero = alt.XDatum(0, scale=scale, axis=axis)
    line = (
        alt.Chart()
        .transform_filter("datum.place == 0")
        .mark_rule(color=ink, opacity=alt.ExprRef(f"{_NARROW} ? 0 : 0.5"), aria=False)
        .encode(x=at_zero)
    )
    marks = base.mark_tick(
        color=ink,
        size=_BAR_SIZE + 4,
        thickness=1,
        yOffset=lower,
        opacity=alt.ExprRef(f"{_NARROW} ? 0.5 : 0"),
        aria=False,
    ).encode(x=at_zero, y=y)
    return alt.layer(bars, *texts, line, marks)


def rating_changes(cells: pd.DataFrame) -> dict[str, Any]:
    """Draw the prediction for each other rating of each movie: movies by ratings.

    ``cells``: ``place`` (position) and ``label`` of the movie, in the frame's order, ``level`` (stars, ascending;
    ``NOT_RATED`` where the movie is left out), ``expected`` (stars) and ``now`` bool: whether that is its rating. Each
    cell has its value; a frame marks the present ratings. A click selects a cell, which is ringed: parameter ``cell``.
    """
    frame = cells.assign(stars=["none" if level == NOT_RATED else f"{level:g} ★" for level in cells["level"]])
    names = frame.drop_duplicates("place").set_index("place")["label"].to_dict()
    low, high = float(frame["expected"].min()), float(frame["expected"].max())
    half = max(0.25, (high - low) / 2)
    ends: dict[str, Any] = {"low": (low + high) / 2 - half, "high": (low + high) / 2 + half}
    return fill(_rating_changes(len(names)), frame, names=axis_labels(names), **ends)


@template
def _rating_changes(rows: int) -> alt.LayerChart:
    base = alt.Chart().encode(
        x=alt.X(
            "stars:N",
            title="If its rating were",
            sort=None,
            axis=alt.Axis(orient="top", labelAngle=0, labelOverlap=False, labelFlush=False),
        ),
        y=alt.Y("place:O", title=None, sort=None, axis=labelled_axis()),
        tooltip=[
            alt.Tooltip("label:N", title="Movie"),
            alt.Tooltip("stars:N", title="If its rating were"),
            alt.Tooltip("expected:Q", title="Expected rating", format=".2f"),
        ],
    )
    clicked = alt.selection_point(name="cell", fields=["place", "level"])
    layers = [
        base.mark_rect(cursor="pointer")
        .encode(color=alt.Color("expected:Q", scale=parameter_scale("low", "high", zero=False), legend=None))
        .add_params(clicked),
        *frames_around(base.transform_filter("datum.now")),
        base.transform_filter({"param": "cell", "empty": False}).mark_rect(
            filled=False, stroke=PICKED, strokeWidth=4, fillOpacity=0, cornerRadius=3, aria=False
        ),
        base.mark_text(fontSize=11).encode(
            text=alt.Text("expected:Q", format=".2f"), color=readable_colour("expected")
        ),
    ]
    return alt.layer(*layers).properties(**row_heights(28, rows))


def pair_interactions(cells: pd.DataFrame) -> dict[str, Any]:
    """Draw the effect of pairs of movies beyond the sum of their single effects, in stars.

    ``cells``: ``first``, ``second`` (positions from 0), ``first_label``, ``second_label``, ``stars``; a movie with
    itself is omitted. The value in each cell has its sign; the colour encodes only its size.
    """
    names = cells.drop_duplicates("first").set_index("first")["first_label"].to_dict()
    frame = cells[cells["first"] != cells["second"]].assign(
        size=lambda f: f["stars"].abs(),
        shown=lambda f: [f"{s:+.2f}".replace("-", "−") if abs(s) >= LEAST_SHOWN else "0" for s in f["stars"]],
    )
    labels = axis_labels({position: f"{position + 1}. {name}" for position, name in names.items()})
    return fill(_pairs(len(names)), frame, names=labels, high=max(0.1, float(frame["size"].max())))


@template
def _pairs(movies: int) -> alt.LayerChart:
    base = alt.Chart().encode(
        x=alt.X("second:O", title=None, axis=numbered_axis(orient="top", labelAngle=0)),
        y=alt.Y("first:O", title=None, axis=labelled_axis()),
        tooltip=[
            alt.Tooltip("first_label:N", title="Movie"),
            alt.Tooltip("second_label:N", title="With"),
            alt.Tooltip("stars:Q", title="Together, beyond each alone", format="+.3f"),
        ],
    )
    return alt.layer(
        base.mark_rect().encode(color=alt.Color("size:Q", scale=parameter_scale("0", "high"), legend=None)),
        base.mark_text(fontSize=11).encode(text="shown:N", color=readable_colour("size")),
    ).properties(**row_heights(30, movies))
