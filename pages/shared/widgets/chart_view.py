"""Charts on a page: in the colours of the theme, with words for those who do not see them, and as files to keep."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import altair as alt
import streamlit as st

from bst.presentation.charts.files import Style, as_file

MIMES = {"png": "image/png", "svg": "image/svg+xml"}


def text_and_background() -> tuple[str, str]:
    """Return the colours of text and of what it stands on, as the theme has them now."""
    theme = _theme()
    return st.get_option(f"theme.{theme}.textColor"), st.get_option(f"theme.{theme}.backgroundColor")


def _theme() -> str:
    return "dark" if st.context.theme.type == "dark" else "light"


def show(
    chart: alt.TopLevelMixin | dict,
    words: str,
    name: str = "",
    key: str | None = None,
    select: bool = False,
    about: str = "",
):
    """Show a chart, or a specification of ``charts.template``. ``words`` say what it shows, for a screen reader.

    ``name``: what it is called where charts can be saved (see ``savable``), ``about`` stands above it then. With
    ``select``, which needs a ``key``, a click in it runs the page again, and what is selected is returned.
    """
    # the theme colours axes and marks, but leaves text inside a chart black
    ink = text_and_background()[0]
    if isinstance(chart, dict):
        drawn = {**chart, "config": {**chart.get("config", {}), "text": {"color": ink}}}
    else:
        drawn = chart.configure_text(color=ink)
    if name and "savable" in st.session_state:
        st.session_state["savable"][name] = (drawn, about or words)
    how = {"alt": words, "key": key, "on_select": "rerun" if select else "ignore"}
    return st.vega_lite_chart(drawn, **how) if isinstance(drawn, dict) else st.altair_chart(drawn, **how)


@contextmanager
def savable() -> Iterator[None]:
    """Draw, below a page, a button to save the charts that were shown under a name."""
    st.session_state["savable"] = {}
    try:
        yield
        charts = st.session_state["savable"]
    finally:
        del st.session_state["savable"]
    if charts:
        _draw_saver(charts)


def _draw_saver(charts: dict[str, tuple[alt.TopLevelMixin | dict, str]]) -> None:
    style = _style()
    with st.popover("Save charts", icon=":material/download:", type="tertiary", key="save_charts"):
        for name, (chart, about) in charts.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(name, width="stretch")
                for kind, mime in MIMES.items():
                    st.download_button(
                        kind.upper(),
                        partial(as_file, chart, kind, style, about),  # drawn when it is asked for
                        f"{name.lower().replace(' ', '-')}.{kind}",
                        mime,
                        key=f"save_{kind}_{name.lower().replace(' ', '_')}",
                        help=f"Save “{name}” as {kind.upper()}",
                        on_click="ignore",
                        type="tertiary",
                    )


def _style() -> Style:
    ink, paper = text_and_background()
    theme = _theme()
    kinds, strength = (st.get_option(f"theme.{theme}.chart{name}Colors") for name in ("Categorical", "Sequential"))
    return Style(ink, paper, tuple(kinds), tuple(strength))
