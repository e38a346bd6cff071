"""Lists against everything that is liked later: this model, simple recommenders, and how much lists differ."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.errors import ConfigError
from bst.evaluation import measure_lists
from bst.evaluation.list_record import MAIN, ListRecord
from bst.presentation import charts, list_frames, list_sentences, sentences
from bst.presentation.vocabulary import INTERVAL, LIST_QUALITY, RIVALS
from bst.text import count
from pages.evaluation import evaluation_job
from pages.shared.format import escape_markdown, message
from pages.shared.widgets import chart_view
from pages.shared.wording import say

DURATION = "two to four minutes for a million ratings"


def render(bundle: Bundle) -> None:
    """Render the section; for a model that has seen all users, say what to do instead."""
    try:
        measure_lists.check_unseen(bundle)
    except ConfigError as error:
        st.caption(f"{say('Whether listed movies are liked later cannot be measured here')}: {message(error)}")
        return
    record = measure_lists.read(bundle)
    if record is None:
        st.markdown(
            say(
                "It has not been measured yet how many of the listed movies people liked later, compared with simple "
                "recommenders."
            )
        )
        evaluation_job.render(bundle, "Measure lists", "lists", f"Takes {DURATION}.", primary=True, kind="lists")
        st.divider()
        return
    events = list_sentences.first_length(record)
    st.markdown(say(list_sentences.headline(record, events)))
    left, right = st.columns(2, gap="large")
    with left:
        _render_lengths(record)
    with right:
        chosen = _choose_length(record, events)
        _render_titles(record, chosen)
    _render_table(record, chosen)
    st.caption(escape_markdown(say(list_sentences.measured_on(bundle, record))))
    evaluation_job.render(bundle, "Measure lists again", "lists", f"Takes {DURATION}.", kind="lists")
    st.divider()


def _render_lengths(record: ListRecord) -> None:
    st.header("How many of ten are liked later?", anchor=False)
    table, metric = list_frames.precision_by_length(record), LIST_QUALITY[MAIN]
    chart_view.show(
        partial(charts.by_history, table, metric.label, chart_view.text_and_background()[0], counted="users"),
        f"{metric.label} by known ratings: {sentences.points_text(table, 'length', '.3f')}",
        name="Liked later by known ratings",
        about=f"{metric.label}. {say(metric.meaning)}",
    )
    st.caption(f"{metric.label}. {say(metric.meaning)} The band is this model’s {INTERVAL}")


def _choose_length(record: ListRecord, first: int) -> int:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("One list for all, or one for each?", anchor=False, width="content")
        lengths = list(record.ours)
        return st.selectbox(
            "Known ratings",
            lengths,
            index=lengths.index(first),
            format_func=lambda events: f"{count(events, 'rating')} known",
            key=f"evaluation_known_{len(lengths)}",
            persist_state="session",
            label_visibility="collapsed",
            width=170,
        )


def _render_titles(record: ListRecord, events: int) -> None:
    lists, curve = list_frames.precision_by_titles(record, events), list_frames.popularity_curve(record, events)
    chart_view.show(
        partial(
            charts.precision_by_titles, lists, curve, LIST_QUALITY[MAIN].label, chart_view.text_and_background()[0]
        ),
        f"{LIST_QUALITY[MAIN].label} and distinct titles: {list_sentences.titles_text(lists, curve)}",
        name="Liked later by distinct titles",
        about=f"{count(events, 'rating')} known, lists of {count(record.ours[events].users, 'user')}",
    )
    along = " The line runs from lists by taste alone to lists as predicted." if len(curve) else ""
    st.caption(f"{say(list_sentences.TITLES_CAPTION)}{along}")


def _render_table(record: ListRecord, events: int) -> None:
    columns, rows = list_frames.quality_table(record, events)
    users = count(record.ours[events].users, "user")
    st.header(f"Every metric with {count(events, 'rating')} known", anchor=False)
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, alt=f"Metrics of lists, {events} known, {users}")
    with st.expander("What the metrics mean, and what the simple recommenders do", icon=":material/help:"):
        st.markdown("\n".join(f"- **{metric.short}**: {say(metric.meaning)}" for metric in LIST_QUALITY.values()))
        st.markdown("\n".join(f"- **{rival.label}**: {say(rival.meaning)}" for rival in RIVALS.values()))
        st.caption(
            f"Difference: {LIST_QUALITY[MAIN].label} of this model’s first list minus that of the row, on the same "
            f"{users}; above 0 this model is better."
        )
