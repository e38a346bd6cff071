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
# who is watching; and what they watched
Part = Literal["answer", "tools", "lookup", "origin", "who", "history"]
# what every change of the visitor concerns; the list comes first, as it is what people wait for
FOLLOWS: tuple[Part, ...] = ("answer", "tools", "lookup", "origin")


def key(part: Part, slot: Slot) -> str:
    """Return the key of the fragment that draws a part for the visitor or, with slot "b", for their copy."""
    return part if slot == "a" else f"{slot}_{part}"


def run(slot: Slot, *edited: Part) -> None:
    """End a callback that changed the visitor: what follows from them runs, and the parts of the editor in ``edited``.

    The whole script runs where one of them is not on the page.
    """
    try:
        st.rerun([key(part, slot) for part in (*FOLLOWS, *edited)])
    except StreamlitAPIException:
        st.rerun()


def then_run_all(change: Callable[..., None], slot: Slot = "a") -> Callable[..., None]:
    """Return a callback that makes a change of the visitor, after which all parts run, the editor's too."""

    def callback(*args: object) -> None:
        change(*args)
        run(slot, "who", "history")

    return callback
