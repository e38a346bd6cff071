"""The steps of a story in its editor: their order, and texts in place of the computed ones."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from bst.errors import BSTError
from bst.stories import KINDS, Kind, Step, Story
from bst.stories.story import MOST_CAPTION, MOST_HEADLINE, MOST_STEPS
from bst.stories.telling import Telling
from pages.shared import resources
from pages.shared.state import chosen_model
from pages.shared.state.controlled import controlled
from pages.shared.widgets import page_frame
from pages.story import answers, state
from pages.story.presenter import LABELS

# the texts of a step, how many characters they have at most, and the height of their boxes in pixels
FIELDS = (("headline", "Headline", MOST_HEADLINE, 84), ("caption", "Caption", MOST_CAPTION, 108))
COMPUTED = Telling("Headline: computed from the model", "Caption: computed from the model")


def render(story: Story) -> None:
    """Draw all steps, and the choice of one to add."""
    computed = _computed(story)
    with st.container(border=True):
        st.header("Steps", anchor=False)
        st.caption(
            "A headline or a caption that you leave empty is the one in grey, with the numbers of the model. "
            "For no caption at all, write – (a dash)."
        )
        for index, step in enumerate(story.steps):
            _draw_step(story, index, step, computed.get(step.kind, COMPUTED))
        if len(story.steps) < MOST_STEPS:
            st.menu_button(
                "Add a step",
                list(KINDS),
                key="story_add_step",
                icon=":material/add:",
                format_func=LABELS.__getitem__,
                on_click=_add,
            )


def _computed(story: Story) -> dict[Kind, Telling]:
    """Return what each step says by itself; nothing as long as the model is not in memory, or cannot tell the story."""
    recommender = resources.loaded(chosen_model.bundle())
    if recommender is None or not recommender.bundle.recommends:
        return {}
    try:
        cast = answers.cast(recommender, story)
        return {kind: answers.tell(recommender, cast, kind) for kind in {step.kind for step in story.steps}}
    except BSTError:  # the editor says why
        return {}


def _draw_step(story: Story, index: int, step: Step, computed: Telling) -> None:
    name = f"{index + 1}. {LABELS[step.kind]}"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        st.markdown(f"**{name}**", width="stretch")
        last = len(story.steps) - 1
        with st.container(
            horizontal=True, width="content", gap="xsmall", key=f"{page_frame.ICONS_ONLY}story_step_{index}"
        ):
            _button(f"up_{index}", "arrow_upward", f"Move {name} up", index == 0, partial(_move, index, -1))
            _button(f"down_{index}", "arrow_downward", f"Move {name} down", index == last, partial(_move, index, 1))
            _button(f"drop_{index}", "delete", f"Remove {name}", last == 0, partial(_remove, index))
    for field, label, most, height in FIELDS:
        st.text_area(
            f"{label} of {name}",
            max_chars=most,
            height=height,
            placeholder=getattr(computed, field),
            **controlled(f"story_{field}_{index}", getattr(step, field), partial(_set_text, index, field)),
        )


def _button(key: str, icon: str, label: str, disabled: bool, on_click: Callable[[], None]) -> None:
    st.button(
        label,
        key=f"story_{key}",
        icon=f":material/{icon}:",
        help=label,
        type="tertiary",
        disabled=disabled,
        on_click=on_click,
    )


def _set_text(index: int, field: str, text: str) -> None:
    texts: dict[str, Any] = {field: text}
    _change(lambda steps: [*steps[:index], replace(steps[index], **texts), *steps[index + 1 :]])


def _move(index: int, by: int) -> None:
    def swap(steps: list[Step]) -> list[Step]:
        steps[index], steps[index + by] = steps[index + by], steps[index]
        return steps

    _change(swap)


def _remove(index: int) -> None:
    _change(lambda steps: [*steps[:index], *steps[index + 1 :]])


def _add() -> None:
    kind: Kind = st.session_state["story_add_step"]
    _change(lambda steps: [*steps, Step(kind)])


def _change(make: Callable[[list[Step]], list[Step]]) -> None:
    state.edit(lambda story: replace(story, steps=tuple(make(list(story.steps)))))
