"""The predictions with the largest errors, each one click from Why."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation.user_results import UserResults
from bst.evaluation.worst_errors import Side, WorstError
from bst.schema import MAX_HISTORY
from bst.text import count
from pages.evaluation import single_users, state
from pages.evaluation.state import Opening
from pages.shared import real_users, resources
from pages.shared.format import ROW_HEIGHT, table_height
from pages.shared.widgets import why_link
from pages.shared.widgets.choice import choice
from pages.shared.wording import say

SIDES: dict[Side, str] = {"high": "Expected too much", "low": "Expected too little"}
# an error of the best baseline that counts as large, in stars
LARGE_ERROR = 2
MAX_ROWS_SHOWN = 12


def render(bundle: Bundle) -> bool:
    """Render the section; return whether it offers to measure the model, or shows how far that is."""
    results = single_users.results(bundle, "worst", "The worst errors")
    if results is None:
        return True
    side: Side = choice("Which", list(SIDES), lambda side: SIDES[side], default="high", key="evaluation_side")
    errors = results.worst_errors[side]
    if not errors:
        st.markdown("There are none.")
        return False
    st.markdown(_summary(errors, side))
    titles = resources.catalogue(bundle.dataset).titles
    st.dataframe(
        pd.DataFrame(
            {
                "why": ["Why?"] * len(errors),
                "movie": [titles[error.movie_id] for error in errors],
                "expected": [error.expected for error in errors],
                "actual": [error.actual for error in errors],
                "baseline": [error.baseline for error in errors],
                "history": [error.history_length for error in errors],
                "user": [_user(results, error) for error in errors],
            }
        ),
        hide_index=True,
        height=table_height(len(errors), MAX_ROWS_SHOWN),
        row_height=ROW_HEIGHT,
        key=f"evaluation_misses_{side}",
        column_config={
            # by row number, as two users may have an error on the same movie
            "why": why_link.column(f"evaluation_why_{side}", range(len(errors)), lambda row: _explain(errors[row])),
            "movie": st.column_config.TextColumn(say("Movie"), width=210),
            "expected": st.column_config.NumberColumn("Expected", format="%.2f ★", width=84),
            "actual": st.column_config.NumberColumn("Given", format="%.1f ★", width=70),
            "baseline": st.column_config.NumberColumn(
                "Best baseline", format="%.2f ★", width=110, help="What the best of the simpler predictions expected."
            ),
            "history": st.column_config.NumberColumn("Ratings before", width=110),
            "user": st.column_config.TextColumn("User", width=260),
        },
        alt=f"{SIDES[side]}: the predictions with the largest errors",
    )
    st.caption(
        "One per user, the largest error first. Why? opens the explanation for that user as they were just before, "
        f"with up to {MAX_HISTORY} of their newest ratings; with longer histories the expected rating may differ a "
        f"little from the one here.{'' if bundle.simulated else ' These rows stay on this computer.'}"
    )
    return False


def _summary(errors: list[WorstError], side: Side) -> str:
    sign = 1 if side == "high" else -1
    shared = sum(e.baseline is not None and sign * (e.baseline - e.actual) > LARGE_ERROR for e in errors)
    start = f"Of the {count(len(errors), 'prediction')} with the largest errors, the best baseline was"
    if shared > len(errors) / 2:
        return (
            f"{start} also off by more than two stars in {shared}: little in these users’ earlier ratings hinted at it."
        )
    return f"{start} off by more than two stars in only {shared}."


def _user(results: UserResults, error: WorstError) -> str:
    return f"User {error.user_id} · {real_users.describe(results.user(error.user_id).demographics)}"


def _explain(error: WorstError) -> None:
    state.open_elsewhere(Opening("why", error.user_id, error.history_length, error.movie_id))
