"""Story: a person, one change and what it does to their list, told full screen in a few steps."""

from pathlib import Path

import streamlit as st

from bst.errors import BSTError
from pages.shared import pages, recommenders
from pages.shared.format import escape_markdown, message
from pages.shared.state import chosen_model
from pages.shared.wording import is_about_movies
from pages.story import editor, ending, lab, presenter, screens, state

STYLE = Path(__file__).with_suffix(".css")
NO_BREAK = "\N{NO-BREAK SPACE}"


def render() -> None:
    """Draw the step that the address names, or the editor of the story."""
    if not is_about_movies():
        st.title("No story is told of this dataset", anchor=False)
        st.markdown(
            "The stories that come with this app name titles that it does not have. Choose another model in the "
            "sidebar, or explain a prediction step by step on the Why page."
        )
        st.page_link(pages.WHY, label="Go to Why", icon=":material/visibility:")
        return
    shown = state.shown()
    state.write_address()
    if shown.editing:
        editor.render(shown)
        return
    if not chosen_model.bundle().recommends:  # a notice with a way out, so not full screen
        recommenders.need_ratings()
    st.html(STYLE)
    if shown.ended:
        ending.render(shown)
    else:
        _draw_step(shown)
    presenter.render(shown)


def _draw_step(shown: state.Shown) -> None:
    step = shown.story.steps[shown.index]
    # its name tells the style which step it is
    head = st.container(key=f"story_head_{step.kind}")
    headline = head.empty()
    stage = st.container(key="story_stage")
    try:
        recommender = recommenders.get(headline, escape_markdown(shown.story.title))
        telling = screens.draw(recommender, shown, stage)
    except BSTError as error:
        headline.title(escape_markdown(shown.story.title), anchor=False)
        st.error(f"{message(str(error).rstrip('.'))}.", icon=":material/error:")
        return
    headline.title(_unbroken(telling.headline), anchor=False)
    if telling.caption:
        head.caption(_unbroken(telling.caption))
    if shown.problem:
        st.error(
            f"{escape_markdown(shown.problem[0].upper() + shown.problem[1:].rstrip('.'))}. This is “"
            f"{escape_markdown(shown.story.title)}” instead.",
            icon=":material/link_off:",
        )


def _unbroken(text: str) -> str:
    """Return a text as Markdown in which no star begins a line."""
    return escape_markdown(text).replace(" ★", f"{NO_BREAK}★")


match state.take_wish():
    case "leave":
        st.switch_page(pages.RECOMMEND, query_params={})
    case "lab":
        lab.go(state.shown())
render()
