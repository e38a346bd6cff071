"""Learning curves of the chosen model, and of any others beside it."""

import pandas as pd
import streamlit as st

from bst.bundles import curves
from bst.bundles.bundle import Bundle
from bst.presentation import charts
from bst.training import background
from pages.shared import resources
from pages.shared.format import count
from pages.shared.widgets import chart_view

UNFINISHED = " (not finished)"


def render(bundle: Bundle) -> None:
    """Draw the curves with what is to be compared, and every epoch in numbers."""
    st.header("Learning curves", anchor=False)
    found = _histories()
    chosen = _draw_choice(bundle, list(found))
    histories = {name: found[name][0] for name in chosen}
    shown = {name: curve for name, curve in curves.CURVES.items() if name in curves.offered(list(histories.values()))}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        name = st.segmented_control(
            "What to show",
            list(shown),
            default=next(iter(shown)),
            required=True,
            format_func=lambda name: shown[name].label,
            key=f"training_metric_{'_'.join(shown)}",  # models offer different ones
            persist_state="session",
            label_visibility="collapsed",
            wrap=True,
        )
        log = st.toggle("Logarithmic scale", key="training_log", persist_state="session")
    best = {name: found[name][1] for name in chosen}
    frame = curves.side_by_side(histories, name, best)
    label = shown[name].label
    chart_view.show(charts.learning_curves(frame, label, log), _words(frame, label), name=f"Learning curves, {label}")
    _draw_caption(frame, name, histories)
    _draw_numbers(histories)


def _histories() -> dict[str, tuple[pd.DataFrame, dict[str, int]]]:
    """Return the learning curves of every bundle and unfinished run with their best epochs, by name."""
    bundles = [choice.bundle for choice in resources.choices().values() if choice.bundle]
    found = {bundle.name: (bundle.history, curves.best_epochs(bundle.history, bundle.config)) for bundle in bundles}
    for run in background.statuses():
        if len(run.history):
            found[run.name + UNFINISHED] = run.history, curves.best_epochs(run.history, run.settings.config)
    return found


def _draw_choice(bundle: Bundle, names: list[str]) -> list[str]:
    key = f"training_compared_{bundle.name}"
    kept = [name for name in st.session_state.get(key, [bundle.name]) if name in names]
    st.session_state[key] = kept or [bundle.name]
    return st.multiselect(
        "Trainings side by side",
        names,
        key=key,
        persist_state="session",
        help="Every model that is here, and every run that has not come to its end.",
    ) or [bundle.name]


def _words(frame: pd.DataFrame, label: str) -> str:
    parts = []
    for (source, series), rows in frame.groupby(["source", "series"], sort=False):
        at = rows[rows["best"]]
        parts.append(
            f"{source}, {series}: {rows['value'].iloc[0]:.4g} to {rows['value'].iloc[-1]:.4g} in "
            + count(len(rows), "epoch")
            + (f", best epoch {at['epoch'].iloc[0]} with {at['value'].iloc[0]:.4g}" if len(at) else "")
        )
    return f"{label} over the epochs. " + "; ".join(parts)


def _draw_caption(frame: pd.DataFrame, name: str, histories: dict[str, pd.DataFrame]) -> None:
    words = [curves.CURVES[name].meaning]
    if set(frame["series"]) == {curves.VALIDATION}:
        words.append("Measured on validation only.")
    if frame["best"].any():
        words.append("A ring marks the best epoch on validation, whose weights are kept.")
    missing = [source for source in histories if source not in set(frame["source"])]
    if missing:
        words.append(f"Not recorded for {', '.join(missing)}.")
    words.append("Shift and mouse wheel zoom, dragging moves, a double click resets.")
    st.caption(" ".join(words))


def _draw_numbers(histories: dict[str, pd.DataFrame]) -> None:
    with st.expander("Every epoch in numbers", icon=":material/table_rows:"):
        table = pd.concat([history.assign(training=source) for source, history in histories.items()], ignore_index=True)
        table = table[["training", *(column for column in table if column != "training")]]
        st.dataframe(table, hide_index=True, alt="Learning curves, one row an epoch")
        st.download_button(
            "Save as CSV",
            table.to_csv(index=False),
            "learning-curves.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
