"""What if: change a copy of the visitor and see what moves, vary a setting, search for a change, ask another model."""

import streamlit as st

from bst.errors import BSTError
from pages.shared import recommenders
from pages.shared.format import message
from pages.shared.state import chosen_model, settings
from pages.shared.widgets import toolbar, why_link
from pages.shared.widgets.choice import choice
from pages.what_if import compare, counterfactual, models, sweep

# by the names that links have for them
VIEWS = {"compare": compare, "sweep": sweep, "find": counterfactual, "models": models}
# what there is to show where there are no ratings; the others are about expected ratings
WITHOUT_RATINGS = ("compare", "find")


def render() -> None:
    """Draw the page: the sentence, the choice of views, and the view that is chosen."""
    recommenders.need_ratings()
    views = VIEWS if chosen_model.domain().rated else {name: VIEWS[name] for name in WITHOUT_RATINGS}
    if settings.get("what_if_view") not in views:
        settings.update(what_if_view=next(iter(views)))
    place = st.empty()
    recommender = recommenders.get(place, "What if something about this visitor were different?")
    headline = place.container()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        choice("View", list(views), lambda view: views[view].TITLE, key=settings.key("what_if_view"), wrap=True)
        view = views[settings.get("what_if_view")]
        # the comparison changes the copy, the other views are about the visitor
        toolbar.render("b" if view is compare else "a")
    try:
        view.render(recommender, headline)
    except BSTError as error:  # such as a popularity filter whose ratings are gone
        st.error(message(error), icon=":material/error:")


why_link.follow()
render()
