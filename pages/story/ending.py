"""What comes after the last step of a story: other stories, the same once more, or the lab."""

import streamlit as st

from bst.domain import DEMOGRAPHICS
from bst.stories import RatingChange, Story
from pages.shared.format import escape_markdown
from pages.story import lab, state
from pages.story.presenter import AFTER
from pages.story.state import Shown


def render(shown: Shown) -> None:
    """Draw the ways on, each a button."""
    with st.container(key="story_head_ending"):
        st.title(AFTER, anchor=False)
        st.caption("Tell another story, or try for yourself what the model does.")
    with st.container(key="story_ending"):
        with st.container(horizontal=True):
            st.button("Start again", key="story_again", icon=":material/replay:", on_click=state.go, args=(0,))
            st.button(
                f"Open in {lab.page_name(shown)}",
                key="story_lab",
                icon=":material/science:",
                on_click=state.wish,
                args=("lab",),
            )
        st.markdown("**Other stories**")
        for index, story in enumerate(state.all_stories()):
            if story != shown.story:
                st.button(
                    f"**{escape_markdown(name(story))}:** {escape_markdown(_about(story))}",
                    key=f"story_other_{index}",
                    icon=":material/slideshow:",
                    on_click=state.open_story,
                    args=(story,),
                )


def _about(story: Story) -> str:
    """Return in a few words what happens in a story."""
    person, change = story.person.name, story.change
    if isinstance(change, RatingChange):
        return f"{person} gives {change.movie} {change.rating:g} ★"
    if change:
        demographic = DEMOGRAPHICS[change.name]
        return f"{person}’s {demographic.label} becomes {demographic.value_text(change.value)}"
    return f"the list of {person}"


def name(story: Story) -> str:
    """Return what a story is called where one is chosen; those of one's own say so."""
    own = state.own_stories()
    if story not in own:
        return story.title
    alike = [other for other in own if other.title == story.title]
    number = f" {alike.index(story) + 1}" if len(alike) > 1 else ""
    return f"{story.title} (yours{number})"
