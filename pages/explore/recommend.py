"""Recommend: say who is watching and what they watched; see what the model expects them to like."""

import pandas as pd
import streamlit as st

from bst import charts
from bst.recommender import LIKED, Filters, Recommendation, Recommender
from bst.recommender import ORDERS as RECOMMENDER_ORDERS
from bst.schema import GENRES, Visitor
from pages.shared import figures, models, visitor_editor, visitor_state
from pages.shared.text import count, decimals, literal, odds, percent, stars

LENGTHS = (10, 25, 50, 100)
# what a list can be ordered by: the word on the control, and what it means
ORDERS = {
    "rating": ("By rating", "What they would give the most stars, however likely they are to come across it."),
    "next": ("Likely next", "What they are most likely to pick next, whether they would like it or not."),
    "blend": ("Both", "Likely next and liked: the chance to be next times that of 4 ★ or more."),
}
NEXT_MEANS = "“Next” means rated next: MovieLens knows when a rating was entered, not when a film was watched."
WHY = "pages/explain/why.py"


def draw() -> None:
    """Draw the page: the sentence, then the editor beside the list."""
    models.need_ratings()
    bundle = models.chosen()
    visitor = visitor_state.current()
    recommender = models.loaded_recommender()
    headline = st.container()
    st.caption("Change anything about the visitor: the list follows at once.")
    # one below the other where there is no room for both: a row of the history needs the width
    grid = st.grid(2, min_column_width=380)
    with grid.cell():
        visitor_editor.draw(models.catalogue(bundle.dataset), bundle.levels, bundle.config.horizon)
    with grid.cell():
        if recommender is None:
            with headline:
                st.title("What would they like to watch?", anchor=False)
            st.subheader("What they would like", anchor=False)
            models.load_recommender()
        order = _draw_list(recommender, visitor)
        _draw_any_movie(recommender, visitor)
    with headline:
        st.title(_sentence(visitor, recommender, order), anchor=False)


def _sentence(visitor: Visitor, recommender: Recommender, order: str) -> str:
    unseen = recommender.rank(visitor, k=1, order=order)
    if not unseen:
        return "This visitor has seen everything there is."
    best = unseen[0]
    events = len(visitor.history)
    start = f"After {count(events, 'movie')}" if events else "Knowing none of their movies"
    title, rating = literal(best.title), stars(round(best.expected_rating, 1))
    if order == "rating":
        verb = "love" if best.expected_rating >= 4.25 else "like" if best.expected_rating >= 3.5 else "mind least"
        return f"{start}, the model expects this visitor to {verb} {title}: {rating}"
    chance = percent(best.watch_next)
    if order == "next":
        return f"{start}, this visitor most likely watches {title} next ({chance}), and the model expects {rating}"
    return f"{start}, the best bet is {title}: {chance} likely to be watched next, with {rating} expected"


def _draw_list(recommender: Recommender, visitor: Visitor) -> str:
    """Draw the list with its controls, and return its order."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("What they would like", anchor=False, width="content")
        filters, length = _draw_filters(recommender)
    order = _draw_order(recommender)
    rows = recommender.rank(visitor, length, filters, order)
    if rows:
        _draw_table(rows, order, recommender)
    else:
        st.info("No movie passes these filters. Choose more genres or a wider range of years.", icon=":material/info:")
    return order


def _draw_order(recommender: Recommender) -> str:
    if len(recommender.orders) == 1:
        return recommender.orders[0]
    order = st.segmented_control(
        "Order",
        recommender.orders,
        default=recommender.orders[0],
        required=True,
        format_func=lambda order: ORDERS[order][0],
        key="order",
        persist_state="session",
        label_visibility="collapsed",
    )
    st.caption(ORDERS[order][1])
    return order


def _draw_table(rows: list[Recommendation], order: str, recommender: Recommender) -> None:
    columns = {
        "rank": ([row.rank for row in rows], st.column_config.NumberColumn("#", width=34, pinned=True)),
        "title": (
            [f"{row.title}  · seen" if row.seen else row.title for row in rows],
            st.column_config.TextColumn("Movie", width=178, pinned=True),
        ),
        "expected": (
            [row.expected_rating for row in rows],
            st.column_config.NumberColumn(
                "Rating",
                format="%.2f ★",
                width=66,
                help="The rating, in stars, that the model expects this visitor to give.",
            ),
        ),
        # beside the number that it asks about, and in sight on a phone
        "why": (
            ["Why?"] * len(rows),
            st.column_config.ButtonColumn(
                "Why", key="why_clicked", on_click=_ask_why, args=([row.movie_id for row in rows],), width=58
            ),
        ),
    }
    if rows[0].distribution is not None:
        low, high = recommender.bundle.levels[0], recommender.bundle.levels[-1]
        columns["distribution"] = (
            [list(row.distribution) for row in rows],
            st.column_config.BarChartColumn(
                "Stars",
                y_min=0,
                y_max=0.8,
                width=64,
                help=f"How likely each rating is, from {low:g} ★ on the left to {high:g} ★ on the right.",
            ),
        )
    if rows[0].watch_next is not None:
        # of the whole catalogue, so that a filter does not stretch the bars
        top = float(recommender.predict(visitor_state.current()).watch_next.max())
        columns["next"] = (
            [100 * row.watch_next for row in rows],
            st.column_config.ProgressColumn(
                "Next",
                format=f"%.{decimals(top)}f%%",
                min_value=0,
                max_value=max(100 * top, 1e-9),
                width=82,
                help="How likely this is the next movie that they rate. A full bar is the likeliest movie of all.",
            ),
        )
        if order != "rating":  # what the list is ordered by stands beside the title
            names = ["rank", "title", "next", "why", "expected", "distribution"]
            columns = {name: columns[name] for name in names}
    st.dataframe(
        pd.DataFrame({name: values for name, (values, _) in columns.items()}),
        hide_index=True,
        height="content",
        column_config={name: config for name, (_, config) in columns.items()},
        alt=f"Movies for this visitor, by {RECOMMENDER_ORDERS[order]}, best first",
    )
    if "next" in columns:
        st.caption(NEXT_MEANS)


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
        row = recommender.one(visitor, movie_id)
        _draw_prediction(row, recommender)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            place = (
                f"Place **{row.rank:,}** of {len(movies):,} by expected rating{', already seen' if row.seen else ''}."
            )
            st.markdown(f"{place}  \n{literal(row.genres.replace('|', ', '))}", width="content")
            if st.button("Why?", key="why_any", icon=":material/visibility:"):
                visitor_state.ask_about(movie_id)
                st.switch_page(WHY, query_params={})


def _draw_prediction(row: Recommendation, recommender: Recommender) -> None:
    levels = recommender.bundle.levels
    with st.container(horizontal=True):
        st.metric("Expected rating", f"{row.expected_rating:.2f} ★", width="content")
        if row.distribution is not None:
            liked = sum(p for level, p in zip(levels, row.distribution, strict=True) if level >= LIKED)
            st.metric(f"{LIKED:g} ★ or more", f"{liked:.0%}", width="content")
        if row.watch_next is not None:
            st.metric(
                "Watched next",
                "seen" if row.seen else percent(row.watch_next),
                help="How likely this is the next movie that they rate, among all that they have not seen.",
                width="content",
            )
    if row.distribution is not None:
        chart = pd.DataFrame({"level": levels, "probability": row.distribution})
        figures.show(
            charts.star_bars(chart),
            f"How likely each rating of {row.title} is: "
            + ", ".join(f"{level:g} stars {p:.0%}" for level, p in zip(levels, row.distribution, strict=True)),
        )
    if row.watch_next is not None and not row.seen:
        st.markdown(f"The chance that they watch it next: **{odds(row.watch_next)}**.")


if st.session_state.pop("go_to_why", False):
    st.switch_page(WHY, query_params={})
draw()
