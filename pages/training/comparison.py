"""Learning curves of the chosen model, compared with others."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.presentation import charts, curves
from bst.text import count
from bst.training import background
from pages.shared import resources
from pages.shared.widgets import chart_view
from pages.shared.widgets.choice import choice
from pages.shared.wording import say, say_labels

UNFINISHED = " (not finished)"


def render(bundle: Bundle) -> None:
    """Render the curves, the choice of trainings to compare, and every epoch in numbers."""
    st.header("Learning curves", anchor=False)
    trainings = _trainings()
    chosen = _render_choice(bundle, list(trainings))
    histories = {name: trainings[name][0] for name in chosen}
    shown = {name: curves.CURVES[name] for name in curves.offered(list(histories.values()))}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        name = choice(
            "What to show",
            list(shown),
            say_labels(lambda name: shown[name].label),
            default=next(iter(shown)),
            key=f"training_metric_{'_'.join(shown)}",
            wrap=True,
        )
        log = st.toggle("Logarithmic scale", key="training_log", persist_state="session")
    best = {name: trainings[name][1] for name in chosen}
    frame = curves.side_by_side(histories, name, best)
    label = say(shown[name].label)
    chart_view.show(
        partial(charts.learning_curves, frame, label, log), _curves_text(frame, label), name=f"Learning curves, {label}"
    )
    _render_caption(frame, name, histories)
    _render_numbers(histories)


def _trainings() -> dict[str, tuple[pd.DataFrame, dict[str, int]]]:
    """Return the learning curves of every bundle and unfinished run with their best epochs, by name."""
    bundles = [choice.bundle for choice in resources.choices().values() if choice.bundle]
    trainings = {bundle.name: (bundle.history, curves.best_epochs(bundle.history, bundle.config)) for bundle in bundles}
    for run in background.statuses():
        if len(run.history):
            trainings[run.name + UNFINISHED] = run.history, curves.best_epochs(run.history, run.settings.config)
    return trainings


def _render_choice(bundle: Bundle, names: list[str]) -> list[str]:
    key = f"training_compared_{bundle.name}"
    selected = [name for name in st.session_state.get(key, [bundle.name]) if name in names]
    st.session_state[key] = selected or [bundle.name]
    return st.multiselect(
        "Trainings to compare",
        names,
        key=key,
        persist_state="session",
        help="All models, and all unfinished runs.",
    ) or [bundle.name]


def _curves_text(frame: pd.DataFrame, label: str) -> str:
    parts = []
    for (source, series), rows in frame.groupby(["source", "series"], sort=False):
        best = rows[rows["best"]]
        parts.append(
            f"{source}, {series}: {rows['value'].iloc[0]:.4g} to {rows['value'].iloc[-1]:.4g} in "
            + count(len(rows), "epoch")
            + (f", best epoch {best['epoch'].iloc[0]} with {best['value'].iloc[0]:.4g}" if len(best) else "")
        )
    return f"{label} over the epochs. " + "; ".join(parts)


def _render_caption(frame: pd.DataFrame, name: str, histories: dict[str, pd.DataFrame]) -> None:
    sentences = [say(curves.CURVES[name].meaning)]
    if set(frame["series"]) == {curves.VALIDATION}:
        sentences.append("Measured on validation data only.")
    if frame["best"].any():
        sentences.append("A ring marks the best epoch on validation data, whose weights are kept.")
    missing = [source for source in histories if source not in set(frame["source"])]
    if missing:
        sentences.append(f"Not recorded for {', '.join(missing)}.")
    sentences.append("Zoom with Shift and the mouse wheel, drag to move, double-click to reset.")
    st.caption(" ".join(sentences))


def _render_numbers(histories: dict[str, pd.DataFrame]) -> None:
    with st.expander("Every epoch in numbers", icon=":material/table_rows:"):
        table = pd.concat([history.assign(training=source) for source, history in histories.items()], ignore_index=True)
        table = table[["training", *(column for column in table if column != "training")]]
        st.dataframe(table, hide_index=True, alt="Learning curves, one row per epoch")
        st.download_button(
            "Save as CSV",
            table.to_csv(index=False),
            "learning-curves.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
