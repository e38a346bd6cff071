"""Evaluation: how good the chosen model is, for whom, beside what, and where it fails."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation import measure
from pages.evaluation import (
    accuracy,
    calibration,
    cold_start,
    compare_models,
    evaluation_job,
    groups,
    ranking,
    sentences,
    worst_errors,
)
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.widgets import chart_view, why_link

ABOUT = "about a minute for a million ratings"


def render() -> None:
    """Draw the page: the sentence, then one section at a time."""
    bundle = resources.chosen()
    record = measure.read(bundle)
    st.title(sentences.headline(bundle, record or bundle.metrics), anchor=False)
    if record is None:
        _draw_unmeasured(bundle)
        return
    sections = {
        "How good": lambda: accuracy.render(bundle, record),
        "How soon it knows you": lambda: cold_start.render(bundle, record),
        "Promises kept": lambda: calibration.render(record),
        "For whom": lambda: groups.render(record),
        "Lists": lambda: ranking.render(bundle, record),
        "Worst misses": lambda: worst_errors.render(bundle),
        "Beside another model": lambda: compare_models.render(bundle, record),
    }
    if "intervals" not in record:  # a model without ratings
        sections = {name: sections[name] for name in ("How good", "Lists", "Beside another model")}
    measures_itself = False
    # what is not looked at is not drawn
    for tab, section in zip(
        st.tabs(list(sections), key=f"evaluation_tabs_{len(sections)}", on_change="rerun"),
        sections.values(),
        strict=True,
    ):
        if tab.open:
            with tab, chart_view.savable():
                measures_itself = section()
    if measures_itself:  # its progress stands there, and once is enough
        return
    st.divider()
    evaluation_job.render(
        bundle, "Measure again", "again", f"Opens from what was kept with the model. Measuring takes {ABOUT}."
    )


def _draw_unmeasured(bundle: Bundle) -> None:
    """Show what training left, and offer to measure the rest."""
    st.markdown(
        "So much was measured when this model was trained. Errors with their intervals, by group and by length of "
        "history, calibration, lists and the worst predictions are worked out when you ask for them."
    )
    evaluation_job.render(bundle, "Measure now", "now", f"Takes {ABOUT}; you can go on meanwhile.", primary=True)
    metrics = bundle.metrics
    rows = [("This model", metrics["metrics"])]
    rows += [(sentences.peer(name), found) for name, found in metrics.get("peers", {}).items()]
    rows += [("Popularity", metrics["popularity"])] if "popularity" in metrics else []
    columns = {"mae": "MAE", "rmse": "RMSE", "ndcg@10": "NDCG@10", "hr@10": "HR@10"}
    shown = [name for name in columns if any(name in found for _, found in rows)]
    st.dataframe(
        pd.DataFrame(
            [{"": name} | {columns[n]: f"{found[n]:.3f}" if n in found else "" for n in shown} for name, found in rows]
        ),
        hide_index=True,
        alt="Figures of this model and of simpler ways to predict",
    )
    st.caption(f"{escape_markdown(bundle.title)}. {accuracy.measured_on(bundle, metrics)}")


why_link.follow()
render()
