"""After a click, only the parts of a page run again that it can have changed.

A part is a fragment with one of these keys; without such a call in a callback, Streamlit runs the fragment that the
widget is in, or else the whole script. A page need not have all parts: What if has none for its answer, so that there
every change runs the whole script.
"""

from collections.abc import Callable
from typing import Literal

import streamlit as st
from streamlit.errors import StreamlitAPIException

from pages.shared.state.visitor_state import Slot

# the list, with what is said of it; undo and the address; the prediction of one movie; where the visitor came from;
# what they watched; what to try; who is watching; and the search for a movie to add
Part = Literal["answer", "tools", "lookup", "origin", "history", "tries", "who", "search"]
# what every change of the visitor concerns; the list comes first, as it is what people wait for
CHANGED: tuple[Part, ...] = ("answer", "tools", "lookup", "origin", "history", "tries")


def key(part: Part, slot: Slot) -> str:
    """Return the key of the fragment that draws a part for the visitor or, with slot "b", for their copy."""
    return part if slot == "a" else f"{slot}_{part}"


def run(slot: Slot, *more: Part) -> None:
    """End a callback that changed the visitor: the parts in ``CHANGED`` run, and ``more``.

    The whole script runs where one of them is not on the page.
    """
    try:
        st.rerun([key(part, slot) for part in (*CHANGED, *more)])
    except StreamlitAPIException:
        st.rerun()


def then_run_all(change: Callable[..., None], slot: Slot = "a") -> Callable[..., None]:
    """Return a callback that makes a change of the visitor, after which all parts run."""

    def callback(*args: object) -> None:
        change(*args)
        run(slot, "who")

    return callback
