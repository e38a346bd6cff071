"""Runs that are not at their end: how far they are, and what can be done about them."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from bst.errors import TrainingError
from bst.models.registry import preset_title
from bst.presentation import charts, curves
from bst.settings import get_settings
from bst.text import count
from bst.training import background
from bst.training.background import RunStatus
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model
from pages.shared.widgets import chart_view

EVERY_S = 1.0
# figures that a run's own picture shows: of ratings, and of the next movie
LIVE_CURVES = ("mae", "next_loss")


def render() -> None:
    """Draw all unfinished runs, anew every second while one is under way, and word of one that has just ended."""
    found = background.statuses()
    _notice_ends({run.name: run.state for run in found})
    _draw_ended()
    running = any(run.state == "running" for run in found)
    st.fragment(_draw_all, run_every=EVERY_S if running else None)()


def watch(name: str) -> None:
    """Tell the page of a run that has been started, so that its end is noticed however soon it comes."""
    st.session_state["runs_shown"] = st.session_state.get("runs_shown", {}) | {name: "running"}


def _notice_ends(now: dict[str, str]) -> None:
    """Remember which run has ended as a model since the page was drawn last, be it that another page was shown."""
    before = st.session_state.get("runs_shown", {})
    ended = [name for name in before if name not in now and (get_settings().bundles / name / "bundle.json").is_file()]
    if ended:
        st.session_state["run_ended"] = ended[-1]
        resources.look_again()
    st.session_state["runs_shown"] = now


def _draw_all() -> None:
    found = background.statuses()
    if st.session_state["runs_shown"] != {run.name: run.state for run in found}:
        st.rerun(scope="app")
    for run in found:
        with st.container(border=True, key=f"run_{run.name}"):
            _draw_run(run)


def _draw_run(run: RunStatus) -> None:
    st.markdown(f"**{escape_markdown(run.name)}** · {_settings(run)}")
    match run.state:
        case "running":
            st.progress(min(run.share, 1.0), text=_so_far(run))
            st.button(
                "Cancel",
                key=f"cancel_{run.name}",
                icon=":material/stop_circle:",
                on_click=background.cancel,
                args=(run.name,),
                help="What it has learnt up to its last whole epoch is kept, and it can go on later.",
            )
        case "cancelled":
            st.info(
                f"Cancelled after {count(len(run.history), 'whole epoch')} of {run.settings.epochs}.",
                icon=":material/pause_circle:",
            )
            _draw_choices(run)
        case _:
            st.error(
                f"This run has died after {count(len(run.history), 'whole epoch')}. {escape_markdown(run.ending)}",
                icon=":material/error:",
            )
            if run.log:
                st.caption("The last that it said:")
                st.code("\n".join(run.log), language=None, wrap_lines=True)
            _draw_choices(run)
    _draw_curves(run)


def _draw_choices(run: RunStatus) -> None:
    with st.container(horizontal=True):
        st.button(
            "Go on",
            key=f"resume_{run.name}",
            type="primary",
            icon=":material/play_circle:",
            on_click=_resume,
            args=(run.name,),
            help="From its last whole epoch.",
        )
        st.button(
            "Remove",
            key=f"discard_{run.name}",
            icon=":material/delete:",
            on_click=background.discard,
            args=(run.name,),
            help="With all that it has learnt.",
        )
    if problem := st.session_state.pop(f"problem_{run.name}", None):
        st.warning(escape_markdown(problem), icon=":material/warning:")


def _resume(name: str) -> None:
    try:
        background.resume(name)
    except TrainingError as error:
        st.session_state[f"problem_{name}"] = str(error)


def _settings(run: RunStatus) -> str:
    asked = run.settings
    words = [
        f"{preset_title(asked.config.preset)} on {asked.dataset}",
        f"protocol {asked.protocol}",
        f"seed {asked.seed}",
    ]
    if asked.share < 1:
        words.append(f"{asked.share:.0%} of the users")
    return escape_markdown(", ".join(words))


def _so_far(run: RunStatus) -> str:
    """Say how far a run is: "Epoch 3 of 8, about 4 minutes left. Training on 9,000 ratings: MAE 0.712"."""
    stage = run.stage[:1].upper() + run.stage[1:] if run.stage else "Starting"
    if not run.epoch or not run.stage.startswith("training on"):
        return f"{escape_markdown(stage)} …"
    words = f"Epoch {run.epoch} of {run.epochs}"
    if run.remaining_s is not None:
        words += f", about {_duration(run.remaining_s)} left"
    figures_now = [
        f"{curves.CURVES[name].label} {value:.3f}" for name, value in run.metrics.items() if name in LIVE_CURVES
    ]
    return f"{words}. {escape_markdown(stage)}" + (f": {', '.join(figures_now)}" if figures_now else "")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return count(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    return (
        count(minutes, "minute") if minutes < 90 else f"{timedelta(minutes=minutes).total_seconds() / 3600:.1f} hours"
    )


def _draw_curves(run: RunStatus) -> None:
    offered = [name for name in LIVE_CURVES if name in curves.offered([run.history])]
    if not offered:
        return
    best = {run.name: curves.best_epochs(run.history, run.settings.config)}
    for column, name in zip(st.columns(len(offered)), offered, strict=True):
        frame = curves.side_by_side({run.name: run.history}, name, best)
        with column:
            label = curves.CURVES[name].label
            chart = charts.learning_curves(frame, label).properties(height=200)
            chart_view.show(chart, f"{label} so far: {_last(frame)}")


def _last(frame: pd.DataFrame) -> str:
    return ", ".join(f"{series} {rows['value'].iloc[-1]:.4g}" for series, rows in frame.groupby("series", sort=False))


def _draw_ended() -> None:
    name = st.session_state.get("run_ended")
    if name is None or name not in resources.choices():
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/check_circle: **{escape_markdown(name)}** is trained, and among the models.", width="stretch"
        )
        st.button("Use it", type="primary", on_click=_use, args=(name,), key="use_ended")
        st.button("Close", on_click=st.session_state.pop, args=("run_ended",), key="close_ended")


def _use(name: str) -> None:
    chosen_model.choose(resources.choices()[name])
    del st.session_state["run_ended"]
