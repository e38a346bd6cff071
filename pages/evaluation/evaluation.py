"""Evaluation: how good the chosen model is, for whom, compared with what, and where it fails."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.errors import ConfigError
from bst.evaluation import measure, measure_lists
from bst.evaluation.records import EvaluationRecord
from bst.presentation import frames, list_sentences, sentences
from bst.presentation.vocabulary import METRICS
from pages.evaluation import (
    accuracy,
    calibration,
    cold_start,
    compare_models,
    evaluation_job,
    groups,
    opening,
    ranking,
    visitors,
    worst_errors,
)
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model, evaluation_request
from pages.shared.widgets import chart_view, why_link
from pages.shared.wording import say

DURATION = "about a minute for a million ratings"


def render() -> None:
    """Render the page: the headline, then one section at a time."""
    bundle = chosen_model.bundle()
    record = measure.read(bundle)
    st.title(say(sentences.headline(bundle, record or measure.summary(bundle))), anchor=False)
    if (lists := _lists_sentence(bundle)) is not None:
        st.markdown(lists)
    if record is None:
        _render_unmeasured(bundle, measure.summary(bundle))
        return
    sections = _sections(bundle, record)
    offers_measuring, key = False, f"evaluation_tabs_{len(sections)}"
    if (wanted := evaluation_request.take_tab()) in sections:
        st.session_state[key] = wanted
    # only the open tab is rendered
    for tab, section in zip(
        st.tabs(list(sections), key=key, on_change="rerun"),
        sections.values(),
        strict=True,
    ):
        if tab.open:
            with tab, chart_view.savable():
                offers_measuring = bool(section())
    if offers_measuring:  # once is enough
        return
    st.divider()
    evaluation_job.render(
        bundle, "Measure again", "again", f"These results were kept with the model. Measuring takes {DURATION}."
    )


def _lists_sentence(bundle: Bundle) -> str | None:
    """Return how good the lists are, in one sentence; None if that was not measured, or cannot be."""
    try:
        measure_lists.check_unseen(bundle)
    except ConfigError:
        return None
    lists = measure_lists.read(bundle)
    return None if lists is None else say(list_sentences.summary(lists, list_sentences.first_length(lists)))


def _sections(bundle: Bundle, record: EvaluationRecord) -> dict[str, Callable[[], bool | None]]:
    """Return what renders each tab, by its title; fewer for a model that predicts no ratings."""
    first: dict[str, Callable[[], bool | None]] = {"Accuracy": lambda: accuracy.render(bundle, record)}
    last: dict[str, Callable[[], bool | None]] = {"Compare models": lambda: compare_models.render(bundle, record)}
    lists: dict[str, Callable[[], bool | None]] = {"Ranked lists": lambda: ranking.render(bundle, record)}
    rating = record.rating
    if rating is None:
        return first | lists | last
    return (
        first
        | {
            "Error by length of history": lambda: cold_start.render(bundle, rating),
            "Calibration": lambda: calibration.render(bundle, rating),
            "Groups and fairness": lambda: groups.render(record, rating),
        }
        | lists
        | {"Visitors": lambda: visitors.render(bundle), "Worst errors": lambda: worst_errors.render(bundle)}
        | last
    )


def _render_unmeasured(bundle: Bundle, record: EvaluationRecord) -> None:
    """Show what training measured, and offer to measure the rest."""
    st.markdown(
        "This is what was measured when the model was trained. Errors with their intervals, by group and by length of "
        "history, calibration, ranked lists and the worst errors are computed when you ask for them."
    )
    evaluation_job.render(bundle, "Measure now", "now", f"Takes {DURATION}; you can go on meanwhile.", primary=True)
    keys, rows = frames.metrics_table(frames.predictors(record))
    st.dataframe(
        pd.DataFrame(rows, columns=["", *(METRICS[key].label for key in keys)]),
        hide_index=True,
        alt="Metrics of this model and of the baselines",
    )
    st.caption(f"{escape_markdown(bundle.title)}. {say(sentences.measured_on(bundle, record))}")


why_link.follow()
opening.follow()
render()
