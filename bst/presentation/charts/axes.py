"""Axes, scales and colours that several charts share."""

from typing import Any

import altair as alt

# the ring around what was clicked, visible on every fill of either theme
PICKED = "#f97316"


def labelled_axis(**options: Any) -> alt.Axis:
    """Return an axis of positions with labels from the parameter ``names``, as two movies may have the same title."""
    return alt.Axis(
        labelExpr="names[datum.value]", **{"labelLimit": 170, "labelFlush": False, "labelOverlap": False}, **options
    )


def axis_labels(names: dict[int, str]) -> list[str]:
    """Return the labels of the positions 0, 1, … for the parameter ``names``."""
    return [names[position] for position in sorted(names)]


def numbered_axis(**options: Any) -> alt.Axis:
    """Return an axis of positions, numbered from 1."""
    return alt.Axis(labelExpr="datum.value + 1", labelFlush=False, labelOverlap="greedy", **options)


def readable_colour(field: str) -> Any:
    """Return the colour of text on a cell whose fill encodes ``field``: black or white, whichever reads better.

    The contrast is at least 4.5, whatever colours the theme has.
    """
    # black and white have the same contrast, 4.58, on a fill of this relative luminance (WCAG 2.2)
    return alt.condition(
        f"luminance(scale('color', datum['{field}'])) > 0.179", alt.value("#000000"), alt.value("#ffffff")
    )


def frames_around(cells: alt.Chart) -> list[alt.Chart]:
    """Return layers that draw a frame around cells, black within white, so that it is visible on any fill."""
    return [
        cells.mark_rect(filled=False, stroke=stroke, strokeWidth=width, fillOpacity=0, aria=False)
        for stroke, width in (("#ffffff", 5), ("#000000", 2))
    ]


def parameter_scale(low: str, high: str, **options: Any) -> alt.Scale:
    """Return a scale between two parameters, so that a template does not need the data for it."""
    return alt.Scale(domain=[alt.ExprRef(low), alt.ExprRef(high)], nice=False, **options)


def row_heights(step: int, rows: int) -> dict[str, Any]:
    """Return the properties of a chart with ``rows`` of ``step`` pixels each, which adapts to its container's width.

    Vega-Lite has steps for that, but warns about them in every chart of the container's width.
    """
    return {"height": step * max(1, rows), "autosize": alt.AutoSizeParams(type="fit-x", contains="padding")}
