"""Below the picture: the largest changes, and both lists side by side."""

from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from bst.inference.recommender import RankOptions, Recommender
from bst.text import percent
from bst.what_if import Comparison
from bst.what_if.comparison import Value
from pages.shared.state import explained, settings
from pages.shared.state.controlled import controlled
from pages.shared.widgets import ranked_list, why_link
from pages.shared.wording import say, say_labels

MAX_ROWS = 5
HOW_IT_WORKS = """**How this works**

- **A** is the visitor, as on every page. **B** is a copy to change: with one of the buttons on top, or directly in its
  editor.
- The lines then show which movies rise ▲ and which fall ▼, and the sentence on top says why.
- **Vary one setting** shows what the model expects at every value of one setting (a sensitivity sweep). **Find a
  change** searches for the smallest change that brings a movie where you want it (a counterfactual).
- Nothing about A changes until you keep B.
"""
BY: dict[Value, str] = {"like": "Liked some time", "rating": "Expected rating", "next": "Watched next"}


class _ChangeTable(NamedTuple):
    key: str
    title: str
    none: str
    rows: pd.DataFrame


def draw_changes(recommender: Recommender, comparison: Comparison) -> None:
    """Draw the movies that gain and lose most, of all that are in neither history; before a change, how it works."""
    if not comparison.edits:
        with st.container(border=True):
            st.markdown(say(HOW_IT_WORKS))
        return
    values = [value for value in BY if value in recommender.orders]
    by: Value = settings.get("compare_by") if settings.get("compare_by") in values else values[0]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(say("Which movies gain, which lose"), anchor=False, width="content")
        if len(values) > 1:
            st.segmented_control(
                "Change of",
                values,
                required=True,
                format_func=say_labels(lambda value: BY[value]),
                label_visibility="collapsed",
                **controlled("compare_by_choice", by, lambda chosen: settings.update(compare_by=chosen)),
            )
    st.caption(say("Of the whole catalogue, except the movies in either history."))
    for table in (
        _ChangeTable("gains", "▲ Gain most", say("No movie gains."), comparison.gains(by, MAX_ROWS)),
        _ChangeTable("losses", "▼ Lose most", say("No movie loses."), comparison.losses(by, MAX_ROWS)),
    ):
        st.markdown(f"**{table.title}**")
        if table.rows.empty:
            st.caption(table.none)
        else:
            _draw_change_table(table, by)


def _draw_change_table(table: _ChangeTable, by: Value) -> None:
    rows, as_text = table.rows, "{:.2f} ★".format if by == "rating" else percent
    change_text = as_text if by == "rating" else _points
    columns: dict[str, Any] = {
        "title": st.column_config.TextColumn(say("Movie")),
        "change": st.column_config.TextColumn("Change", width=104),
        "values": st.column_config.TextColumn("A → B", width=124),
        "why": why_link.column(f"why_{table.key}", rows["movie_id"].tolist(), _ask_about_copy),
    }
    st.dataframe(
        pd.DataFrame(
            {
                "title": rows["title"],
                "change": [f"{'▲' if change > 0 else '▼'} {change_text(abs(change))}" for change in rows["change"]],
                "values": [f"{as_text(a)} → {as_text(b)}" for a, b in zip(rows["a"], rows["b"], strict=True)],
                "why": why_link.CELL,
            }
        ),
        hide_index=True,
        height="content",
        column_config=columns,
        alt=say(f"{table.title[2:]}: movies by change of {BY[by].lower()} from A to B"),
    )


def _points(share: float) -> str:
    """Return a difference of probabilities, which is not a percentage of either."""
    return f"{percent(share).removesuffix('%')} points"


def draw_lists(recommender: Recommender, comparison: Comparison, options: RankOptions) -> None:
    """Draw both lists side by side, the second with its moves relative to the first."""
    a, b = comparison.a, comparison.b
    grid = st.grid(2, min_column_width=320)
    for name, title, visitor, rows, before, on_why in (
        ("a", "A: as they are", a, comparison.first, None, partial(explained.request, order=options.order)),
        (
            "b",
            "B: changed" if comparison.edits else "B: the same so far",
            b,
            comparison.second,
            a,
            partial(explained.request, slot="b", order=options.order),
        ),
    ):
        with grid.cell():
            st.header(title, anchor=False)
            if rows:
                view, key = settings.get("list_view"), f"what_if_list_{name}"
                ranked_list.render(recommender, visitor, rows, options, before, on_why, key, view)
            else:
                st.caption(say("No movie is left: none passes the filters, or all have been seen."))


def _ask_about_copy(movie_id: int) -> None:
    explained.request(movie_id, "b")
