"""The insights of the chosen model, which were measured over many visitors, and the notice where there are none."""

import streamlit as st

from bst.explanation.insight_record import Insights
from bst.explanation.insights import read_insights
from bst.inference.recommender import Recommender
from bst.public_mode import Feature
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import switched_off


def insights(recommender: Recommender) -> Insights | None:
    """Return the model's insights if they have been measured."""
    bundle = recommender.bundle
    path = bundle.folder / "insights.json"
    version = path.stat().st_mtime_ns if path.is_file() else 0
    return cached("insights", model_key(recommender, version), lambda: read_insights(bundle))


def draw_missing(recommender: Recommender, what: str) -> None:
    """Say how to measure the insights. ``what`` they would show, as the subject of "cannot be shown"."""
    missing = f"This model has not been measured over many visitors yet, so {what} cannot be shown."
    if switched_off.caption(Feature.MEASURING):
        st.info(missing, icon=":material/info:")
        return
    st.info(f"{missing} This takes some minutes:", icon=":material/info:")
    st.code(f"python -m bst insights --bundle {recommender.bundle.name}", language=None)
