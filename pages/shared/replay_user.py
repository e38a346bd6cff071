"""Who is replayed: one of the users whom the chosen model has never seen, or nobody where there is none."""

import random

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.visitors.replay import RealUsers
from pages.shared import real_users, resources
from pages.shared.format import count, escape_markdown

# a newcomer sees somebody with enough to tell, and not too much to follow
FIRST_LENGTHS = range(30, 81)


def draw_nobody() -> None:
    """Say that the chosen model held no user out, and offer the models that did."""
    bundle = resources.chosen()
    st.title("This model has seen every user", anchor=False)
    if bundle.protocol == "visitor":
        why = (
            f"It was trained on {count(bundle.sizes.users, 'user')}, and {escape_markdown(bundle.dataset_title)} has "
            "other users here: nobody can say whom it has not seen."
        )
    else:
        why = (
            f"It was trained under protocol “{escape_markdown(bundle.protocol)}”, which holds out single ratings and "
            "no whole user. To replay somebody whose other ratings the model was trained on would flatter it."
        )
    st.markdown(why)
    fitting = {
        name: choice
        for name, choice in resources.choices().items()
        if not choice.problem and name != bundle.name and _can_be_replayed(choice.bundle)
    }
    if not fitting:
        st.info(
            "No model here holds users out. Train one with protocol “visitor”: "
            f"`python -m bst train --dataset {bundle.dataset} --preset timeline --name mine`",
            icon=":material/info:",
        )
        return
    st.markdown("Choose a model that holds users out:")
    with st.container(horizontal=True):
        for name, choice in fitting.items():
            st.button(
                escape_markdown(choice.bundle.title),
                key=f"replay_with_{name}",
                icon=":material/swap_horiz:",
                on_click=_choose_model,
                args=(name,),
            )


def _can_be_replayed(bundle: Bundle) -> bool:
    return bundle.protocol == "visitor" and "rating" in bundle.config.tasks


def _choose_model(name: str) -> None:
    resources.choose(resources.choices()[name])


def chosen(users: RealUsers) -> int:
    """Return who is replayed: as in the session, which a link may have set, or somebody with enough to tell."""
    user = st.session_state.get("replay_user")
    if type(user) is not int or user not in users.held_out:
        lengths = users.lengths()[users.held_out]
        fitting = [int(u) for u, n in zip(users.held_out, lengths, strict=True) if n in FIRST_LENGTHS]
        user = fitting[0] if fitting else int(users.held_out[0])
        st.session_state["replay_user"] = user
        st.session_state.pop("replay_step", None)
    return user


def render(users: RealUsers, user: int) -> None:
    """Draw the choice of the user; another one begins at the beginning, and paused."""
    labels = real_users.labels(users)
    st.session_state["replay_picker"] = user
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            f"One of {count(len(users.held_out), 'user')} held out of training",
            list(labels),
            format_func=labels.get,
            key="replay_picker",
            on_change=lambda: _start(st.session_state["replay_picker"]),
        )
        st.button(
            "Another user",
            key="replay_another",
            icon=":material/casino:",
            on_click=lambda: _start(random.choice([other for other in labels if other != user] or [user])),
        )


def _start(user: int) -> None:
    st.session_state.update(replay_user=user, replay_step=0, replay_playing=False)
