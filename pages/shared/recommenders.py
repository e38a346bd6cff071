"""The recommender of the chosen model, as pages ask for it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.inference.recommender import Recommender
from pages.shared import pages, resources
from pages.shared.state import chosen_model
from pages.shared.wording import say

# pixels
SKELETON_HEIGHT = 360


def need_ratings() -> None:
    """End the page with an explanation if the chosen model predicts no ratings: one with only a next-movie tower.

    Not for a dataset without ratings, for which no page needs one.
    """
    if chosen_model.bundle().recommends:
        return
    st.title("This model predicts no ratings", anchor=False)
    st.markdown(
        say("It was trained only to name the next movie. Choose another model in the sidebar to ask about ratings.")
    )
    st.page_link(pages.TRAINING, label="See how it was trained", icon=":material/show_chart:")
    st.stop()


def get(headline: DeltaGenerator, question: str) -> Recommender:
    """Return the chosen bundle's model. While it loads, ``question`` is the headline, and a skeleton stands here.

    So a page draws first what it can draw without the model. ``headline``: an ``st.empty()``.
    """
    bundle, place = chosen_model.bundle(), st.empty()
    recommender = resources.loaded(bundle)
    if recommender is None:
        headline.title(question, anchor=False)
        place.skeleton(height=SKELETON_HEIGHT)
        recommender = resources.load(bundle)
        place.empty()
    return recommender
