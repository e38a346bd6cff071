"""What the model looks at in general, over many visitors; and its own map of the movies."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from bst.explanation.embedding_map import EmbeddingMap, nearest
from bst.explanation.insight_record import By, Insights
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.presentation.charts import OTHER, Panel
from bst.presentation.charts.movie_map import MOST_TAGS
from bst.schema import genre_matrix
from pages.shared.format import escape_markdown, stars
from pages.shared.state import chosen_model, explained, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view, movie_box, why_link
from pages.shared.wording import is_about_movies, say
from pages.why import known_insights
from pages.why.controls import Subject

TITLE = "What it looks at in general"
MAX_MARKED, MAX_MOVIES, NEIGHBOURS = 10, 10, 10
ALL_GENRES = "All genres"
BY: dict[By, str] = {"influence": "That move ratings most", "attention": "That it looks at most"}


def render(recommender: Recommender, subject: Subject, explanation: Explanation) -> None:
    """Draw the map and the nearest movies, then genres and movies over the sample."""
    insights = known_insights.insights(recommender)
    st.header(say("The model’s map of the movies"), anchor=False)
    if insights:
        _draw_map(recommender, subject, explanation, insights.map)
    else:
        known_insights.draw_missing(recommender, "its map, and what it looks at in general,")
    grid = st.grid(2, min_column_width=320, gap="medium")
    with grid.cell():
        _draw_nearest(recommender, explanation)
    if insights:
        with grid.cell():
            _draw_movies(recommender, insights)
        _draw_genres(insights)


# ---- the map


def _draw_map(
    recommender: Recommender, subject: Subject, explanation: Explanation, embedding_map: EmbeddingMap
) -> None:
    titles = recommender.catalogue.titles
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        searched = movie_box.selectbox(
            recommender.catalogue,
            say("Find a movie on the map"),
            index=None,
            placeholder=say(f"Search {len(titles):,} movies …"),
            key=f"why_map_movie_{recommender.bundle.dataset}",
        )
        tags, every = _tags(recommender), say(ALL_GENRES)
        genre = st.selectbox(
            "Show",
            [ALL_GENRES, *tags],
            format_func=lambda tag: every if tag == ALL_GENRES else tag,
            key=f"why_map_genre{'' if is_about_movies() else recommender.bundle.dataset}",
            width=180,
        )
    points = cached("map", model_key(recommender), lambda: _points(recommender, embedding_map))
    points = _with_marks(points, subject, explanation, searched, genre)
    with st.container():  # the answer stays in sight as long as its chart is
        above_chart = st.container(key="answer_map")
        marked = ", ".join(points.loc[points["mark"] != "", "title"])
        selected = chart_view.show(
            charts.movie_map(points, *chart_view.text_and_background(), tags=tags),
            say(f"Map of {len(points):,} movies; marked: ") + (marked or "none"),
            name=say("Map of the movies"),
            key=f"why_map_{recommender.bundle.name}",
            select=True,
            about=f"{recommender.bundle.title}: {say('movies that the model treats as similar lie close together')}",
        )
        clicked = selected.selection.get("movie") or []
        with above_chart:  # where it is in sight
            _draw_selected(recommender, subject, int(clicked[0]["movie_id"]) if clicked else searched)
    st.caption(
        say(
            "Movies that the model treats as similar lie close together (item embeddings); the directions mean "
            "nothing. Colour and shape show the genre, or the rarest of several. Circled: the history, the explained "
            "movie, and the movie you searched for."
        )
    )


def _tags(recommender: Recommender) -> tuple[str, ...]:
    """Return the tags that the map distinguishes: the most frequent where there are too many, in their usual order."""
    tags = recommender.domain.tag_values
    if len(tags) <= MOST_TAGS:
        return tags
    frequency = genre_matrix(recommender.catalogue.movies, tags).sum(axis=0)
    return tuple(tags[i] for i in sorted(np.argsort(-frequency, kind="stable")[:MOST_TAGS]))


def _points(recommender: Recommender, embedding_map: EmbeddingMap) -> pd.DataFrame:
    """Return every movie with its position on the map and one genre: of several, the rarest."""
    movies, tags = recommender.catalogue.movies, _tags(recommender)
    has_genre = genre_matrix(movies, tags) if tags else np.zeros((len(movies), 1))
    rarest = (has_genre * (1 / has_genre.sum(axis=0).clip(min=1))).argmax(axis=1)
    has_any = has_genre.sum(axis=1) > 0
    return pd.DataFrame(
        {
            "x": embedding_map.x,
            "y": embedding_map.y,
            "movie_id": movies["movie_id"].to_numpy(),
            "title": movies["title"].to_numpy(),
            "genres": movies["genres"].str.replace("|", ", ", regex=False).to_numpy(),
            "genre": [tags[i] if known else OTHER for i, known in zip(rarest, has_any.tolist(), strict=True)],
        }
    )


def _with_marks(
    points: pd.DataFrame, subject: Subject, explanation: Explanation, searched: int | None, genre: str
) -> pd.DataFrame:
    """Add which movies are marked, in which order of importance, and which are faint: those outside a chosen genre."""
    newest = subject.visitor.history[: -MAX_MARKED - 1 : -1]
    marks = {explanation.movie_id: say("the explained movie")}
    if searched is not None:
        marks[searched] = "what you searched for"
    rated = chosen_model.domain().rated
    marks |= {
        event.movie_id: f"rated {stars(event.rating)}" if rated else "in the history"
        for event in newest
        if event.movie_id not in marks
    }
    order = {movie_id: position for position, movie_id in enumerate(marks)}
    ids = points["movie_id"]
    points = points.assign(mark=ids.map(marks).fillna(""), first=ids.map(order).fillna(len(order)))
    if genre == ALL_GENRES:
        return points.assign(faint=False)
    has_genre = points["genres"].str.split(", ").map(lambda genres: genre in genres)
    # the legend names the chosen genre
    return points.assign(faint=~has_genre, genre=points["genre"].where(~has_genre, genre))


def _draw_selected(recommender: Recommender, subject: Subject, movie_id: int | None) -> None:
    if movie_id is None or movie_id not in recommender.catalogue:
        st.caption(say(":material/touch_app: Choose a movie to explain it or to add it to the history."))
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
        if subject.slot == "guest":
            return
        in_history = movie_id in subject.visitor.ratings
        st.button(
            _add_label(in_history),
            key="why_map_add",
            icon=":material/add:",
            disabled=in_history,
            help=escape_markdown(
                f"Add {title} " + say("as the newest movie of the history; its rating can be changed on Recommend")
            ),
            on_click=visitor_state.add,
            args=(movie_id, subject.slot),
        )


def _add_label(in_history: bool) -> str:
    if in_history:
        return "In the history already"
    return f"Add with {stars(visitor_state.NEW_RATING)}" if chosen_model.domain().rated else "Add it"


# ---- lists


def _draw_nearest(recommender: Recommender, explanation: Explanation) -> None:
    title = recommender.catalogue.title
    st.header(escape_markdown(f"Nearest to {title(explanation.movie_id)}"), anchor=False)
    neighbours = nearest(recommender, explanation.movie_id, NEIGHBOURS)
    _draw_table(
        pd.DataFrame([(title(movie_id), cosine) for movie_id, cosine in neighbours], columns=["title", "value"]),
        [movie_id for movie_id, _ in neighbours],
        st.column_config.ProgressColumn("Similarity", format="%.2f", min_value=0.0, max_value=1.0, width=90),
        "why_nearest",
        say("Movies nearest to it in what the model has learnt, with the cosine"),
    )
    st.caption(
        say(
            "By what the model has learnt of each movie (cosine similarity of embeddings): 1 is the same, 0 has "
            "nothing in common."
        )
    )


def _draw_table(rows: pd.DataFrame, movie_ids: list[int], value_column: Any, key: str, alt_text: str) -> None:
    columns: dict[str, Any] = {
        "title": st.column_config.TextColumn(say("Movie"), width=260),
        "value": value_column,
        "why": why_link.column(key, movie_ids),
    }
    st.dataframe(
        rows.assign(why=why_link.CELL)[["why", "title", "value"]],  # "why" is in sight however long the titles are
        hide_index=True,
        height="content",
        column_config=columns,
        alt=alt_text,
    )


def _draw_movies(recommender: Recommender, insights: Insights) -> None:
    st.header(say("Movies that matter most, over many visitors"), anchor=False)
    by = st.segmented_control(
        "By",
        list(BY),
        required=True,
        format_func=BY.__getitem__,
        key="why_general_by",
        default="influence",
        label_visibility="collapsed",
    )
    movies = insights.movies.attention if by == "attention" else insights.movies.influence
    rows = [row for row in movies if row.movie_id in recommender.catalogue][:MAX_MOVIES]
    titles_and_values = [(recommender.catalogue.title(row.movie_id), row.value) for row in rows]
    _draw_table(
        pd.DataFrame(titles_and_values, columns=["title", "value"]),
        [row.movie_id for row in rows],
        st.column_config.NumberColumn("× average", format="%.1f", width=90),
        f"why_most_{by}",
        say("Movies that matter most, compared with an average movie of the same history"),
    )
    st.caption(
        escape_markdown(say(f"1 is as much as an average movie of the same history. {insights.sample.description}"))
    )


def _draw_genres(insights: Insights) -> None:
    st.header(say("Genres"), anchor=False)
    genres = pd.DataFrame(insights.genres)
    if genres.empty:
        st.caption(say("No genre was watched often enough to tell."))
        return
    rows = pd.DataFrame({"label": genres["genre"]})
    for name in ("influence", "attention"):
        rows[name] = genres[name] - 1  # bars start at the average movie
        rows[f"{name}_text"] = [f"{'▲' if value >= 1 else '▼'} ×{value:.2f}" for value in genres[name]]
    in_words = "; ".join(
        f"{row.genre} moves ×{row.influence:.2f}, looked at ×{row.attention:.2f}" for row in genres.itertuples()
    )
    chart_view.show(
        charts.bar_panels(
            rows.sort_values("influence", ascending=False),
            [Panel("influence", "Moves ratings"), Panel("attention", "Looked at")],
            chart_view.text_and_background()[0],
        ),
        say("Genres compared with an average movie: ") + in_words,
        name=say("Genres"),
        about=say("Genres compared with an average movie of the same history"),
    )
    st.caption(
        say(
            "How much movies of a genre move ratings, and how much the model looks at them, compared with an average "
            "movie of the same history (×1)."
        )
    )
