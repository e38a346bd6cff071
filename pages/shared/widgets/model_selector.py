"""The sidebar's model selector, with what a person must know of the chosen model."""

from collections import Counter

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.models.config import ModelConfig
from bst.text import count
from pages.shared import pages, resources
from pages.shared.format import escape_markdown, message
from pages.shared.resources import Choice
from pages.shared.state import chosen_model, url_sync
from pages.shared.wording import say


def render(page: str) -> Choice:
    """Draw the selector, keep the address up to date and return the choice. ``page``: the URL path of the page.

    Stops the run with a notice when there is no model at all.
    """
    choices = resources.choices()
    if not choices:
        st.error(
            "There is no model here. Train one with `python -m bst train --dataset demo --preset compact --name demo`, "
            "then reload this page.",
            icon=":material/error:",
        )
        st.stop()
    url_sync.read(choices, page)
    choice = _choose(choices, page)
    with st.sidebar:
        st.selectbox(
            "Model",
            list(choices),
            # used when the browser has forgotten what was chosen
            index=list(choices).index(choice.name),
            format_func=_labels(choices).__getitem__,
            key=chosen_model.WIDGET,
            help="The models that came with the app or were trained here. "
            f"{resources.NEEDS_DATASET}: its dataset is not on this computer yet; choose it to download that. "
            f"{resources.NOT_USABLE}: it cannot be used; choose it to see why.",
        )
        if choice.bundle:
            _draw_facts(choice.bundle)
    if page not in pages.OWN_ADDRESS:
        url_sync.write()
    return choice


def _labels(choices: dict[str, Choice]) -> dict[str, str]:
    """Return the label of each choice; where several have the same, with the name in front, as ends are cut off."""
    labels = {name: choice.label for name, choice in choices.items()}
    counts = Counter(labels.values())
    return {name: f"{name} · {label}" if counts[label] > 1 else label for name, label in labels.items()}


def _choose(choices: dict[str, Choice], page: str) -> Choice:
    """Choose the model picked in the sidebar, or else the one chosen before, or else the one that the address names."""
    before, picked = chosen_model.current(), chosen_model.picked(page)
    if before is None:
        name = st.query_params.get("bundle")
        choice = choices[name] if name in choices else next(iter(choices.values()))
    elif picked in choices and picked != before.name:
        choice = choices[picked]
    else:
        choice = _as_on_disk(before, choices)
    chosen_model.choose(choice)
    return choice


def _as_on_disk(before: Choice, choices: dict[str, Choice]) -> Choice:
    """Return the choice that was shown last as it is on disk now; another one if it is gone or damaged.

    A notice says so, and says when a model was replaced by another of its name.
    """
    now = choices.get(before.name)
    if before.problem:  # it was not usable before: the page says why
        return now or next(iter(choices.values()))
    if now and not now.problem:
        if now.bundle and before.bundle and now.bundle.weights_sha256 != before.bundle.weights_sha256:
            _notify(f"{escape_markdown(now.label)} was replaced by a newer training; this is the new one.")
        return now
    another = next((choice for choice in choices.values() if not choice.problem), now or next(iter(choices.values())))
    why = "is no longer on this computer"
    if now and now.problem:
        why = f"can no longer be used: {message(now.problem)}"
    _notify(f"{escape_markdown(before.label)} {why.rstrip('.')}. The model is {escape_markdown(another.label)} now.")
    return another


def _notify(text: str) -> None:
    st.toast(text, icon=":material/swap_horiz:", duration="infinite")


def _history_read(config: ModelConfig) -> str:
    if config.window_shape is None:
        return say(f"reads the whole history, up to {config.max_history} movies")
    return say(f"reads the newest {count(config.max_history, 'movie')}")


def _draw_facts(bundle: Bundle) -> None:
    users = "simulated users" if bundle.simulated else "users"
    lines = [
        f"{escape_markdown(bundle.dataset_title)}: {bundle.sizes.users:,} {users}, "
        + say(f"{bundle.sizes.movies:,} movies"),
        f"{bundle.parameters['parameters']:,} parameters; {_history_read(bundle.config)}",
    ]
    st.caption("  \n".join(lines))
