"""A diagram of a model's architecture."""

from typing import Any

import altair as alt
import pandas as pd

from bst.models.diagram import LEFT, RIGHT, WIDE, Box, Diagram

ROW = 76  # pixels
# half of a box's height in rows, and its margin in columns
_HALF, _MARGIN = 0.34, 0.05
_SPANS = {LEFT: (0.0, 1.0), RIGHT: (1.0, 2.0), WIDE: (0.0, 2.0)}
_KINDS = ["input", "attention", "dense", "answer"]


def architecture(diagram: Diagram, ink: str) -> alt.LayerChart:
    """Draw boxes and arrows from the top down; tooltips say what a box does, and colour distinguishes kinds of boxes.

    ``ink``: the colour of arrows.
    """
    boxes = pd.DataFrame([_box(box) for box in diagram.boxes])
    rows = max(box.row for box in diagram.boxes) + 1
    x = {"scale": alt.Scale(domain=[0, 2], nice=False, zero=False), "axis": None}
    y = {"scale": alt.Scale(domain=[-0.5, rows - 0.5], reverse=True, nice=False, zero=False), "axis": None}
    boxes_by_name = {box.name: box for box in diagram.boxes}
    lines = pd.DataFrame([_arrow(boxes_by_name[start], boxes_by_name[end]) for start, end in diagram.arrows])
    base = alt.Chart(boxes).encode(
        tooltip=[
            alt.Tooltip("label:N", title="Step"),
            alt.Tooltip("detail:N", title="Of"),
            alt.Tooltip("meaning:N", title="What it does"),
        ]
    )
    rects = base.mark_rect(cornerRadius=7, fillOpacity=0.16, strokeWidth=1.5).encode(
        x=alt.X("x:Q", **x),
        x2="x2:Q",
        y=alt.Y("top:Q", **y),
        y2="bottom:Q",
        color=alt.Color("kind:N", scale=alt.Scale(domain=_KINDS), legend=None),
        stroke=alt.Stroke("kind:N", scale=alt.Scale(domain=_KINDS), legend=None),
    )
    arrows = alt.Chart(lines)
    heads = arrows.mark_point(
        filled=True, size=70, opacity=0.8, color=ink, shape="triangle-down", angle=alt.ExprRef("datum.turn")
    )

    def text(**options: Any) -> alt.Chart:
        limit = alt.ExprRef("(datum.x2 - datum.x) * width / 2 - 8")
        return base.mark_text(limit=limit, **options).encode(x=alt.X("middle:Q", **x), y=alt.Y("row:Q", **y))

    name = text(dy=-8, fontWeight="bold", fontSize=alt.ExprRef("width < 420 ? 11 : 13")).encode(text="label:N")
    detail = text(dy=9, opacity=0.8, fontSize=alt.ExprRef("width < 420 ? 10 : 12")).encode(text="detail:N")
    return alt.layer(
        arrows.mark_rule(strokeWidth=1.5, opacity=0.6, color=ink).encode(
            x=alt.X("x:Q", **x), x2="x2:Q", y=alt.Y("y:Q", **y), y2="y2:Q"
        ),
        rects,
        heads.encode(x=alt.X("x2:Q", **x), y=alt.Y("y2:Q", **y)),
        name,
        detail,
    ).properties(height=ROW * rows)


def _box(box: Box) -> dict[str, Any]:
    low, high = _SPANS[box.side]
    return {
        "x": low + _MARGIN,
        "x2": high - _MARGIN,
        "middle": (low + high) / 2,
        "row": box.row,
        "top": box.row - _HALF,
        "bottom": box.row + _HALF,
        "kind": box.kind,
        "label": box.label,
        "detail": box.detail,
        "meaning": box.meaning,
    }


def _arrow(start: Box, end: Box) -> dict[str, float]:
    """Return the ends of an arrow: to the right between boxes of one row, otherwise straight down."""
    if start.row == end.row:
        return {"x": 1.0 - _MARGIN, "x2": 1.0 + _MARGIN - 0.012, "y": start.row, "y2": end.row, "turn": -90}
    # an arrow between a wide and a narrow box is in the column of the narrow one
    side = start.side if start.side != WIDE else end.side
    x = sum(_SPANS[side]) / 2
    return {"x": x, "x2": x, "y": start.row + _HALF, "y2": end.row - _HALF - 0.06, "turn": 0}
