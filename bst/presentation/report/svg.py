"""Charts as SVG that stands inside a page and takes the page's colours: light, dark or on paper."""

import re
from itertools import count

import altair as alt

from bst.presentation.charts.files import Style, as_file

WIDTH = 300  # of the plot, in pixels: small enough for its text to stay readable on a phone
_TEXT = 12
_LARGER = 1.2  # how much larger than drawn a wide screen may show it
# colours that no chart has by itself, each replaced by a colour of the page; text and rules are drawn in ``INK``
INK, _KINDS = "#010203", ("#010a01", "#010a02", "#010a03", "#010a04", "#010a05", "#010a06")
_STYLE = Style(INK, "transparent", _KINDS, (_KINDS[0],) * 10)
_VARIABLES = {f"{INK}33": "var(--faint)", INK: "var(--ink)"} | {
    kind: f"var(--c{i})" for i, kind in enumerate(_KINDS, 1)
}
_numbers = count(1)


def inline(chart: alt.TopLevelMixin, width: int = WIDTH) -> str:
    """Return a chart as an ``<svg>`` element, as wide as there is room for, up to a fifth wider than it was drawn.

    Put its content in words beside it: the element itself is hidden from screen readers.
    """
    sizes = {"labelFontSize": _TEXT, "titleFontSize": _TEXT}
    drawn = chart.configure_axis(**sizes).configure_legend(
        **sizes, symbolFillColor=INK, symbolStrokeColor=INK, rowPadding=4
    )
    text = as_file(drawn, "svg", _STYLE, width=width).decode()
    text = text[text.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return _own_names(_flexible(text))


def _flexible(text: str) -> str:
    head, body = text.split(">", 1)
    width = re.search(r'\bwidth="([\d.]+)"', head)
    head = re.sub(r'\s(?:width|height|style|class)="[^"]*"', "", head)
    style = f' style="max-width:{_LARGER * float(width[1]):.0f}px"' if width else ""
    return f'{head} aria-hidden="true" focusable="false"{style}>{body}'


def _own_names(text: str) -> str:
    """Give what is referred to inside a chart a name that no other chart on the page has."""
    number = next(_numbers)
    for name in set(re.findall(r'\bid="([^"]+)"', text)):
        text = text.replace(f'id="{name}"', f'id="g{number}-{name}"').replace(
            f"url(#{name})", f"url(#g{number}-{name})"
        )
        text = text.replace(f'href="#{name}"', f'href="#g{number}-{name}"')
    return text
