"""Why a prediction came out as it did: what moved it beside what was looked at, and what other ratings would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from bst.presentation.charts.axes import PICKED, fixed, framed, in_rows, listed, named, numbered, on_fill
from bst.presentation.charts.template import filled, template

_ROW = 34
# on a phone the name stands above its bars, else left of them; widths are those of the plot, in pixels
_NARROW = "width < 520"
_NAMES = f"({_NARROW} ? 0 : clamp(0.36 * width, 150, 330))"
_TEXT = alt.ExprRef(f"{_NARROW} ? 11 : 12")
_UP, _DOWN = "raises", "lowers"
# room beside a bar for its figure, as a share of all bars' span, in a panel of the whole width
_BESIDE = 0.28


@dataclass(frozen=True)
class Panel:
    """One column of bars: values are in the frame's column ``name``, what stands beside them in ``name``_text.

    ``signed``: bars go both ways from 0; else they are shares, drawn in a quiet colour. ``part`` of the width it takes.
    """

    name: str
    title: str
    signed: bool = True
    part: float = 1.0


def beside(rows: pd.DataFrame, panels: Sequence[Panel], ink: str) -> dict[str, Any]:
    """Draw bars of several kinds for the same things, side by side in the same rows, in the frame's order.

    ``rows``: ``label``, and for each panel its value, missing where there is none, and its text; ``weak`` bool where a
    row is not one thing but several. Names, zero lines and the quiet bars are in ``ink``.
    """
    frame = rows.reset_index(drop=True).assign(place=range(len(rows)))
    total, ends = sum(panel.part for panel in panels), {}
    for panel in panels:
        values = frame[panel.name].dropna()
        low, high = min(0.0, values.min()) if len(values) else 0.0, max(0.0, values.max()) if len(values) else 0.0
        room = _BESIDE * total / panel.part * (high - low) or 1.0
        ends[f"{panel.name}_low"] = float(low - (room if low < 0 else 0.02 * room))
        ends[f"{panel.name}_high"] = float(high + (room if high > 0 or not low < 0 else 0.02 * room))
    return filled(_beside(tuple(panels), ink), frame, _ROW * max(1, len(frame)), **ends)


@template
def _beside(panels: tuple[Panel, ...], ink: str) -> alt.LayerChart:
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
            dy=alt.ExprRef(f"{_NARROW} ? -8 : 0"),
        )
        .encode(x=alt.value(0), y=y, text="label:N", tooltip=tips)
    )
    return alt.layer(names, *layers).resolve_scale(x="independent")


def _panel(panel: Panel, y: alt.Y, span: tuple[float, float], ink: str, tips: list) -> alt.LayerChart:
    first, last = (f"{_NAMES} + (width - {_NAMES}) * {share:.4f}" for share in span)
    gap = 14 if span[0] > 0 else 0
    ends = f"{panel.name}_low", f"{panel.name}_high"
    scale = fixed(*ends, zero=False, range=[alt.ExprRef(f"{first} + {gap}"), alt.ExprRef(last)])
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
    lower = alt.ExprRef(f"{_NARROW} ? 8 : 0")
    bars = base.mark_bar(
        size=alt.ExprRef(f"{_NARROW} ? 11 : 17"), yOffset=lower, **({} if panel.signed else {"color": ink})
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
    # on a phone the names stand in its way
    zero = (
        alt.Chart()
        .transform_filter("datum.place == 0")
        .mark_rule(color=ink, opacity=alt.ExprRef(f"{_NARROW} ? 0.2 : 0.5"), aria=False)
        .encode(x=alt.XDatum(0, scale=scale, axis=axis))
    )
    return alt.layer(bars, *texts, zero)


def rating_changes(cells: pd.DataFrame) -> dict[str, Any]:
    """Draw what each other rating of a movie would make of the prediction: movies by ratings.

    ``cells``: ``place`` and ``label`` of the movie, in the frame's order, ``level`` (stars, ascending), ``expected``
    (stars) and ``now`` bool: is that its rating? Each cell has its number; a frame marks what is so now. A click
    selects a cell, which is ringed: parameter ``cell``.
    """
    frame = cells.assign(stars=[f"{level:g} ★" for level in cells["level"]])
    names = frame.drop_duplicates("place").set_index("place")["label"].to_dict()
    low, high = float(frame["expected"].min()), float(frame["expected"].max())
    half = max(0.25, (high - low) / 2)
    ends = {"low": (low + high) / 2 - half, "high": (low + high) / 2 + half}
    return filled(_rating_changes(len(names)), frame, names=listed(names), **ends)


@template
def _rating_changes(rows: int) -> alt.LayerChart:
    base = alt.Chart().encode(
        x=alt.X("stars:N", title="If it were rated", sort=None, axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("place:O", title=None, sort=None, axis=named()),
        tooltip=[
            alt.Tooltip("label:N", title="Movie"),
            alt.Tooltip("stars:N", title="If rated"),
            alt.Tooltip("expected:Q", title="Expected rating", format=".2f"),
        ],
    )
    clicked = alt.selection_point(name="cell", fields=["place", "level"])
    layers = [
        base.mark_rect(cursor="pointer")
        .encode(color=alt.Color("expected:Q", scale=fixed("low", "high", zero=False), legend=None))
        .add_params(clicked),
        *framed(base.transform_filter("datum.now")),
        base.transform_filter({"param": "cell", "empty": False}).mark_rect(
            filled=False, stroke=PICKED, strokeWidth=4, fillOpacity=0, cornerRadius=3, aria=False
        ),
        base.mark_text(fontSize=11).encode(text=alt.Text("expected:Q", format=".2f"), color=on_fill("expected")),
    ]
    return alt.layer(*layers).properties(**in_rows(28, rows))


def pairs(cells: pd.DataFrame) -> dict[str, Any]:
    """Draw what pairs of movies do together beyond what each does alone, in stars.

    ``cells``: ``first``, ``second`` (places from 0), ``first_label``, ``second_label``, ``stars``; a movie with itself
    is left out. The figure in each cell has its sign; the colour tells only how large it is.
    """
    names = cells.drop_duplicates("first").set_index("first")["first_label"].to_dict()
    frame = cells[cells["first"] != cells["second"]].assign(
        size=lambda f: f["stars"].abs(),
        shown=lambda f: [f"{s:+.2f}".replace("-", "−") if abs(s) >= 0.005 else "0" for s in f["stars"]],
    )
    numbered_names = listed({place: f"{place + 1}. {name}" for place, name in names.items()})
    return filled(_pairs(len(names)), frame, names=numbered_names, high=max(0.1, float(frame["size"].max())))


@template
def _pairs(movies: int) -> alt.LayerChart:
    base = alt.Chart().encode(
        x=alt.X("second:O", title=None, axis=numbered(orient="top", labelAngle=0)),
        y=alt.Y("first:O", title=None, axis=named()),
        tooltip=[
            alt.Tooltip("first_label:N", title="Movie"),
            alt.Tooltip("second_label:N", title="With"),
            alt.Tooltip("stars:Q", title="Together, beyond alone", format="+.3f"),
        ],
    )
    return alt.layer(
        base.mark_rect().encode(color=alt.Color("size:Q", scale=fixed("0", "high"), legend=None)),
        base.mark_text(fontSize=11).encode(text="shown:N", color=on_fill("size")),
    ).properties(**in_rows(30, movies))
