"""About: what this app is, and what the chosen model is: its card, how it is built, and the words that are used."""

import streamlit as st

from pages.about import architecture, dataset, glossary, model_card, report
from pages.shared import resources
from pages.shared.format import escape_markdown


def render() -> None:
    """Draw the page: the sentences, the report to save, and one section at a time."""
    bundle = resources.chosen()
    st.title("A lab to see what a movie recommender does, and why", anchor=False)
    st.markdown(
        "Say who is watching and what they watched, and a Transformer predicts at once what they would like; change "
        "anything and see what moves. It is made for people who have never trained a model, and for those who have to "
        "show them one."
    )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Chosen now: {escape_markdown(bundle.title)}.", width="stretch")
        report.render(bundle)
    sections = {
        "Model card": lambda: model_card.render(bundle),
        "How it is built": lambda: architecture.render(bundle),
        "Words": glossary.render,
        "Data and licences": lambda: dataset.render(bundle),
    }
    tabs = st.tabs(list(sections), key="about_tabs", on_change="rerun")
    for tab, section in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                section()


render()
