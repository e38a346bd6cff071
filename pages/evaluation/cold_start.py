"""Cold start: the error by how many ratings of a user are known."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation.records import HistoryBin, RatingEvaluation
from bst.presentation import charts, frames, sentences
from bst.presentation.vocabulary import INTERVAL, THIS_MODEL, baseline_label
from bst.text import span
from pages.shared.widgets import chart_view
from pages.shared.widgets.choice import choice
from pages.shared.wording import say

VIEWS = {"gain": "Lead over item means", "mae": "Error in stars"}


def render(bundle: Bundle, rating: RatingEvaluation) -> None:
    """Render the section."""
    bins = rating.by_history
    sentence = say(sentences.cold_start(bundle, rating))
    st.markdown(sentence)
    has_gains = all(b.gain for b in bins)
    view = choice(
        "What to show",
        list(VIEWS) if has_gains else ["mae"],
        lambda view: VIEWS[view],
        default="gain" if has_gains else "mae",
        key=f"evaluation_history_{has_gains}",
    )
    gain = view == "gain"
    table = frames.gains_by_history(bins) if gain else frames.errors_by_history(bins)
    chart_view.show(
        partial(charts.by_history, table, VIEWS[view], chart_view.text_and_background()[0], gain),
        f"{VIEWS[view]} by known ratings: {sentences.points_text(table, 'length', '.0%' if gain else '.2f')}",
        name="Error by history",
        about=sentence,
    )
    support = "; ".join(f"{frames.bin_label(b)}: {b.labels:,}" for b in bins)
    st.caption(f"{say(sentences.HISTORY_CAPTIONS[view])} The band is this model’s {INTERVAL}")
    st.caption(
        f"How many test ratings each point rests on: {support}. Neighbouring lengths are grouped where a single "
        "one has few ratings."
    )
    with st.expander("Every length in numbers", icon=":material/table_rows:"):
        rows = pd.DataFrame([_row(b) for b in bins])
        st.dataframe(rows, hide_index=True, alt="Error by length of history, and how many ratings each rests on")


def _row(b: HistoryBin) -> dict[str, str]:
    row = {"Ratings before": frames.bin_label(b), "Measured on": f"{b.labels:,}", "Users": f"{b.users:,}"}
    row[THIS_MODEL] = f"{b.mae.value:.3f} ({span(b.mae.low, b.mae.high)})"
    return row | {baseline_label(key): f"{mae.value:.3f}" for key, mae in b.baselines.items()}
