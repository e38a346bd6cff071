"""Unfinished training runs: how far they are, and what can be done about them."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.errors import TrainingError
from bst.evaluation import measure
from bst.models.registry import preset_title
from bst.presentation import charts, curves
from bst.settings import get_settings
from bst.text import count
from bst.training import background
from bst.training.background import RunStatus
from pages.shared import resources
from pages.shared.format import duration, escape_markdown
from pages.shared.state import chosen_model
from pages.shared.widgets import chart_view

REFRESH_SECONDS = 1.0
# the learning curves that a run shows: of ratings, of the next movie, and of what they will like
LIVE_CURVES = ("mae", "next_loss", "like_loss")
CURVE_HEIGHT = 200


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
    match run.state:
        case "running":
            st.progress(min(run.share, 1.0), text=_describe_progress(run))
            st.button(
                "Cancel",
                key=f"cancel_{run.name}",
                icon=":material/stop_circle:",
                on_click=background.cancel,
                args=(run.name,),
                help="What it has learnt up to its last complete epoch is kept, and it can be resumed later.",
            )
        case "cancelled":
            st.info(
                f"Cancelled after {count(len(run.history), 'complete epoch')} of {run.settings.epochs}.",
                icon=":material/pause_circle:",
            )
            _draw_buttons(run)
        case _:
            st.error(
                f"This run failed after {count(len(run.history), 'complete epoch')}. {escape_markdown(run.ending)}",
                icon=":material/error:",
            )
            if run.log:
                st.caption("The last lines of its log:")
                st.code("\n".join(run.log), language=None, wrap_lines=True)
            _draw_buttons(run)
    _draw_curves(run)


def _draw_buttons(run: RunStatus) -> None:
    with st.container(horizontal=True):
        st.button(
            "Resume",
            key=f"resume_{run.name}",
            type="primary",
            icon=":material/play_circle:",
            on_click=_try,
            args=(background.resume, run.name),
            help="Continues after its last complete epoch.",
        )
        st.button(
            "Delete",
            key=f"discard_{run.name}",
            icon=":material/delete:",
            on_click=_try,
            args=(background.discard, run.name),
            help="Deletes the run and all that it has learnt.",
        )
    if problem := st.session_state.pop(f"problem_{run.name}", None):
        st.warning(escape_markdown(problem), icon=":material/warning:")


def _try(change: Callable[[str], None], name: str) -> None:
    """Resume or remove a run; where that is refused, the page says why."""
    try:
        change(name)
    except TrainingError as error:
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
    return escape_markdown(", ".join(parts))


def _describe_progress(run: RunStatus) -> str:
    """Return how far a run is: "Epoch 3 of 8, about 4 minutes left. Training on 9,000 ratings: MAE 0.712"."""
    stage = run.stage[:1].upper() + run.stage[1:] if run.stage else "Starting"
    if not run.epoch or not run.stage.startswith("training on"):
        return f"{escape_markdown(stage)} …"
    epoch = f"Epoch {run.epoch} of {run.epochs}"
    if run.remaining_s is not None:
        epoch += f", about {duration(run.remaining_s)} left"
    metrics = [f"{curves.CURVES[name].label} {value:.3f}" for name, value in run.metrics.items() if name in LIVE_CURVES]
    return f"{epoch}. {escape_markdown(stage)}" + (f": {', '.join(metrics)}" if metrics else "")


def _draw_curves(run: RunStatus) -> None:
    names = [name for name in LIVE_CURVES if name in curves.offered([run.history])]
    if not names:
        return
    best = {run.name: curves.best_epochs(run.history, run.settings.config)}
    for column, name in zip(st.columns(len(names)), names, strict=True):
        frame = curves.side_by_side({run.name: run.history}, name, best)
        with column:
            label = curves.CURVES[name].label
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
    text = f" On ratings that it has not seen it is off by {record.metrics.mae:.2f} stars on average"
    means = record.baselines.get("item_mean")
    return f"{text}; the mean rating of each movie by {means.mae:.2f}." if means else f"{text}."


def _use(name: str) -> None:
    chosen_model.choose(resources.choices()[name])
    del st.session_state["run_ended"]
