"""What the page shows at a step: the next movie, and the list as the model ranked it then."""

import time

import streamlit as st

from bst.explanation import event_effects
from bst.inference.ranking import Order
from bst.inference.recommender import RankOptions, Recommender
from bst.text import count
from bst.visitors.replay import Replay
from pages.replay import state
from pages.replay.state import Playback
from pages.shared.format import stars
from pages.shared.state import explained, settings
from pages.shared.state.controlled import controlled
from pages.shared.widgets import film_strip, list_controls, ranked_list
from pages.shared.wording import say

LENGTH = 10
# an error below this, in stars, is called just right
HARDLY_OFF = 0.25
NO_BREAK = "\N{NO-BREAK SPACE}"


def draw_strip(recommender: Recommender, replay: Replay, playback: Playback) -> None:
    """Draw what they had rated by then, and where the model looked to predict the next movie.

    While it plays, the browser asks for the next step when this one was seen, so that none is left out.
    """
    index = min(playback.step, replay.steps - 1)  # at the end, the last movie stays
    visitor, event = replay.at(index), replay.visitor.history[index]
    weights = recommender.attention(visitor, event.movie_id)
    kept = film_strip.kept_events(weights)
    effects = event_effects(recommender, visitor, [event.movie_id], kept)[0] if kept else []
    strip = film_strip.Strip(
        event.movie_id,
        recommender.read_events(visitor),
        weights,
        "expected",
        float(replay.predicted[index]),
        dict(zip(kept, map(float, effects), strict=True)),
        lead="Next, they rated" if playback.step == index else say("That was the last movie. Play shows it all again."),
        outcome=_outcome(replay, index),
    )
    steps = replay.steps
    playing = film_strip.Playing(
        playback.step,
        state.MILLISECONDS_PER_STEP,
        lambda step: state.store(state.playback(steps).shown(step, time.monotonic())),
    )
    film_strip.draw(
        recommender, strip, key="replay_strip", head_by_head=False, playing=playing if playback.playing else None
    )


def _outcome(replay: Replay, index: int) -> str:
    """Return what they gave a movie and what was expected."""
    given, expected = replay.visitor.history[index].rating, replay.predicted[index]
    error = expected - given
    verdict = "just right"
    if abs(error) >= HARDLY_OFF:
        verdict = f"{'▲' if error > 0 else '▼'} {abs(error):.1f} too {'high' if error > 0 else 'low'}"
    text = (
        f"They gave {stars(given)}. The model expected {expected:.1f} ★ ({verdict.replace(' ', NO_BREAK)}); the item "
        f"mean was {replay.item_mean[index]:.1f} ★."
    )
    return text.replace(" ★", f"{NO_BREAK}★")


def draw_list(recommender: Recommender, replay: Replay, playback: Playback) -> None:
    """Draw the list at this step, with what they rated later."""
    step = playback.step
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("The list at this step", anchor=False, width="content")
        order = _draw_order(recommender)
    options, visitor, later = RankOptions(order=order), replay.at(step), replay.later(step)
    rows = recommender.rank(visitor, LENGTH, options)
    st.caption(_hits(sum(row.movie_id in later for row in rows), len(rows), replay.length - step))
    if rows:
        ranked_list.render(
            recommender,
            visitor,
            rows,
            options,
            replay.at(step - 1) if step else None,
            lambda movie_id: _request_explanation(replay, playback.step, movie_id, order),
            key="replay_list",
            view=settings.get("list_view"),
            notes={movie_id: _rated_later(*rated) for movie_id, rated in later.items()},
        )


def _request_explanation(replay: Replay, step: int, movie_id: int, order: Order) -> None:
    state.store(state.playback(replay.steps).jump(step))
    explained.request_for_guest(
        movie_id, replay.at(step), say(f"the user of Replay after {count(step, 'movie')}"), order
    )


def _draw_order(recommender: Recommender) -> Order:
    orders = recommender.orders
    order = state.order(orders)
    if len(orders) > 1:
        st.segmented_control(
            "Order",
            orders,
            required=True,
            format_func=lambda name: list_controls.ORDERS[name][0],
            label_visibility="collapsed",
            **controlled("replay_order_choice", order, state.set_order),
        )
    return order


def _hits(hits: int, shown: int, left: int) -> str:
    if not left:
        return "They rated nothing after this."
    return say(f"{hits} of these {shown} are among the {count(left, 'movie')} that they rated later.")


def _rated_later(position: int, rating: float) -> str:
    """Say how many movies later they rated a movie, and how."""
    return f"✓ {stars(rating)} {'next' if position == 1 else f'after {position - 1} more'}"
