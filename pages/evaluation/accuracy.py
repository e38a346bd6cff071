"""Accuracy: the error compared with baselines, and every metric."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation.records import ErrorMetric, EvaluationRecord, RatingEvaluation
from bst.presentation import charts, frames, sentences
from bst.presentation.vocabulary import BASELINES, METRICS, RATING_METRICS, baseline_label
from bst.text import signed, span
from pages.shared.widgets import chart_view
from pages.shared.widgets.choice import choice
from pages.shared.wording import say

VERDICTS = {-1: "▼ clearly better", 0: "● no clear difference", 1: "▲ clearly worse"}


def render(bundle: Bundle, record: EvaluationRecord) -> None:
    """Render the section."""
    if record.rating is None:
        st.markdown(say("This model predicts the next movie and no ratings; see “Ranked lists”."))
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _render_baselines(bundle, record, record.rating)
    with right:
        _render_metrics(record)
    st.caption(say(sentences.measured_on(bundle, record)))


def _render_baselines(bundle: Bundle, record: EvaluationRecord, rating: RatingEvaluation) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Compared with simpler predictions (baselines)", anchor=False, width="content")
        metric: ErrorMetric = choice(
            "Metric", ["mae", "rmse"], lambda key: METRICS[key].label, default="mae", key="evaluation_metric"
        )
    table, label = frames.baseline_errors(record, metric), METRICS[metric].label
    chart_view.show(
        partial(charts.baseline_errors, table, label, chart_view.text_and_background()[0]),
        f"{label} in stars: {sentences.values_text(table)}",
        name="Errors of baselines",
        about=say(sentences.headline(bundle, record)),
    )
    st.caption(f"{say(METRICS[metric].meaning)} {say(sentences.BASELINE_CAPTION)}")
    with st.expander("What the baselines do", icon=":material/help:"):
        known = [BASELINES[key] for key in record.baselines if key in BASELINES]
        st.markdown("\n".join(f"- **{baseline.label}**: {say(baseline.meaning)}" for baseline in known))
        st.dataframe(
            _differences(rating, metric),
            hide_index=True,
            alt=f"Difference of {label} to each baseline with its interval",
        )
        st.caption(
            "Difference in stars, this model less the baseline: below 0 this model is better. “Clearly” means that "
            "the interval excludes 0."
        )


def _differences(rating: RatingEvaluation, metric: ErrorMetric) -> pd.DataFrame:
    rows = []
    for key, comparison in rating.comparisons.items():
        difference = comparison.difference(metric)
        interval = span(difference.low, difference.high, "+.3f")
        rows.append((baseline_label(key), signed(difference.value), interval, VERDICTS[difference.sign]))
    return pd.DataFrame(rows, columns=["Baseline", "Difference", "95% interval", "This model is"])


def _render_metrics(record: EvaluationRecord) -> None:
    st.header("Every metric", anchor=False)
    for key in RATING_METRICS:
        if key in record.metrics:
            metric, bounds = METRICS[key], record.metrics.bounds.get(key)
            interval = f" :small[({span(*bounds)})]" if bounds else ""
            st.markdown(
                f"**{metric.label} {metric.text(record.metrics[key])}**{interval}  \n:small[{say(metric.meaning)}]"
            )
    if "nll" not in record.metrics:
        st.markdown(
            ":small[This model predicts one number for each rating and no probabilities, so it has no negative "
            "log-likelihood and no calibration error.]"
        )
    if record.gaps_unknown:
        st.markdown(say(":small[“Gaps unknown”: as in the app, where no one enters when they watched a movie.]"))
    elif record.as_visitor:
        st.markdown(
            ":small[“User known” reads the id of a user it was trained on; “visitor” does not, as in the app. The "
            "baselines know the user, too, and what they rated later.]"
        )
