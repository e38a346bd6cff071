"""The sidebar's chooser of models, with what a person must know of the chosen one."""

import streamlit as st

from pages.shared import models
from pages.shared.models import Choice
from pages.shared.text import count, literal


def draw() -> Choice:
    """Draw the chooser and return the choice. Stops the run with a notice when there is no model at all."""
    found = models.choices()
    if not found:
        st.error(
            "There is no model here. Make one with `python -m bst train --dataset demo --preset compact --name demo`, "
            "then reload this page.",
            icon=":material/error:",
        )
        st.stop()
    with st.sidebar:
        # the choice is part of the address, so that a link opens the same model
        name = st.selectbox(
            "Model",
            list(found),
            format_func=lambda name: found[name].label,
            key="bundle",
            bind="query-params",
            help="Every model that was trained here or came with the app.",
        )
        choice = found[name]
        if choice.bundle:
            _draw_facts(choice)
    return choice


def _draw_facts(choice: Choice) -> None:
    bundle = choice.bundle
    people = "simulated users" if bundle.simulated else "users"
    lines = [
        f"{literal(bundle.dataset_title)}: {bundle.sizes.users:,} {people}, {bundle.sizes.movies:,} movies",
        f"{bundle.parameters['parameters']:,} parameters; reads the newest {count(bundle.config.window - 1, 'movie')}",
    ]
    st.caption("  \n".join(lines))
    if bundle.simulated:
        st.caption(":material/info: No real person rated anything here: the audience is simulated.")
