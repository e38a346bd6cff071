"""Recommend: say who is watching and what they watched; see what the model expects them to like."""

from dataclasses import replace
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.explanation import StrongestEvent
from bst.explanation.sentences import odds_text
from bst.inference.ranking import Order
from bst.inference.recommender import Filters, RankOptions, Recommendation, Recommender
from bst.presentation.glossary import NEXT_IN_SIMULATION, NEXT_MEANS
from bst.schema import Event, Visitor
from bst.text import count, percent
from pages.recommend import first_steps, movie_lookup, state, visitor_sources
from pages.shared import part_runs, recommenders, resources
from pages.shared.format import escape_markdown, stars
from pages.shared.state import chosen_model, explained, settings, visitor_state
from pages.shared.widgets import list_controls, page_frame, ranked_list, toolbar, visitor_editor, why_link
from pages.shared.wording import say

# the expected ratings, in stars, from which the sentence says that they will love the best movie, or like it
LOVE_FROM, LIKE_FROM = 4.25, 3.5


def render() -> None:
    """Draw the page: the sentence, what to try, then the editor beside the list."""
    recommenders.need_ratings()
    bundle = chosen_model.bundle()
    headline = st.empty()
    st.caption(say(first_steps.PITCH))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        tries = st.container(width="content")
        toolbar.render()
    editor, answer = page_frame.slim_beside_wide("recommend")
    with editor:
        catalogue, levels = resources.catalogue(bundle.dataset), bundle.levels
        visitor_editor.render(
            catalogue,
            levels,
            bundle.config.max_history,
            draw_sources=lambda: visitor_sources.render(catalogue, levels),
            draw_import=lambda: visitor_sources.render_import(catalogue, levels),
        )
    with answer:
        recommender = recommenders.get(headline, say("What would they like to watch?"))
        options = list_controls.rank_options(recommender)
        downloads = _draw_controls(recommender, options)
        _draw_answer(recommender, options, headline, downloads)
        movie_lookup.render(recommender, options)
    with tries:  # last, as it is not urgent, and it needs what the list has found
        first_steps.render(recommender)


def _draw_controls(recommender: Recommender, options: RankOptions) -> DeltaGenerator:
    """Draw what a list is ranked by; return the place for the menu of downloads."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        own = "What they would like" if recommender.domain.rated else say("What they would watch next")
        st.header("What anyone would get" if _for_anyone() else own, anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="xsmall", vertical_alignment="center"):
            list_controls.draw_view()
            list_controls.draw_filters(recommender, options)
            downloads = st.container(width="content")
    list_controls.draw_order(recommender, options)
    filters = list_controls.describe(options)
    if filters:
        st.caption(f":material/filter_alt: {escape_markdown(filters)}")
    return downloads


def _for_anyone() -> bool:
    return settings.get("for_anyone")


@st.fragment(key=part_runs.key("answer", "a"))
def _draw_answer(
    recommender: Recommender, options: RankOptions, headline: DeltaGenerator, downloads: DeltaGenerator
) -> None:
    """Draw all that follows from the visitor: the list, and what is said of it above."""
    why_link.follow()
    visitor = visitor_state.current()
    if _for_anyone():
        _draw_for_anyone(recommender, visitor, options, headline, downloads)
        return
    rows = recommender.rank(visitor, list_controls.length(), options)
    best = next((row for row in rows if not row.seen), None) or _best(recommender, visitor, options)
    # what the default order means stands in the headline
    meaning = "" if options.order == "like" and options.popularity_weight == 1 else f"{list_controls.explain(options)} "
    st.caption(f"{meaning}{_reason(recommender, visitor, best, rows, options.order)}")
    _draw_list(recommender, visitor, rows, options, downloads, _comparable(visitor_state.previous(), visitor))
    headline.title(_sentence(visitor, best, options), anchor=False)


def _comparable(before: Visitor | None, visitor: Visitor) -> Visitor | None:
    """Return the visitor before the change, unless that was another person: then ranks up and down mean nothing."""
    if before and before.history and visitor.history and not before.ratings.keys() & visitor.ratings.keys():
        return None
    return before


def _draw_for_anyone(
    recommender: Recommender,
    visitor: Visitor,
    options: RankOptions,
    headline: DeltaGenerator,
    downloads: DeltaGenerator,
) -> None:
    """Draw the list for an unknown visitor, with the ranks compared to the visitor's own list."""
    anyone = Visitor(seen=visitor.all_seen)
    rows = recommender.rank(anyone, list_controls.length(), options)
    own = {row.movie_id for row in recommender.rank(visitor, list_controls.length(), options)}
    shared = sum(row.movie_id in own for row in rows)
    st.caption(
        say(
            "What the model lists when it knows nothing about the person: movies that most people watch and like. "
            "Ranks up and down are against this visitor’s own list."
        )
    )
    _draw_list(recommender, anyone, rows, options, downloads, visitor)
    if rows:
        headline.title(
            f"Knowing nothing about the visitor, the model would lead with {escape_markdown(rows[0].title)}: "
            f"{shared} of these {len(rows)} are on the visitor’s own list",
            anchor=False,
        )
    else:
        headline.title(_sentence(anyone, None, options), anchor=False)


def _best(recommender: Recommender, visitor: Visitor, options: RankOptions) -> Recommendation | None:
    """Return the first unseen movie with these filters, or without any if none passes; None if everything is seen."""
    for filters in (replace(options.filters, include_seen=False), Filters()):
        if rows := recommender.rank(visitor, 1, replace(options, filters=filters)):
            return rows[0]
    return None


def _sentence(visitor: Visitor, best: Recommendation | None, options: RankOptions) -> str:
    if best is None:
        return say("This visitor has seen every movie there is.")
    start = _start(visitor)
    rated = chosen_model.domain().rated
    if not rated and best.watch_next is not None and options.order != "like":
        likely = say("this visitor most likely watches")
        return f"{start}, {likely} {escape_markdown(best.title)} next: a chance of {percent(best.watch_next)}"
    title, rating = escape_markdown(best.title), stars(round(best.expected_rating, 1))
    if options.order == "like" and best.will_like is not None:
        # what it is chosen by is no chance, but by how much theirs is above that of others
        if options.popularity_weight < 1:
            suits = f"{start}, what suits this visitor more than others is {title}"
            return f"{suits}: {rating} expected" if rated else suits
        chance = percent(best.will_like)
        likely = say(f"{chance} likely to watch it some time{' and like it' if rated else ''}")
        return f"{start}, the best bet for this visitor is {title}: {likely}"
    if options.order == "rating" or best.watch_next is None:
        if best.expected_rating < LIKE_FROM:
            return f"{start}, {say('the model expects this visitor to like no movie')}; the best is {title}: {rating}"
        verb = "love" if best.expected_rating >= LOVE_FROM else "like"
        return f"{start}, the model expects this visitor to {verb} {title}: {rating}"
    chance = percent(best.watch_next)
    if options.order == "next":
        likely = say("this visitor most likely watches")
        return f"{start}, {likely} {title} next ({chance}), and the model expects {rating}"
    likely = say(f"{chance} likely to be watched next")
    return f"{start}, the best bet is {title}: {likely}, with {rating} expected"


def _start(visitor: Visitor) -> str:
    """Return how the sentence begins: how many movies the model reads, and of how many that they have seen."""
    rated, seen = len(visitor.history), len(visitor.all_seen)
    if not rated:
        return say("With no ratings") if seen else "With an empty history"
    return say(f"After {count(rated, 'movie')}" if rated == seen else f"After {rated} of {count(seen, 'movie')}")


def _reason(
    recommender: Recommender, visitor: Visitor, best: Recommendation | None, rows: list[Recommendation], order: Order
) -> str:
    """Return the event that the best movie mainly comes from, for below the sentence; else what to do here."""
    strongest = None
    if best is not None:
        explained_rows = rows if best in rows else [best]
        movie_ids = [row.movie_id for row in explained_rows]
        causes = ranked_list.cached_strongest_events(recommender, visitor, movie_ids, order)
        strongest = causes[explained_rows.index(best)]
        state.note_telling_event(_telling(causes))
    if best is None or not visitor.history:
        return "Change anything about the visitor: the list follows at once."
    short = escape_markdown(recommender.catalogue.short_title(best.movie_id))
    if strongest is None:
        return f"{say('No single movie of the history moves')} {short} much."
    title, rating = recommender.catalogue.title(strongest.event.movie_id), stars(strongest.event.rating)
    if not recommender.domain.rated:
        odds = odds_text(strongest.effect)
        return f"{say('Of the movies watched')}, {escape_markdown(title)} raises {short} most: it makes it {odds}."
    start = f"{say('Of the movies watched')}, {escape_markdown(title)}, {rating}, raises"
    if order == "like" and best.will_like is not None:
        chance = percent(ranked_list.without_event(best.will_like, strongest.effect))
        return f"{start} {short} most: {chance} without it."
    # which movie comes next is predicted by another part of the model
    raised = short if order == "rating" else f"the rating of {short}"
    return f"{start} {raised} most: {stars(round(best.expected_rating - strongest.effect, 1))} without it."


def _telling(causes: list[StrongestEvent | None]) -> Event | None:
    """Return the event that adds most to all movies of the list together."""
    sums: dict[Event, float] = {}
    for cause in filter(None, causes):
        sums[cause.event] = sums.get(cause.event, 0.0) + cause.effect
    return max(sums, key=sums.__getitem__, default=None)


def _draw_list(
    recommender: Recommender,
    visitor: Visitor,
    rows: list[Recommendation],
    options: RankOptions,
    downloads: DeltaGenerator,
    before: Visitor | None,
) -> None:
    """Draw the list; ranks up and down are against that of ``before``, None for none."""
    if not rows:
        hint = say("No movie passes these filters. Choose more genres, or a wider range of years or popularity.")
        st.info(
            hint if list_controls.describe(options) else say(say("There is nothing left that they have not seen.")),
            icon=":material/info:",
        )
        return
    with downloads:
        ranked_list.draw_download(recommender, visitor, rows, options)
    on_why = partial(explained.request, order=options.order)
    ranked_list.render(recommender, visitor, rows, options, before, on_why, view=settings.get("list_view"))
    if rows[0].watch_next is not None and (options.order in ("next", "blend") or settings.get("list_view") == "rows"):
        st.caption(say(NEXT_IN_SIMULATION if recommender.bundle.simulated else NEXT_MEANS))
    if note := recommender.list_note(options):
        st.caption(say(note))


why_link.follow()
render()
