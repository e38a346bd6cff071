"""The visitor editor: who is watching and what they watched."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.domain import Demographic, DemographicName, DemographicValue
from bst.schema import MAX_HISTORY, Visitor
from bst.text import count, listed
from pages.shared import part_runs
from pages.shared.format import capitalised, escape_markdown, stars, whole_stars
from pages.shared.state import chosen_model, visitor_state
from pages.shared.state.controlled import controlled
from pages.shared.state.visitor_state import Slot
from pages.shared.widgets import history, movie_box
from pages.shared.wording import say

# a long history is drawn on request only
ROWS_AT_FIRST = 20
# of movies that were seen and cannot be read, this many are named
MOST_NAMED = 3
# the width of a demographic's control in pixels: so much, and so much for each character of its longest text
CONTROL_WIDTH, CHARACTER_WIDTH, MOST_CHARACTERS = 83, 5, 24


def render(
    catalogue: Catalogue,
    levels: tuple[float, ...],
    max_history: int,
    slot: Slot = "a",
    draw_sources: Callable[[], None] | None = None,
    draw_import: Callable[[], None] | None = None,
) -> None:
    """Draw the editor of the visitor or, with slot "b", of their copy.

    ``levels``: the ratings that the dataset allows. ``max_history``: how many of the newest events the model reads.
    ``draw_sources`` draws the buttons that replace the visitor. ``draw_import`` draws the button that takes a whole
    history from a file, below the search that adds one movie.
    """

    @st.fragment(key=part_runs.key("who", slot))
    def who() -> None:
        _draw_demographics(visitor_state.current(slot), slot)
        if draw_sources:
            draw_sources()

    @st.fragment(key=part_runs.key("search", slot))
    def search() -> None:
        _draw_search(catalogue, slot)
        if draw_import:
            draw_import()

    @st.fragment(key=part_runs.key("history", slot))
    def watched() -> None:
        visitor = visitor_state.current(slot)
        _draw_history(catalogue, visitor, levels, max_history, slot)
        _draw_seen(catalogue, visitor, slot)

    # what most people change first comes first
    with st.container(border=True):
        st.header(say("What they watched"), anchor=False)
        search()
        watched()
    with st.container(border=True, key=f"{slot}_who_card"):
        st.header(say("Who is watching"), anchor=False)
        who()


def _key(name: str, slot: Slot) -> str:
    return name if slot == "a" else f"{slot}_{name}"


def _draw_demographics(visitor: Visitor, slot: Slot) -> None:
    """Draw a control for everything that the dataset knows of its users: from nothing to many attributes."""
    demographics = list(chosen_model.domain().demographics.values())
    if not demographics:
        return
    with st.container(horizontal=True, gap="xsmall"):
        for demographic in demographics:
            width: int | Literal["stretch"] = (
                "stretch" if demographic is demographics[-1] else _control_width(demographic)
            )
            _draw_demographic(demographic, visitor, width, slot)


def _control_width(demographic: Demographic) -> int:
    texts = (capitalised(demographic.label), *map(demographic.value_label, (None, *demographic.values)))
    return CONTROL_WIDTH + CHARACTER_WIDTH * min(MOST_CHARACTERS, max(map(len, texts[1:])))


def _draw_demographic(demographic: Demographic, visitor: Visitor, width: int | Literal["stretch"], slot: Slot) -> None:
    name = demographic.name
    st.selectbox(
        capitalised(demographic.label),
        [None, *demographic.values],
        placeholder=demographic.value_label(None),
        format_func=demographic.value_label,
        width=width,
        **controlled(_key(f"visitor_{name}", slot), visitor.demographic(name), partial(_set_demographic, name, slot)),
    )


def _set_demographic(name: DemographicName, slot: Slot, value: DemographicValue | None) -> None:
    visitor_state.replace(visitor_state.current(slot).with_demographic(name, value), slot)
    part_runs.run(slot, "who")


def _draw_search(catalogue: Catalogue, slot: Slot) -> None:
    # of the whole catalogue, the history included: thousands of options would be sent again with each change
    movie_box.selectbox(
        catalogue,
        say("Add a movie"),
        index=None,
        placeholder=say(f"Search {len(catalogue):,} movies …"),
        key=_key("add_movie", slot),
        on_change=_add,
        args=(slot,),
        label_visibility="collapsed",
    )


def _add(slot: Slot) -> None:
    key = _key("add_movie", slot)
    movie_id = st.session_state[key]
    st.session_state[key] = None
    if movie_id is not None:
        visitor_state.add(movie_id, slot)
        part_runs.run(slot, "who", "search")


def _draw_history(
    catalogue: Catalogue, visitor: Visitor, levels: tuple[float, ...], max_history: int, slot: Slot
) -> None:
    if not visitor.history:
        then_rate = ", then rate it" if chosen_model.domain().rated else ""
        st.caption(say(f"Nothing yet. Search above for a movie that they have watched{then_rate}."))
        return
    first = say("Watched last comes first.")
    if chosen_model.domain().rated:
        first += say(f" A new movie starts at {stars(visitor_state.NEW_RATING)}: rate it.")
    st.caption(whole_stars(first))
    events = len(visitor.history)
    shown = events if visitor_state.is_unfolded(slot) else ROWS_AT_FIRST
    history.render(visitor, shown, catalogue, levels, max_history, slot)
    if events > shown:
        _draw_fold(slot, say(f"Show {count(events - shown, 'older movie')}"), "show_whole_history", "expand_more", True)
    elif events > ROWS_AT_FIRST:
        _draw_fold(slot, f"Show only the newest {ROWS_AT_FIRST}", "show_newest", "expand_less", False)


def _draw_fold(slot: Slot, label: str, key: str, icon: str, unfolded: bool) -> None:
    st.button(
        label,
        key=_key(key, slot),
        icon=f":material/{icon}:",
        type="tertiary",
        on_click=visitor_state.unfold,
        args=(slot, unfolded),
    )


def _draw_seen(catalogue: Catalogue, visitor: Visitor, slot: Slot) -> None:
    """Say which movies are not recommended though no model reads them."""
    if not visitor.seen:
        return
    one = len(visitor.seen) == 1
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(escape_markdown(_seen_sentence(catalogue, visitor)), width="stretch")
        st.button(
            "Forget it" if one else "Forget them",
            key=_key("forget_seen", slot),
            type="tertiary",
            help=say(
                f"Count {'it' if one else 'them'} as not seen, so that {'it' if one else 'they'} may be recommended"
            ),
            on_click=part_runs.then_run_all(visitor_state.forget_seen, slot),
            args=(slot,),
        )


def _seen_sentence(catalogue: Catalogue, visitor: Visitor) -> str:
    """Return which movies were seen and cannot be read, in plain text."""
    if len(visitor.seen) <= MOST_NAMED:
        movies = listed(catalogue.title(movie_id) for movie_id in sorted(visitor.seen))
    else:
        movies = say(count(len(visitor.seen), "more movie" if visitor.history else "movie"))
    # only beside a full history can a movie be left that was rated
    older = f" or before the newest {MAX_HISTORY}" if len(visitor.history) == MAX_HISTORY else ""
    if len(visitor.seen) == 1:
        was = say(f"was seen without a rating{older}")
        return f"{movies} {was}: it is not recommended, and the model cannot read it."
    were = say(f"were seen without a rating{older}")
    return f"{movies} {were}: they are not recommended, and the model cannot read them."
