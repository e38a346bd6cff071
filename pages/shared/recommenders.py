"""The recommender of the chosen model, as pages ask for it."""

from typing import NoReturn

import streamlit as st

from bst.inference.recommender import Recommender
from pages.shared import pages, resources
from pages.shared.state import chosen_model

SKELETON_HEIGHT = 360


def need_ratings() -> None:
    """End the page with an explanation if the chosen model predicts no ratings: one with only a next-movie tower."""
    if "rating" in chosen_model.bundle().config.tasks:
        return
    st.title("This model predicts no ratings", anchor=False)
    st.markdown("It was trained only to name the next movie. Choose another model in the sidebar to ask about ratings.")
    st.page_link(pages.TRAINING, label="See how it was trained", icon=":material/show_chart:")
    st.stop()


def loaded() -> Recommender | None:
    """Return the chosen bundle's model if it is in memory already."""
    return resources.loaded(chosen_model.bundle())


def load() -> NoReturn:
    """Load the chosen bundle's model behind a message that says what is going on, then run the page again."""
    # a plain notice, as a spinner appears only in a pause, which the import of TensorFlow does not leave
    with st.container():
        st.info("Loading TensorFlow and the model. This takes a few seconds, once.", icon=":material/hourglass_top:")
        st.skeleton(height=SKELETON_HEIGHT)
        resources.load(chosen_model.bundle())
    st.rerun()
