"""Charts on a page: in the colours of the theme, and with words for those who do not see them."""

import altair as alt
import streamlit as st

_LIGHT, _DARK = ("#16211f", "#ffffff"), ("#e6efed", "#101716")


def ink_and_paper() -> tuple[str, str]:
    """Return the colours of text and of what it stands on, as the theme has them now."""
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def show(chart: alt.LayerChart, words: str) -> None:
    """Show a chart. ``words`` say what it shows, for a screen reader."""
    # the theme colours axes and marks, but leaves text inside a chart black
    st.altair_chart(chart.configure_text(color=ink_and_paper()[0]), alt=words)
