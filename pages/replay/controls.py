"""The controls of the page: whose ratings are replayed, and the step."""

import random
import time

import streamlit as st

from bst.text import count
from bst.visitors.replay import RealUsers
from pages.replay import state
from pages.replay.state import Playback
from pages.shared import real_users
from pages.shared.state.controlled import controlled
from pages.shared.widgets import page_frame
from pages.shared.wording import say

PLAY_WIDTH = 110


def draw_user_picker(users: RealUsers, user: int) -> None:
    """Draw the choice of the user; another one starts at the beginning, paused."""
    labels = real_users.labels(users)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            f"One of {count(len(users.held_out), 'user')} held out of training",
            list(labels),
            format_func=labels.__getitem__,
            **controlled("replay_picker", user, state.start),
        )
        st.button(
            "Another user",
            key="replay_another",
            icon=":material/casino:",
            on_click=lambda: state.start(random.choice([other for other in labels if other != user] or [user])),
        )


def draw_playback(playback: Playback) -> None:
    """Draw the button that plays and pauses, those for single steps, and the slider."""
    steps = playback.steps
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Pause" if playback.playing else "Play",
            key="replay_play",
            icon=":material/pause:" if playback.playing else ":material/play_arrow:",
            # of the state then: the page may have made a step since this was drawn
            on_click=lambda: state.store(state.playback(steps).toggle(time.monotonic())),
            width=PLAY_WIDTH,
        )
        buttons = st.container(horizontal=True, gap="small", width="content", key=f"{page_frame.ICONS_ONLY}replay")
        for name, icon, label, by, at_end in (
            ("back", "skip_previous", say("One movie back"), -1, playback.step == 0),
            ("on", "skip_next", say("One movie forward"), 1, playback.step == steps),
        ):
            buttons.button(
                label,
                key=f"replay_{name}",
                icon=f":material/{icon}:",
                help=label,
                on_click=lambda step: state.store(state.playback(steps).jump(step)),
                args=(playback.step + by,),
                disabled=at_end,
            )
        st.slider(
            say("Movies rated so far"),
            0,
            steps,
            **controlled("replay_slider", playback.step, lambda step: state.store(state.playback(steps).slide(step))),
        )
