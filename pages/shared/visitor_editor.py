"""The visitor editor: who is watching and what they watched."""

import streamlit as st

from bst.catalogue import Catalogue
from bst.schema import AGE_LABELS, AGES, OCCUPATIONS, SEX_LABELS, SEXES, WHOLE_STARS, Event, Visitor
from pages.shared import visitor_state
from pages.shared.text import count, literal

UNKNOWN = "Unknown"
# a long history is drawn on request only: every row is five widgets
ROWS_AT_FIRST = 20


def draw(catalogue: Catalogue, levels: tuple[float, ...], horizon: int) -> None:
    """Draw the editor. ``horizon``: how many of the newest events the model reads."""
    visitor = visitor_state.current()
    with st.container(border=True):
        st.subheader("Who is watching", anchor=False)
        _draw_who(visitor)
    with st.container(border=True):
        st.subheader("What they watched", anchor=False)
        _draw_search(catalogue, visitor)
        _draw_history(catalogue, visitor, levels, horizon)
        _draw_actions(visitor)


def _draw_who(visitor: Visitor) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        _draw_part("sex", "Sex", visitor.sex, SEXES, SEX_LABELS, 118)
        _draw_part("age", "Age group", visitor.age, AGES, AGE_LABELS, 138)
        words = {occupation: _word(occupation) for occupation in OCCUPATIONS}
        _draw_part("occupation", "Occupation", visitor.occupation, OCCUPATIONS, words, "stretch")


def _word(occupation: str) -> str:
    return occupation[0].upper() + occupation[1:]


def _draw_part(name: str, label: str, value, options, labels: dict, width: int | str) -> None:
    key = f"visitor_{name}"
    st.session_state[key] = value
    st.selectbox(
        label,
        [None, *options],
        placeholder=UNKNOWN,
        format_func=lambda option: UNKNOWN if option is None else labels[option],
        key=key,
        on_change=_set_part,
        args=(name,),
        width=width,
    )


def _set_part(name: str) -> None:
    visitor = visitor_state.current()
    parts = {part: getattr(visitor, part) for part in ("sex", "age", "occupation")}
    parts[name] = st.session_state[f"visitor_{name}"]
    visitor_state.replace(Visitor(**parts, history=visitor.history))


def _draw_search(catalogue: Catalogue, visitor: Visitor) -> None:
    seen = {event.movie_id for event in visitor.history}
    titles = catalogue.movies.set_index("movie_id")["title"]
    st.selectbox(
        "Add a movie",
        [movie_id for movie_id in titles.index.tolist() if movie_id not in seen],
        index=None,
        format_func=titles.to_dict().get,
        placeholder=f"Search {len(catalogue):,} movies …",
        key="add_movie",
        on_change=_add,
        label_visibility="collapsed",
    )


def _add() -> None:
    movie_id = st.session_state["add_movie"]
    st.session_state["add_movie"] = None
    if movie_id is not None:
        visitor_state.add(movie_id)


def _draw_history(catalogue: Catalogue, visitor: Visitor, levels: tuple[float, ...], horizon: int) -> None:
    if not visitor.history:
        st.caption("Nothing yet. Search above for a movie that they watched, and say how they liked it.")
        return
    st.caption("Newest first")
    events = list(reversed(visitor.history))
    shown = len(events) if st.session_state.get("whole_history") else ROWS_AT_FIRST
    for place, event in enumerate(events[:shown]):
        if place == horizon:
            older = len(visitor.history) - horizon
            st.caption(f"This model reads the newest {horizon}. It does not see {count(older, 'older movie')}:")
        _draw_event(event, catalogue.title(event.movie_id), place, len(events), levels)
    if len(events) > shown:
        st.button(
            f"Show {count(len(events) - shown, 'older movie')}",
            key="show_whole_history",
            icon=":material/expand_more:",
            type="tertiary",
            on_click=lambda: st.session_state.update(whole_history=True),
        )


def _draw_event(event: Event, title: str, place: int, events: int, levels: tuple[float, ...]) -> None:
    # the title breaks into lines rather than pushing the stars below it, so that they stand in one column
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False, key=f"event_{place}"):
        st.markdown(literal(title), width="stretch")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", wrap=False):
            _draw_stars(event, title, levels)
            _draw_button("later", "arrow_upward", f"{title}: watched later", place == 0, _move, (event.movie_id, 1))
            _draw_button(
                "earlier",
                "arrow_downward",
                f"{title}: watched earlier",
                place == events - 1,
                _move,
                (event.movie_id, -1),
            )
            _draw_button("remove", "delete", f"Remove {title}", False, _remove, (event.movie_id,))


def _draw_button(what: str, icon: str, help_text: str, disabled: bool, on_click, args: tuple) -> None:
    st.button(
        "",
        icon=f":material/{icon}:",
        key=f"{what}_{args[0]}",
        help=literal(help_text),
        disabled=disabled,
        on_click=on_click,
        args=args,
        type="tertiary",
    )


def _draw_stars(event: Event, title: str, levels: tuple[float, ...]) -> None:
    key = f"stars_{event.movie_id}"
    if levels == WHOLE_STARS:
        st.session_state[key] = int(event.rating) - 1
        st.feedback("stars", key=key, on_change=_rate, args=(event.movie_id, True))
    else:
        st.session_state[key] = event.rating
        st.selectbox(
            f"Rating of {literal(title)}",
            levels,
            format_func=lambda level: f"{level:g} ★",
            key=key,
            on_change=_rate,
            args=(event.movie_id, False),
            label_visibility="collapsed",
            width=100,
        )


def _rate(movie_id: int, from_stars: bool) -> None:
    value = st.session_state[f"stars_{movie_id}"]
    # a second click on the same star clears the widget; the rating then stays what it was
    if value is not None:
        rating = float(value + 1 if from_stars else value)
        visitor_state.replace(visitor_state.current().rated(movie_id, rating))


def _move(movie_id: int, by: int) -> None:
    visitor_state.replace(visitor_state.current().moved(movie_id, by))


def _remove(movie_id: int) -> None:
    visitor_state.replace(visitor_state.current().without(movie_id))


def _draw_actions(visitor: Visitor) -> None:
    with st.container(horizontal=True):
        if visitor != Visitor():
            st.button("Start empty", icon=":material/person_off:", on_click=visitor_state.clear, key="start_empty")
        st.button("Example visitor", icon=":material/person:", on_click=visitor_state.show_example, key="example")
