"""The visitor editor: who is watching and what they watched."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.schema import AGE_LABELS, AGES, MAX_HISTORY, OCCUPATIONS, SEX_LABELS, SEXES, WHOLE_STARS, Event, Visitor
from pages.shared.format import count, escape_markdown
from pages.shared.state import visitor_state
from pages.shared.state.visitor_state import Slot
from pages.shared.widgets import page_frame, visitor_sources

UNKNOWN = "Unknown"
# a long history is drawn on request only: every row is five widgets
ROWS_AT_FIRST = 20


def render(catalogue: Catalogue, levels: tuple[float, ...], max_history: int, slot: Slot = "a") -> None:
    """Draw the editor of the visitor or, with slot "b", of their copy; where visitors come from only for the visitor.

    ``levels``: the ratings that the dataset allows. ``max_history``: how many of the newest events the model reads.
    """
    visitor = visitor_state.current(slot)
    with st.container(border=True):
        st.header("Who is watching", anchor=False)
        _draw_who(visitor, slot)
        if slot == "a":  # above the history, so that they stay in sight when it is long
            visitor_sources.render(catalogue, levels)
    with st.container(border=True):
        st.header("What they watched", anchor=False)
        _draw_search(catalogue, slot)
        _draw_history(catalogue, visitor, levels, max_history, slot)
        _draw_seen(visitor, slot)


def _key(name: str, slot: Slot) -> str:
    return name if slot == "a" else f"{slot}_{name}"


def _draw_who(visitor: Visitor, slot: Slot) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        _draw_part("sex", "Sex", visitor.sex, SEXES, SEX_LABELS, 118, slot)
        _draw_part("age", "Age group", visitor.age, AGES, AGE_LABELS, 138, slot)
        words = {occupation: _word(occupation) for occupation in OCCUPATIONS}
        _draw_part("occupation", "Occupation", visitor.occupation, OCCUPATIONS, words, "stretch", slot)


def _word(occupation: str) -> str:
    return occupation[0].upper() + occupation[1:]


def _draw_part(name: str, label: str, value, options, labels: dict, width: int | str, slot: Slot) -> None:
    key = _key(f"visitor_{name}", slot)
    st.session_state[key] = value
    st.selectbox(
        label,
        [None, *options],
        placeholder=UNKNOWN,
        format_func=lambda option: UNKNOWN if option is None else labels[option],
        key=key,
        on_change=_set_part,
        args=(name, slot),
        width=width,
    )


def _set_part(name: str, slot: Slot) -> None:
    value = st.session_state[_key(f"visitor_{name}", slot)]
    visitor_state.replace(replace(visitor_state.current(slot), **{name: value}), slot)


def _draw_search(catalogue: Catalogue, slot: Slot) -> None:
    st.selectbox(
        "Add a movie",
        catalogue.titles,  # watched ones too: options that change have to be sent anew, and they are thousands
        index=None,
        format_func=catalogue.titles.get,
        placeholder=f"Search {len(catalogue):,} movies …",
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


def _draw_history(
    catalogue: Catalogue, visitor: Visitor, levels: tuple[float, ...], max_history: int, slot: Slot
) -> None:
    if not visitor.history:
        st.caption("Nothing yet. Search above for a movie that they watched, and say how they liked it.")
        return
    st.caption("Newest first")
    events = list(reversed(visitor.history))
    whole = _key("whole_history", slot)
    shown = len(events) if st.session_state.get(whole) else ROWS_AT_FIRST
    for place, event in enumerate(events[:shown]):
        if place == max_history:
            older = len(visitor.history) - max_history
            st.caption(f"This model reads the newest {max_history}. It does not see {count(older, 'older movie')}:")
        _draw_event(event, catalogue.title(event.movie_id), place, len(events), levels, slot)
    if len(events) > shown:
        st.button(
            f"Show {count(len(events) - shown, 'older movie')}",
            key=_key("show_whole_history", slot),
            icon=":material/expand_more:",
            type="tertiary",
            on_click=st.session_state.update,
            args=({whole: True},),
        )
    elif len(events) > ROWS_AT_FIRST:
        st.button(
            f"Show the newest {ROWS_AT_FIRST} only",
            key=_key("show_newest", slot),
            icon=":material/expand_less:",
            type="tertiary",
            on_click=st.session_state.update,
            args=({whole: False},),
        )


def _draw_seen(visitor: Visitor, slot: Slot) -> None:
    """Say how many movies are kept out of lists though no model reads them."""
    if not visitor.seen:
        return
    more = "more " if visitor.history else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            f"Also seen: **{len(visitor.seen):,}** {more}{'movie' if len(visitor.seen) == 1 else 'movies'}, without a "
            f"rating or older than the newest {MAX_HISTORY}. They are not recommended, and no model reads them.",
            width="stretch",
        )
        st.button(
            "Forget these",
            key=_key("forget_seen", slot),
            type="tertiary",
            help="Count them as not seen, so that they may be recommended again",
            on_click=visitor_state.forget_seen,
            args=(slot,),
        )


def _draw_event(event: Event, title: str, place: int, events: int, levels: tuple[float, ...], slot: Slot) -> None:
    # beside a title of its own line where the editor is narrow: see ``page_frame.css``
    row = _key(f"event_{place}", slot)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=row):
        st.markdown(escape_markdown(title), width="stretch")
        with st.container(
            horizontal=True,
            vertical_alignment="center",
            gap="xsmall",
            width="content",
            wrap=False,
            key=f"{page_frame.ICONS_ONLY}{row}",
        ):
            _draw_stars(event, title, levels, slot)
            movie = event.movie_id
            later, earlier, remove = f"Move {title} later", f"Move {title} earlier", f"Remove {title}"
            _draw_button(_key(f"later_{movie}", slot), "arrow_upward", later, place == 0, _move, (movie, 1, slot))
            _draw_button(
                _key(f"earlier_{movie}", slot), "arrow_downward", earlier, place == events - 1, _move, (movie, -1, slot)
            )
            _draw_button(_key(f"remove_{movie}", slot), "delete", remove, False, _remove, (movie, slot))


def _draw_button(key: str, icon: str, label: str, disabled: bool, on_click: Callable, args: tuple) -> None:
    st.button(
        escape_markdown(label),
        icon=f":material/{icon}:",
        key=key,
        help=escape_markdown(label),
        disabled=disabled,
        on_click=on_click,
        args=args,
        type="tertiary",
    )


def _draw_stars(event: Event, title: str, levels: tuple[float, ...], slot: Slot) -> None:
    key = _key(f"stars_{event.movie_id}", slot)
    if levels == WHOLE_STARS:
        st.session_state[key] = int(event.rating) - 1
        st.feedback("stars", key=key, on_change=_rate, args=(event.movie_id, True, slot))
    else:
        st.session_state[key] = event.rating
        st.selectbox(
            f"Rating of {escape_markdown(title)}",
            levels,
            format_func=lambda level: f"{level:g} ★",
            key=key,
            on_change=_rate,
            args=(event.movie_id, False, slot),
            label_visibility="collapsed",
            width=100,
        )


def _rate(movie_id: int, from_stars: bool, slot: Slot) -> None:
    value = st.session_state[_key(f"stars_{movie_id}", slot)]
    # a second click on the same star clears the widget; the rating then stays what it was
    if value is not None:
        rating = float(value + 1 if from_stars else value)
        visitor_state.replace(visitor_state.current(slot).rated(movie_id, rating), slot)


def _move(movie_id: int, by: int, slot: Slot) -> None:
    visitor_state.replace(visitor_state.current(slot).moved(movie_id, by), slot)


def _remove(movie_id: int, slot: Slot) -> None:
    visitor_state.replace(visitor_state.current(slot).without(movie_id), slot)
