"""BST Studio: page registry and the chooser of models. ``streamlit run app.py``, from any folder."""

import os
from pathlib import Path

# TensorFlow greets on standard error in several lines that say nothing to a person
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import streamlit as st

from pages.shared import first_request
from pages.shared.widgets import page_frame

# by their whole paths: relative ones belong to the folder in which Streamlit was started
IMAGES = Path(__file__).parent / "pages" / "shared"
# a narrow sidebar leaves a projector room for two columns
st.set_page_config(
    page_title="BST Studio", page_icon=str(IMAGES / "icon.svg"), layout="wide", initial_sidebar_state=280
)
st.logo(str(IMAGES / "logo.svg"), size="large")
page_frame.render()

misled = first_request.was_misled()
page = st.navigation(
    {
        "Explore": [
            st.Page(
                "pages/recommend/recommend.py",
                title="Recommend",
                icon=":material/recommend:",
                help="Say who is watching and what they watched; see what the model would recommend.",
                default=True,
            ),
            st.Page(
                "pages/what_if/what_if.py",
                title="What if",
                icon=":material/compare_arrows:",
                help="Change a copy of the visitor and see what moves, and why.",
            ),
            st.Page(
                "pages/replay/replay.py",
                title="Replay",
                icon=":material/replay:",
                help="Follow a real user through time: what the model expected, and what they did.",
            ),
        ],
        "Explain": [
            st.Page(
                "pages/why/why.py",
                title="Why",
                icon=":material/visibility:",
                help="Which watched movies the model looked at while it predicted one rating.",
            )
        ],
        "Model": [
            st.Page(
                "pages/training/training.py",
                title="Training",
                icon=":material/show_chart:",
                help="How the chosen model was made: its learning curves and how good it is.",
            ),
            st.Page(
                "pages/evaluation/evaluation.py",
                title="Evaluation",
                icon=":material/fact_check:",
                help="How good the chosen model is, for whom, beside what, and where it fails.",
            ),
            st.Page(
                "pages/data/data.py",
                title="Data",
                icon=":material/database:",
                help="What the chosen model was made from: people, movies, ratings, and what their times are worth.",
            ),
            st.Page(
                "pages/about/about.py",
                title="About",
                icon=":material/info:",
                help="What this app and the chosen model are: model card, architecture, words, licences.",
            ),
        ],
    }
)
if misled:
    first_request.load_once_more()

# not before: it takes seconds on a fresh server
from bst.errors import BSTError  # noqa: E402
from pages.shared.widgets import dataset_prompt, model_selector  # noqa: E402

choice = model_selector.render(page.url_path)
page_frame.draw_simulated(choice.bundle)
try:
    if choice.problem:
        dataset_prompt.render(choice)
    else:
        page.run()
except BSTError as error:  # what the person can mend is told in a sentence, wherever it arises
    dataset_prompt.draw_error(error)
