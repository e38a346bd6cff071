"""Save everything about the chosen model as one file, for people without the app."""

from functools import partial

import streamlit as st

from bst.bundles.bundle import Bundle
from pages.shared import dataset_profiles


def render(bundle: Bundle) -> None:
    """Draw the button. The report is made when it is clicked."""
    st.download_button(
        "Save a report",
        partial(_make, bundle),
        f"{bundle.name}-report.html",
        "text/html",
        icon=":material/summarize:",
        key="save_report",
        on_click="ignore",
        help="One file that opens in any browser, without this app and without a network: metrics, charts and the "
        "model card. Takes a few seconds.",
    )


def _make(bundle: Bundle) -> bytes:
    from bst.presentation.report import make_report  # imports the chart renderer, which few visits need

    return make_report(bundle, dataset_profiles.load_profile(bundle.dataset)).encode()
