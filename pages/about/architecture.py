"""The architecture of the chosen model: drawn, and its parameters part by part."""

import pandas as pd
import streamlit as st

from bst.bundles import parameters
from bst.bundles.bundle import Bundle
from bst.inference import engines
from bst.models.diagram import Diagram
from bst.models.registry import describe, family_of
from bst.presentation.charts.architecture import architecture
from pages.shared.widgets import chart_view
from pages.shared.wording import say

TITLE = "Architecture"
ONE_DIAGRAM_WIDTH = 640
# of the columns of several diagrams, in pixels: in narrower ones the texts of boxes are cut off
MIN_COLUMN_WIDTH = 380
FIXED = "Fixed parameters are not trained: they come from the dataset, or were computed from it before training."


def render(bundle: Bundle) -> None:
    """Draw the section."""
    st.markdown(say(describe(bundle.config)))
    family = family_of(bundle.config)
    diagrams = [diagram.reworded(say) for diagram in family.diagrams(bundle.config, bundle.sizes, len(bundle.levels))]
    if len(diagrams) == 1:
        with st.container(width=ONE_DIAGRAM_WIDTH):
            _draw_diagram(diagrams[0])
    else:
        grid = st.grid(len(diagrams), min_column_width=MIN_COLUMN_WIDTH, gap="large")
        for diagram in diagrams:
            with grid.cell():
                _draw_diagram(diagram)
    st.caption("Read from top to bottom. Point at a box to see what it does.")
    _draw_parameters(bundle)
    st.header("What computes the predictions", anchor=False)
    st.markdown(engines.DESCRIPTIONS[engines.chosen()])


def _draw_diagram(diagram: Diagram) -> None:
    st.header(diagram.title, anchor=False)
    chart_view.show(architecture(diagram, chart_view.text_and_background()[0]), diagram.text)
    with st.expander("The same in words", icon=":material/notes:"):
        labels = {box.name: box.label for box in diagram.boxes}
        lines = []
        for box in diagram.boxes:
            targets = [labels[end].lower() for start, end in diagram.arrows if start == box.name]
            goes_to = f" :small[Goes to: {', '.join(targets)}.]" if targets else ""
            lines.append(f"1. **{box.label}** ({box.detail}). {box.meaning}{goes_to}")
        st.markdown("\n".join(lines))


def _draw_parameters(bundle: Bundle) -> None:
    weights = parameters.weights(bundle)
    total, trained = int(weights["parameters"].sum()), int(weights.loc[weights["trained"], "parameters"].sum())
    st.header("Parameters, part by part", anchor=False)
    st.markdown(f"**{total:,}** parameters, of which **{trained:,}** are trained and {total - trained:,} fixed.")
    parts = parameters.by_purpose(weights)
    table = pd.DataFrame(
        {
            "Tower": parts["tower"],
            "Part": parts["purpose"].map(say),
            "Parameters": parts["parameters"],
            "Trained": parts["trained"],
            "Share": 100 * parts["share"],
        }
    )
    if not parts["tower"].any():
        table = table.drop(columns="Tower")
    numbers = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        table,
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
                    "Weight": weights["weight"],
                    "Shape": [" × ".join(f"{n:,}" for n in shape) for shape in weights["shape"]],
                    "Parameters": weights["parameters"],
                    "": ["trained" if is_trained else "fixed" for is_trained in weights["trained"]],
                }
            ),
            hide_index=True,
            column_config={"Parameters": numbers},
            alt="Every weight with its shape",
        )
