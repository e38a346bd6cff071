"""What this is, in a line, and three things to try: for somebody who has never seen the app."""

import streamlit as st

from bst.schema import Event, Visitor
from pages.recommend import visitor_sources
from pages.shared import part_runs, resources
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model, settings, visitor_state
from pages.story import link as story_link

PITCH = (
    "A Transformer recommender, opened up. **Everything can be changed**: a star, a movie, who they are. The list "
    "follows at once."
)
LOW, HIGH = 1.0, 5.0
LIKED_FROM = 4.0
# the names of two personas, and what the button says that makes one the visitor: the other one, if they are it already
PERSONAS = {"Family with two kids": "Be a family", "Film student": "Be a film student"}


def render() -> None:
    """Draw the buttons; they follow the visitor."""

    @st.fragment(key=part_runs.key("tries", "a"))
    def tries() -> None:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key="tries"):
            st.markdown("**Try it:**", width="content")
            _draw_star(visitor_state.current())
            _draw_persona()
            _draw_for_anyone()
            story_link.render()

    with st.container(width="content"):
        tries()


def _draw_star(visitor: Visitor) -> None:
    event = _telling(visitor)
    if event is None:
        return
    rating = LOW if event.rating >= LIKED_FROM else HIGH
    title = resources.catalogue(chosen_model.bundle().dataset).short_title(event.movie_id)
    st.button(
        f"Give {escape_markdown(title)} {rating:g} ★",
        key="try_star",
        icon=":material/star_half:",
        help=f"{event.rating:g} ★ becomes {rating:g} ★: watch the movies move.",
        on_click=part_runs.then_run_all(_rate),
        args=(event.movie_id, rating),
    )


def _telling(visitor: Visitor) -> Event | None:
    """Return the event whose rating is turned around: the newest of those that they rated highest."""
    return max(reversed(visitor.history), key=lambda event: event.rating, default=None)


def _rate(movie_id: int, rating: float) -> None:
    levels = chosen_model.bundle().levels
    nearest = min(levels, key=lambda level: abs(level - rating))
    visitor_state.replace(visitor_state.current().rated(movie_id, nearest))


def _draw_persona() -> None:
    name, label = next((name, label) for name, label in PERSONAS.items() if not visitor_sources.is_persona(name))
    st.button(
        label,
        key="try_persona",
        icon=":material/groups:",
        help="Somebody made up, with a taste of their own, becomes the visitor.",
        on_click=part_runs.then_run_all(visitor_sources.use_persona),
        args=(name,),
    )


def _draw_for_anyone() -> None:
    shown = settings.get("for_anyone")
    st.button(
        "Back to the visitor" if shown else "Everybody’s list",
        key="try_for_anyone",
        icon=":material/public:",
        help="What the model would list for somebody of whom it knows nothing.",
        on_click=_show_for_anyone,
        args=(not shown,),
    )


def _show_for_anyone(shown: bool) -> None:
    settings.update(for_anyone=shown)
    st.rerun()  # more than this part says whose list it is
