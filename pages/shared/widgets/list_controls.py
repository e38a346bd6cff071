"""What a ranked list is asked for: order, filters, diversity, length; the controls, and what they say together."""

from dataclasses import dataclass

import streamlit as st

from bst.errors import BSTError
from bst.inference.ranking import POPULARITY_BANDS, Order, RankOptions, in_range
from bst.inference.recommender import Filters, Recommender
from bst.schema import GENRES
from pages.shared.format import count, escape_markdown
from pages.shared.state import settings
from pages.shared.state.link import LENGTHS

# what a list can be ordered by: the word on the control, and what it means
ORDERS = {
    "rating": ("By rating", "The highest expected rating first, however likely they are to come across the movie."),
    "next": ("Likely next", "What they are most likely to pick next, whether they would like it or not."),
    "blend": ("Both", "Likely next and liked: the slider says how much each of the two counts."),
}
BANDS = tuple(POPULARITY_BANDS)
EVERY_BAND = (0, len(BANDS) - 1)


@dataclass(frozen=True)
class Asked:
    """How a list is asked for. ``weight`` and ``diversity`` from 0 to 1, as ``Recommender.rank`` takes them."""

    order: Order
    weight: float
    diversity: float
    filters: Filters
    length: int

    @property
    def options(self) -> RankOptions:
        """How ``Recommender.rank`` and ``ranked_rows`` rank the list."""
        return RankOptions(self.filters, self.order, self.weight, self.diversity)

    @property
    def words(self) -> str:
        """What makes the list other than the best of everything; empty if nothing does."""
        words = [", ".join(self.filters.genres)] if self.filters.genres else []
        if self.filters.years:
            first, last = self.filters.years
            words.append(f"{first}" if first == last else f"{first}–{last}")
        if self.filters.popularity:
            words.append(_fame_words(self.filters.popularity))
        if self.filters.include_seen:
            words.append("seen ones too")
        if self.diversity:
            words.append(f"diversity {self.diversity:.0%}")
        return " · ".join(words)


def asked(recommender: Recommender) -> Asked:
    """Return what the controls say, drawn on this page or not."""
    order = st.session_state[settings.key("order")]
    years = tuple(int(year) for year in st.session_state[settings.key("filter_years")])
    filters = Filters(
        tuple(st.session_state[settings.key("filter_genres")]),
        None if years == settings.years() else years,
        st.session_state[settings.key("filter_seen")],
        _known_fame(recommender, st.session_state[settings.key("filter_fame")]),
    )
    weight, diversity = (st.session_state[settings.key(name)] / 100 for name in ("blend_weight", "diversity"))
    length = st.session_state[settings.key("length")]
    return Asked(order if order in recommender.orders else recommender.orders[0], weight, diversity, filters, length)


def _known_fame(recommender: Recommender, bands: tuple[int, int]) -> tuple[float, float] | None:
    """Return the range of fame, once the ratings are counted: that takes seconds the first time."""
    if tuple(bands) == EVERY_BAND:
        return None
    try:
        with st.spinner("Counting ratings …"):
            _ = recommender.rating_counts  # kept from now on
    except BSTError as error:
        st.warning(escape_markdown(f"Fame is not known: {error}"), icon=":material/warning:")
        return None
    return _fame(bands)


def draw_order(recommender: Recommender) -> None:
    """Draw what the list is ordered by, and for a blend how much each counts."""
    if len(recommender.orders) == 1:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        order = st.segmented_control(
            "Order",
            recommender.orders,
            required=True,
            format_func=lambda order: ORDERS[order][0],
            key=settings.key("order"),
            persist_state="session",
            label_visibility="collapsed",
        )
        if order == "blend":
            st.slider(
                "How much “likely next” counts; the rest is for being liked",
                0,
                100,
                step=5,
                format="%d%% likely next",
                key=settings.key("blend_weight"),
                persist_state="session",
                label_visibility="collapsed",
                width="stretch",
            )
    st.caption(ORDERS[order][1])


def draw_filters(recommender: Recommender, asked: Asked) -> None:
    """Draw the button that holds the filters, diversity and length."""
    filters = asked.filters
    active = sum(map(bool, (filters.genres, filters.years, filters.popularity, filters.include_seen, asked.diversity)))
    first, last = settings.years()
    with st.popover(f"Filters · {active}" if active else "Filters", icon=":material/tune:", key="filters"):
        st.multiselect(
            "Genres", GENRES, key=settings.key("filter_genres"), persist_state="session", placeholder="All genres"
        )
        st.slider("Years", first, last, key=settings.key("filter_years"), persist_state="session")
        st.select_slider(
            "Fame",
            range(len(BANDS)),
            value=EVERY_BAND,  # tells Streamlit that it is a range; what holds is in the session
            format_func=BANDS.__getitem__,
            key=settings.key("filter_fame"),
            persist_state="session",
            help="How many ratings a movie has. Blockbusters have more than 95% of all movies, hidden gems are the "
            "quarter that has the fewest.",
        )
        if filters.popularity:
            st.caption(_fame_counts(recommender, filters.popularity))
        st.toggle("Also movies they have seen", key=settings.key("filter_seen"), persist_state="session")
        st.slider(
            "Diversity",
            0,
            100,
            step=5,
            format="%d%%",
            key=settings.key("diversity"),
            persist_state="session",
            help="Puts off movies that are like those above them, as the model sees it. 0 leaves the list as it is "
            "ordered; at 100 each is as different as can be from those above, among the best 200.",
        )
        st.segmented_control("How many", LENGTHS, required=True, key=settings.key("length"), persist_state="session")


def _fame(bands: tuple[int, int]) -> tuple[float, float]:
    return POPULARITY_BANDS[BANDS[bands[0]]][0], POPULARITY_BANDS[BANDS[bands[1]]][1]


def _fame_words(fame: tuple[float, float]) -> str:
    low = next(name for name, span in POPULARITY_BANDS.items() if span[0] == fame[0])
    high = next(name for name, span in POPULARITY_BANDS.items() if span[1] == fame[1])
    return low.lower() if low == high else f"{low} to {high}".lower()


def _fame_counts(recommender: Recommender, fame: tuple[float, float]) -> str:
    counts = recommender.rating_counts[in_range(recommender.popularity_percentile, fame)]
    if not len(counts):
        return "No movie is of this fame."
    low, high = counts.min(), counts.max()
    ratings = count(int(high), "rating") if low == high else f"{low:,} to {high:,} ratings"
    return f"{count(len(counts), 'movie')} with {ratings} each in {escape_markdown(recommender.bundle.dataset_title)}."
