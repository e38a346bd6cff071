"""Look up one movie, seen or not: what the model expects of it."""

import numpy as np
import pandas as pd
import streamlit as st

from bst.explanation import ListPosition, list_position
from bst.inference.ranking import Order, RankOptions
from bst.inference.recommender import Recommendation, Recommender
from bst.metrics import LIKED, probability_liked
from bst.text import percent
from pages.shared import part_runs
from pages.shared.format import escape_markdown, odds, stars
from pages.shared.state import explained, settings, visitor_state
from pages.shared.widgets import chart_view, list_controls, movie_box, what_if_link, why_link
from pages.shared.wording import say


def render(recommender: Recommender, options: RankOptions) -> None:
    """Draw the search, and for the chosen movie where it stands in the list, why, and what the model predicts."""
    with st.container(border=True):
        st.header("Why is this one not on the list?", anchor=False)
        titles = recommender.catalogue.titles
        movie_id = movie_box.selectbox(
            recommender.catalogue,
            say("Any movie"),
            index=None,
            placeholder=say(f"Search {len(titles):,} movies …"),
            key=settings.key("any_movie"),
            persist_state="session",
            label_visibility="collapsed",
        )
        _draw_answer(recommender, options, movie_id)


@st.fragment(key=part_runs.key("lookup", "a"))
def _draw_answer(recommender: Recommender, options: RankOptions, movie_id: int | None) -> None:
    why_link.follow()
    what_if_link.follow()
    if movie_id is None:
        st.caption(say("Choose any movie, seen or not: what the model expects of it, and what keeps it off the list."))
        return
    visitor = visitor_state.current()
    shown = recommender.rank(visitor, list_controls.length(), options)
    position = list_position(recommender, visitor, movie_id, options, shown)
    st.markdown(escape_markdown(_sentence(recommender, position, options.order, len(shown))))
    row = position.prediction
    _draw_prediction(row, recommender.bundle.levels, recommender.domain.rated)
    with st.container(horizontal=True, gap="xsmall"):
        st.button("Why?", key="why_any", icon=":material/visibility:", on_click=explained.request, args=(movie_id,))
        if position.reason == "below":
            st.button(
                "What would bring it in?",
                key="bring_in",
                icon=":material/search:",
                help="Find the smallest change of the history that brings it into the list",
                on_click=what_if_link.request_search,
                args=(movie_id, list_controls.length()),
            )
        st.button(
            say("Seen"),
            key="seen_any",
            icon=":material/done:",
            help=say("They have seen it already, so do not recommend it. It counts as seen without a rating."),
            disabled=row.seen,
            on_click=part_runs.then_run_all(visitor_state.mark_seen),
            args=(movie_id,),
        )


def _sentence(recommender: Recommender, position: ListPosition, order: Order, length: int) -> str:
    """Return where a movie stands and what keeps it there, in plain text."""
    title, rank, reason = position.prediction.title, position.rank, position.reason
    if reason == "seen" or rank is None:
        return f"{title} {say('is not on the list because they have seen it.')}"
    if reason == "listed":
        return f"{title} is on the list: number {rank:,}."
    if reason == "filtered":
        return f"The filters leave {title} out. Without them it is number {rank:,} of {position.movies:,}."
    sentences = [f"{title} is number {rank:,} of {position.movies:,}."]
    if numbers := _numbers(position, order, length):
        sentences.append(numbers)
    if position.rank_for_anyone and position.rank_for_anyone != rank:
        side = "down" if position.rank_for_anyone < rank else "up"
        sentences.append(
            f"For an unknown visitor it is number {position.rank_for_anyone:,}: what is known of this "
            f"visitor moves it {side}."
        )
    if position.against:
        event = position.against.event
        name = recommender.catalogue.title(event.movie_id)
        rating = f", {stars(event.rating)}" if recommender.domain.rated else ""
        sentences.append(f"What counts most against it in the history: {name}{rating}.")
    return " ".join(sentences)


def _numbers(position: ListPosition, order: Order, length: int) -> str:
    """Compare what the list is ordered by with the last one on it, where that explains the rank."""
    row, last = position.prediction, position.last
    if last is None:
        return ""
    if order == "like" and row.will_like is not None and last.will_like is not None and row.will_like < last.will_like:
        return (
            say(f"They are {percent(row.will_like)} likely to watch it some time and like it; ")
            + f"number {length} on the list, {last.title}, has {percent(last.will_like)}."
        )
    if order == "next" and row.watch_next is not None and last.watch_next is not None:
        return (
            say(f"It is {percent(row.watch_next)} likely to be watched next; ")
            + f"number {length} on the list, {last.title}, has {percent(last.watch_next)}."
        )
    if order == "rating":
        if row.expected_rating < last.expected_rating:
            return (
                f"The model expects {stars(round(row.expected_rating, 2))}; of number {length} on the list, "
                f"{last.title}, {stars(round(last.expected_rating, 2))}."
            )
        return "The model expects a high rating, but few people have rated it, and that counts against it."
    return ""


def _draw_prediction(row: Recommendation, levels: tuple[float, ...], rated: bool) -> None:
    with st.container(horizontal=True):
        if rated:
            st.metric("Expected rating", f"{row.expected_rating:.2f} ★", width="content")
        if rated and row.distribution is not None:
            liked = float(probability_liked(np.asarray(row.distribution), levels))
            st.metric(f"{LIKED:g} ★ or more", f"{liked:.0%}", width="content")
        if row.will_like is not None and not row.seen:
            st.metric(
                say("Will watch and like it"),
                percent(row.will_like),
                help=say(f"How likely they are to watch it some time and give it {LIKED:g} ★ or more."),
                width="content",
            )
        if row.watch_next is not None and not row.seen:
            st.metric(
                say("Watched next"),
                percent(row.watch_next),
                help=say("How likely this is the next movie that they rate, among all that they have not seen."),
                width="content",
            )
    if rated and row.distribution is not None:
        from bst.presentation import charts  # slow to import, and most visitors look up no movie

        chart = pd.DataFrame({"level": levels, "probability": row.distribution})
        chart_view.show(
            charts.rating_distribution(chart),
            f"How likely each rating of {row.title} is: "
            + ", ".join(f"{level:g} stars {p:.0%}" for level, p in zip(levels, row.distribution, strict=True)),
        )
    if row.watch_next is not None and not row.seen:
        like = (
            ""
            if row.will_like is None
            else say(f" The chance that they ever watch and like it: **{odds(row.will_like)}**.")
        )
        st.markdown(say(f"The chance that they watch it next: **{odds(row.watch_next)}**.{like}"))
