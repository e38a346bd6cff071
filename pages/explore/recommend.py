"""Recommend: say who is watching and what they watched; see what the model expects them to like."""

import pandas as pd
import streamlit as st

from bst.recommender import Filters, Recommender
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
    st.title(_sentence(visitor, recommender) if recommender else "What would they like to watch?", anchor=False)
    st.caption("Change anything about the visitor: the list follows at once.")
    # one below the other where there is no room for both: a row of the history needs the width
    grid = st.grid(2, min_column_width=380, gap="medium")
    with grid.cell():
        visitor_editor.draw(models.catalogue(bundle.dataset), bundle.levels, bundle.config.window - 1)
    with grid.cell():
        if recommender is None:
            st.subheader("What they would like", anchor=False)
            models.load_recommender()
        else:
            _draw_list(recommender, visitor)
            _draw_any_movie(recommender, visitor)


def _sentence(visitor: Visitor, recommender: Recommender) -> str:
    unseen = recommender.rank(visitor, k=1)
    if not unseen:
        return "This visitor has seen everything there is."
    best = unseen[0]
    verb = "love" if best.expected_rating >= 4.25 else "like" if best.expected_rating >= 3.5 else "mind least"
    events = len(visitor.history)
    start = f"After {count(events, 'movie')}" if events else "Knowing none of their movies"
    title, rating = literal(best.title), stars(round(best.expected_rating, 1))
    return f"{start}, the model expects this visitor to {verb} {title}: {rating}"


def _draw_list(recommender: Recommender, visitor: Visitor) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
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
            # beside the rating that it asks about, and in sight on a phone
            "why": ["Why?"] * len(rows),
            "title": [f"{row.title}  · seen" if row.seen else row.title for row in rows],
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
            "why": st.column_config.ButtonColumn(
                "Why", key="why_clicked", on_click=_ask_why, args=([row.movie_id for row in rows],), width=65
            ),
            "title": st.column_config.TextColumn("Movie"),
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
    visitor_state.ask_about(movie_ids[st.session_state["why_clicked"].row])
    st.session_state["go_to_why"] = True


def _draw_any_movie(recommender: Recommender, visitor: Visitor) -> None:
    with st.container(border=True):
        st.subheader("What about another movie?", anchor=False)
        movies = recommender.catalogue.movies.set_index("movie_id")
        movie_id = st.selectbox(
            "Any movie",
            movies.index.tolist(),
            index=None,
            format_func=movies["title"].to_dict().get,
            placeholder=f"Search {len(movies):,} movies …",
            key=f"any_movie_{recommender.bundle.dataset}",
            persist_state="session",
            label_visibility="collapsed",
        )
        if movie_id is None:
            st.caption("Choose any movie, seen or not, to read the rating that the model expects.")
            return
        expected = recommender.expected_ratings(visitor, [movie_id])[0]
        place, seen = recommender.place(visitor, movie_id), movie_id in {e.movie_id for e in visitor.history}
        with st.container(horizontal=True, vertical_alignment="center"):
            st.metric("Expected rating", f"{expected:.2f} ★", width="content")
            st.markdown(
                f"Place **{place:,}** of {len(movies):,} for this visitor{', already seen' if seen else ''}.  \n"
                f"{literal(movies.loc[movie_id, 'genres'].replace('|', ', '))}",
                width="stretch",
            )
            if st.button("Why?", key="why_any", icon=":material/visibility:"):
                visitor_state.ask_about(movie_id)
                st.switch_page(WHY, query_params={})


if st.session_state.pop("go_to_why", False):
    st.switch_page(WHY, query_params={})
draw()
