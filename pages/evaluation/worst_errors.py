"""The predictions that were off the most, each one click from Why."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation import private_cache
from bst.evaluation.worst import Miss
from bst.schema import MAX_HISTORY
from pages.evaluation import evaluation_job
from pages.shared import real_users, resources
from pages.shared.format import ROW_HEIGHT, count, table_height
from pages.shared.state import explained
from pages.shared.widgets import why_link

MAX_ROWS_SHOWN = 12
SIDES = {"high": "Expected too much", "low": "Expected too little"}


def render(bundle: Bundle) -> bool:
    """Draw the section; return whether it offers to measure the model, or shows how far that is."""
    kept = private_cache.read(bundle)
    if kept is None:
        st.markdown(
            "The worst predictions are single ratings of the dataset. Its licence does not let them be passed on with "
            "the model, so they are found again on this computer: measure the model once."
        )
        evaluation_job.render(bundle, "Find them", "worst", "Takes about a minute.", primary=True)
        return True
    side = st.segmented_control(
        "Which",
        list(SIDES),
        default="high",
        required=True,
        format_func=SIDES.get,
        key="evaluation_side",
        persist_state="session",
        label_visibility="collapsed",
    )
    misses = kept.worst[side]
    if not misses:
        st.markdown("There are none.")
        return False
    st.markdown(_sentence(misses, side))
    titles = resources.catalogue(bundle.dataset).titles
    st.dataframe(
        pd.DataFrame(
            {
                "why": ["Why?"] * len(misses),
                "movie": [titles[miss.movie_id] for miss in misses],
                "expected": [miss.expected for miss in misses],
                "actual": [miss.actual for miss in misses],
                "others": [miss.others for miss in misses],
                "earlier": [miss.earlier for miss in misses],
                "who": [_who(miss) for miss in misses],
            }
        ),
        hide_index=True,
        height=table_height(len(misses), MAX_ROWS_SHOWN),
        row_height=ROW_HEIGHT,
        key=f"evaluation_misses_{side}",
        column_config={
            # by place, as two users may have been surprised by the same movie
            "why": why_link.column(f"evaluation_why_{side}", range(len(misses)), lambda place: _ask(misses[place])),
            "movie": st.column_config.TextColumn("Movie", width=210),
            "expected": st.column_config.NumberColumn("Expected", format="%.2f ★", width=84),
            "actual": st.column_config.NumberColumn("Given", format="%.1f ★", width=70),
            "others": st.column_config.NumberColumn(
                "Strongest peer", format="%.2f ★", width=110, help="What the strongest of the simpler ways expected."
            ),
            "earlier": st.column_config.NumberColumn("Ratings before", width=110),
            "who": st.column_config.TextColumn("Who", width=260),
        },
        alt=f"{SIDES[side]}: the predictions that were off the most",
    )
    st.caption(
        "One a user, the furthest off first. Why? opens the explanation for that user as they were just before, with "
        f"up to {MAX_HISTORY} of their newest ratings; with longer histories the expected rating may differ a little "
        "from the one here. These rows stay on this computer."
    )
    return False


def _sentence(misses: list[Miss], side: str) -> str:
    shared = sum(
        miss.others is not None and (miss.others - miss.actual if side == "high" else miss.actual - miss.others) > 2
        for miss in misses
    )
    furthest = f"Of the {count(len(misses), 'prediction')} that were furthest off"
    if shared > len(misses) / 2:
        return (
            f"{furthest}, the strongest peer was also off by more than two stars in {shared}: little in these users' "
            "earlier ratings hinted at it."
        )
    return f"{furthest}, the strongest peer was off by more than two stars in only {shared}."


def _who(miss: Miss) -> str:
    return f"User {miss.user_id} · {real_users.describe(miss.visitor)}"


def _ask(miss: Miss) -> None:
    words = f"user {miss.user_id} after {count(miss.earlier, 'movie')}"
    explained.request_for_guest(miss.movie_id, miss.visitor, words)
