"""Where a visitor can come from: made-up people, users of the dataset, a person's own ratings."""

import random
from typing import TYPE_CHECKING

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.schema import Visitor
from bst.text import count
from pages.recommend import state
from pages.shared import part_runs, real_users, resources
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model, visitor_state
from pages.shared.wording import is_about_movies, say

if TYPE_CHECKING:  # a first list must not wait for them
    from bst.visitors.personas import Persona
    from bst.visitors.replay import RealUsers

CARD_WIDTH = 300


def render(catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    """Draw the row of buttons, and below it where the visitor came from, as long as they have not been changed."""
    bundle = chosen_model.bundle()
    with st.container(horizontal=True, gap="xsmall"):
        if is_about_movies():  # personas and exports of other sites name movies
            st.button(
                "Personas",
                icon=":material/groups:",
                key="personas",
                on_click=state.open_personas,
                help="Start from a made-up person: a film student, a family, a horror club …",
            )
        if not real_users.hidden(bundle):
            _draw_real_user(bundle.simulated)
        st.button(
            "Example visitor",
            icon=":material/person:",
            key="example",
            on_click=part_runs.then_run_all(visitor_state.show_example),
        )
        if visitor_state.current() != Visitor():
            st.button(
                "Start empty",
                icon=":material/person_off:",
                key="start_empty",
                on_click=part_runs.then_run_all(visitor_state.clear),
            )
    real_users.caption_hidden(bundle)
    if state.is_real_user_wanted():
        _load_and_take_real_user()
    if state.open_dialog() == "personas" and is_about_movies():
        _draw_personas(catalogue, levels)
    _draw_origin()


def _draw_real_user(simulated: bool) -> None:
    st.button(
        "A simulated user" if simulated else "A real user",
        icon=":material/casino:",
        key="real_user",
        on_click=_request_real_user,
        help=say(
            f"Take the ratings of a random user {'of the simulated audience' if simulated else 'of the dataset'}, "
            "if possible one whom the model was not trained on. Press again for another one."
        ),
    )


def render_import(catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    """Draw the button that takes a history from a file, and its dialog: such files are of movies."""
    if not is_about_movies():
        return
    st.button(
        "Import your ratings",
        icon=":material/upload_file:",
        key="import_history",
        on_click=state.open_import,
        help="Your ratings from Letterboxd, IMDb, MovieLens, Trakt or a spreadsheet become the history.",
    )
    if state.open_dialog() == "import":
        from pages.recommend import import_dialog  # only who has a file needs it

        import_dialog.render(catalogue, levels)


@st.fragment(key=part_runs.key("origin", "a"))
def _draw_origin() -> None:
    if note := visitor_state.source_note():
        st.caption(f":material/info: {escape_markdown(note)}")


# ---- personas


# a dialog, as a popover near the end of a phone's screen shows half a card
@st.dialog("Start from a made-up person", width="large", icon=":material/groups:", on_dismiss=state.close_dialog)
def _draw_personas(catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    from bst.visitors import personas

    st.markdown("Each has a taste of their own. Pick one, then change whatever you like.")
    grid = st.grid(2, min_column_width=CARD_WIDTH)
    for persona in personas.PERSONAS:
        with grid.cell():
            _draw_card(persona, catalogue, levels)


def _draw_card(persona: "Persona", catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        demographics = real_users.describe(persona.demographics)
        summary = escape_markdown(f"{demographics} · {count(len(persona.watched), 'movie')}")
        st.markdown(
            f"**{escape_markdown(persona.name)}**  \n{escape_markdown(persona.story)}  \n:small[:gray[{summary}]]",
            width="stretch",
        )
        help_text = escape_markdown(f"Make “{persona.name}” the visitor")
        if st.button("Use", key=f"persona_{persona.slug}", help=help_text):
            _use(persona, catalogue, levels)
            st.rerun()


def use_persona(name: str) -> None:
    """Make the persona of this name the visitor. For callbacks."""
    from bst.visitors import personas

    bundle = chosen_model.bundle()
    persona = next(persona for persona in personas.PERSONAS if persona.name == name)
    _use(persona, resources.catalogue(bundle.dataset), bundle.levels)


def is_persona(name: str) -> bool:
    """Tell whether the visitor is the persona of this name, unchanged."""
    return visitor_state.source_note().startswith(_quoted(name))


def _quoted(name: str) -> str:
    return f"“{name}”"


def _use(persona: "Persona", catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    from bst.visitors import personas

    visitor_state.replace(personas.visitor(persona, catalogue, levels))
    note = f"{_quoted(persona.name)}, a made-up person."
    if missing := personas.missing(persona, catalogue):
        note += f" Not in this catalogue and left out: {', '.join(missing)}."
    visitor_state.note_source(note)
    state.close_dialog()


# ---- users of the dataset


def _request_real_user() -> None:
    users = real_users.ready()
    if users is None:
        state.want_real_user(True)  # loading takes seconds and draws a message, which a callback cannot do
    else:
        _take(users)
        part_runs.run("a", "who")


def _load_and_take_real_user() -> None:
    if real_users.ready() is None:
        real_users.load()  # runs the page again, unless the dataset cannot be read
    users = real_users.ready()
    state.want_real_user(False)
    if users is not None:
        _take(users)
        st.rerun()


def _take(users: "RealUsers") -> None:
    held_out = len(users.held_out) > 0
    user = int(random.choice(users.held_out if held_out else range(len(users.dataset.users))))
    visitor = users.visitor(user)
    visitor_state.replace(visitor)
    origin = real_users.origin(users.bundle)
    split = "held out of training" if held_out else "whom the model may have been trained on"
    ratings, movies = int(users.lengths()[user]), say(count(len(visitor.history), "movie"))
    if len(visitor.history) < ratings:
        movies = f"the newest {movies} of {ratings:,}; the others count as seen"
    about = ", ".join(part for part in (real_users.describe(visitor.demographics), movies) if part)
    visitor_state.note_source(f"{origin[0].upper() + origin[1:]}, {split}: {about}.")
