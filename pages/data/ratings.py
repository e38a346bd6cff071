"""Which ratings were given, when, and by how active people."""

import streamlit as st

from bst.presentation.charts import data as drawn
from pages.data import sentences
from pages.data.loaded import Seen
from pages.shared.widgets import chart_view


def render(seen: Seen) -> None:
    """Draw the section."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        _draw_stars(seen)
    with right:
        if seen.profile.ties.has_times:
            _draw_time(seen)
    _draw_activity(seen)


def _draw_stars(seen: Seen) -> None:
    stars = seen.profile.stars
    st.header("How generous people are with stars", anchor=False)
    told = ", ".join(f"{row.level:g} stars {row.share:.0%}" for row in stars.itertuples(index=False))
    chart_view.show(drawn.given_ratings(stars), f"How often each rating was given: {told}")
    liked = stars.loc[stars["level"] >= 4, "share"].sum()
    st.caption(
        f"{liked:.0%} of all ratings are 4 ★ or more: people mostly rate what they chose to watch, so a mean says more "
        "about those who chose a movie than about everyone."
    )


def _draw_time(seen: Seen) -> None:
    table = seen.profile.time
    st.header("When they rated", anchor=False)
    busiest = table.loc[table["ratings"].idxmax()]
    share = busiest["ratings"] / table["ratings"].sum()
    monthly = len(table) < 2 or (table["from"].iloc[1] - table["from"].iloc[0]).days > 1
    when = sentences.month(busiest["from"]) if monthly else sentences.day(busiest["from"])
    chart_view.show(
        drawn.ratings_over_time(table),
        f"Ratings by {'month' if monthly else 'day'}, from {sentences.day(seen.profile.counts.first)} to "
        f"{sentences.day(seen.profile.counts.last)}; the most, {busiest['ratings']:,}, in {when}",
    )
    words_of_it = f" {when} alone has {share:.0%} of all ratings." if share > 0.1 else ""
    st.caption(f"By {'month' if monthly else 'day'}, in UTC.{words_of_it}")


def _draw_activity(seen: Seen) -> None:
    table = seen.profile.activity
    st.header("How active they are", anchor=False)
    told = "; ".join(
        f"{row.length} ratings: {row.share:.0%} of people, {row.ratings:.0%} of ratings"
        for row in table.itertuples(index=False)
    )
    chart_view.show(drawn.activity(table), f"People by how many ratings they gave. {told}")
    low, middle, high = seen.profile.counts.ratings_per_user
    most = table.loc[table["ratings"].idxmax()]
    st.caption(
        f"From {low:,} to {high:,} ratings each, half of them {middle:,.0f} or fewer. Those with {most['length']} are "
        f"{most['share']:.0%} of the people and gave {most['ratings']:.0%} of all ratings, so a model learns mostly "
        "from "
        "them, and figures over all ratings are mostly about them."
    )
