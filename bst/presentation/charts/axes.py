"""What several charts share: axes of places that have names, and numbers that can be read on any colour."""

import altair as alt

# the ring of what was clicked, seen on every fill of either theme
PICKED = "#f97316"


def named(**how) -> alt.Axis:
    """Return an axis whose places have names, as two movies may be called the same: parameter ``names``."""
    return alt.Axis(
        labelExpr="names[datum.value]", **{"labelLimit": 170, "labelFlush": False, "labelOverlap": False}, **how
    )


def listed(names: dict[int, str]) -> list[str]:
    """Return the names of the places 0, 1, … as the parameter ``names``."""
    return [names[place] for place in sorted(names)]


def numbered(**how) -> alt.Axis:
    """Return an axis of places, told from 1 on."""
    return alt.Axis(labelExpr="datum.value + 1", labelFlush=False, labelOverlap="greedy", **how)


def on_fill(field: str) -> dict:
    """Return the colour of a text that stands on a cell whose fill tells ``field``: black or white, whichever reads
    better, at a contrast of at least 4.5 whatever colours the theme has."""
    # black and white have the same contrast, 4.58, on what is this light (WCAG 2.2, relative luminance)
    return alt.condition(
        f"luminance(scale('color', datum['{field}'])) > 0.179", alt.value("#000000"), alt.value("#ffffff")
    )


def framed(cells: alt.Chart) -> list[alt.Chart]:
    """Return layers that frame cells, black within white, so that the frame shows on any fill."""
    return [
        cells.mark_rect(filled=False, stroke=stroke, strokeWidth=width, fillOpacity=0, aria=False)
        for stroke, width in (("#ffffff", 5), ("#000000", 2))
    ]


def fixed(low: str, high: str, **how) -> alt.Scale:
    """Return a scale between two parameters: with both ends given, data that come later cannot be missed."""
    return alt.Scale(domain=[alt.ExprRef(low), alt.ExprRef(high)], nice=False, **how)


def in_rows(step: int, rows: int) -> dict:
    """Return the properties of a chart whose ``rows`` are each ``step`` pixels high: it fits its place in width alone.

    Vega-Lite's own steps say the same, but it warns of them wherever a chart is as wide as its place.
    """
    return {"height": step * max(1, rows), "autosize": alt.AutoSizeParams(type="fit-x", contains="padding")}
