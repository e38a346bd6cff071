"""Which part of the Evaluation page another page links to: a tab, and there a model to compare with."""

import streamlit as st

COMPARE_MODELS = "Compare models"
# of the model that the chosen one is compared with
OTHER = "evaluation_other"


def compare_with(name: str) -> None:
    """Ask for the comparison with another model. For callbacks; the page has to be opened, too."""
    st.session_state["evaluation_tab_wanted"] = COMPARE_MODELS
    st.session_state[OTHER] = name


def take_tab() -> str | None:
    """Return, once, the title of the requested tab."""
    return st.session_state.pop("evaluation_tab_wanted", None)
