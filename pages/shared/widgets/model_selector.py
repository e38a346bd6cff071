"""The sidebar's chooser of models, with what a person must know of the chosen one."""

from collections import Counter

import streamlit as st

from bst.models.config import ModelConfig
from pages.shared import resources
from pages.shared.format import count, escape_markdown
from pages.shared.resources import Choice
from pages.shared.state import url_sync


def render(page: str) -> Choice:
    """Draw the chooser, keep the address up to date and return the choice. ``page``: the address of the page.

    Stops the run with a notice when there is no model at all.
    """
    found = resources.choices()
    if not found:
        st.error(
            "There is no model here. Make one with `python -m bst train --dataset demo --preset compact --name demo`, "
            "then reload this page.",
            icon=":material/error:",
        )
        st.stop()
    url_sync.follow(found)
    _keep_chosen(found, page)
    choice = st.session_state["choice"]
    with st.sidebar:
        st.selectbox(
            "Model",
            list(found),
            # what the browser falls back on when it has forgotten what was chosen
            index=list(found).index(choice.name),
            format_func=_labels(found).get,
            key=resources.WIDGET,
            help="Every model that was trained here or came with the app.",
        )
        if any(other.problem for other in found.values()):
            st.caption(f"{resources.NEEDS_DATASET} needs its dataset first · {resources.NOT_USABLE} not usable")
        if choice.bundle:
            _draw_facts(choice)
    url_sync.tell()
    return choice


def _labels(found: dict[str, Choice]) -> dict[str, str]:
    """Return what to call each choice: a title that several have gets the name behind it."""
    labels = {name: choice.label for name, choice in found.items()}
    several = {label for label, often in Counter(labels.values()).items() if often > 1}
    return {name: f"{label} · {name}" if label in several else label for name, label in labels.items()}


def _keep_chosen(found: dict[str, Choice], page: str) -> None:
    """Choose what was chosen before, what was picked in the sidebar since, or else what the address names.

    What the browser says of the selectbox counts within a page alone: in a run that changes the page it may send the
    first option, or nothing, for a selectbox that nobody touched.
    """
    before: Choice | None = st.session_state.get("choice")
    same_page = st.session_state.get("page_of_choice") == page
    st.session_state["page_of_choice"] = page
    picked = st.session_state.get(resources.WIDGET)
    if before is None:
        name = st.query_params.get("bundle")
        resources.choose(found[name] if name in found else next(iter(found.values())))
    elif same_page and picked in found and picked != before.name:
        resources.choose(found[picked])
    else:
        resources.choose(_as_it_is_now(before, found))


def _as_it_is_now(before: Choice, found: dict[str, Choice]) -> Choice:
    """Return the choice that was shown last as it is on disk now; one that is gone or damaged gives way to another.

    A notice says so, and says where a model was replaced by another of its name.
    """
    now = found.get(before.name)
    if before.problem:  # it was not usable before: the page says why
        return now or next(iter(found.values()))
    if now and not now.problem:
        if now.bundle.weights_sha256 != before.bundle.weights_sha256:
            _notice(f"{escape_markdown(now.label)} was replaced by a newer training; this is the new one.")
        return now
    another = next((choice for choice in found.values() if not choice.problem), now or next(iter(found.values())))
    why = "is no longer on this computer" if now is None else f"can no longer be used: {escape_markdown(now.problem)}"
    _notice(f"{escape_markdown(before.label)} {why.rstrip('.')}. The model is {escape_markdown(another.label)} now.")
    return another


def _notice(words: str) -> None:
    st.toast(words, icon=":material/swap_horiz:", duration="infinite")


def _reading(config: ModelConfig) -> str:
    if config.window_shape is None:
        return f"reads the whole history, up to {config.max_history} movies"
    return f"reads the newest {count(config.max_history, 'movie')}"


def _draw_facts(choice: Choice) -> None:
    bundle = choice.bundle
    people = "simulated users" if bundle.simulated else "users"
    lines = [
        f"{escape_markdown(bundle.dataset_title)}: {bundle.sizes.users:,} {people}, {bundle.sizes.movies:,} movies",
        f"{bundle.parameters['parameters']:,} parameters; {_reading(bundle.config)}",
    ]
    st.caption("  \n".join(lines))
    if bundle.simulated:
        st.caption(":material/info: No real person rated anything here: the audience is simulated.")
