"""Which model is chosen. It stays the same throughout a run, whatever happens to its folder meanwhile."""

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.domain import MOVIES, Domain
from pages.shared.resources import Choice

# the key of the sidebar's selectbox
WIDGET = "bundle"


def choose(choice: Choice) -> None:
    """Make a model the chosen one. For callbacks, and before the sidebar is drawn."""
    st.session_state["choice"] = choice
    st.session_state[WIDGET] = choice.name


def current() -> Choice | None:
    """Return the chosen model; None before the first run has chosen one."""
    return st.session_state.get("choice")


def picked(page: str) -> str | None:
    """Return the name that was picked in the sidebar while ``page`` was shown; call it once in a run.

    None in a run that changes the page: the browser may then send the first option, or nothing, for a selectbox that
    was not touched.
    """
    same_page = st.session_state.get("page_of_choice") == page
    st.session_state["page_of_choice"] = page
    return st.session_state.get(WIDGET) if same_page else None


def bundle() -> Bundle:
    """Return the bundle chosen in the sidebar, which is usable: the app shows no page otherwise."""
    choice = current()
    if choice is None or choice.bundle is None:
        raise RuntimeError("no usable model is chosen; app.py shows a page only when there is one")
    return choice.bundle


def domain() -> Domain:
    """Return what the dataset of the chosen bundle is about; movies as long as none is chosen."""
    choice = current()
    return MOVIES if choice is None or choice.bundle is None else choice.bundle.domain
