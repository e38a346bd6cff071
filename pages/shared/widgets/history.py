"""A history on the screen: each movie with its rating, and buttons to move and remove it.

A custom component, as five widgets a row make a long history slow to draw, on the server and in the browser.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.schema import WHOLE_STARS, Visitor
from bst.text import count
from pages.shared import part_runs
from pages.shared.state import visitor_state
from pages.shared.state.visitor_state import Slot
from pages.shared.widgets import posters
from pages.shared.wording import say

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "history",
    html='<ol class="history"></ol>\n',
    css=posters.CSS + _HERE.with_suffix(".css").read_text("utf-8"),
    js=posters.JS + _HERE.with_suffix(".js").read_text("utf-8"),
)
# by how many places an event moves towards the newest
MOVES = {"later": 1, "earlier": -1}


def render(
    visitor: Visitor, shown: int, catalogue: Catalogue, levels: Sequence[float], max_history: int, slot: Slot
) -> None:
    """Draw the newest ``shown`` events of the visitor or, with slot "b", of their copy; the newest first.

    ``levels``: the ratings that the dataset allows. ``max_history``: how many events the model reads; a line says where
    that ends.
    """
    events = visitor.history[::-1]
    unread, key = len(events) - max_history, "history_rows" if slot == "a" else f"{slot}_history_rows"
    _COMPONENT(
        key=key,
        data={
            "rows": [
                {
                    "movie_id": event.movie_id,
                    "title": catalogue.title(event.movie_id),
                    "rating": event.rating,
                    "poster": posters.data(catalogue, event.movie_id),
                }
                for event in events[:shown]
            ],
            "label": say("What they watched, newest first"),
            "more": say(f"Show all {min(shown, len(events))} movies"),
            "events": len(events),
            "levels": list(levels) if catalogue.domain.rated else [],
            "stars": tuple(levels) == WHOLE_STARS,
            "read": max_history,
            "unread": say(
                f"This model reads the newest {max_history} movies. It does not see the following "
                f"{count(unread, 'older movie')}:"
            ),
        },
        on_edit_change=lambda: _edit(st.session_state[key].edit, levels, slot),
    )


def _edit(edit: Mapping[str, Any], levels: Sequence[float], slot: Slot) -> None:
    """Make the change that the browser reports; none if it does not fit the visitor as they are by now."""
    visitor = visitor_state.current(slot)
    movie_id, action = edit["movie_id"], edit["action"]
    if movie_id not in visitor.ratings:
        return
    if action == "rate" and edit["rating"] in levels:
        visitor_state.replace(visitor.rated(movie_id, float(edit["rating"])), slot)
    elif action in MOVES:
        visitor_state.replace(visitor.moved(movie_id, MOVES[action]), slot)
    elif action == "remove":
        visitor_state.replace(visitor.without(movie_id), slot)
    part_runs.run(slot, *(() if visitor_state.current(slot).history else ("who",)))
