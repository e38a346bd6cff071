"""Replay: a real user whom the model has never seen, stepped through time; what it expected and what they did."""

import time
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.errors import BSTError
from bst.inference.recommender import RankOptions, Recommendation, Recommender
from bst.presentation import charts
from bst.visitors.replay import RealUsers, Replay
from pages.shared import real_users, replay_user, resources
from pages.shared.format import count, escape_markdown, stars
from pages.shared.state import url_sync
from pages.shared.widgets import chart_view, page_frame, why_link

MOST = 200
LIST = 10
SECONDS_A_STEP = 1.2
# a page that was left while it played is paused when somebody comes back
LEFT_AFTER = 30.0
STEPS_BEHIND = 3
NO_BREAK = "\u00a0"
PICTURE_HEIGHT = 256
ORDERS = {"rating": "By rating", "next": "Likely next", "blend": "Both"}
ENTERED = (
    "The data record when a rating was entered, not when a film was watched: often many in a minute, in the order of a "
    "list on the site. So “next” means rated next."
)
SIMULATED = "These users are simulated: nobody watched anything, and the ratings come from the rules of the demo world."


def render() -> None:
    """Draw the page: who, then everything that changes from step to step."""
    resources.need_ratings()
    bundle = resources.chosen()
    if bundle.protocol != "visitor":
        replay_user.draw_nobody()
        return
    users, recommender = real_users.ready(), resources.loaded_recommender()
    if users is None or recommender is None:
        st.title("Did the model know what they would like?", anchor=False)
        if users is None:
            real_users.load()
            return
        resources.load_recommender()
    if not len(users.held_out):
        replay_user.draw_nobody()
        return
    user = replay_user.chosen(users)
    headline = st.empty()  # written from step to step
    replay_user.render(users, user)
    scene = _scene(users, recommender, user)
    if scene is not None:
        _draw_stage(recommender, scene, headline)


@dataclass(frozen=True)
class _Scene:
    """A replay with what is drawn of it, made once: ``stars`` and ``errors`` are Vega-Lite specifications."""

    key: tuple
    replay: Replay
    stars: dict
    errors: dict


def _scene(users: RealUsers, recommender: Recommender, user: int) -> _Scene | None:
    """Return a user's scene; one is kept in the session, as every step needs it."""
    ink = chart_view.text_and_background()[0]
    key = (str(recommender.bundle.folder), recommender.bundle.created, user, ink)
    kept = st.session_state.get("replay_kept")
    if kept is None or kept.key != key:
        try:
            replay = users.replay(recommender, user)
        except BSTError as error:
            st.error(escape_markdown(str(error)), icon=":material/error:")
            return None
        table = replay.table.assign(
            title=[recommender.catalogue.title(event.movie_id) for event in replay.visitor.history]
        )
        drawn = charts.replay_stars(table, recommender.bundle.levels, ink), charts.replay_errors(table, ink)
        kept = _Scene(key, replay, *(chart.configure_text(color=ink).to_dict() for chart in drawn))
        st.session_state["replay_kept"] = kept
    return kept


# ---- step by step


def _draw_stage(recommender: Recommender, scene: _Scene, headline: DeltaGenerator) -> None:
    """Draw all that follows the step. While it plays, this alone is drawn again, once a step."""
    playing, replay = _still_playing(), scene.replay

    @st.fragment(run_every=SECONDS_A_STEP if playing else None)
    def stage() -> None:
        why_link.follow()
        _advance(replay)
        if st.session_state["replay_playing"] != playing:
            st.rerun()  # the pace belongs to the whole page
        step = st.session_state["replay_step"]
        if not playing:  # then every step would be an entry in the browser's history
            url_sync.tell()
        headline.title(_sentence(replay, step), anchor=False)
        _draw_controls(replay)
        left, right = st.columns([5, 4], gap="medium")
        with left:
            _draw_pictures(recommender, scene, step)
        with right:
            _draw_next(recommender, replay, step)
            _draw_list(recommender, replay, step)
        st.caption(SIMULATED if recommender.bundle.simulated else ENTERED)

    stage()


def _still_playing() -> bool:
    """Tell whether it plays. Whoever went to another page meanwhile finds it paused."""
    last = st.session_state.get("replay_stepped_at", 0.0)
    playing = st.session_state.get("replay_playing", False) and time.monotonic() - last < LEFT_AFTER
    st.session_state["replay_playing"] = playing
    return playing


def _advance(replay: Replay) -> None:
    """Bring the step into range; while it plays, go one on when it is time for that, and pause at the end."""
    step = st.session_state.get("replay_step")
    step = min(max(step, 0), replay.steps) if type(step) is int else replay.steps // 4
    now = time.monotonic()
    # other controls draw the stage in between, too
    if st.session_state["replay_playing"] and now - st.session_state["replay_stepped_at"] > 0.6 * SECONDS_A_STEP:
        step = min(step + 1, replay.steps)
        st.session_state.update(replay_stepped_at=now, replay_playing=step < replay.steps)
    st.session_state["replay_step"] = step


def _sentence(replay: Replay, step: int) -> str:
    of = f"{replay.steps:,} movies" if replay.steps == replay.length else f"the first {replay.steps:,} movies"
    if not step:
        return f"Before the first of {replay.steps:,} movies, the model knows only who this user is"
    ours, theirs = replay.running[step - 1]
    return f"After {step:,} of {of}, the model is off by {ours:.2f} stars on average; the item mean by {theirs:.2f}"


def _draw_controls(replay: Replay) -> None:
    step, playing = st.session_state["replay_step"], st.session_state["replay_playing"]
    st.session_state["replay_slider"] = step
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Pause" if playing else "Play",
            key="replay_play",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=_play,
            args=(replay,),
            width=110,
        )
        steps = st.container(horizontal=True, gap="small", width="content", key=f"{page_frame.ICONS_ONLY}replay")
        for name, icon, label, by, at_end in (
            ("back", "skip_previous", "One movie back", -1, step == 0),
            ("on", "skip_next", "One movie on", 1, step == replay.steps),
        ):
            steps.button(
                label,
                key=f"replay_{name}",
                icon=f":material/{icon}:",
                help=label,
                on_click=_go,
                args=(step + by,),
                disabled=at_end,
            )
        st.slider(
            "Movies rated so far",
            0,
            replay.steps,
            key="replay_slider",
            on_change=_slide,
        )


def _play(replay: Replay) -> None:
    playing = not st.session_state["replay_playing"]
    st.session_state.update(replay_playing=playing, replay_stepped_at=time.monotonic())
    if playing and st.session_state["replay_step"] == replay.steps:
        st.session_state["replay_step"] = 0


def _slide() -> None:
    now, wanted = st.session_state["replay_step"], st.session_state["replay_slider"]
    # while it plays, a browser that is a little behind sends where the slider stood a moment ago: nobody moved it
    if not (st.session_state["replay_playing"] and 0 <= now - wanted <= STEPS_BEHIND):
        _go(wanted)


def _go(step: int) -> None:
    st.session_state.update(replay_step=step, replay_playing=False)


def _draw_pictures(recommender: Recommender, scene: _Scene, step: int) -> None:
    replay = scene.replay
    st.header("What was expected, and what they gave", anchor=False)
    latest = range(max(0, step - 5), step)
    told = (
        f"{recommender.catalogue.title(replay.visitor.history[at].movie_id)}: expected {replay.predicted[at]:.1f}, "
        f"given {replay.actual[at]:g}"
        for at in latest
    )
    words = "; ".join(told) or "none yet"
    _show(scene.stars, step, f"Stars expected and given, movie by movie. The latest: {words}")
    st.header("How far off, on average so far", anchor=False)
    _show(scene.errors, step, f"Mean error so far: {_errors(replay, step)}; after all: {_errors(replay, replay.steps)}")
    st.caption(
        "The item mean expects of everybody what the training users gave a movie on average. Faint: what is still to "
        "come."
    )


def _errors(replay: Replay, step: int) -> str:
    if not step:
        return "none yet"
    ours, theirs = replay.running[step - 1]
    return f"after {count(step, 'movie')}, model {ours:.2f} stars, item mean {theirs:.2f} stars"


def _show(spec: dict, step: int, words: str) -> None:
    """Show a picture at a step, in a place that is kept until it is drawn.

    Not through ``figures.show``: to make and check a chart anew takes longer than all else that a step does.
    """
    with st.container(height=PICTURE_HEIGHT, border=False):
        st.vega_lite_chart(charts.at_step(spec, step), alt=words)


def _draw_next(recommender: Recommender, replay: Replay, step: int) -> None:
    with st.container(border=True, height=144):
        if step == replay.steps:
            st.markdown("**That was the last movie.**  \nPress Play to see it again from the beginning.")
            return
        event = replay.visitor.history[step]
        gave, expected = event.rating, replay.predicted[step]
        off = expected - gave
        how = (
            "just right"
            if abs(off) < 0.25
            else f"{'▲' if off > 0 else '▼'} {abs(off):.1f} too {'high' if off > 0 else 'low'}"
        )
        st.markdown(
            f"Next, they rated **{escape_markdown(recommender.catalogue.title(event.movie_id))}**  \n"
            f"They gave **{stars(gave)}**. The model expected **{expected:.1f} ★** ({how.replace(' ', NO_BREAK)}); "
            f"the item mean was {replay.item_mean[step]:.1f} ★."
        )


def _draw_list(recommender: Recommender, replay: Replay, step: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("The list as it was then", anchor=False, width="content")
        order = _draw_order(recommender)
    rows = recommender.rank(replay.at(step), LIST, RankOptions(order=order))
    later = replay.later(step)
    hits = [row for row in rows if row.movie_id in later]
    st.caption(f"{_hits(len(hits), len(rows), replay, step)}")
    st.dataframe(
        pd.DataFrame(
            {
                "rank": [row.rank for row in rows],
                "why": why_link.CELL,
                "later": [_later(row, later) for row in rows],
                "expected": [row.expected_rating for row in rows],
                "title": [row.title for row in rows],  # last, as where there is little room its end is cut off
            }
        ),
        hide_index=True,
        height=35 * (LIST + 1) + 3,
        row_height=35,
        column_config={
            "rank": st.column_config.NumberColumn("#", width=28),
            "title": st.column_config.TextColumn("Movie"),
            "later": st.column_config.TextColumn(
                "Later", width=98, help="Whether they rated it later, how many movies later, and how."
            ),
            "expected": st.column_config.NumberColumn(
                "Rating", format="%.2f ★", width=64, help="The rating that the model expected at this step."
            ),
            "why": why_link.column("replay_why", [row.movie_id for row in rows], lambda movie: _ask_why(replay, movie)),
        },
        alt="The list at this step, best first, with what they rated later",
    )


def _ask_why(replay: Replay, movie_id: int) -> None:
    step = st.session_state["replay_step"]
    who = f"the user of Replay after {count(step, 'movie')}"
    st.session_state["replay_playing"] = False
    why_link.ask_of_guest(movie_id, replay.at(step), who)


def _draw_order(recommender: Recommender) -> str:
    orders = recommender.orders
    if len(orders) == 1:
        return orders[0]
    # the list is held against what they rated later, so what is likely comes first
    if st.session_state.get("replay_order") not in orders:
        st.session_state["replay_order"] = "next"
    st.session_state["replay_order_choice"] = st.session_state["replay_order"]
    st.segmented_control(
        "Order",
        orders,
        required=True,
        format_func=ORDERS.get,
        key="replay_order_choice",
        on_change=lambda: st.session_state.update(replay_order=st.session_state["replay_order_choice"]),
        label_visibility="collapsed",
    )
    return st.session_state["replay_order"]


def _hits(hits: int, shown: int, replay: Replay, step: int) -> str:
    left = replay.length - step
    if not left:
        return "They rated nothing after this."
    return f"{hits} of these {shown} are among the {count(left, 'movie')} that they rated later."


def _later(row: Recommendation, later: dict[int, tuple[int, float]]) -> str:
    if row.movie_id not in later:
        return ""
    place, rating = later[row.movie_id]
    return f"✓ {'next' if place == 1 else f'{place} later'}: {stars(rating)}"


render()
