"""What this is, in a line, and three things to try, for newcomers."""

from collections.abc import Sequence

import streamlit as st

from bst.inference.recommender import Recommender
from bst.metrics import LIKED
from bst.schema import Visitor
from pages.recommend import state, visitor_sources
from pages.shared import part_runs
from pages.shared.format import escape_markdown
from pages.shared.state import settings, visitor_state
from pages.shared.wording import is_about_movies
from pages.story import link as story_link

PITCH = "A movie recommender, opened up: a Behavior Sequence Transformer (BST). **Change anything.**"
# the names of two personas, and what the button says that makes one the visitor: the other one, if they are it already
PERSONAS = {"Family with two kids": "Be a family", "Film student": "Be a film student"}


def render(recommender: Recommender) -> None:
    """Draw the buttons; they follow the visitor."""

    @st.fragment(key=part_runs.key("tries", "a"))
    def tries() -> None:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key="tries"):
            st.markdown("**Try it:**", width="content")
            _draw_star(recommender, visitor_state.current())
            _draw_persona()
            _draw_for_anyone()
            if is_about_movies():
                story_link.render()

    with st.container(width="content"):
        tries()


def _draw_star(recommender: Recommender, visitor: Visitor) -> None:
    if not recommender.domain.rated:
        return
    tried = state.tried_rating(visitor)
    event = state.telling_event(visitor)
    if tried:
        movie_id, rating = tried
    elif event:
        movie_id, rating = event.movie_id, _opposite(event.rating, recommender.bundle.levels)
    else:
        return
    again = " again" if tried else ""
    st.button(
        f"{rating:g} ★ for {escape_markdown(recommender.catalogue.short_title(movie_id))}{again}",
        key="try_star",
        icon=":material/star_half:",
        on_click=part_runs.then_run_all(_rate),
        args=(movie_id, rating),
    )


def _opposite(rating: float, levels: Sequence[float]) -> float:
    """Return the lowest level for a rating that says they liked it, the highest for any other."""
    return levels[0] if rating >= LIKED else levels[-1]


def _rate(movie_id: int, rating: float) -> None:
    visitor = visitor_state.current()
    if movie_id not in visitor.ratings:  # removed in the moment before the click
        return
    state.note_tried_rating(movie_id, visitor.ratings[movie_id], rating)
    visitor_state.replace(visitor.rated(movie_id, rating))


def _draw_persona() -> None:
    if not is_about_movies():
        return
    name, label = next((name, label) for name, label in PERSONAS.items() if not visitor_sources.is_persona(name))
    st.button(
        label,
        key="try_persona",
        icon=":material/groups:",
        help="A made-up person with a taste of their own becomes the visitor.",
        on_click=part_runs.then_run_all(visitor_sources.use_persona),
        args=(name,),
    )


def _draw_for_anyone() -> None:
    shown = settings.get("for_anyone")
    st.button(
        "Back to the visitor" if shown else "Everybody’s list",
        key="try_for_anyone",
        icon=":material/public:",
        help="What the model would list for an unknown visitor.",
        on_click=_show_for_anyone,
        args=(not shown,),
    )


def _show_for_anyone(shown: bool) -> None:
    settings.update(for_anyone=shown)
    st.rerun()  # more than this part says whose list it is
