"""The model card of the chosen bundle."""

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.presentation.vocabulary import ERROR_METRICS, METRICS
from pages.shared.wording import say

TITLE = "Model card"
METRICS_SHOWN = ("mae", "hr@10")


def render(bundle: Bundle) -> None:
    """Draw the section."""
    with st.container(horizontal=True, gap="medium"):
        st.metric("Parameters", f"{bundle.parameters['parameters']:,}", width="content")
        for key in METRICS_SHOWN:
            if key in bundle.metrics["metrics"]:
                metric, unit = METRICS[key], " ★" if key in ERROR_METRICS else ""
                value = metric.text(bundle.metrics["metrics"][key])
                st.metric(metric.label, f"{value}{unit}", help=say(metric.meaning), width="content")
        st.metric("Epochs", f"{bundle.epochs}", width="content")
        st.metric("Created", bundle.created, width="content")
    st.markdown(_without_title(bundle.model_card))
    st.download_button(
        "Save the card",
        bundle.model_card,
        f"{bundle.name}-model-card.md",
        "text/markdown",
        icon=":material/download:",
        key="save_card",
        on_click="ignore",
        type="tertiary",
    )


def _without_title(card: str) -> str:
    """Return a card without its first heading: the model's name, which the page shows already."""
    first, _, rest = card.lstrip().partition("\n")
    return rest if first.startswith("# ") else card
