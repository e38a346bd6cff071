"""What the times of ratings are worth: what "before" and "next" mean."""

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.presentation.charts import data as drawn
from bst.timelines.arrays import TIE_ORDERS
from pages.data.loaded import Seen
from pages.shared.format import escape_markdown
from pages.shared.widgets import chart_view


def render(bundle: Bundle, seen: Seen) -> None:
    """Draw the section."""
    ties = seen.profile.ties
    if not ties.has_times:
        st.markdown(f"**When ratings were given is not known.** {escape_markdown(' '.join(seen.profile.notes))}")
        return
    st.markdown(
        f"**{ties.tied:.0%} of all ratings share their second with another rating of the same person**, and "
        f"{ties.minute:.0%} come within a minute of the one before."
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header("How long until the next rating", anchor=False)
        told = ", ".join(f"{row.name.lower()} {row.share:.0%}" for row in ties.steps.itertuples(index=False))
        chart_view.show(drawn.time_gaps(ties.steps), f"Time from one rating of a person to their next: {told}")
        st.caption("From each rating of a person to their next one. Nobody watches a movie in a minute.")
    with right:
        st.header("What follows from it", anchor=False)
        st.markdown("\n".join(f"- {line}" for line in _lines(bundle, seen)))


def _lines(bundle: Bundle, seen: Seen) -> list[str]:
    ties = seen.profile.ties
    lines = [
        f"Within one second nobody knows what came first: **{ties.next_tied:.0%}** of all steps from one rating to the "
        f"next take no time at all. {TIE_ORDERS[ties.order]} One person entered {ties.largest} in a single second."
    ]
    if bundle.simulated:
        lines += [
            "The demo world imitates that on purpose: its simulated people rate in sessions, a few within minutes or "
            "in "
            "one second. But here the order of the file is the order in which the simulation chose the movies, so "
            "“before” and “next” are true.",
        ]
    else:
        lines += [
            "A time says when a rating was **entered**, often from a list on the site, not when a movie was watched. "
            f"{ties.one_day:.0%} of the people entered all of theirs within 24 hours.",
            "Wherever this app says “before” or “next”, read “entered before” and “entered next”. Part of what a model "
            "learns about the next movie is the order of lists on a website.",
        ]
    if unknown := bundle.metrics.get("gaps_unknown", {}).get("mae"):
        lines.append(
            f"The chosen model hardly leans on times for ratings: its MAE is {bundle.metrics['metrics']['mae']:.3f} "
            "stars "
            f"with them and {unknown:.3f} without, as for a visitor of this app, who has none."
        )
    return lines
