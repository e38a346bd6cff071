"""Undo, redo, a list of all changes to jump in, reset, and the link that others can open."""

from functools import lru_cache
from urllib.parse import urlsplit

import streamlit as st

from bst.schema import Visitor
from bst.text import count
from bst.what_if.differences import differences
from bst.what_if.edits import describe_edits
from pages.shared import part_runs, resources
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model, url_sync, visitor_state
from pages.shared.state.visitor_state import Slot
from pages.shared.widgets import page_frame
from pages.shared.wording import say, say_around

# a link of more characters scrolls, in a box of this many pixels
LONG_LINK, LONG_LINK_HEIGHT = 250, 180
# of the changes of some fifty sessions that go on for long
MAX_DESCRIPTIONS = 5000
# a change of more than this many edits is described as a whole, where there is a word for it
MOST_LISTED = 3
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def render(slot: Slot = "a") -> None:
    """Draw the row of buttons for the visitor or, with slot "b", for their copy. At most one row of each on a page."""

    @st.fragment(key=part_runs.key("tools", slot))
    def tools() -> None:
        url_sync.write()
        key = "" if slot == "a" else f"{slot}_"
        with st.container(horizontal=True, gap="xsmall", width="content", key=f"{key}toolbar"):
            icons = f"{page_frame.ICONS_ONLY}{key}toolbar"
            with st.container(horizontal=True, gap="xsmall", width="content", key=icons):
                _draw_steps(slot, key)
                _draw_changes(slot, key)
                _draw_reset(slot, key)
            _draw_share(key)

    with st.container(width="content"):
        tools()


def _draw_steps(slot: Slot, key: str) -> None:
    changes = visitor_state.changes(slot)
    for label, callback, possible, change, shortcut in (
        ("Undo", visitor_state.undo, changes.can_undo, changes.position, "Ctrl+Z"),
        ("Redo", visitor_state.redo, changes.can_redo, changes.position + 1, "Ctrl+Shift+Z"),
    ):
        name = label.lower()
        described = escape_markdown(f"{label}: {change_text(slot, change)} ({shortcut})") if possible else None
        st.button(
            label,
            key=f"{key}{name}",
            icon=f":material/{name}:",
            help=described or f"Nothing to {name}",
            disabled=not possible,
            on_click=part_runs.then_run_all(callback, slot),
            args=(slot,),
            shortcut=shortcut,
        )


def _draw_changes(slot: Slot, key: str) -> None:
    changes = visitor_state.changes(slot)
    latest = len(changes.states) - 1
    labels = {position: _label(slot, position, changes.position) for position in reversed(range(latest + 1))}
    # a menu rather than a popover, as the arrow keys work in it
    st.menu_button(
        "Changes",
        list(labels),
        key=f"{key}jump",
        icon=":material/history:",
        disabled=not latest,
        help="All changes of the visitor, newest first. Choose one to go back to it; later changes are kept."
        if latest
        else "Nothing changed yet",
        format_func=labels.__getitem__,
        on_click=part_runs.then_run_all(_jump, slot),
        args=(slot, key),
    )


def _label(slot: Slot, position: int, current: int) -> str:
    icon, mark = "undo", ""
    if position == current:
        icon, mark = "arrow_forward", "**Now:** "
    elif position > current:
        icon, mark = "redo", "Undone: "
    return f":material/{icon}: {position}\\. {mark}{escape_markdown(change_text(slot, position))}"


def _jump(slot: Slot, key: str) -> None:
    visitor_state.jump(st.session_state[f"{key}jump"], slot)


def _draw_reset(slot: Slot, key: str) -> None:
    changes = visitor_state.changes(slot)
    st.button(
        "Reset",
        key=f"{key}reset",
        icon=":material/restart_alt:",
        help="Go back to the visitor you started with" if slot == "a" else "Make B the same as the visitor again",
        disabled=changes.current == changes.origin,
        on_click=part_runs.then_run_all(visitor_state.reset, slot),
        args=(slot,),
    )


def _draw_share(key: str) -> None:
    with st.popover("Share", key=f"{key}share", icon=":material/share:"):
        st.markdown("**A link to exactly what you see:** this page, model, visitor and settings.")
        link = url_sync.absolute()
        st.code(link, language=None, wrap_lines=True, height="content" if len(link) < LONG_LINK else LONG_LINK_HEIGHT)
        st.caption(reach(link))


def reach(link: str) -> str:
    """Say who can open a link: that depends on the address in it, and on where the server listens."""
    host = urlsplit(link).hostname
    if host not in LOCAL_HOSTS:
        return "It works for everybody who can open this app."
    if st.get_option("server.address") in LOCAL_HOSTS:
        return "It works on this computer only, as the app does not listen to others."
    return f"It works on this computer. On others that can reach it, replace {host} with this computer’s name."


def change_text(slot: Slot, position: int) -> str:
    """Return what the change at a position of a slot's changes did, in plain text: "rated Alien (1979) 5 → 2"."""
    changes = visitor_state.changes(slot)
    state = changes.states[position]
    if state is None:
        return "the same as the visitor again" if position else "the same as the visitor"
    if position == 0:
        return "the start" if state == changes.origin else "the oldest change that is kept"
    before = changes.states[position - 1] or visitor_state.current()
    return _describe(chosen_model.bundle().dataset, before, state, state == changes.origin)


@lru_cache(maxsize=MAX_DESCRIPTIONS)  # every click draws the menu of all changes anew
def _describe(dataset: str, before: Visitor, after: Visitor, is_origin: bool) -> str:
    edits = differences(before, after)
    if len(edits) > MOST_LISTED:
        if is_origin:
            return "back to the start"
        if before.history and after.history and not after.ratings.keys() & before.ratings.keys():
            return say(f"somebody else, who watched {count(len(after.history), 'movie')}")
    return say_around(
        lambda title: describe_edits(before, edits, title, domain=chosen_model.domain()),
        resources.catalogue(dataset).title,
    )
