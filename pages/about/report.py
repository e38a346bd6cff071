"""Save everything about the chosen model as one file, for people without the app."""

from functools import partial

import streamlit as st

from bst.bundles.bundle import Bundle
from pages.shared import dataset_profiles
from pages.shared.load_once import LoadOnce


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


@st.cache_resource(show_spinner=False)
def _reports() -> LoadOnce[bytes]:
    return LoadOnce()


def _make(bundle: Bundle) -> bytes:
    """Return the report, made once for all sessions until a file of the bundle changes."""
    from bst.presentation.report import make_report  # imports the chart renderer, which few visits need

    files = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(bundle.folder.iterdir()))
    return _reports().load(
        (str(bundle.folder), files),
        lambda: make_report(bundle, dataset_profiles.load_profile(bundle.dataset)).encode(),
    )
