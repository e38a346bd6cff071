"""Undo, redo, a list of all changes to jump in, reset, and the link that others can open."""

from functools import lru_cache
from urllib.parse import urlsplit

import streamlit as st

from bst.schema import Visitor
from bst.what_if.edits import describe_edits, differences
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.state import url_sync, visitor_state
from pages.shared.state.visitor_state import Slot

LONG = 250  # a link of more characters scrolls
HERE = ("localhost", "127.0.0.1", "::1")


def render(slot: Slot = "a") -> None:
    """Draw the row of buttons for the visitor or, with slot "b", for their copy. One row a page: it has the keys."""
    key = "" if slot == "a" else f"{slot}_"
    with st.container(horizontal=True, gap="xsmall", width="content", key=f"{key}toolbar"):
        _draw_steps(slot, key)
        _draw_changes(slot, key)
        _draw_reset(slot, key)
        _draw_share(key)


def _draw_steps(slot: Slot, key: str) -> None:
    mine = visitor_state.changes(slot)
    st.button(
        "Undo",
        key=f"{key}undo",
        icon=":material/undo:",
        help=escape_markdown(f"Take back: {change_words(slot, mine.position)}")
        if mine.can_undo
        else "Nothing to take back",
        disabled=not mine.can_undo,
        on_click=visitor_state.undo,
        args=(slot,),
        shortcut="Ctrl+Z",
    )
    st.button(
        "Redo",
        key=f"{key}redo",
        icon=":material/redo:",
        help=escape_markdown(f"Do again: {change_words(slot, mine.position + 1)}")
        if mine.can_redo
        else "Nothing was taken back",
        disabled=not mine.can_redo,
        on_click=visitor_state.redo,
        args=(slot,),
        shortcut="Ctrl+Shift+Z",
    )


def _draw_changes(slot: Slot, key: str) -> None:
    mine = visitor_state.changes(slot)
    number = len(mine.states) - 1
    labels = {place: _label(slot, place, mine.position) for place in reversed(range(number + 1))}
    # a menu, not a popover: the arrow keys lead through it
    st.menu_button(
        "Changes",
        list(labels),
        key=f"{key}jump",
        icon=":material/history:",
        disabled=not number,
        help="All changes of the visitor, newest first: choose one to go there. Nothing is lost by going back."
        if number
        else "Nothing changed yet",
        format_func=labels.get,
        on_click=_jump,
        args=(slot, key),
    )


def _label(slot: Slot, place: int, now: int) -> str:
    icon, mark = (
        ("arrow_forward", "**Now:** ") if place == now else ("redo", "Undone: ") if place > now else ("undo", "")
    )
    return f":material/{icon}: {place}\\. {mark}{escape_markdown(change_words(slot, place))}"


def _jump(slot: Slot, key: str) -> None:
    visitor_state.jump(st.session_state[f"{key}jump"], slot)


def _draw_reset(slot: Slot, key: str) -> None:
    mine = visitor_state.changes(slot)
    st.button(
        "Reset",
        key=f"{key}reset",
        icon=":material/restart_alt:",
        help="Go back to the visitor that you began with" if slot == "a" else "Make it the same as the visitor again",
        disabled=mine.current == mine.origin,
        on_click=visitor_state.reset,
        args=(slot,),
    )


def _draw_share(key: str) -> None:
    with st.popover("Share", key=f"{key}share", icon=":material/share:"):
        st.markdown("**A link to just what you see:** this page, model, visitor and settings.")
        link = url_sync.absolute()
        st.code(link, language=None, wrap_lines=True, height="content" if len(link) < LONG else 180)
        st.caption(_reach(urlsplit(link).hostname))


def _reach(host: str | None) -> str:
    """Say who can open a link: that depends on the address in it, and on where the server listens."""
    if host not in HERE:
        return "It works for everybody who can open this app."
    if st.get_option("server.address") in HERE:
        return "It works on this computer only: the app listens to no other."
    return (
        "It works on this computer. Others who can reach it open the same link with this computer's name in the place "
        f"of {host}."
    )


def change_words(slot: Slot, place: int) -> str:
    """Return what the change at ``place`` of a slot's changes did, in plain text: "rated Alien (1979) 5 → 2"."""
    states = visitor_state.changes(slot).states
    if states[place] is None:
        return "the same as the visitor again" if place else "the same as the visitor"
    if place == 0:
        return "as it began" if states[0] == visitor_state.changes(slot).origin else "the oldest that is still known"
    before = states[place - 1] or visitor_state.current()
    return _words(resources.chosen().dataset, before, states[place])


@lru_cache(maxsize=2000)
def _words(dataset: str, before: Visitor, after: Visitor) -> str:
    return describe_edits(before, differences(before, after), resources.catalogue(dataset).title)
