"""What changes with a visitor: ranks A → B, sweeps over one input, and all demographics a visitor could have."""

import math
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bst.presentation.charts.axes import frames_around, parameter_scale, readable_colour, row_heights
from bst.presentation.charts.template import fill, template

_ROW = 26
# the lines of a bump chart are in the middle; the sides belong to the titles
_NARROW = "width < 640"
_SIDE = f"({_NARROW} ? 0.41 : 0.37) * width"
_FROM, _TO = _SIDE, f"width - {_SIDE}"
_RANK_ROOM = f"({_NARROW} ? 36 : 46)"
_TEXT = alt.ExprRef(f"{_NARROW} ? 11 : 12")
# the lines of a sweep end here, with the titles to the right
_END = "0.6 * width"
_SHAPES = {"rises": "triangle-up", "falls": "triangle-down", "stays": "circle"}
# in stars: the least height of a chart, so that a negligible change does not fill it
_LEAST_SPAN = 1.0
_LINES_HEIGHT, _LABEL_HEIGHT = 360, 18
_BARS = 12
# labels up to this many characters stay level; up to this many points are large
SHORT_LABEL, FEW_POINTS = 3, 25
# short forms of "Under 18" and "56 and over" for narrow columns
# of this many characters the labels of all columns stand side by side
_MOST_UPRIGHT = 60
_SHORT_AGE = "replace(replace(datum.label, 'Under ', '<'), ' and over', '+')"


@dataclass(frozen=True)
class Sides:
    """What the two sides of a bump chart are: their ``headings``, and their ``names`` in a tooltip ("Rank in A")."""

    headings: tuple[str, str]
    names: tuple[str, str]


VISITORS = Sides(("A: as they are", "B: changed"), ("A", "B"))


def bump(moves: pd.DataFrame, k: int, ink: str, sides: Sides = VISITORS) -> dict[str, Any]:
    """Draw how ranks move from A to B, with titles at both ends. ``sides``: what A and B are.

    ``moves``: one row per movie among the first ``k`` of either list: ``title``, ``rank_a``, ``rank_b`` (1 is first;
    missing where the movie has been watched, so is on no list), ``expected_a``, ``expected_b`` (stars). Movies that
    come from beyond the first ``k``, or go there, are below a gap, in the order of their ranks. Triangles, dashes and
    colour show the direction; what keeps its rank is in ``ink``.
    """
    placed = _placed(moves, k, sides.headings)
    lowest = int(max(row[slot] for row in placed for slot in ("slot_a", "slot_b")))
    return fill(_bump(ink, sides.names), placed, _ROW * (lowest + 1), bottom=lowest + 0.6)


@template
def _bump(ink: str, names: tuple[str, str]) -> alt.LayerChart:
    scale = parameter_scale("-0.4", "bottom", reverse=True, zero=False)
    at_a, at_b = (alt.Y(f"slot_{side}:Q", axis=None, scale=scale) for side in "ab")
    ways = list(_SHAPES)
    colour = alt.when("datum.way != 'stays'").then(alt.Color("way:N", scale=alt.Scale(domain=ways), legend=None))
    colour = colour.otherwise(alt.value(ink))
    dash = alt.StrokeDash("way:N", scale=alt.Scale(domain=ways, range=[[1, 0], [6, 4], [1, 0]]), legend=None)
    shape = alt.Shape("way:N", scale=alt.Scale(domain=ways, range=list(_SHAPES.values())), legend=None)
    movies = alt.Chart().transform_filter("datum.way != 'none'")
    return alt.layer(
        movies.mark_rule().encode(
            x=_at(_FROM),
            x2=alt.X2Value(alt.ExprRef(_TO)),
            y=at_a,
            y2="slot_b:Q",
            color=colour,
            strokeDash=dash,
            size=alt.Size("thickness:Q", scale=None, legend=None),
        ),
        movies.mark_circle(color=ink, size=35, opacity=1).encode(x=_at(_FROM), y=at_a),
        movies.mark_point(filled=True, opacity=1).encode(
            x=_at(_TO), y=at_b, color=colour, shape=shape, size=alt.Size("size:Q", scale=None, legend=None)
        ),
        *_ends("a", at_a, _FROM, -1, names),
        *_ends("b", at_b, _TO, 1, names),
    )


def _at(x: str, offset: str = "0") -> alt.XValue:
    return alt.XValue(alt.ExprRef(f"{x} + {offset}"))


def _placed(moves: pd.DataFrame, k: int, headings: tuple[str, str]) -> list[dict[str, Any]]:
    """Return the movies with the position of each end (``slot_a``, ``slot_b``: 1 is on top), its texts, and their way.

    Rows that move no way are the headings of both lists, and of what is beyond them. Plain rows, as a frame of twenty
    takes ten times as long, with each click.
    """
    columns = ("title", "rank_a", "rank_b", "expected_a", "expected_b")
    placed = []
    for title, rank_a, rank_b, expected_a, expected_b in zip(*(moves[name].tolist() for name in columns), strict=True):
        ranks = [math.inf if pd.isna(rank) else rank for rank in (rank_a, rank_b)]
        way = "stays" if ranks[0] == ranks[1] else "rises" if ranks[1] < ranks[0] else "falls"
        size, thickness = (35, 1) if way == "stays" else (110, 2.5)
        row: dict[str, Any] = {"title": title, "way": way, "size": size, "thickness": thickness}
        for side, rank, expected in zip("ab", ranks, (expected_a, expected_b), strict=True):
            seen = rank == math.inf
            row[f"rank_{side}"], row[f"slot_{side}"] = None if seen else rank, rank
            row[f"shown_{side}"], row[f"title_{side}"] = "seen" if seen else f"{rank:,.0f}", title
            row[f"expected_{side}"] = None if pd.isna(expected) else round(expected, 6)
        placed.append(row)
    for slot in ("slot_a", "slot_b"):
        beyond = sorted((row for row in placed if row[slot] > k), key=lambda row: row[slot])
        for position, row in enumerate(beyond, k + 2):
            row[slot] = position
    heads = [(0, "", *headings)]
    if any(row[slot] > k for row in placed for slot in ("slot_a", "slot_b")):
        heads.append((k + 1, f"beyond the first {k}", "", ""))
    for at, title, shown_a, shown_b in heads:
        texts = {"title_a": title, "title_b": title, "shown_a": shown_a, "shown_b": shown_b}
        placed.append({"title": "", "way": "none", "slot_a": at, "slot_b": at} | texts)
    return placed


def _ends(side: str, y: alt.Y, x: str, outwards: int, names: tuple[str, str]) -> list[alt.Chart]:
    """Return rank and title at one end of each line; a title that is too long is cut off."""
    align = "left" if outwards > 0 else "right"
    a, b = names
    tips = [("title:N", "Movie", ""), ("shown_a:N", f"Rank in {a}", ""), ("shown_b:N", f"Rank in {b}", "")]
    tips += [("expected_a:Q", f"Rating in {a}", ".2f"), ("expected_b:Q", f"Rating in {b}", ".2f")]
    room = alt.ExprRef(f"{_SIDE} - {_RANK_ROOM}")
    return [
        alt.Chart()
        .mark_text(align=align, fontWeight="bold", fontSize=_TEXT)
        .encode(x=_at(x, f"{10 * outwards}"), y=y, text=f"shown_{side}:N"),
        alt.Chart()
        .mark_text(align=align, fontSize=_TEXT, limit=room)
        .encode(
            x=_at(x, f"{outwards} * {_RANK_ROOM}"),
            y=y,
            text=f"title_{side}:N",
            tooltip=[alt.Tooltip(field, title=name, format=digits) for field, name, digits in tips],
        ),
    ]


def sweep_lines(settings: pd.DataFrame, levels: tuple[float, ...], parameter: str, ink: str) -> alt.LayerChart:
    """Draw the expected rating of each movie over the ordered values of a parameter.

    ``settings``: ``title``, ``setting`` (the value, as text), ``place`` (its position), ``current`` (whether it is the
    present value), ``expected`` (stars), ``distribution`` (list of the probability of each of ``levels``, or None).
    ``parameter`` labels the axis. Each line has its title at its end, and its own dash and point shape; a rule marks
    the present value.
    """
    frame = _with_hover(settings, levels)
    low, high = _span(frame["expected"])
    titles = list(dict.fromkeys(frame["title"]))
    names = frame.sort_values("place")["setting"].unique().tolist()
    angle = 0 if max(map(len, names)) <= SHORT_LABEL else -40
    x = alt.X(
        "setting:O",
        title=parameter,
        sort=names,
        axis=alt.Axis(labelAngle=angle, labelOverlap="greedy", labelFlush=False),
        scale=alt.Scale(type="point", padding=0.3, range=[0, alt.ExprRef(_END)]),
    )
    y = alt.Y("expected:Q", title="Expected rating, stars", scale=alt.Scale(domain=[low, high], nice=False))
    base = alt.Chart().encode(
        x=x, y=y, color=alt.Color("title:N", sort=titles, legend=None), tooltip=_tooltips(frame, levels, parameter)
    )
    layers = [
        base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("title:N", sort=titles, legend=None)),
        base.mark_point(filled=True, size=70 if len(names) <= FEW_POINTS else 20, opacity=1).encode(
            shape=alt.Shape("title:N", sort=titles, legend=None)
        ),
        *_end_titles(frame, low, high, titles),
    ]
    now = frame.loc[frame["current"], ["setting"]].head(1)
    if len(now):
        marked = alt.Chart(now.assign(text="now")).encode(x=x)
        layers.insert(0, marked.mark_rule(strokeDash=[2, 3], color=ink, opacity=0.6))
        layers.append(marked.mark_text(dy=-5, baseline="bottom").encode(y=alt.value(0), text="text:N"))
    return alt.layer(*layers, data=frame).properties(height=_LINES_HEIGHT)


def _end_titles(frame: pd.DataFrame, low: float, high: float, titles: list[str]) -> list[alt.Chart]:
    """Return the titles to the right of the lines' ends, moved apart where they would overlap."""
    ends = frame[frame["place"] == frame.groupby("title")["place"].transform("max")].copy()
    ends["label_at"] = _apart(ends["expected"].to_numpy(), _LABEL_HEIGHT * (high - low) / _LINES_HEIGHT, low, high)
    scale = alt.Scale(domain=[low, high], nice=False)
    base = alt.Chart(ends).encode(color=alt.Color("title:N", sort=titles, legend=None))
    at = alt.Y("label_at:Q", scale=scale)
    return [
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=_at(_END, "8"), y=at, shape=alt.Shape("title:N", sort=titles, legend=None)
        ),
        base.mark_text(align="left", limit=alt.ExprRef(f"width - {_END} - 20"), fontSize=_TEXT).encode(
            x=_at(_END, "18"), y=at, text="title:N"
        ),
    ]


def _apart(values: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Return values moved as little as needed for neighbours to be ``gap`` apart, between ``low`` and ``high``."""
    order = np.argsort(values, kind="stable")
    placed = values[order].astype(float)
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gap)
    # values above ``high`` come back, and move those below
    placed[-1:] = np.minimum(placed[-1:], high)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - gap)
    apart = np.empty_like(placed)
    apart[order] = np.maximum(placed, low)
    return apart


def sweep_points(settings: pd.DataFrame, levels: tuple[float, ...], parameter: str, ink: str) -> alt.LayerChart:
    """Draw the expected rating of each movie for every value of a parameter without order. See ``sweep_lines``.

    One row per value, in the order of ``place``, with one point per movie; a line in ``ink`` and its label mark the row
    of the present value.
    """
    frame = _with_hover(settings, levels)
    frame["name"] = [f"{s} (now)" if now else s for s, now in zip(frame["setting"], frame["current"], strict=True)]
    titles = list(dict.fromkeys(frame["title"]))
    names = frame.sort_values("place")["name"].unique().tolist()
    low, high = _span(frame["expected"])
    legend = alt.Legend(orient="top", columns=1, labelLimit=alt.ExprRef("width - 20"))
    base = alt.Chart(frame).encode(
        y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=170, labelFlush=False, grid=True)),
        x=alt.X("expected:Q", title="Expected rating, stars", scale=alt.Scale(domain=[low, high], nice=False)),
    )
    now = frame[frame["current"]].head(1)
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        color=alt.Color("title:N", title=None, sort=titles, legend=legend),
        shape=alt.Shape("title:N", title=None, sort=titles, legend=legend),
        tooltip=_tooltips(frame, levels, parameter),
    )
    line = alt.Chart(now).mark_rule(color=ink, opacity=0.5, strokeWidth=1.5, strokeDash=[2, 3])
    layers = [line.encode(y=alt.Y("name:N", sort=names)), points] if len(now) else [points]
    return alt.layer(*layers).properties(**row_heights(26, len(names)))


@dataclass(frozen=True)
class GridAxes:
    """What the columns and rows of ``demographic_grid`` are called, and their labels in order."""

    column_title: str
    columns: tuple[str, ...]
    row_title: str
    rows: tuple[str, ...]


def demographic_grid(
    grid: pd.DataFrame, axes: GridAxes, levels: tuple[float, ...], span: tuple[float, float]
) -> alt.LayerChart:
    """Draw the expected rating of one movie by two demographics, such as age group and occupation.

    ``grid``: ``column`` and ``row`` (labels), ``current`` (whether the visitor is like that), ``expected``,
    ``distribution`` (see ``sweep_lines``); cells that it lacks stay empty. ``span``: the ratings of the faintest and
    the strongest colour, shared by charts that are side by side. Each cell has its rating as text; a frame marks the
    visitor's.
    """
    frame = _with_hover(grid, levels)
    low, high = span
    columns, names = list(axes.columns), list(axes.rows)
    angle = 0 if sum(map(len, columns)) <= _MOST_UPRIGHT else -40
    cell = alt.Chart(frame).encode(
        x=alt.X(
            "column:N",
            title=None,
            sort=columns,
            scale=alt.Scale(domain=columns),
            axis=alt.Axis(orient="top", labelAngle=angle, labelFontSize=10, labelOverlap=False, labelExpr=_SHORT_AGE),
        ),
        y=alt.Y(
            "row:N",
            title=None,
            sort=names,
            scale=alt.Scale(domain=names),
            axis=alt.Axis(labelLimit=130, labelFlush=False),
        ),
        tooltip=[
            alt.Tooltip("column:N", title=axes.column_title),
            alt.Tooltip("row:N", title=axes.row_title),
            *_tooltips(frame, levels),
        ],
    )
    layers = [
        cell.mark_rect().encode(
            color=alt.Color("expected:Q", scale=alt.Scale(domain=[low, high], clamp=True), legend=None)
        ),
    ]
    if frame["current"].any():
        layers += frames_around(cell.transform_filter("datum.current"))
    layers.append(
        cell.mark_text(fontSize=10).encode(text=alt.Text("expected:Q", format=".2f"), color=readable_colour("expected"))
    )
    return alt.layer(*layers).properties(**row_heights(21, len(names)))


def _span(expected: pd.Series) -> tuple[float, float]:
    middle = (expected.max() + expected.min()) / 2
    half = max(_LEAST_SPAN, 1.15 * (expected.max() - expected.min())) / 2
    return float(middle - half), float(middle + half)


def _with_hover(frame: pd.DataFrame, levels: tuple[float, ...]) -> pd.DataFrame:
    """Add one column per rating level with its probability as a bar of text, if there are distributions."""
    frame = frame.copy()
    rows = frame.pop("distribution")
    if not len(rows) or rows.iloc[0] is None:
        return frame
    shares = np.array(rows.tolist())
    for i in range(len(levels)):
        frame[f"share_{i}"] = [f"{'█' * round(_BARS * p) or '▏'} {p:.0%}" for p in shares[:, i]]
    return frame


def _tooltips(frame: pd.DataFrame, levels: tuple[float, ...], parameter: str | None = None) -> list[alt.Tooltip]:
    tips = [alt.Tooltip("title:N", title="Movie"), alt.Tooltip("setting:N", title=parameter)] if parameter else []
    tips.append(alt.Tooltip("expected:Q", title="Expected rating", format=".2f"))
    if "share_0" in frame:
        tips += [alt.Tooltip(f"share_{i}:N", title=f"{levels[i]:g} ★") for i in reversed(range(len(levels)))]
    return tips
