"""What if: change a copy of the visitor and see what moves, turn one knob, or ask for the smallest change."""

import streamlit as st

from bst.errors import BSTError
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.state import settings
from pages.shared.widgets import toolbar, why_link
from pages.what_if import compare, counterfactual, sweep

VIEWS = {
    "compare": ("Compare", compare.render),
    "sweep": ("Turn a knob", sweep.render),
    "find": ("Find a change", counterfactual.render),
}


def render() -> None:
    """Draw the page: the sentence, what to look at, and the one part that is looked at."""
    resources.need_ratings()
    recommender = resources.loaded_recommender()
    headline = st.container()
    if recommender is None:
        with headline:
            st.title("What if something about this visitor were different?", anchor=False)
        resources.load_recommender()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        view = st.segmented_control(
            "What to look at",
            list(VIEWS),
            required=True,
            format_func=lambda view: VIEWS[view][0],
            key=settings.key("what_if_view"),
            persist_state="session",
            label_visibility="collapsed",
        )
        # knobs and the search are about the visitor, the comparison is about changing the copy
        toolbar.render("b" if view == "compare" else "a")
    try:
        VIEWS[view][1](recommender, headline)
    except BSTError as error:  # a filter by fame whose ratings are gone, say
        st.error(escape_markdown(str(error)), icon=":material/error:")


why_link.follow()
render()
