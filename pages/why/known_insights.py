"""What was worked out of the chosen model once: its insights, and what to say where there are none."""

import streamlit as st

from bst.explanation.insight_record import Insights
from bst.explanation.insights import read_insights
from bst.inference.recommender import Recommender
from pages.shared.state.session_cache import cached, model_key


def insights(recommender: Recommender) -> Insights | None:
    """Return the model's insights, if they were made."""
    bundle = recommender.bundle
    path = bundle.folder / "insights.json"
    made = path.stat().st_mtime_ns if path.is_file() else 0
    return cached("insights", model_key(recommender, made), lambda: read_insights(bundle))


def draw_missing(recommender: Recommender, what: str) -> None:
    """Say how to get the insights. ``what`` they would show, as the object of a sentence."""
    st.info(
        f"Nobody has looked at this model over many visitors yet, so {what} cannot be shown. It takes a minute or two:",
        icon=":material/info:",
    )
    st.code(f"python -m bst insights --bundle {recommender.bundle.name}", language=None)
