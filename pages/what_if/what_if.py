"""What if: change a copy of the visitor and see what moves, vary a setting, search for a change, ask another model."""

import streamlit as st

from bst.errors import BSTError
from pages.shared import recommenders
from pages.shared.format import message
from pages.shared.state import settings
from pages.shared.widgets import toolbar, why_link
from pages.what_if import compare, counterfactual, models, sweep

# by the names that links have for them
VIEWS = {"compare": compare, "sweep": sweep, "find": counterfactual, "models": models}


def render() -> None:
    """Draw the page: the sentence, the choice of views, and the view that is chosen."""
    recommenders.need_ratings()
    place = st.empty()
    recommender = recommenders.get(place, "What if something about this visitor were different?")
    headline = place.container()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.segmented_control(
            "View",
            list(VIEWS),
            required=True,
            format_func=lambda view: VIEWS[view].TITLE,
            key=settings.key("what_if_view"),
            persist_state="session",
            label_visibility="collapsed",
            wrap=True,
        )
        view = VIEWS[settings.get("what_if_view")]
        # the comparison changes the copy, the other views are about the visitor
        toolbar.render("b" if view is compare else "a")
    try:
        view.render(recommender, headline)
    except BSTError as error:  # such as a popularity filter whose ratings are gone
        st.error(message(error), icon=":material/error:")


why_link.follow()
render()
