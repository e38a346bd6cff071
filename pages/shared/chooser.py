"""The sidebar's chooser of models, with what a person must know of the chosen one."""

from collections import Counter

import streamlit as st

from bst.models.config import Config, TimelineConfig
from pages.shared import address, models
from pages.shared.models import Choice
from pages.shared.text import count, literal


def draw() -> Choice:
    """Draw the chooser, keep the address up to date and return the choice.

    Stops the run with a notice when there is no model at all.
    """
    found = models.choices()
    if not found:
        st.error(
            "There is no model here. Make one with `python -m bst train --dataset demo --preset compact --name demo`, "
            "then reload this page.",
            icon=":material/error:",
        )
        st.stop()
    address.follow(found)
    _keep_chosen(found)
    with st.sidebar:
        name = st.selectbox(
            "Model",
            list(found),
            format_func=_labels(found).get,
            key="bundle",
            help="Every model that was trained here or came with the app.",
        )
        if any(choice.problem for choice in found.values()):
            st.caption(f"{models.NEEDS_DATASET} needs its dataset first · {models.NOT_USABLE} not usable")
        choice = found[name]
        if choice.bundle:
            _draw_facts(choice)
    st.session_state["chosen_bundle"] = name
    address.tell()
    return choice


def _labels(found: dict[str, Choice]) -> dict[str, str]:
    """Return what to call each choice: a title that several have gets the name behind it."""
    labels = {name: choice.label for name, choice in found.items()}
    several = {label for label, often in Counter(labels.values()).items() if often > 1}
    return {name: f"{label} · {name}" if label in several else label for name, label in labels.items()}


def _keep_chosen(found: dict[str, Choice]) -> None:
    """Choose what was chosen before, or what the address names; a model that is gone gives way to the default."""
    if st.session_state.get("bundle") not in found:
        # a button that leads to another page drops the state of all widgets: what was chosen is kept beside it
        wanted = (st.session_state.get("chosen_bundle"), st.query_params.get("bundle"))
        st.session_state["bundle"] = next((name for name in wanted if name in found), next(iter(found)))


def _reading(config: Config) -> str:
    if isinstance(config, TimelineConfig):
        return f"reads the whole history, up to {config.horizon} movies"
    return f"reads the newest {count(config.horizon, 'movie')}"


def _draw_facts(choice: Choice) -> None:
    bundle = choice.bundle
    people = "simulated users" if bundle.simulated else "users"
    lines = [
        f"{literal(bundle.dataset_title)}: {bundle.sizes.users:,} {people}, {bundle.sizes.movies:,} movies",
        f"{bundle.parameters['parameters']:,} parameters; {_reading(bundle.config)}",
    ]
    st.caption("  \n".join(lines))
    if bundle.simulated:
        st.caption(":material/info: No real person rated anything here: the audience is simulated.")
