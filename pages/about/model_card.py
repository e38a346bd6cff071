"""The model card of the chosen bundle."""

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.cards import Table, blocks
from pages.shared.format import escape_markdown

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
    for block in blocks(bundle.model_card):
        if isinstance(block, Table):
            # the first column has no name, and a table needs one: a blank
            columns = [name or " " for name in block.columns]
            st.dataframe(
                [dict(zip(columns, row, strict=True)) for row in block.rows],
                hide_index=True,
                alt=f"{block.heading}, as a table",
            )
        elif block.heading_level > 1:  # the first is the model's name, which stands above already
            st.header(escape_markdown(block.text), anchor=False)
        elif not block.heading_level:
            st.markdown(block.text)
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
