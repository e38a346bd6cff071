"""The person of a story: who they are, and what they watched as posters with stars; and what of it changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.domain import DEMOGRAPHICS
from bst.schema import Visitor
from bst.stories import Cast, Kind
from bst.text import count
from pages.shared.widgets import posters

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "story_shelf",
    html='<div class="shelf"></div>\n',
    css=posters.CSS + _HERE.with_suffix(".css").read_text("utf-8"),
    js=posters.JS + _HERE.with_suffix(".js").read_text("utf-8"),
)
# posters that are large enough to be read from afar
MOST_SHOWN = 10
# frames without a poster, for a person who has watched nothing
EMPTY_FRAMES = 5
# steps in which the change has been made
CHANGED: tuple[Kind, ...] = ("change", "moves")


def render(catalogue: Catalogue, levels: Sequence[float], cast: Cast, kind: Kind) -> None:
    """Draw the person as this step of the story shows them: alone and large, or small beside their list."""
    changed = kind in CHANGED
    visitor = cast.after if changed else cast.before
    shown = visitor.history[-MOST_SHOWN:]
    if changed and cast.changed in visitor.ratings and cast.changed not in [event.movie_id for event in shown]:
        shown = (*(event for event in visitor.history if event.movie_id == cast.changed), *shown[1:])
    older = len(visitor.history) - len(shown)
    alone = kind == "person"
    _COMPONENT(
        key="story_shelf",
        data={
            "kind": kind,
            "name": cast.story.person.name,
            "facts": _facts(cast, visitor, alone),
            "movies": [
                {
                    "id": event.movie_id,
                    "title": catalogue.title(event.movie_id),
                    "poster": posters.data(catalogue, event.movie_id),
                    "rating": event.rating,
                    "was": cast.before.ratings.get(event.movie_id) if changed else event.rating,
                    "changed": changed and event.movie_id == cast.changed,
                }
                for event in shown
            ],
            "stars": int(levels[-1]),
            "more": f"and {count(older, 'older movie')}" if older else "",
            "empty": EMPTY_FRAMES if alone and not visitor.history else 0,
            "nothing": "" if visitor.history else "Nothing watched yet",
            "label": f"What {cast.story.person.name} watched, oldest first",
        },
    )


def _facts(cast: Cast, visitor: Visitor, alone: bool) -> list[dict[str, Any]]:
    """Return what is known of the visitor and, where they stand ``alone`` without a history, what is not."""
    unknown_too = alone and not visitor.history
    facts = []
    for name, demographic in DEMOGRAPHICS.items():
        value, was = (person.demographic(name) for person in (visitor, cast.before))
        if value is None and was is None and not unknown_too:
            continue
        label = demographic.label.capitalize()
        fact = {
            "label": label,
            "value": f"{label}: ?" if value is None and unknown_too else demographic.value_label(value),
        }
        if value != was:
            fact["was"] = demographic.value_label(was)
        facts.append(fact)
    return facts
