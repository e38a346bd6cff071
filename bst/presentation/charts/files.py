"""Charts as PNG or SVG files, rendered without a browser and without a network."""

import json
import textwrap
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

# Vega-Lite as altair writes it
_VERSION = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
_FONT = "sans-serif"  # the viewer's own; for a PNG that of this computer
_LINE = 84  # characters of a title


@dataclass(frozen=True)
class Style:
    """Colours as "#rrggbb": of text and background, of categories, and from the lowest to the highest value."""

    text: str
    background: str
    categorical: tuple[str, ...]
    sequential: tuple[str, ...]


def as_file(
    chart: alt.TopLevelMixin | dict[str, Any],
    kind: Literal["png", "svg"],
    style: Style,
    title: str = "",
    width: int = 760,
) -> bytes:
    """Return a chart as the content of a file, with a ``title`` above it; ``width`` in pixels.

    A PNG has twice as many pixels, to be sharp in print. Raises ``ValueError`` for another kind of file.
    """
    import vl_convert  # slow to import, and seldom needed

    if kind not in ("png", "svg"):
        raise ValueError(f"a chart is saved as png or svg, not as {kind!r}")
    if isinstance(chart, dict):
        spec = dict(chart)
    else:
        with alt.data_transformers.enable("default", max_rows=None):
            spec = chart.to_dict()
    spec |= {"width": width, "background": style.background, "padding": 16, "autosize": {"type": "pad"}}
    if title:
        spec["title"] = {"text": textwrap.wrap(title, _LINE), "anchor": "start", "frame": "bounds", "offset": 14}
    config = spec["config"] = dict(spec.get("config", {}))
    for part, values in _config(style).items():
        config[part] = values | config.get(part, {}) if isinstance(values, dict) else values
    text = json.dumps(spec)
    if kind == "svg":
        return vl_convert.vegalite_to_svg(text, vl_version=_VERSION).encode()
    return vl_convert.vegalite_to_png(text, vl_version=_VERSION, scale=2)


def _config(style: Style) -> dict[str, Any]:
    faint = f"{style.text}33"
    labels = {"labelColor": style.text, "titleColor": style.text, "titleFontWeight": 600}
    return {
        "font": _FONT,
        "axis": labels | {"gridColor": faint, "domainColor": faint, "tickColor": faint},
        "legend": labels,
        "title": {"color": style.text, "fontSize": 14, "fontWeight": 600},
        "text": {"color": style.text},
        "mark": {"color": style.categorical[0]},
        "view": {"stroke": None},
        "range": {
            "category": list(style.categorical),
            "ramp": list(style.sequential),
            "heatmap": list(style.sequential),
        },
    }
