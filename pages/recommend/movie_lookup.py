"""Look up one movie, seen or not: what the model expects of it."""

import numpy as np
import pandas as pd
import streamlit as st

from bst.inference.recommender import Recommendation, Recommender
from bst.metrics import LIKED, probability_liked
from bst.text import percent
from pages.shared import part_runs
from pages.shared.format import escape_markdown, odds
from pages.shared.state import explained, settings, visitor_state
from pages.shared.widgets import chart_view, why_link


def render(recommender: Recommender) -> None:
    """Draw the search, and the predictions for the chosen movie."""
    with st.container(border=True):
        st.header("What about another movie?", anchor=False)
        titles = recommender.catalogue.titles
        movie_id = st.selectbox(
            "Any movie",
            list(titles),
            index=None,
            format_func=titles.__getitem__,
            placeholder=f"Search {len(titles):,} movies …",
            key=settings.key("any_movie"),
            persist_state="session",
            label_visibility="collapsed",
        )
        _draw_answer(recommender, movie_id)


@st.fragment(key=part_runs.key("lookup", "a"))
def _draw_answer(recommender: Recommender, movie_id: int | None) -> None:
    why_link.follow()
    if movie_id is None:
        st.caption("Choose any movie, seen or not, to see the rating that the model expects.")
        return
    row = recommender.recommendation(visitor_state.current(), movie_id)
    _draw_prediction(row, recommender.bundle.levels)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        seen = ", already seen" if row.seen else ""
        rank = f"Rank **{row.rank:,}** of {len(recommender.catalogue):,} by expected rating{seen}."
        st.markdown(f"{rank}  \n{escape_markdown(row.genres.replace('|', ', '))}", width="content")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            st.button("Why?", key="why_any", icon=":material/visibility:", on_click=explained.request, args=(movie_id,))
            st.button(
                "Seen",
                key="seen_any",
                icon=":material/done:",
                help="They have seen it already, so do not recommend it. It counts as seen without a rating.",
                disabled=row.seen,
                on_click=part_runs.then_run_all(visitor_state.mark_seen),
                args=(movie_id,),
            )


def _draw_prediction(row: Recommendation, levels: tuple[float, ...]) -> None:
    with st.container(horizontal=True):
        st.metric("Expected rating", f"{row.expected_rating:.2f} ★", width="content")
        if row.distribution is not None:
            liked = float(probability_liked(np.asarray(row.distribution), levels))
            st.metric(f"{LIKED:g} ★ or more", f"{liked:.0%}", width="content")
        if row.will_like is not None:
            st.metric(
                "Likes it some time",
                "seen" if row.seen else percent(row.will_like),
                help=f"How likely they are to watch it some time and give it {LIKED:g} ★ or more.",
                width="content",
            )
        if row.watch_next is not None:
            st.metric(
                "Watched next",
                "seen" if row.seen else percent(row.watch_next),
                help="How likely this is the next movie that they rate, among all that they have not seen.",
                width="content",
            )
    if row.distribution is not None:
        from bst.presentation import charts  # slow to import, and most visitors look up no movie

        chart = pd.DataFrame({"level": levels, "probability": row.distribution})
        chart_view.show(
            charts.rating_distribution(chart),
            f"How likely each rating of {row.title} is: "
            + ", ".join(f"{level:g} stars {p:.0%}" for level, p in zip(levels, row.distribution, strict=True)),
        )
    if row.watch_next is not None and not row.seen:
        like = (
            "" if row.will_like is None else f" The chance that they ever watch and like it: **{odds(row.will_like)}**."
        )
        st.markdown(f"The chance that they watch it next: **{odds(row.watch_next)}**.{like}")
