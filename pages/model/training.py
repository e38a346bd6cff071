"""Training: how the chosen model was made, and how good it is beside simple peers."""

import pandas as pd
import streamlit as st

from bst import charts
from bst.model_card import PEER_NAMES
from bst.models.config import describe
from pages.shared import figures, models
from pages.shared.text import count, literal

METRICS = {"mae": "Mean absolute error (MAE)", "rmse": "Root mean squared error (RMSE)", "loss": "Loss (squared error)"}


def draw() -> None:
    """Draw the page: the sentence, the curves, the peers, and the details."""
    bundle = models.chosen()
    history, result = bundle.history, bundle.metrics
    st.title(_sentence(history, bundle.best_epoch), anchor=False)
    st.caption(f"{literal(bundle.title)}. {describe(bundle.config)}")
    curves, peers = st.columns([3, 2], gap="medium")
    with curves:
        st.subheader("Learning curves", anchor=False)
        metric = st.segmented_control(
            "What to show",
            list(METRICS),
            default="mae",
            required=True,
            format_func=str.upper,
            key="training_metric",
            persist_state="session",
            label_visibility="collapsed",
        )
        figures.show(
            charts.learning_curves(history, metric, metric.upper(), bundle.best_epoch),
            f"{METRICS[metric]} of training and validation over {len(history)} epochs, best at {bundle.best_epoch}",
        )
        st.caption(f"{METRICS[metric]}, in stars. The weights kept are those of the best epoch on validation.")
    with peers:
        st.subheader("How good is that?", anchor=False)
        _draw_peers(result, metric if metric in ("mae", "rmse") else "mae")
    with st.expander("Every epoch in numbers", icon=":material/table_rows:"):
        st.dataframe(history, hide_index=True, alt="Learning curves, one row an epoch")
    with st.expander("Model card", icon=":material/description:"):
        st.markdown(bundle.model_card)


def _sentence(history: pd.DataFrame, best_epoch: int) -> str:
    first, best = history["val_mae"].iloc[0], history["val_mae"].min()
    return (
        f"In {count(len(history), 'epoch')}, the error on ratings it had not seen fell from {first:.2f} to {best:.2f} "
        f"stars; epoch {best_epoch} was the best"
    )


def _draw_peers(result: dict, metric: str) -> None:
    rows = [{"name": "This model", "error": result["metrics"][metric], "ours": True}]
    if "as_visitor" in result:
        rows[0]["name"] = "This model, user known"
        rows += [{"name": "This model, visitor", "error": result["as_visitor"][metric], "ours": True}]
    rows += [
        {"name": PEER_NAMES.get(name, name), "error": errors[metric], "ours": False}
        for name, errors in result["peers"].items()
    ]
    table = pd.DataFrame(rows).sort_values("error")
    figures.show(
        charts.peer_bars(table, metric.upper()),
        "; ".join(f"{row.name_}: {row.error:.3f}" for row in table.rename(columns={"name": "name_"}).itertuples()),
    )
    st.caption(
        f"On {result['labels']:,} test ratings that no one was trained on (protocol {result['protocol']}, seed "
        f"{result['seed']})."
        + (" The peers know the user, too; a visitor has no user id." if "as_visitor" in result else "")
    )


draw()
