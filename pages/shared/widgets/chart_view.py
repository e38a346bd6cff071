"""Charts on a page: in the colours of the theme, with a text for those who cannot see them, and as files to save."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from bst.domain import MOVIES, Domain
from pages.shared import streamlit_private
from pages.shared.state import chosen_model

if TYPE_CHECKING:  # charts are slow to import
    from bst.presentation.charts.files import Style

MIMES: dict[Literal["png", "svg"], str] = {"png": "image/png", "svg": "image/svg+xml"}
# an Altair chart, or a Vega-Lite specification as a dict; mypy does not follow Altair
Chart = Any
Draw = Callable[[], Chart]
# of the page that is drawn now, by name: what draws the chart, and the text above it in a file
_savable: ContextVar[dict[str, tuple[Draw, str]] | None] = ContextVar("_savable", default=None)
# how many drawn charts the server keeps, of some ten kilobytes each
KEPT_CHARTS = 100


def text_and_background() -> tuple[str, str]:
    """Return the colours of text and of its background in the current theme."""
    theme = _theme()
    return st.get_option(f"theme.{theme}.textColor"), st.get_option(f"theme.{theme}.backgroundColor")


def _theme() -> str:
    return "dark" if st.context.theme.type == "dark" else "light"


def show(
    chart: Chart | partial[Chart],
    alt_text: str,
    name: str = "",
    key: str | None = None,
    select: bool | Callable[[], None] = False,
    about: str = "",
    titles_are_final: bool = False,
) -> Any:
    """Show an Altair chart or a Vega-Lite specification. ``alt_text`` says what it shows, for a screen reader.

    A ``partial`` of a function that draws one is called only if it was not called lately with the same arguments, such
    as a table that holds the same: for what does not change with the visitor, as Altair takes longer than all else.
    ``name``: its name where charts can be saved (see ``savable``); ``about`` then stands above it in the file. With
    ``select``, which needs a ``key``, a click in it runs the page again, and the selection is returned; a function is
    called before. The titles of axes, legends and tooltips are put into the words of the dataset, unless
    ``titles_are_final``, as those are that hold the title of a movie.
    """
    arguments = chart, text_and_background()[0], MOVIES if titles_are_final else chosen_model.domain()
    draw = partial(_themed, *arguments)
    shown = _drawn(pickle.dumps(arguments)) if isinstance(chart, partial) else draw()
    charts = _savable.get()
    if name and charts is not None:
        charts[name] = (draw, about or alt_text)
    on_select = select if callable(select) else "rerun" if select else "ignore"
    show_chart: Any = st.vega_lite_chart if isinstance(shown, dict) else st.altair_chart
    return show_chart(shown, alt=alt_text, key=key, on_select=on_select)


def _themed(chart: Chart | partial[Chart], colour: str, domain: Domain) -> Chart:
    """Return a chart in the words of a dataset, with its text in a colour: the theme colours axes and marks only."""
    from bst.presentation.charts.wording import reword_titles

    chart = reword_titles(chart() if isinstance(chart, partial) else chart, domain)
    if isinstance(chart, dict):
        return {**chart, "config": {**chart.get("config", {}), "text": {"color": colour}}}
    return chart.configure_text(color=colour)


@lru_cache(maxsize=KEPT_CHARTS)
def _drawn(pickled: bytes) -> dict[str, Any]:
    """Return the specification of a chart; the key is all that it is drawn from."""
    return streamlit_private.vega_lite_spec(_themed(*pickle.loads(pickled)))


@contextmanager
def savable() -> Iterator[None]:
    """Collect the charts that are shown under a name, and draw a button to save them below the page."""
    charts: dict[str, tuple[Draw, str]] = {}
    token = _savable.set(charts)
    try:
        yield
    finally:
        _savable.reset(token)
    if charts:
        _draw_save_button(charts)


def _draw_save_button(charts: dict[str, tuple[Draw, str]]) -> None:
    style = _style()
    with st.popover("Save charts", icon=":material/download:", type="tertiary", key="save_charts"):
        for name, (draw, about) in charts.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(name, width="stretch")
                for extension, mime in MIMES.items():
                    st.download_button(
                        extension.upper(),
                        partial(_as_file, draw, extension, style, about),  # made only on download
                        f"{name.lower().replace(' ', '-')}.{extension}",
                        mime,
                        key=f"save_{extension}_{name.lower().replace(' ', '_')}",
                        help=f"Save “{name}” as {extension.upper()}",
                        on_click="ignore",
                        type="tertiary",
                    )


def _as_file(draw: Draw, extension: Literal["png", "svg"], style: "Style", title: str) -> bytes:
    from bst.presentation.charts.files import as_file

    return as_file(draw(), extension, style, title)


def _style() -> "Style":
    from bst.presentation.charts.files import Style

    theme = _theme()
    categorical, sequential = (
        st.get_option(f"theme.{theme}.chart{name}Colors") for name in ("Categorical", "Sequential")
    )
    return Style(*text_and_background(), tuple(categorical), tuple(sequential))
