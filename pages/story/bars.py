"""Few large bars, to be read from the back of a room: what moves a prediction, or how models compare."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.stories.telling import Bar
from pages.shared.widgets import posters

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "story_bars",
    html='<ol class="bars"></ol>\n',
    css=posters.CSS + _HERE.with_suffix(".css").read_text("utf-8"),
    js=posters.JS + _HERE.with_suffix(".js").read_text("utf-8"),
)


def render(catalogue: Catalogue, bars: Sequence[Bar], signed: bool, label: str) -> None:
    """Draw bars from a zero line to both sides or, unless ``signed``, from the left. ``label``: what they show."""
    values = [abs(value) for bar in bars for value in (bar.value, bar.old_value) if value is not None]
    longest = max(values, default=0.0) or 1.0
    _COMPONENT(
        key="story_bars",
        data={
            "signed": signed,
            "label": label,
            "bars": [
                {
                    "label": bar.label,
                    "text": bar.text,
                    "share": bar.value / longest,
                    "old_text": bar.old_text,
                    "old_share": None if bar.old_value is None else bar.old_value / longest,
                    "marked": bar.marked,
                    "poster": None if bar.movie_id is None else posters.data(catalogue, bar.movie_id),
                }
                for bar in bars
            ],
        },
    )
