"""The error by group of users and of movies, and how fair it is."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.evaluation.records import EvaluationRecord, RatingEvaluation, Slice
from bst.presentation import charts, frames, sentences
from bst.presentation.vocabulary import INTERVAL, METRICS, attribute_label, group_label
from bst.text import count, signed, span
from bst.wording import enumerated
from pages.shared.state import chosen_model
from pages.shared.widgets import chart_view
from pages.shared.widgets.choice import choice
from pages.shared.wording import say

EQUAL_ERROR = (
    "This is about equal error, not equal lists. Lists do differ by {}: the model repeats the habits of its audience."
)
# demographics that one sentence names
NAMED = 2
TOO_FEW = "a group needs at least ten users"


def render(record: EvaluationRecord, rating: RatingEvaluation) -> None:
    """Render the section."""
    st.header("Is it fair?", anchor=False)
    _render_fairness(rating)
    if not rating.slices:
        st.subheader("Error by group", anchor=False)
        st.markdown(f"The test has too few users for any group: {TOO_FEW}.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Error by group", anchor=False, width="content")
        attributes = frames.sliced_attributes(record)
        attribute = choice(
            "Groups by",
            attributes,
            lambda attribute: attribute_label(attribute, chosen_model.domain()),
            default="age" if "age" in attributes else attributes[0],
            key=f"evaluation_part_{'_'.join(attributes)}",
            wrap=True,
        )
    _render_groups(record, attribute)
    with st.expander("All groups in numbers, the largest difference first", icon=":material/table_rows:"):
        table = pd.DataFrame([_row(s) for s in rating.slices])
        st.dataframe(table, hide_index=True, alt=say("Error of every group of users and of movies"))


def _render_fairness(rating: RatingEvaluation) -> None:
    if not rating.fairness:
        st.markdown(say(f"This cannot be measured: sex, age or occupation are known of too few users ({TOO_FEW})."))
        return
    st.markdown("\n".join(f"- {sentences.fairness(row, chosen_model.domain())}" for row in rating.fairness))
    compared = [attribute_label(row.attribute, chosen_model.domain()).lower() for row in rating.fairness]
    st.markdown(EQUAL_ERROR.format(enumerated(tuple(compared[:NAMED]), "and")))
    with st.expander("How this was tested, and the numbers", icon=":material/help:"):
        for row in rating.fairness:
            st.markdown(sentences.fairness_details(row, chosen_model.domain()))
        st.caption(say(sentences.fairness_caption(chosen_model.domain())))


def _render_groups(record: EvaluationRecord, attribute: str) -> None:
    table, overall = frames.group_errors(record, attribute, chosen_model.domain()), record.metrics.mae
    label = attribute_label(attribute, chosen_model.domain())
    chart_view.show(
        partial(charts.group_errors, table, overall, METRICS["mae"].label, chart_view.text_and_background()[0]),
        f"MAE by group, all {overall:.3f}; ▲ clearly above, ▼ clearly below: {sentences.groups_text(table)}",
        name="Error by group",
        about=f"Error by {label.lower()}; all together (dashed) {overall:.3f} stars",
    )
    st.caption(
        f"{say(sentences.GROUPS_CAPTION)} Bars: {INTERVAL} Of {count(len(table), 'group')}, one in twenty seems "
        "clearly different by chance alone."
    )


def _row(s: Slice) -> dict[str, str | int | float]:
    difference = s.mae_difference
    return {
        "By": attribute_label(s.attribute, chosen_model.domain()),
        "Group": group_label(s.attribute, s.value, chosen_model.domain()),
        "Ratings": s.labels,
        "Users": s.users,
        "MAE": round(s.mae.value, 3),
        "Difference to all": f"{frames.SIGNS[difference.sign]} {signed(difference.value)}",
        "95% interval": span(difference.low, difference.high, "+.3f"),
        "Expects too much by": signed(s.signed_error.value),
        "Difference of the best baseline": "" if s.baseline_difference is None else signed(s.baseline_difference),
    }
