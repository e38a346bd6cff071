"""Charts as files: PNG and SVG, drawn without a browser and without a network."""

import json
import textwrap
from dataclasses import dataclass

import altair as alt

# Vega-Lite as altair writes it
_VERSION = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
_FONT = "sans-serif"  # of whoever looks; a PNG gets the one that this computer has
_LINE = 84


@dataclass(frozen=True)
class Style:
    """Colours as "#rrggbb": of text, of what it stands on, of kinds, and from the weakest to the strongest value."""

    ink: str
    paper: str
    kinds: tuple[str, ...]
    strength: tuple[str, ...]


def as_file(chart: alt.TopLevelMixin | dict, kind: str, style: Style, title: str = "", width: int = 760) -> bytes:
    """Return a chart as the content of a file. ``kind``: "png" or "svg"; ``title`` stands above it; width in pixels.

    A PNG has twice as many pixels, to be sharp in print. Raises ``ValueError`` for another kind.
    """
    import vl_convert  # a large library that few visits need

    if kind not in ("png", "svg"):
        raise ValueError(f"a chart is saved as png or svg, not as {kind!r}")
    if isinstance(chart, dict):
        spec = dict(chart)
    else:
        with alt.data_transformers.enable("default", max_rows=None):
            spec = chart.to_dict()
    spec |= {"width": width, "background": style.paper, "padding": 16, "autosize": {"type": "pad"}}
    if title:
        spec["title"] = {"text": textwrap.wrap(title, _LINE), "anchor": "start", "frame": "bounds", "offset": 14}
    config = spec["config"] = dict(spec.get("config", {}))
    for part, values in _config(style).items():
        config[part] = values | config.get(part, {}) if isinstance(values, dict) else values
    text = json.dumps(spec)
    if kind == "svg":
        return vl_convert.vegalite_to_svg(text, vl_version=_VERSION).encode()
    return vl_convert.vegalite_to_png(text, vl_version=_VERSION, scale=2)


def _config(style: Style) -> dict:
    faint = f"{style.ink}33"
    words = {"labelColor": style.ink, "titleColor": style.ink, "titleFontWeight": 600}
    return {
        "font": _FONT,
        "axis": words | {"gridColor": faint, "domainColor": faint, "tickColor": faint},
        "legend": words,
        "title": {"color": style.ink, "fontSize": 14, "fontWeight": 600},
        "text": {"color": style.ink},
        "mark": {"color": style.kinds[0]},
        "view": {"stroke": None},
        "range": {"category": list(style.kinds), "ramp": list(style.strength), "heatmap": list(style.strength)},
    }
