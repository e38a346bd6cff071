"""Below the picture: the largest changes, and both lists side by side."""

import pandas as pd
import streamlit as st

from bst.inference.recommender import RankOptions, Recommender
from bst.text import percent
from bst.what_if import Comparison
from pages.shared.state import explained, settings
from pages.shared.widgets import ranked_list, why_link

MOST = 5
HOW_IT_WORKS = """**How this works**

- **A** is the visitor, as on every page. **B** is a copy to change: with one of the buttons on top, or by hand in its
  editor.
- The lines then show which movies rise ▲ and which fall ▼, and the sentence on top says why.
- **Turn a knob** shows what the model expects at every setting of one thing. **Find a change** searches for the
  smallest change that brings a movie where you want it.
- Nothing about A changes until you keep B.
"""
BY = {"rating": "Expected rating", "next": "Watched next"}


def draw_changes(recommender: Recommender, made: Comparison) -> None:
    """Draw the movies that gain and lose most, of all that are in neither history; before a change, how it works."""
    if not made.edits:
        with st.container(border=True):
            st.markdown(HOW_IT_WORKS)
        return
    by = "rating"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("What gains, what loses", anchor=False, width="content")
        if "next" in recommender.orders:
            by = st.segmented_control(
                "Change of",
                list(BY),
                required=True,
                format_func=BY.get,
                key=settings.key("compare_by"),
                persist_state="session",
                label_visibility="collapsed",
            )
    st.caption("Of the whole catalogue, without what is in a history.")
    for title, way, rows in (
        ("▲ Gain most", "gains", made.gains(by, MOST)),
        ("▼ Lose most", "losses", made.losses(by, MOST)),
    ):
        st.markdown(f"**{title}**")
        _draw_change_table(rows, by, way, f"{title[2:]}: movies by change of {BY[by].lower()} from A to B")


def _draw_change_table(rows: pd.DataFrame, by: str, way: str, words: str) -> None:
    if rows.empty:
        st.caption("None does.")
        return
    number = (lambda value: f"{value:.2f} ★") if by == "rating" else percent
    st.dataframe(
        pd.DataFrame(
            {
                "title": rows["title"],
                "change": [f"{'▲' if value > 0 else '▼'} {number(abs(value))}" for value in rows["change"]],
                "values": [f"{number(a)} → {number(b)}" for a, b in zip(rows["a"], rows["b"], strict=True)],
                "why": why_link.CELL,
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            "title": st.column_config.TextColumn("Movie"),
            "change": st.column_config.TextColumn("Change", width=80),
            "values": st.column_config.TextColumn("A → B", width=124),
            "why": why_link.column(f"why_{way}", rows["movie_id"].tolist(), _ask_of_copy),
        },
        alt=words,
    )


def draw_lists(recommender: Recommender, made: Comparison, options: RankOptions) -> None:
    """Draw both lists side by side, the second with its moves against the first."""
    grid = st.grid(2, min_column_width=320)
    for name, words, visitor, rows, before, on_why in (
        ("a", "A: as they are", made.a, made.first, None, explained.request),
        ("b", "B: changed" if made.edits else "B: the same so far", made.b, made.second, made.a, _ask_of_copy),
    ):
        with grid.cell():
            st.header(words, anchor=False)
            if rows:
                ranked_list.render(recommender, visitor, rows, options, before, on_why, key=f"what_if_list_{name}")
            else:
                st.caption("No movie is left: the filters let none pass, or all are seen.")


def _ask_of_copy(movie_id: int) -> None:
    explained.request(movie_id, "b")
