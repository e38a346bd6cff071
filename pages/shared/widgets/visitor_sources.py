"""Where a visitor can come from, but for typing: made-up people, real users, a person's own ratings."""

import random

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.schema import Visitor
from bst.visitors import personas
from bst.visitors.personas import Persona
from bst.visitors.replay import RealUsers
from pages.shared import real_users, resources
from pages.shared.format import count, escape_markdown
from pages.shared.state import visitor_state
from pages.shared.widgets import import_dialog


def render(catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    """Draw the row of buttons, and below it where the visitor came from, as long as nobody changed them."""
    simulated = resources.chosen().simulated
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "Personas",
            icon=":material/groups:",
            key="personas",
            on_click=_ask_personas,
            help="Start from somebody made up: a film student, a family, a horror club …",
        )
        st.button(
            "A simulated user" if simulated else "A real user",
            icon=":material/casino:",
            key="real_user",
            on_click=_want_real_user,
            help="Take the ratings of somebody "
            + ("in the simulated audience" if simulated else "in the dataset")
            + ", where possible of one whom the model was not trained on. Press again for another one.",
        )
        st.button(
            "Your own ratings",
            icon=":material/upload_file:",
            key="import_history",
            on_click=import_dialog.ask,
            help="Import your ratings from Letterboxd, IMDb, MovieLens, Trakt or a spreadsheet.",
        )
        st.button("Example visitor", icon=":material/person:", on_click=visitor_state.show_example, key="example")
        if visitor_state.current() != Visitor():
            st.button("Start empty", icon=":material/person_off:", on_click=visitor_state.clear, key="start_empty")
    if st.session_state.get("real_user_wanted"):
        _take_real_user_now()
    if st.session_state.get("personas_asked"):
        _draw_personas(catalogue, levels)
    elif import_dialog.asked():
        import_dialog.render(catalogue, levels)
    _draw_note()


def note(words: str) -> None:
    """Say of the current visitor where they came from, until they are changed. ``words``: plain text."""
    st.session_state["source_note"] = (resources.chosen().dataset, visitor_state.current(), words)


def _draw_note() -> None:
    dataset, visitor, words = st.session_state.get("source_note", (None, None, ""))
    if (dataset, visitor) == (resources.chosen().dataset, visitor_state.current()):
        st.caption(f":material/info: {escape_markdown(words)}")


# ---- personas


def _ask_personas() -> None:
    st.session_state["personas_asked"] = True


def _close_personas() -> None:
    st.session_state.pop("personas_asked", None)


# a dialog, as a popover near the end of a phone's screen shows half a card
@st.dialog("Somebody made up, to start from", width="large", icon=":material/groups:", on_dismiss=_close_personas)
def _draw_personas(catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    st.markdown("Each has their own taste. Pick one, then change whatever you like.")
    grid = st.grid(2, min_column_width=300)
    for persona in personas.PERSONAS:
        with grid.cell():
            _draw_card(persona, catalogue, levels)


def _draw_card(persona: Persona, catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        who = real_users.person(Visitor(persona.sex, persona.age, persona.occupation))
        facts = escape_markdown(f"{who} · {count(len(persona.watched), 'movie')}")
        st.markdown(
            f"**{escape_markdown(persona.name)}**  \n{escape_markdown(persona.story)}  \n:small[:gray[{facts}]]",
            width="stretch",
        )
        what = escape_markdown(f"Make “{persona.name}” the visitor")
        if st.button("Use", key=f"persona_{persona.slug}", help=what):
            _use(persona, catalogue, levels)
            st.rerun()


def _use(persona: Persona, catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    visitor_state.replace(personas.visitor(persona, catalogue, levels))
    lacking = personas.missing(persona, catalogue)
    words = f"“{persona.name}”, a made-up person."
    if lacking:
        words += f" Left out, as this catalogue lacks {'it' if len(lacking) == 1 else 'them'}: {', '.join(lacking)}."
    note(words)
    _close_personas()


# ---- real users


def _want_real_user() -> None:
    users = real_users.ready()
    if users is None:
        st.session_state["real_user_wanted"] = True  # taken when they are loaded, which a callback cannot tell of
    else:
        _take(users)


def _take_real_user_now() -> None:
    if real_users.ready() is None:
        real_users.load()  # runs the page again, unless the dataset cannot be read
    users = real_users.ready()
    st.session_state.pop("real_user_wanted")
    if users is not None:
        _take(users)
        st.rerun()


def _take(users: RealUsers) -> None:
    held_out = len(users.held_out) > 0
    among = users.held_out if held_out else range(len(users.dataset.users))
    user = int(random.choice(among))
    visitor = users.visitor(user)
    visitor_state.replace(visitor)
    kind = real_users.kind(users.bundle)
    of_all = int(users.lengths()[user])
    taken, newest = count(len(visitor.history), "movie"), len(visitor.history) < of_all
    known = "held out of training" if held_out else "whom the model may have been trained on"
    note(
        f"{kind[0].upper() + kind[1:]}, {known}: {real_users.person(visitor)}, "
        + (f"the newest {taken} of {of_all:,}; the others count as seen." if newest else f"{taken}.")
    )
