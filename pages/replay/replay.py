"""Replay: a user whom the model has never seen, step by step; what it expected and what they did."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.errors import BSTError
from bst.inference.recommender import Recommender
from bst.visitors.replay import Replay
from pages.replay import controls, pictures, state, step_view, unavailable
from pages.shared import real_users, recommenders
from pages.shared.format import message
from pages.shared.state import chosen_model, url_sync
from pages.shared.widgets import why_link
from pages.shared.wording import say

QUESTION = "Did the model know what they would like?"
ENTERED = (
    "The data record when a rating was entered, not when a film was watched: often many in a minute, in the order of a "
    "list on the site. So “next” means rated next."
)
SIMULATED = "These users are simulated: no one watched anything, and the ratings come from the rules of the demo world."


def render() -> None:
    """Draw the page: who, then everything that changes from step to step."""
    recommenders.need_ratings()
    if not chosen_model.domain().rated:
        unavailable.render_unrated()
        return
    if chosen_model.bundle().protocol != "visitor" or real_users.hidden(chosen_model.bundle()):
        unavailable.render()
        return
    users = real_users.ready()
    if users is None:
        st.title(QUESTION, anchor=False)
        real_users.load()
        return
    if not len(users.held_out):
        unavailable.render()
        return
    user = state.user(users.held_out, users.lengths()[users.held_out])
    headline = st.empty()  # written at each step
    controls.draw_user_picker(users, user)
    recommender = recommenders.get(headline, QUESTION)
    try:
        scene = pictures.scene(users, recommender, user)
    except BSTError as error:
        st.error(message(error), icon=":material/error:")
        return
    _draw_stage(recommender, scene, headline)


def _draw_stage(recommender: Recommender, scene: pictures.Scene, headline: DeltaGenerator) -> None:
    """Draw everything that depends on the step. While it plays, only this is drawn again, once for each step."""
    replay = scene.replay

    @st.fragment
    def stage() -> None:
        why_link.follow()
        playback = state.playback(replay.steps)
        state.store(playback)
        if not playback.playing:  # otherwise every step would be an entry in the browser's history
            url_sync.write()
        headline.title(_sentence(replay, playback.step), anchor=False)
        controls.draw_playback(playback)
        step_view.draw_strip(recommender, replay, playback)
        step_view.draw_list(recommender, replay, playback)
        pictures.render(recommender, scene, playback.step)
        st.caption(say(SIMULATED if recommender.bundle.simulated else ENTERED))

    stage()


def _sentence(replay: Replay, step: int) -> str:
    if not step:
        return say(f"Before the first of {replay.steps:,} movies, the model knows only who this user is")
    of = say(f"{replay.steps:,} movies") if replay.steps == replay.length else say(f"the first {replay.steps:,} movies")
    model, item_mean = replay.running[step - 1]
    return f"After {step:,} of {of}, the model is off by {model:.2f} stars on average; the item mean by {item_mean:.2f}"


render()
