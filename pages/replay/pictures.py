"""The two charts of a replay at a step: the expected and given stars, and the error so far."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.presentation.charts.wording import reword_titles
from bst.text import count
from bst.visitors.replay import RealUsers, Replay
from pages.shared.state import session_cache
from pages.shared.widgets import chart_view
from pages.shared.wording import say

HEIGHT = 256
MIN_COLUMN_WIDTH = 300
# how many of the latest movies the text for screen readers names
LATEST = 5


@dataclass(frozen=True)
class Scene:
    """A replay with its charts, made once: ``stars`` and ``errors`` are Vega-Lite specifications."""

    replay: Replay
    stars: dict[str, Any]
    errors: dict[str, Any]


def scene(users: RealUsers, recommender: Recommender, user: int) -> Scene:
    """Return a user's scene, cached in the session, as every step needs it. Raises what ``RealUsers.replay`` raises."""
    colour, _ = chart_view.text_and_background()
    key = session_cache.model_key(recommender, recommender.bundle.created, user, colour)
    return session_cache.cached(
        "replay", key, lambda: _make_scene(users.replay(recommender, user), recommender, colour)
    )


def _make_scene(replay: Replay, recommender: Recommender, colour: str) -> Scene:
    table = replay.table.assign(title=[recommender.catalogue.title(event.movie_id) for event in replay.visitor.history])
    specifications = (
        reword_titles(chart.configure_text(color=colour).to_dict(), recommender.domain)
        for chart in (
            charts.replay_stars(table, recommender.bundle.levels, colour),
            charts.replay_errors(table, colour),
        )
    )
    return Scene(replay, *specifications)


def render(recommender: Recommender, scene: Scene, step: int) -> None:
    """Draw both charts at a step."""
    replay = scene.replay
    latest = [
        f"{recommender.catalogue.title(replay.visitor.history[index].movie_id)}: "
        f"expected {replay.predicted[index]:.1f}, given {replay.actual[index]:g}"
        for index in range(max(0, step - LATEST), step)
    ]
    so_far, in_the_end = _errors(replay, step), _errors(replay, replay.steps)
    grid = st.grid(2, min_column_width=MIN_COLUMN_WIDTH, gap="medium")
    with grid.cell():
        st.header("Expected and given stars", anchor=False)
        words = say("Stars expected and given, movie by movie. The latest: ") + ("; ".join(latest) or "none yet")
        _draw(scene.stars, step, words)
    with grid.cell():
        st.header("Mean error so far", anchor=False)
        _draw(scene.errors, step, f"Mean error so far: {so_far}; at the end: {in_the_end}")
    st.caption(
        say(
            "The item mean expects of everybody the average rating that the training users gave a movie. Faint: still "
            "to come."
        )
    )


def _draw(specification: dict[str, Any], step: int, alt_text: str) -> None:
    """Draw a chart at a step, in a container of fixed height, so that nothing below it jumps.

    Not with ``chart_view.show``: to make and check a chart again takes longer than the rest of a step.
    """
    with st.container(height=HEIGHT, border=False):
        st.vega_lite_chart(charts.at_step(specification, step), alt=alt_text)


def _errors(replay: Replay, step: int) -> str:
    if not step:
        return "none yet"
    model, item_mean = replay.running[step - 1]
    return say(f"after {count(step, 'movie')}, model {model:.2f} stars, item mean {item_mean:.2f} stars")
