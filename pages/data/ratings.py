"""Which ratings were given, when, and by how active people."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.datasets.profile import DatasetProfile
from bst.metrics import LIKED
from bst.presentation.charts import data as data_charts
from pages.data import sentences
from pages.shared.state import chosen_model
from pages.shared.widgets import chart_view
from pages.shared.wording import say

TITLE = "Ratings"
# a month or day with a larger share of all ratings is worth a word
BUSY_SHARE = 0.1


def render(profile: DatasetProfile) -> None:
    """Draw the section."""
    if chosen_model.domain().rated:
        left, right = st.columns([2, 3], gap="large")
        with left:
            _draw_distribution(profile.stars)
    else:
        right = st.container()
    with right:
        if profile.ties.has_times:
            _draw_over_time(profile)
    _draw_activity(profile)


def _draw_distribution(stars: pd.DataFrame) -> None:
    st.header("How generous people are with stars", anchor=False)
    shares = ", ".join(f"{row.level:g} stars {row.share:.0%}" for row in stars.itertuples(index=False))
    chart_view.show(partial(data_charts.given_ratings, stars), f"How often each rating was given: {shares}")
    liked = stars.loc[stars["level"] >= LIKED, "share"].sum()
    st.caption(
        say(
            f"{liked:.0%} of all ratings are {LIKED:g} ★ or more: people mostly rate what they chose to watch, so a "
            "mean rating says more about those who chose a movie than about everyone (selection bias)."
        )
    )


def _draw_over_time(profile: DatasetProfile) -> None:
    table = profile.time
    st.header(say("When they rated"), anchor=False)
    starts, ratings = table["from"], table["ratings"]
    most = int(ratings.to_numpy().argmax())
    share = ratings.iloc[most] / ratings.sum()
    monthly = len(table) <= 1 or (starts.iloc[1] - starts.iloc[0]).days > 1
    unit = "month" if monthly else "day"
    busiest = sentences.month(starts.iloc[most]) if monthly else sentences.day(starts.iloc[most])
    chart_view.show(
        partial(data_charts.ratings_over_time, table),
        say(f"Ratings by {unit}, from ") + f"{sentences.day(profile.counts.first)} to "
        f"{sentences.day(profile.counts.last)}; the most, {ratings.iloc[most]:,}, in {busiest}",
    )
    alone = f" {busiest} alone has {share:.0%} of all ratings." if share > BUSY_SHARE else ""
    st.caption(say(f"Ratings by {unit}, in UTC.{alone}"))


def _draw_activity(profile: DatasetProfile) -> None:
    table = profile.activity
    st.header("How active people are", anchor=False)
    groups = "; ".join(
        f"{row.length} ratings: {row.share:.0%} of people, {row.ratings:.0%} of ratings"
        for row in table.itertuples(index=False)
    )
    chart_view.show(partial(data_charts.activity, table), say(f"People by how many ratings they gave. {groups}"))
    low, median, high = profile.counts.ratings_per_user
    top = max(table.itertuples(index=False), key=lambda row: row.ratings)
    st.caption(
        say(
            f"From {low:,} to {high:,} ratings per person; half of all people gave {median:,.0f} or fewer. The "
            f"{top.share:.0%} of people with {top.length} ratings gave {top.ratings:.0%} of all ratings: a model "
            "learns mostly from them, and metrics over all ratings are mostly about them."
        )
    )
