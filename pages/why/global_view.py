"""What the model looks at in general, over many visitors; and its own map of the movies."""

import pandas as pd
import streamlit as st

from bst.explanation.embedding_map import EmbeddingMap, nearest
from bst.explanation.insight_record import Insights
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.presentation.charts import OTHER, Panel
from bst.schema import GENRES, genre_matrix
from pages.shared.format import escape_markdown, stars
from pages.shared.state import explained, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view, why_link
from pages.why import known_insights
from pages.why.controls import Whose

MOST_MOVIES, NEIGHBOURS = 10, 10
NO_GENRE = "All genres"


def render(recommender: Recommender, who: Whose, told: Explanation) -> None:
    """Draw the map and the nearest movies, then genres and movies over the sample."""
    insights = known_insights.insights(recommender)
    st.header("The model's map of the movies", anchor=False)
    if insights:
        _draw_map(recommender, who, told, insights.map)
    else:
        known_insights.draw_missing(recommender, "its map, and what it looks at in general,")
    grid = st.grid(2, min_column_width=320, gap="medium")
    with grid.cell():
        _draw_nearest(recommender, told)
    if insights:
        with grid.cell():
            _draw_movies(recommender, insights)
        _draw_genres(insights)


# ---- the map


def _draw_map(recommender: Recommender, who: Whose, told: Explanation, placed: EmbeddingMap) -> None:
    titles = recommender.catalogue.titles
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        searched = st.selectbox(
            "Find a movie on the map",
            titles,
            index=None,
            format_func=titles.get,
            placeholder=f"Search {len(titles):,} movies …",
            key=f"why_map_movie_{recommender.bundle.dataset}",
        )
        genre = st.selectbox("Show", [NO_GENRE, *GENRES], key="why_map_genre", width=180)
    everything = cached("map", model_key(recommender), lambda: _points(recommender, placed))
    points = _marked(recommender, everything, who, told, searched, genre)
    answer = st.container(key="answer_map")  # above the map, where it is in sight
    chosen = chart_view.show(
        charts.movie_map(points, *chart_view.text_and_background()),
        f"Map of {len(points):,} movies; marked: " + (", ".join(points.loc[points["mark"] != "", "title"]) or "none"),
        name="Map of the movies",
        key=f"why_map_{recommender.bundle.name}",
        select=True,
        about=f"{recommender.bundle.title}: movies that the model treats as similar lie close together",
    )
    picked = chosen.selection.get("movie") or []
    with answer:
        _draw_picked(recommender, who, int(picked[0]["movie_id"]) if picked else searched)
    st.caption(
        "Movies that the model treats as similar lie close together; the directions mean nothing. Colour and shape "
        "tell the genre, of several the rarest. Circled: the history, the movie explained, and what you searched for."
    )


def _points(recommender: Recommender, placed: EmbeddingMap) -> pd.DataFrame:
    """Return every movie with its place on the map and one genre: of several the one that the fewest movies have."""
    movies, flags = recommender.catalogue.movies, genre_matrix(recommender.catalogue.movies)
    rarest = (flags * (1 / flags.sum(axis=0).clip(min=1))).argmax(axis=1)
    genre = [GENRES[at] if some else OTHER for at, some in zip(rarest, flags.any(axis=1), strict=True)]
    return pd.DataFrame(
        {
            "x": placed.x,
            "y": placed.y,
            "movie_id": movies["movie_id"].to_numpy(),
            "title": movies["title"].to_numpy(),
            "genres": movies["genres"].str.replace("|", ", ", regex=False).to_numpy(),
            "genre": genre,
        }
    )


def _marked(
    recommender: Recommender, points: pd.DataFrame, who: Whose, told: Explanation, searched: int | None, genre: str
) -> pd.DataFrame:
    """Add what is marked, and what is faint: all but one genre, or all that nobody asked about."""
    newest = who.visitor.history[: -MOST_MOVIES - 1 : -1]
    marks = {told.movie_id: "the movie explained"}
    if searched is not None:
        marks[searched] = "what you searched for"
    marks |= {e.movie_id: f"rated {stars(e.rating)}" for e in newest if e.movie_id not in marks}
    first = {movie_id: place for place, movie_id in enumerate(marks)}
    ids = points["movie_id"]
    points = points.assign(mark=ids.map(marks).fillna(""), first=ids.map(first).fillna(len(first)))
    if genre == NO_GENRE:
        return points.assign(faint=False)
    has = points["genres"].str.split(", ").map(lambda genres: genre in genres)
    # the legend tells the genre that was asked for
    return points.assign(faint=~has, genre=points["genre"].where(~has, genre))


def _draw_picked(recommender: Recommender, who: Whose, movie_id: int | None) -> None:
    if movie_id is None or movie_id not in recommender.catalogue:
        st.caption(":material/touch_app: Click a movie to explain it or to add it to the history.")
        return
    title = recommender.catalogue.title(movie_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{escape_markdown(title)}**", width="content")
        st.button(
            "Explain it",
            key="why_map_explain",
            icon=":material/visibility:",
            on_click=explained.set_movie,
            args=(movie_id,),
        )
        if who.slot == "guest":
            return
        watched = movie_id in who.visitor.ratings
        st.button(
            "In the history already" if watched else f"Add with {stars(visitor_state.NEW_RATING)}",
            key="why_map_add",
            icon=":material/add:",
            disabled=watched,
            help=escape_markdown(
                f"Add {title} as the newest movie of the history; its rating can be changed on Recommend"
            ),
            on_click=visitor_state.add,
            args=(movie_id, who.slot),
        )


# ---- lists


def _draw_nearest(recommender: Recommender, told: Explanation) -> None:
    title = recommender.catalogue.title
    st.header(escape_markdown(f"Nearest to {title(told.movie_id)}"), anchor=False)
    found = nearest(recommender, told.movie_id, NEIGHBOURS)
    rows = [(title(movie_id), cosine) for movie_id, cosine in found]
    _draw_table(
        pd.DataFrame(rows, columns=["title", "value"]),
        [movie_id for movie_id, _ in found],
        st.column_config.ProgressColumn("Similarity", format="%.2f", min_value=0.0, max_value=1.0, width=90),
        "why_nearest",
        "Movies nearest to it in what the model has learnt, with the cosine",
    )
    st.caption("By what the model has learnt of each movie: 1 is the same, 0 has nothing in common.")


def _draw_table(rows: pd.DataFrame, movie_ids: list[int], value, name: str, words: str) -> None:
    st.dataframe(
        rows.assign(why=why_link.CELL)[["why", "title", "value"]],  # in sight however long the titles are
        hide_index=True,
        height="content",
        column_config={
            "title": st.column_config.TextColumn("Movie", width=260),
            "value": value,
            "why": why_link.column(name, movie_ids),
        },
        alt=words,
    )


def _draw_movies(recommender: Recommender, insights: Insights) -> None:
    st.header("Movies that matter most, over many visitors", anchor=False)
    by = st.segmented_control(
        "By",
        ["influence", "attention"],
        required=True,
        format_func={"influence": "That move ratings most", "attention": "That it looks at most"}.get,
        key="why_general_by",
        default="influence",
        label_visibility="collapsed",
    )
    insight = insights.movies.influence if by == "influence" else insights.movies.attention
    moved = [row for row in insight if row.movie_id in recommender.catalogue][:MOST_MOVIES]
    rows = [(recommender.catalogue.title(row.movie_id), row.value) for row in moved]
    _draw_table(
        pd.DataFrame(rows, columns=["title", "value"]),
        [row.movie_id for row in moved],
        st.column_config.NumberColumn("× average", format="%.1f", width=90),
        f"why_most_{by}",
        "Movies that matter most, against an average movie of the same history",
    )
    st.caption(escape_markdown(f"1 is as much as an average movie of the same history. {insights.sample.description}"))


def _draw_genres(insights: Insights) -> None:
    st.header("Genres", anchor=False)
    genres = pd.DataFrame(insights.genres)
    if genres.empty:
        st.caption("No genre was watched often enough to tell.")
        return
    rows = pd.DataFrame({"label": genres["genre"]})
    for name in ("influence", "attention"):
        # against an average movie: what it has more, or less
        rows[name] = genres[name] - 1
        rows[f"{name}_text"] = [f"{'▲' if value >= 1 else '▼'} ×{value:.2f}" for value in genres[name]]
    rows = rows.sort_values("influence", ascending=False)
    chart_view.show(
        charts.bar_panels(
            rows,
            [Panel("influence", "Moves ratings"), Panel("attention", "Looked at")],
            chart_view.text_and_background()[0],
        ),
        "Genres against an average movie: "
        + "; ".join(f"{g.genre} moves ×{g.influence:.2f}, looked at ×{g.attention:.2f}" for g in genres.itertuples()),
        name="Genres",
        about="Genres against an average movie of the same history",
    )
    st.caption(
        "Against an average movie of the same history (×1): how much such movies move ratings and are looked at."
    )
