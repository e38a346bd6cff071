"""How the chosen model is built: drawn, and its parameters part by part."""

import pandas as pd
import streamlit as st

from bst.bundles import parameters
from bst.bundles.bundle import Bundle
from bst.models.diagram import Diagram
from bst.models.registry import describe, family_of
from bst.presentation.charts.architecture import architecture
from pages.shared.widgets import chart_view

FIXED = "Fixed ones are not trained: they come from the dataset, or were worked out of it before training."


def render(bundle: Bundle) -> None:
    """Draw the section."""
    st.markdown(describe(bundle.config))
    diagrams = family_of(bundle.config).diagrams(bundle.config, bundle.sizes, len(bundle.levels))
    if len(diagrams) == 1:
        with st.container(width=640):
            _draw(diagrams[0])
    else:
        for column, diagram in zip(st.columns(len(diagrams), gap="large"), diagrams, strict=True):
            with column:
                _draw(diagram)
    st.caption("From the top down. Point at a box to read what it does.")
    _draw_parameters(bundle)


def _draw(diagram: Diagram) -> None:
    st.header(diagram.title, anchor=False)
    chart_view.show(architecture(diagram, chart_view.text_and_background()[0]), diagram.text)
    with st.expander("The same in words", icon=":material/notes:"):
        label = {box.name: box.label for box in diagram.boxes}
        lines = []
        for box in diagram.boxes:
            goes = [label[end].lower() for start, end in diagram.arrows if start == box.name]
            lines.append(
                f"1. **{box.label}** ({box.detail}). {box.meaning}"
                + (f" :small[Goes to: {', '.join(goes)}.]" if goes else "")
            )
        st.markdown("\n".join(lines))


def _draw_parameters(bundle: Bundle) -> None:
    table = parameters.weights(bundle)
    total, trained = int(table["parameters"].sum()), int(table.loc[table["trained"], "parameters"].sum())
    st.header("Parameters, part by part", anchor=False)
    st.markdown(f"**{total:,}** numbers, of which **{trained:,}** are trained and {total - trained:,} fixed.")
    parts = parameters.by_purpose(table)
    shown = pd.DataFrame(
        {
            "Tower": parts["tower"],
            "Part": parts["purpose"],
            "Parameters": parts["parameters"],
            "Trained": parts["trained"],
            "Share": 100 * parts["share"],
        }
    )
    if not parts["tower"].any():
        shown = shown.drop(columns="Tower")
    numbers = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        shown,
        hide_index=True,
        height="content",
        column_config={
            "Parameters": numbers,
            "Trained": numbers,
            "Share": st.column_config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100),
        },
        alt="Parameters by part of the model",
    )
    st.caption(FIXED)
    with st.expander("Every weight", icon=":material/table_rows:", key="every_weight"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Weight": table["weight"],
                    "Shape": [" × ".join(f"{n:,}" for n in shape) for shape in table["shape"]],
                    "Parameters": table["parameters"],
                    "": ["trained" if on else "fixed" for on in table["trained"]],
                }
            ),
            hide_index=True,
            column_config={"Parameters": numbers},
            alt="Every weight with its shape",
        )
