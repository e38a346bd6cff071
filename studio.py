"""What runs for each visit and each click: page registry and model selector. ``app.py`` starts the server."""

from pathlib import Path

import streamlit as st

from pages.shared import pages
from pages.shared.widgets import page_frame

# absolute, as Streamlit resolves relative paths against the folder in which it was started
IMAGES = Path(__file__).parent / "pages" / "shared"
# a narrow sidebar leaves a projector room for two columns
st.set_page_config(
    page_title="BST Studio", page_icon=str(IMAGES / "icon.svg"), layout="wide", initial_sidebar_state=280
)
st.logo(str(IMAGES / "logo.svg"), size="large")
page_frame.render()

page = st.navigation(
    {
        "Explore": [
            st.Page(
                pages.RECOMMEND,
                title="Recommend",
                icon=":material/recommend:",
                help="Say who someone is and what they liked; see what the model recommends.",
                default=True,
            ),
            st.Page(
                pages.WHAT_IF,
                title="What if",
                icon=":material/compare_arrows:",
                help="Change a copy of the visitor and see what moves, and why.",
            ),
            st.Page(
                pages.REPLAY,
                title="Replay",
                icon=":material/replay:",
                help="Follow one user through time, step by step: what the model expected, and what they did.",
            ),
            st.Page(
                pages.STORY,
                title="Story",
                icon=":material/slideshow:",
                help="Two minutes for an audience: a person, one change, and what it does to their list. Full screen.",
            ),
        ],
        "Explain": [
            st.Page(
                pages.WHY,
                title="Why",
                icon=":material/visibility:",
                help="Why the model expects this: what in the history moved it, and what attention shows.",
            )
        ],
        "Model": [
            st.Page(
                pages.TRAINING,
                title="Training",
                icon=":material/show_chart:",
                help="How the chosen model was trained: its learning curves, and new trainings.",
            ),
            st.Page(
                pages.EVALUATION,
                title="Evaluation",
                icon=":material/fact_check:",
                help="How good the chosen model is, for whom, compared with what, and where it fails.",
            ),
            st.Page(
                pages.DATA,
                title="Data",
                icon=":material/database:",
                help="What the chosen model was trained on: people, what they chose, and what the timestamps show.",
            ),
            st.Page(
                pages.ABOUT,
                title="About",
                icon=":material/info:",
                help="What this app and the chosen model are: model card, architecture, glossary, licences.",
            ),
        ],
    }
)

# not before the navigation is drawn: on a fresh server they may still be on their way, see ``warm_up``
from bst.errors import BSTError  # noqa: E402
from pages.shared import error_notice  # noqa: E402
from pages.shared.state import uploads  # noqa: E402
from pages.shared.widgets import dataset_prompt, model_selector, story_return  # noqa: E402

if page.url_path not in pages.WITH_UPLOADS:
    uploads.drop()
choice = model_selector.render(page.url_path)
page_frame.draw_simulated_badge(choice.bundle)
if choice.bundle is not None:
    story_return.render(page.url_path)
try:
    if choice.problem:
        dataset_prompt.render(choice)
    else:
        page.run()
except BSTError as error:  # its message says what to do
    error_notice.show(error)
