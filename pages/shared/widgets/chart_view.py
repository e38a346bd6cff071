"""Charts on a page: in the colours of the theme, with a text for those who cannot see them, and as files to save."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

if TYPE_CHECKING:  # charts are slow to import
    from bst.presentation.charts.files import Style

MIMES: dict[Literal["png", "svg"], str] = {"png": "image/png", "svg": "image/svg+xml"}
# an Altair chart, or a Vega-Lite specification as a dict; mypy does not follow Altair
Chart = Any
# of the page that is drawn now, by name: the chart, and the text above it in a file
_savable: ContextVar[dict[str, tuple[Chart, str]] | None] = ContextVar("_savable", default=None)


def text_and_background() -> tuple[str, str]:
    """Return the colours of text and of its background in the current theme."""
    theme = _theme()
    return st.get_option(f"theme.{theme}.textColor"), st.get_option(f"theme.{theme}.backgroundColor")


def _theme() -> str:
    return "dark" if st.context.theme.type == "dark" else "light"


def show(
    chart: Chart,
    alt_text: str,
    name: str = "",
    key: str | None = None,
    select: bool | Callable[[], None] = False,
    about: str = "",
) -> Any:
    """Show an Altair chart or a Vega-Lite specification. ``alt_text`` says what it shows, for a screen reader.

    ``name``: its name where charts can be saved (see ``savable``); ``about`` then stands above it in the file. With
    ``select``, which needs a ``key``, a click in it runs the page again, and the selection is returned; a function is
    called before.
    """
    # the theme colours axes and marks, but leaves text inside a chart black
    colour = text_and_background()[0]
    if isinstance(chart, dict):
        themed = {**chart, "config": {**chart.get("config", {}), "text": {"color": colour}}}
    else:
        themed = chart.configure_text(color=colour)
    charts = _savable.get()
    if name and charts is not None:
        charts[name] = (themed, about or alt_text)
    draw: Any = st.vega_lite_chart if isinstance(themed, dict) else st.altair_chart
    return draw(
        themed, alt=alt_text, key=key, on_select=select if callable(select) else "rerun" if select else "ignore"
    )


@contextmanager
def savable() -> Iterator[None]:
    """Collect the charts that are shown under a name, and draw a button to save them below the page."""
    charts: dict[str, tuple[Chart, str]] = {}
    token = _savable.set(charts)
    try:
        yield
    finally:
        _savable.reset(token)
    if charts:
        _draw_save_button(charts)


def _draw_save_button(charts: dict[str, tuple[Chart, str]]) -> None:
    from bst.presentation.charts.files import as_file

    style = _style()
    with st.popover("Save charts", icon=":material/download:", type="tertiary", key="save_charts"):
        for name, (chart, about) in charts.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(name, width="stretch")
                for extension, mime in MIMES.items():
                    st.download_button(
                        extension.upper(),
                        partial(as_file, chart, extension, style, about),  # made only when it is asked for
                        f"{name.lower().replace(' ', '-')}.{extension}",
                        mime,
                        key=f"save_{extension}_{name.lower().replace(' ', '_')}",
                        help=f"Save “{name}” as {extension.upper()}",
                        on_click="ignore",
                        type="tertiary",
                    )


def _style() -> "Style":
    from bst.presentation.charts.files import Style

    theme = _theme()
    categorical, sequential = (
        st.get_option(f"theme.{theme}.chart{name}Colors") for name in ("Categorical", "Sequential")
    )
    return Style(*text_and_background(), tuple(categorical), tuple(sequential))
