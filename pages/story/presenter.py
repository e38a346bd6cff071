"""What a presenter has: dots for the steps, Back and Next, the way into the lab and out, and the keys of a clicker."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from bst.stories import Kind
from pages.story import lab, state
from pages.story.state import Shown

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "story_presenter",
    html='<nav class="bar" aria-label="Steps of the story"></nav>\n<p class="heard" role="status"></p>\n',
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
)
# what a step is called
LABELS: dict[Kind, str] = {
    "person": "A person",
    "list": "Their list",
    "change": "One change",
    "moves": "What moves",
    "why": "Why",
    "attention": "Where it looked",
    "evidence": "Does it hold?",
    "text": "A text",
}
AFTER = "What next?"


def render(shown: Shown) -> None:
    """Draw the bar at the bottom of the screen, and listen to keys."""
    key = "story_presenter"
    _COMPONENT(
        key=key,
        data={
            "steps": [LABELS[step.kind] for step in shown.story.steps],
            "index": shown.index,
            "after": AFTER,
            "lab": f"Open in {lab.page_name(shown)}",
        },
        on_act_change=lambda: _act(st.session_state[key].act),
    )


def _act(act: Mapping[str, Any]) -> None:
    """Do what the browser reports: a step to show, or another page to go to."""
    match act:
        case {"go": int(index)}:
            state.go(index)
        case {"to": "edit"}:
            state.start_editing()
        case {"to": "leave"}:
            state.leave()
        case {"to": "lab"}:
            state.wish("lab")
