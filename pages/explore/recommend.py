"""Recommend: say who is watching and what they watched; see what the model expects them to like."""

import pandas as pd
import streamlit as st

from bst.recommender import Filters, Recommendation, Recommender
from bst.schema import GENRES, Visitor
from pages.shared import models, visitor_editor, visitor_state
from pages.shared.text import count, literal, stars

LENGTHS = (10, 25, 50, 100)
WHY = "pages/explain/why.py"


def draw() -> None:
    """Draw the page: the sentence, then the editor beside the list."""
    bundle = models.chosen()
    visitor = visitor_state.current()
    recommender = models.loaded_recommender()
    everything = recommender.rank(visitor, k=None, filters=Filters(include_seen=True)) if recommender else None

    st.title(_sentence(visitor, everything) if everything else "What would they like to watch?", anchor=False)
    st.caption("Change anything about the visitor: the list follows at once.")
    editor, results = st.columns([6, 7], gap="medium")
    with editor:
        visitor_editor.draw(models.catalogue(bundle.dataset), bundle.levels, bundle.config.window - 1)
    with results:
        if recommender is None:
            st.subheader("What they would like", anchor=False)
            models.load_recommender()
        else:
            _draw_list(recommender, visitor)
            _draw_any_movie(recommender, everything)


def _sentence(visitor: Visitor, everything: list[Recommendation]) -> str:
    best = next((row for row in everything if not row.seen), None)
    if best is None:
        return "This visitor has seen everything there is."
    verb = "love" if best.expected_rating >= 4.25 else "like" if best.expected_rating >= 3.5 else "mind least"
    events = len(visitor.history)
    start = f"After {count(events, 'movie')}" if events else "Knowing none of their movies"
    title, rating = literal(best.title), stars(round(best.expected_rating, 1))
    return f"{start}, the model expects this visitor to {verb} {title}: {rating}"


def _draw_list(recommender: Recommender, visitor: Visitor) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader("What they would like", anchor=False, width="content")
        filters, length = _draw_filters(recommender)
    rows = recommender.rank(visitor, length, filters)
    if not rows:
        st.info("No movie passes these filters. Choose more genres or a wider range of years.", icon=":material/info:")
        return
    table = pd.DataFrame(
        {
            "rank": [row.rank for row in rows],
            "expected": [row.expected_rating for row in rows],
            "title": [f"{row.title}  · seen" if row.seen else row.title for row in rows],
            "why": ["Why?"] * len(rows),
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "rank": st.column_config.NumberColumn("#", width=40),
            "expected": st.column_config.NumberColumn(
                "Expected",
                format="%.2f ★",
                width=75,
                help="The rating, in stars, that the model expects this visitor to give.",
            ),
            "title": st.column_config.TextColumn("Movie"),
            "why": st.column_config.ButtonColumn(
                "Why", key="why_clicked", on_click=_ask_why, args=([row.movie_id for row in rows],), width=65
            ),
        },
        alt="Movies that this visitor has not seen, by expected rating, best first",
    )


def _draw_filters(recommender: Recommender) -> tuple[Filters, int]:
    years = recommender.catalogue.movies["year"].dropna()
    first, last = int(years.min()), int(years.max())
    with st.popover("Filters", icon=":material/tune:"):
        genres = st.multiselect(
            "Genres", GENRES, key="filter_genres", persist_state="session", placeholder="All genres"
        )
        # the range belongs to the catalogue: another one has other years
        span = st.slider(
            "Years", first, last, (first, last), key=f"filter_years_{first}_{last}", persist_state="session"
        )
        seen = st.toggle("Also movies they have seen", key="filter_seen", persist_state="session")
        length = st.segmented_control(
            "How many", LENGTHS, default=LENGTHS[0], required=True, key="length", persist_state="session"
        )
    chosen_years = None if span == (first, last) else (int(span[0]), int(span[1]))
    return Filters(tuple(genres), chosen_years, seen), length


def _ask_why(movie_ids: list[int]) -> None:
    st.session_state["why_movie"] = movie_ids[st.session_state["why_clicked"].row]
    st.session_state["go_to_why"] = True


def _draw_any_movie(recommender: Recommender, everything: list[Recommendation]) -> None:
    with st.container(border=True):
        st.subheader("What about another movie?", anchor=False)
        rows = {row.movie_id: row for row in everything}
        titles = recommender.catalogue.movies["movie_id"].tolist()
        movie_id = st.selectbox(
            "Any movie",
            titles,
            index=None,
            format_func=lambda movie_id: rows[movie_id].title,
            placeholder=f"Search {len(titles):,} movies …",
            key=f"any_movie_{recommender.bundle.dataset}",
            persist_state="session",
            label_visibility="collapsed",
        )
        if movie_id is None:
            st.caption("Choose any movie, seen or not, to read the rating that the model expects.")
            return
        row = rows[movie_id]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.metric("Expected rating", f"{row.expected_rating:.2f} ★", width="content")
            genres = literal(row.genres.replace("|", ", "))
            st.markdown(
                f"Place **{row.rank:,}** of {len(everything):,} for this visitor{', already seen' if row.seen else ''}."
                f"  \n{genres}",
                width="stretch",
            )
            if st.button("Why?", key="why_any", icon=":material/visibility:"):
                st.session_state["why_movie"] = movie_id
                st.switch_page(WHY, query_params={})


if st.session_state.pop("go_to_why", False):
    st.switch_page(WHY, query_params={})
draw()
