"""What timestamps are worth: what "before" and "next" mean in this dataset."""

from functools import partial

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.datasets.profile import DatasetProfile
from bst.presentation.charts import data as data_charts
from bst.timelines.arrays import TIE_ORDERS
from pages.shared.format import escape_markdown
from pages.shared.widgets import chart_view
from pages.shared.wording import say

TITLE = "Timestamps and order"


def render(bundle: Bundle, profile: DatasetProfile) -> None:
    """Draw the section."""
    ties = profile.ties
    if not ties.has_times:
        st.markdown(f"**When ratings were given is not known.** {escape_markdown(' '.join(profile.notes))}")
        return
    st.markdown(
        f"**{ties.tied:.0%} of all ratings have the same timestamp, to the second, as another rating by the same "
        f"person**, and {ties.minute:.0%} come within a minute of the one before."
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header("How long until the next rating", anchor=False)
        shares = ", ".join(f"{row.name.lower()} {row.share:.0%}" for row in ties.steps.itertuples(index=False))
        chart_view.show(
            partial(data_charts.time_gaps, ties.steps), f"Time from one rating to the same person’s next: {shares}"
        )
        st.caption(say("From each rating to the same person’s next one. No one watches a movie in a minute."))
    with right:
        st.header("What this means", anchor=False)
        st.markdown("\n".join(f"- {conclusion}" for conclusion in _conclusions(bundle, profile)))


def _conclusions(bundle: Bundle, profile: DatasetProfile) -> list[str]:
    ties = profile.ties
    conclusions = [
        "Ratings of the same second have no known order: "
        f"**{ties.next_tied:.0%}** of all steps from one rating to the next take no time at all. "
        f"{TIE_ORDERS[ties.order]} One person entered {ties.largest} in a single second."
    ]
    if bundle.simulated:
        conclusions.append(
            say(
                "The demo world imitates this on purpose: its simulated people rate in sessions, several movies within "
                "minutes or in the same second. But the order of its file is the order in which the simulation chose "
                "the movies, so “before” and “next” are true here."
            )
        )
    else:
        conclusions += [
            say(
                "A timestamp says when a rating was **entered**, often from a list on the site, not when the movie was "
                f"watched. {ties.one_day:.0%} of the people entered all of theirs within 24 hours."
            ),
            say(
                "Wherever this app says “before” or “next”, read “entered before” and “entered next”. Part of what a "
                "model learns about the next movie is the order of lists on a website."
            ),
        ]
    if mae_without_times := bundle.metrics.get("gaps_unknown", {}).get("mae"):
        conclusions.append(
            "The chosen model hardly uses timestamps to predict ratings: its MAE is "
            f"{bundle.metrics['metrics']['mae']:.3f} stars with them and {mae_without_times:.3f} without. A visitor of "
            "this app has none."
        )
    return conclusions
