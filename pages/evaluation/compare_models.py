"""Two models compared, where they were measured on the same labels."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation import measure, user_results
from bst.evaluation.compare import MetricComparison, compare, incomparable_reason
from bst.evaluation.records import EvaluationRecord, RatingEvaluation
from bst.presentation import charts, frames, sentences
from bst.presentation.vocabulary import ERROR_METRICS, INTERVAL, METRICS
from bst.text import count, signed, span
from pages.shared import other_models, resources
from pages.shared.format import escape_markdown
from pages.shared.state.evaluation_request import OTHER
from pages.shared.widgets import chart_view

TRAIN_ANOTHER = "Train another one on the same dataset and protocol to compare them."
# a difference that rounds to nothing in three decimals
NO_DIFFERENCE = 5e-4


def render(bundle: Bundle, record: EvaluationRecord) -> None:
    """Render the section."""
    others = {
        name: choice.bundle
        for name, choice in resources.choices().items()
        if choice.bundle and not choice.problem and name != bundle.name
    }
    if not others:
        st.markdown(f"There is no other model here. {TRAIN_ANOTHER}")
        return
    if st.session_state.get(OTHER) not in others:
        st.session_state[OTHER] = _first_comparable(bundle, record, others)
    name = st.selectbox(
        "Compare with",
        list(others),
        format_func=lambda name: f"{others[name].title} · {name}",
        key=OTHER,
        persist_state="session",
    )
    other = others[name]
    other_record = measure.read(other)
    if other_record is None:
        st.markdown(
            f"**{escape_markdown(other.title)}** has not been measured yet. Choose it in the sidebar and measure it "
            f"there, or run `python -m bst evaluate --bundle {other.name}`."
        )
    elif reason := incomparable_reason(bundle, other, record, other_record):
        st.markdown(f"These two cannot be compared: {escape_markdown(reason)}. {TRAIN_ANOTHER}")
        _render_separately([(bundle, record), (other, other_record)])
    else:
        _render_comparison(bundle, record, other, other_record)


def _first_comparable(bundle: Bundle, record: EvaluationRecord, others: dict[str, Bundle]) -> str:
    """Return the first bundle that can be compared, one that differs most if there are several; or else the first."""
    for name, other in (other_models.others(bundle) | others).items():
        other_record = measure.read(other)
        if other_record and not incomparable_reason(bundle, other, record, other_record):
            return name
    return next(iter(others))


def _render_comparison(bundle: Bundle, record: EvaluationRecord, other: Bundle, other_record: EvaluationRecord) -> None:
    comparisons = compare(record, other_record, user_results.read(bundle), user_results.read(other))
    st.markdown(_summary(comparisons[0], bundle, other))
    rows = [
        (METRICS[c.metric].label, c.difference, *(c.bounds or (c.difference, c.difference)))
        for c in comparisons
        if c.metric in ERROR_METRICS
    ]
    if rows:
        table = pd.DataFrame(rows, columns=["name", "value", "low", "high"])
        differences = "; ".join(f"{name} {signed(value)}" for name, value, *_ in rows)
        chart_view.show(
            partial(charts.differences, table, "this model", "the other", chart_view.text_and_background()[0]),
            f"Difference in stars, below 0 {bundle.name} is better: {differences}",
            name="Difference of two models",
            about=f"{bundle.name} (this model) compared with {other.name} (the other)",
        )
    st.dataframe(
        pd.DataFrame([_row(c, bundle.name, other.name) for c in comparisons]),
        hide_index=True,
        alt="Metrics of both models",
    )
    caption = f"On the same {count(record.labels, 'test rating')}."
    if any(c.bounds for c in comparisons):
        st.caption(f"{caption} Bars: {INTERVAL}")
    else:
        st.caption(
            f"{caption} Intervals of the differences need the errors of every user, which stay on the computer where "
            "a model was measured: measure both here to see them."
        )
    if record.rating and other_record.rating:
        _render_histories({bundle.name: record.rating, other.name: other_record.rating})


def _row(c: MetricComparison, first: str, second: str) -> dict[str, str]:
    better = f"◀ {first}" if c.difference < 0 else f"▶ {second}"
    if abs(c.difference) < NO_DIFFERENCE or (c.bounds and not c.is_clear):
        better = "● no clear difference" if c.bounds else "● the same"
    metric = METRICS[c.metric]
    return {"Metric": metric.label, first: metric.text(c.first), second: metric.text(c.second), "Better": better}


def _summary(c: MetricComparison, bundle: Bundle, other: Bundle) -> str:
    metric = METRICS[c.metric]
    if c.bounds and not c.is_clear:
        names = f"**{escape_markdown(bundle.name)}** and **{escape_markdown(other.name)}**"
        return f"There is no clear difference in {metric.label} between {names}."
    better = bundle if c.difference < 0 else other
    clearly, direction = "clearly " if c.is_clear else "", "lower" if metric.lower_is_better else "higher"
    return (
        f"**{escape_markdown(better.name)}** is {clearly}better: its {metric.label} is {direction} by "
        f"{abs(c.difference):.3f}."
    )


def _render_histories(ratings: dict[str, RatingEvaluation]) -> None:
    st.header("Error by length of history", anchor=False)
    table = pd.concat(
        [frames.errors_by_history(rating.by_history, name, baselines=False) for name, rating in ratings.items()],
        ignore_index=True,
    )
    chart_view.show(
        partial(charts.by_history, table, "MAE in stars", chart_view.text_and_background()[0]),
        f"MAE of both by known ratings: {sentences.points_text(table, 'length', '.2f')}",
    )


def _render_separately(records: list[tuple[Bundle, EvaluationRecord]]) -> None:
    """Show what can be said of each model alone: its lead over item means, on its own labels."""
    rows = []
    for bundle, record in records:
        if record.rating and "item_mean" in record.rating.comparisons:
            improvement = record.rating.comparisons["item_mean"].improvement
            rows.append(
                {
                    "Model": bundle.name,
                    "Measured on": f"{record.labels:,} ratings, protocol {bundle.protocol}, seed {bundle.seed}",
                    "MAE": METRICS["mae"].text(record.metrics.mae),
                    "Better than item means by": f"{improvement.value:.1%} "
                    f"({span(improvement.low, improvement.high, '.1%')})",
                }
            )
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Each model on its own test ratings")
        st.caption(
            "Each on its own test ratings: the last column says by how much its error is below that of item means. "
            "That hints at how good each is, but proves nothing about one against the other."
        )
