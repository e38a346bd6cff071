"""Recommend: say who is watching and what they watched; see what the model expects them to like."""

from dataclasses import replace

import streamlit as st

from bst.inference.recommender import Filters, Recommendation, Recommender
from bst.presentation.glossary import NEXT_IN_SIMULATION, NEXT_MEANS
from bst.schema import Visitor
from pages.shared import resources
from pages.shared.format import count, escape_markdown, percent, stars
from pages.shared.state import visitor_state
from pages.shared.widgets import list_controls, movie_lookup, ranked_list, toolbar, visitor_editor, why_link
from pages.shared.widgets.list_controls import Asked


def render() -> None:
    """Draw the page: the sentence, then the editor beside the list."""
    resources.need_ratings()
    bundle = resources.chosen()
    visitor = visitor_state.current()
    recommender = resources.loaded_recommender()
    headline = st.container()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        under_headline = st.container(width="content")
        toolbar.render()
    # one below the other where there is no room for both
    grid = st.grid(2, min_column_width=320)
    with grid.cell():
        visitor_editor.render(resources.catalogue(bundle.dataset), bundle.levels, bundle.config.max_history)
    with grid.cell():
        if recommender is None:
            with headline:
                st.title("What would they like to watch?", anchor=False)
            st.header("What they would like", anchor=False)
            resources.load_recommender()
        asked = list_controls.asked(recommender)
        rows = recommender.rank(visitor, asked.length, asked.options)
        _draw_list(recommender, visitor, rows, asked)
        movie_lookup.render(recommender, visitor)
    best = next((row for row in rows if not row.seen), None) or _best(recommender, visitor, asked)
    headline.title(_sentence(visitor, best, asked), anchor=False)
    under_headline.caption(_reason(recommender, visitor, best, rows, asked.order))


def _best(recommender: Recommender, visitor: Visitor, asked: Asked) -> Recommendation | None:
    """Return the first unseen movie as asked, or of all if the filters let none pass; None if everything is seen."""
    for filters in (replace(asked.filters, include_seen=False), Filters()):
        if found := recommender.rank(visitor, 1, replace(asked.options, filters=filters)):
            return found[0]
    return None


def _sentence(visitor: Visitor, best: Recommendation | None, asked: Asked) -> str:
    if best is None:
        return "This visitor has seen everything there is."
    start = _after(visitor)
    title, rating = escape_markdown(best.title), stars(round(best.expected_rating, 1))
    if asked.order == "rating":
        if best.expected_rating < 3.5:
            return f"{start}, the model expects no movie to please this visitor; the best is {title}: {rating}"
        verb = "love" if best.expected_rating >= 4.25 else "like"
        return f"{start}, the model expects this visitor to {verb} {title}: {rating}"
    chance = percent(best.watch_next)
    if asked.order == "next":
        return f"{start}, this visitor most likely watches {title} next ({chance}), and the model expects {rating}"
    return f"{start}, the best bet is {title}: {chance} likely to be watched next, with {rating} expected"


def _after(visitor: Visitor) -> str:
    """Return what the sentence begins with: how many movies count, and of how many that they have seen."""
    rated, seen = len(visitor.history), len(visitor.all_seen)
    if not rated:
        return "Knowing none of their ratings" if seen else "Knowing none of their movies"
    return f"After {count(rated, 'movie')}" if rated == seen else f"After {rated} of {count(seen, 'movie')}"


def _reason(
    recommender: Recommender, visitor: Visitor, best: Recommendation | None, rows: list[Recommendation], order: str
) -> str:
    """Return what the best movie's rating rests on, for below the sentence; else what there is to do here."""
    asked_about = rows if best in rows else [best] if best else []
    causes = ranked_list.found_causes(recommender, visitor, [row.movie_id for row in asked_about])
    cause = causes[asked_about.index(best)] if best else None
    if cause is None:
        return "Change anything about the visitor: the list follows at once."
    title, rating = recommender.catalogue.title(cause.event.movie_id), stars(cause.event.rating)
    without = stars(round(best.expected_rating - cause.stars, 1))
    start = "Above all because of" if order == "rating" else "The rating rests above all on"
    return f"{start} {escape_markdown(title)}, {rating}: without it, the model would expect {without}."


def _draw_list(recommender: Recommender, visitor: Visitor, rows: list[Recommendation], asked: Asked) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("What they would like", anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            list_controls.draw_filters(recommender, asked)
            downloads = st.container(width="content")
    list_controls.draw_order(recommender)
    if asked.words:
        st.caption(f":material/filter_alt: {escape_markdown(asked.words)}")
    if not rows:
        words = "No movie passes these filters. Choose more genres, or a wider range of years or fame."
        st.info(words if asked.words else "There is nothing left that they have not seen.", icon=":material/info:")
        return
    with downloads:
        ranked_list.draw_download(recommender, visitor, rows, asked)
    ranked_list.render(recommender, visitor, rows, asked, visitor_state.previous(), why_link.ask)
    if rows[0].watch_next is not None:
        st.caption(NEXT_IN_SIMULATION if recommender.bundle.simulated else NEXT_MEANS)


why_link.follow()
render()
