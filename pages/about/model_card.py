"""The model card of the chosen bundle."""

import streamlit as st

from bst.bundles.bundle import Bundle

TITLE = "Model card"


def render(bundle: Bundle) -> None:
    """Draw the section."""
    metrics = bundle.metrics["metrics"]
    with st.container(horizontal=True, gap="medium"):
        for label, value, meaning in (
            ("Parameters", f"{bundle.parameters['parameters']:,}", None),
            (
                "MAE",
                _figure(metrics, "mae", " ★"),
                "How many stars a prediction is off, on average.",
            ),
            ("HR@10", _figure(metrics, "hr@10", ""), "How often the next movie is in the top ten."),
            ("Epochs", f"{bundle.epochs}", None),
            ("Created", bundle.created, None),
        ):
            if value:
                st.metric(label, value, help=meaning, width="content")
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


def _figure(metrics: dict, name: str, unit: str) -> str:
    return f"{metrics[name]:.3f}{unit}" if name in metrics else ""


def _without_title(card: str) -> str:
    """Return a card without its first heading: the model's name, which the page shows already."""
    first, _, rest = card.lstrip().partition("\n")
    return rest if first.startswith("# ") else card
