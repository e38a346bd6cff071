"""How a list is ranked: the controls for order, filters, diversity and length, and the options that they give."""

from dataclasses import replace
from typing import Any

import streamlit as st

from bst.errors import BSTError
from bst.inference.ranking import POPULARITY_BANDS, Order, RankOptions, in_range
from bst.inference.recommender import Filters, Recommender
from bst.text import count
from pages.shared.format import escape_markdown
from pages.shared.state import settings
from pages.shared.state.controlled import controlled
from pages.shared.state.link import LENGTHS
from pages.shared.widgets.choice import choice
from pages.shared.wording import say, say_labels

# what a list can be ordered by: the label on the control, and what it means
ORDERS: dict[Order, tuple[str, str]] = {
    "like": ("Best bets", "What they are most likely to watch and like some time."),
    "rating": (
        "Highest rated",
        "The highest expected rating first. Few ratings count against a movie, as little is known of it.",
    ),
    "next": ("Likely next", "What they are most likely to pick next, whether they would like it or not."),
    "blend": ("Both", "Likely next and liked: the slider sets how much each of the two counts."),
}
VIEWS = {"tiles": "Posters", "rows": "Numbers"}
BANDS = tuple(POPULARITY_BANDS)
EVERY_BAND = (0, len(BANDS) - 1)
PERCENT_STEP = 5


def rank_options(recommender: Recommender) -> RankOptions:
    """Return how the controls rank a list, whether they are drawn on this page or not."""
    first, last = (int(year) for year in settings.get("filter_years"))
    filters = Filters(
        tuple(settings.get("filter_genres")),
        None if (first, last) == settings.years() else (first, last),
        settings.get("filter_seen"),
        _popularity(recommender, settings.get("filter_popularity")),
    )
    return replace(unfiltered(recommender), filters=filters, diversity=settings.get("diversity") / 100)


def order(recommender: Recommender) -> Order:
    """Return the chosen order, or the model's first one if it does not support that."""
    chosen = settings.get("order")
    return chosen if chosen in recommender.orders else recommender.orders[0]


def unfiltered(recommender: Recommender) -> RankOptions:
    """Return the chosen order of a list of the whole catalogue: without filters and diversity."""
    return RankOptions(
        order=order(recommender),
        weight=settings.get("blend_weight") / 100,
        popularity_weight=settings.get("popularity_weight") / 100,
    )


def explain(options: RankOptions) -> str:
    """Return what the order of a list means, in plain text."""
    meaning = say(ORDERS[options.order][1])
    if options.order != "like" or options.popularity_weight == 1:
        return meaning
    if options.popularity_weight == 0:
        return say(
            "What suits their taste: what they are more likely to watch and like than others are, famous or not."
        )
    return meaning + say(f" A movie’s popularity counts {options.popularity_weight:.0%}.")


def length() -> int:
    """Return how many movies the list shows."""
    return settings.get("length")


def describe(options: RankOptions) -> str:
    """Return, in plain text, what filters and diversity are set; empty if none is."""
    filters = options.filters
    parts = [", ".join(filters.genres)] if filters.genres else []
    if filters.years:
        first, last = filters.years
        parts.append(f"{first}" if first == last else f"{first}–{last}")
    if filters.popularity:
        parts.append(_describe_popularity(filters.popularity))
    if filters.include_seen:
        parts.append(say("including seen movies"))
    if options.diversity:
        parts.append(f"diversity {options.diversity:.0%}")
    return " · ".join(parts)


def _popularity(recommender: Recommender, bands: tuple[int, int]) -> tuple[float, float] | None:
    """Return the range of popularity, with the ratings counted: that takes seconds the first time."""
    if tuple(bands) == EVERY_BAND:
        return None
    try:
        with st.spinner("Counting ratings …"):
            _ = recommender.rating_counts  # cached from now on
    except BSTError as error:
        st.warning(escape_markdown(f"Popularity is not known: {error}"), icon=":material/warning:")
        return None
    return POPULARITY_BANDS[BANDS[bands[0]]][0], POPULARITY_BANDS[BANDS[bands[1]]][1]


def draw_order(recommender: Recommender, options: RankOptions) -> None:
    """Draw the choice of the order, and for “Both” a slider between the two."""
    if len(recommender.orders) == 1:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.segmented_control(
            "Order",
            recommender.orders,
            required=True,
            format_func=lambda name: ORDERS[name][0],
            label_visibility="collapsed",
            **controlled("order_choice", options.order, lambda chosen: settings.update(order=chosen)),
        )
        if options.order == "blend":
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="stretch"):
                st.markdown("Liked", width="content")
                _percent_slider(
                    "How much “likely next” counts; the rest counts for being liked",
                    "blend_weight",
                    label_visibility="collapsed",
                    width="stretch",
                )
                st.markdown("Next", width="content")


def _percent_slider(label: str, setting: str, **more: Any) -> None:
    """Draw the slider of a setting in percent."""
    key = settings.key(setting)
    st.slider(label, 0, 100, step=PERCENT_STEP, format="%d%%", key=key, persist_state="session", **more)


def draw_view() -> None:
    """Draw the choice between posters and lines."""
    choice(
        say("Posters, or lines with all numbers"),
        list(VIEWS),
        say_labels(lambda view: VIEWS[view]),
        key=settings.key("list_view"),
        width="content",
    )


def draw_filters(recommender: Recommender, options: RankOptions) -> None:
    """Draw the menu with the filters, what else shapes the list, and its length."""
    filters = options.filters
    personal = options.order == "like" and options.popularity_weight < 1
    settings_in_use = filters.genres, filters.years, filters.popularity, filters.include_seen, options.diversity
    active = sum(map(bool, (*settings_in_use, personal)))
    first, last = settings.years()
    with st.popover(f"Filters · {active}" if active else "Filters", icon=":material/tune:", key="filters"):
        if recommender.domain.tag_values:
            st.multiselect(
                say("Genres"),
                recommender.domain.tag_values,
                key=settings.key("filter_genres"),
                persist_state="session",
                placeholder=say("All genres"),
            )
        if recommender.catalogue.movies["year"].notna().any():
            st.slider("Years", first, last, key=settings.key("filter_years"), persist_state="session")
        st.select_slider(
            "Popularity",
            range(len(BANDS)),
            value=EVERY_BAND,  # makes it a range slider; the value comes from the session
            format_func=say_labels(lambda band: BANDS[band]),
            key=settings.key("filter_popularity"),
            persist_state="session",
            help=say(
                "By the number of ratings. Blockbusters have more than 95% of all movies, hidden gems are the quarter "
                "with the fewest."
            ),
        )
        if filters.popularity:
            st.caption(_count_ratings(recommender, filters.popularity))
        st.toggle(say("Include movies they have seen"), key=settings.key("filter_seen"), persist_state="session")
        if options.order == "like":
            _percent_slider(
                "Popularity weight",
                "popularity_weight",
                help=say(
                    "At 100% the list is what the model predicts: well-known movies lead, as most people come across "
                    "them and like them. Less makes the list more personal, and less certain."
                ),
            )
        _percent_slider(
            "Diversity",
            "diversity",
            help=say(
                "Moves down movies that the model sees as similar to those above them. At 0% the list stays as it is; "
                "at 100% each movie is as different as possible from those above it, among the best 200."
            ),
        )
        st.segmented_control(
            say("How many movies"), LENGTHS, required=True, key=settings.key("length"), persist_state="session"
        )


def _describe_popularity(popularity: tuple[float, float]) -> str:
    low = next(name for name, band in POPULARITY_BANDS.items() if band[0] == popularity[0])
    high = next(name for name, band in POPULARITY_BANDS.items() if band[1] == popularity[1])
    return say(low.lower() if low == high else f"{low} to {high}".lower())


def _count_ratings(recommender: Recommender, popularity: tuple[float, float]) -> str:
    counts = recommender.rating_counts[in_range(recommender.popularity_percentile, popularity)]
    if not len(counts):
        return say("No movie is this popular.")
    low, high = int(counts.min()), int(counts.max())
    ratings = count(high, "rating") if low == high else f"{low:,} to {high:,} ratings"
    movies = say(f"{count(len(counts), 'movie')} with {ratings}")
    return f"{movies} each in {escape_markdown(recommender.bundle.dataset_title)}."
