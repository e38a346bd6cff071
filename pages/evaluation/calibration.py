"""Calibration: are predicted probabilities and expected ratings right?"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation import measure_lists
from bst.evaluation.records import CalibrationBin, RatingEvaluation, RatingShares
from bst.presentation import charts, frames, list_sentences, sentences
from bst.presentation.vocabulary import INTERVAL
from bst.text import count
from pages.shared.widgets import chart_view
from pages.shared.wording import say


def render(bundle: Bundle, rating: RatingEvaluation) -> None:
    """Render the section: chances and expected ratings, then the chances behind the default list."""
    st.header("Calibration: are its probabilities right?", anchor=False)
    calibration = rating.calibration
    st.markdown(say(sentences.calibration(calibration)))
    left, right = st.columns(2, gap="large")
    with left:
        if calibration.liked:
            st.subheader(charts.LIKED_CALIBRATION.title, anchor=False)
            _render_bins(calibration.liked, charts.LIKED_CALIBRATION)
            st.caption(say(sentences.CALIBRATION_CAPTION))
        else:
            _render_shares(rating.shares)
    with right:
        st.subheader(charts.RATING_CALIBRATION.title, anchor=False)
        _render_bins(calibration.expected, charts.RATING_CALIBRATION)
        st.caption(f"The same for the expected rating. Bars through the points: {INTERVAL}")
    if calibration.liked:
        _render_shares(rating.shares)
    if (lists := measure_lists.read(bundle)) is not None and lists.chances:
        events = list_sentences.first_length(lists)
        st.subheader(charts.WILL_LIKE_CALIBRATION.title, anchor=False)
        st.markdown(say(list_sentences.chances(lists, events)))
        _render_bins(lists.chances[events], charts.WILL_LIKE_CALIBRATION)
        st.caption(f"{say(list_sentences.CHANCES_CAPTION)} After {count(events, 'known rating')}.")


def _render_bins(bins: Sequence[CalibrationBin], axes: charts.CalibrationAxes) -> None:
    table = frames.calibration_bins(bins)
    chart_view.show(
        partial(charts.calibration, table, axes, chart_view.text_and_background()[0]),
        f"{axes.predicted}, and {axes.actual}: {sentences.bins_text(table, axes.format)}",
        name=axes.title,
        about=f"{axes.predicted}, and {axes.actual}",
    )
    chart_view.show(
        partial(charts.bin_counts, table, axes),
        f"How many {axes.counted.lower()} each point rests on: " + ", ".join(f"{n:,}" for n in table["labels"]),
    )


def _render_shares(shares: RatingShares) -> None:
    table = frames.rating_shares(shares)
    st.subheader("Ratings given and predicted", anchor=False)
    levels = ", ".join(table["level"].unique())
    series = "; ".join(
        f"{name}: " + ", ".join(f"{share:.0%}" for share in rows["share"])
        for name, rows in table.groupby("series", sort=False)
    )
    chart_view.show(
        partial(charts.rating_shares, table),
        f"Shares of {levels}. {series}",
        name="Ratings",
        about="Ratings given and predicted",
    )
    predicted = " The predicted probabilities, on average, should match what was given." if shares.predicted else ""
    st.caption(say(sentences.SHARES_CAPTION) + predicted)
