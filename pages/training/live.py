"""Unfinished training runs: how far they are, and what can be done about them."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.errors import BSTError
from bst.evaluation import measure
from bst.models.registry import preset_title
from bst.presentation import charts, curves
from bst.public_mode import Feature
from bst.settings import get_settings
from bst.text import count
from bst.training import background
from bst.training.background import RunStatus
from pages.shared import resources
from pages.shared.format import duration, escape_markdown, message
from pages.shared.state import chosen_model, owner
from pages.shared.widgets import chart_view, switched_off
from pages.shared.wording import say

REFRESH_SECONDS = 1.0
# the learning curves that a run shows: of ratings, of the next movie, and of what they will like
LIVE_CURVES = ("mae", "next_loss", "like_loss")
CURVE_HEIGHT = 200


@dataclass(frozen=True)
class Ending:
    """A way to end a run: its ``key`` and ``label``, the ``action``, and what follows from it."""

    key: str
    label: str
    icon: str
    action: Callable[..., None]
    consequence: str


CANCEL = Ending(
    "cancel",
    "Cancel",
    ":material/stop_circle:",
    background.cancel,
    "What it has learnt up to its last complete epoch is kept, and it can be resumed later.",
)
DELETE = Ending(
    "discard", "Delete", ":material/delete:", background.discard, "Deletes the run and all that it has learnt."
)


def render() -> None:
    """Draw all unfinished runs, anew every second while one is running, and a notice of one that has just finished."""
    runs = background.statuses()
    _notice_finished({run.name: run.state for run in runs})
    _draw_finished()
    running = any(run.state == "running" for run in runs)
    st.fragment(_draw_runs, run_every=REFRESH_SECONDS if running else None)()


def watch(name: str) -> None:
    """Watch a run that has just been started, so that its end is noticed however soon it comes."""
    st.session_state["runs_shown"] = st.session_state.get("runs_shown", {}) | {name: "running"}


def _notice_finished(states: dict[str, str]) -> None:
    """Remember which run has become a model since this page was last drawn, whatever page was shown meanwhile."""
    before = st.session_state.get("runs_shown", {})
    bundles = get_settings().bundles
    finished = [name for name in before if name not in states and (bundles / name / "bundle.json").is_file()]
    if finished:
        st.session_state["run_ended"] = finished[-1]
        resources.look_again()
    st.session_state["runs_shown"] = states


def _draw_runs() -> None:
    runs = background.statuses()
    if st.session_state["runs_shown"] != {run.name: run.state for run in runs}:
        st.rerun(scope="app")
    for run in runs:
        with st.container(border=True, key=f"run_{run.name}"):
            _draw_run(run)


def _draw_run(run: RunStatus) -> None:
    st.markdown(f"**{escape_markdown(run.name)}** · {_describe_settings(run)}")
    st.caption(_whose(run))
    match run.state:
        case "running":
            st.progress(min(run.share, 1.0), text=_describe_progress(run))
            if not switched_off.caption(Feature.RUNS):
                _draw_ending(run, CANCEL)
            _draw_problem(run)
        case "cancelled":
            st.info(
                f"Cancelled after {count(len(run.history), 'complete epoch')} of {run.settings.epochs}.",
                icon=":material/pause_circle:",
            )
            _draw_buttons(run)
        case _:
            st.error(
                f"This run failed after {count(len(run.history), 'complete epoch')}. {message(run.ending)}",
                icon=":material/error:",
            )
            if run.log and not switched_off.caption(Feature.PATHS):
                st.caption("The last lines of its log:")
                st.code("\n".join(run.log), language=None, wrap_lines=True)
            _draw_buttons(run)
    _draw_curves(run)


def _draw_buttons(run: RunStatus) -> None:
    if switched_off.caption(Feature.RUNS):
        return
    with st.container(horizontal=True):
        st.button(
            "Resume",
            key=f"resume_{run.name}",
            type="primary",
            icon=":material/play_circle:",
            on_click=_try,
            args=(run.name, background.resume),
            help="Continues after its last complete epoch.",
        )
        _draw_ending(run, DELETE)
    _draw_problem(run)


def _draw_ending(run: RunStatus, ending: Ending) -> None:
    """Draw the button that ends or deletes a run: to others than its owner, behind a question that names the owner."""
    key, own = f"{ending.key}_{run.name}", _is_own(run)
    place = nullcontext() if own else st.popover(ending.label, icon=ending.icon, key=f"{key}_confirm")
    with place:
        if not own:
            st.markdown(f"{_whose(run)} {ending.label} it all the same?")
        st.button(
            ending.label if own else f"{ending.label} it",
            key=key,
            icon=ending.icon,
            on_click=_try,
            args=(run.name, ending.action),
            kwargs={"asker": owner.key() or "", "confirmed": not own},
            help=ending.consequence,
        )


def _is_own(run: RunStatus) -> bool:
    return run.owner.key != "" and run.owner.key == owner.key()


def _whose(run: RunStatus) -> str:
    """Return who started a run, and when by the clock of the person who reads it."""
    by = "by you" if _is_own(run) else "by someone else" if run.owner.key else "from the command line"
    return f"Started {by}{_when(run.owner.started)}."


def _when(started: float | None) -> str:
    if started is None:
        return ""
    try:
        zone = ZoneInfo(st.context.timezone or "")
    except (ValueError, OSError):  # what the browser names may be unknown here
        zone = None
    then, now = datetime.fromtimestamp(started, zone), datetime.now(zone)
    return f"{'' if then.date() == now.date() else f' on {then.day} {then:%B}'} at {then:%H:%M}"


def _draw_problem(run: RunStatus) -> None:
    if problem := st.session_state.pop(f"problem_{run.name}", None):
        st.warning(message(problem), icon=":material/warning:")


def _try(name: str, action: Callable[..., None], **options: Any) -> None:
    """Do something about a run; why that failed is shown with it."""
    try:
        action(name, **options)
    except BSTError as error:
        st.session_state[f"problem_{name}"] = str(error)


def _describe_settings(run: RunStatus) -> str:
    settings = run.settings
    parts = [
        f"{preset_title(settings.config.preset)} on {settings.dataset}",
        f"protocol {settings.protocol}",
        f"seed {settings.seed}",
    ]
    if settings.share < 1:
        parts.append(f"{settings.share:.0%} of the users")
    return message(", ".join(parts))


def _describe_progress(run: RunStatus) -> str:
    """Return how far a run is: "Epoch 3 of 8, about 4 minutes left. Training on 9,000 ratings: MAE 0.712"."""
    stage = run.stage[:1].upper() + run.stage[1:] if run.stage else "Starting"
    if not run.epoch or not run.stage.startswith("training on"):
        return f"{message(stage)} …"
    epoch = f"Epoch {run.epoch} of {run.epochs}"
    if run.remaining_s is not None:
        epoch += f", about {duration(run.remaining_s)} left"
    metrics = [
        f"{say(curves.CURVES[name].label)} {value:.3f}" for name, value in run.metrics.items() if name in LIVE_CURVES
    ]
    return f"{epoch}. {escape_markdown(stage)}" + (f": {', '.join(metrics)}" if metrics else "")


def _draw_curves(run: RunStatus) -> None:
    names = [name for name in LIVE_CURVES if name in curves.offered([run.history])]
    if not names:
        return
    best = {run.name: curves.best_epochs(run.history, run.settings.config)}
    for column, name in zip(st.columns(len(names)), names, strict=True):
        frame = curves.side_by_side({run.name: run.history}, name, best)
        with column:
            label = say(curves.CURVES[name].label)
            chart = charts.learning_curves(frame, label).properties(height=CURVE_HEIGHT)
            chart_view.show(chart, f"{label} so far: {_last_values(frame)}")


def _last_values(frame: pd.DataFrame) -> str:
    return ", ".join(f"{series} {rows['value'].iloc[-1]:.4g}" for series, rows in frame.groupby("series", sort=False))


def _draw_finished() -> None:
    name = st.session_state.get("run_ended")
    if name is None or name not in resources.choices():
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/check_circle: **{escape_markdown(name)}** has finished training and can be chosen now."
            f"{_result(resources.choices()[name].bundle)}",
            width="stretch",
        )
        st.button("Use it", type="primary", on_click=_use, args=(name,), key="use_ended")
        st.button("Close", on_click=st.session_state.pop, args=("run_ended",), key="close_ended")


def _result(bundle: Bundle | None) -> str:
    """Return how good a new model is, beside what is the same for everybody."""
    record = measure.summary(bundle) if bundle else None
    if record is None or "mae" not in record.metrics:
        return ""
    text = say(f" On ratings that it has not seen it is off by {record.metrics.mae:.2f} stars on average")
    means = record.baselines.get("item_mean")
    return f"{text}; {say('the mean rating of each movie')} by {means.mae:.2f}." if means else f"{text}."


def _use(name: str) -> None:
    chosen_model.choose(resources.choices()[name])
    del st.session_state["run_ended"]
