"""How several series in one chart are distinguished, never by colour alone, and what their tooltips say."""

import altair as alt

# shapes of series, in their order, so that colour alone never distinguishes them
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]


def interval_tooltip(first: list, label: str, last: list | None = None, form: str = ".3f") -> list[alt.Tooltip]:
    """Return a tooltip with the value that ``label`` names and its interval, between what comes first and last."""
    interval = [
        alt.Tooltip("value:Q", title=label, format=form),
        alt.Tooltip("low:Q", title="95% interval from", format=form),
        alt.Tooltip("high:Q", title="to", format=form),
    ]
    return [*first, *interval, *(last or [])]


def series_colour(names: list[str], field: str = "name") -> alt.Color:
    """Return a colour for each series, in their order, with a legend above the chart. ``field`` has their names."""
    legend = alt.Legend(orient="top", columns=2, labelLimit=220, symbolOpacity=1, symbolStrokeWidth=0)
    return alt.Color(f"{field}:N", title=None, sort=names, scale=alt.Scale(domain=names), legend=legend)


def series_dash(names: list[str]) -> alt.StrokeDash:
    """Return a dash for each series, in their order."""
    dashes = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [10, 4], [3, 5]]
    return alt.StrokeDash("name:N", title=None, sort=names, scale=alt.Scale(domain=names, range=dashes[: len(names)]))


def series_shape(names: list[str], field: str = "name") -> alt.Shape:
    """Return a point shape for each series, in their order."""
    return alt.Shape(f"{field}:N", title=None, sort=names, scale=alt.Scale(domain=names, range=SHAPES[: len(names)]))
