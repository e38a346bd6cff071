"""What the page says where there is no user to replay: why, and with which models there is."""

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.text import count
from pages.shared import pages, real_users, resources
from pages.shared.format import escape_markdown
from pages.shared.resources import Choice
from pages.shared.state import chosen_model
from pages.shared.wording import say


def render() -> None:
    """Say that the chosen model held no user out, or that its users are not shown, and offer models that can be."""
    bundle = chosen_model.bundle()
    if real_users.hidden(bundle):
        st.title("The users of this dataset are not shown", anchor=False)
        real_users.caption_hidden(bundle)
    else:
        st.title(say("This model has seen every user"), anchor=False)
        st.markdown(_reason(bundle))
    others = {
        name: choice
        for name, choice in resources.choices().items()
        if choice.bundle and not choice.problem and name != bundle.name and _can_be_replayed(choice.bundle)
    }
    if others:
        _draw_choice(others)
    elif not real_users.hidden(bundle):
        st.info(
            "No model here holds users out. Train one with protocol “visitor”: "
            f"`python -m bst train --dataset {bundle.dataset} --preset timeline --name mine`",
            icon=":material/info:",
        )


def _draw_choice(others: dict[str, Choice]) -> None:
    st.markdown("Choose a model that holds users out:")
    with st.container(horizontal=True):
        for name, choice in others.items():
            st.button(
                escape_markdown(choice.bundle.title if choice.bundle else name),
                key=f"replay_with_{name}",
                icon=":material/swap_horiz:",
                on_click=chosen_model.choose,
                args=(choice,),
            )


def _reason(bundle: Bundle) -> str:
    if bundle.protocol == "visitor":
        return (
            f"It was trained on {count(bundle.sizes.users, 'user')}, but {escape_markdown(bundle.dataset_title)} has "
            "other users here, so it is unknown whom the model has not seen."
        )
    return (
        f"It was trained under protocol “{escape_markdown(bundle.protocol)}”, which holds out single ratings but no "
        "whole user. A replay of a user whose other ratings the model was trained on would flatter the model."
    )


def _can_be_replayed(bundle: Bundle) -> bool:
    return bundle.protocol == "visitor" and "rating" in bundle.config.tasks and not real_users.hidden(bundle)


def render_unrated() -> None:
    """Say that there is nothing to compare in a dataset without ratings."""
    st.title("There are no ratings here", anchor=False)
    st.markdown(
        "A replay compares the ratings that were expected with those that were given, and this dataset has none."
    )
    st.page_link(pages.EVALUATION, label="See how well it names what comes next", icon=":material/fact_check:")
