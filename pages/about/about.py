"""About: what this app is, and what the chosen model is: its card, its architecture, and the terms that are used."""

import streamlit as st

from pages.about import architecture, data_and_licences, glossary, model_card, report
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model
from pages.shared.wording import say


def render() -> None:
    """Draw the page: what the app is, the report to save, and the section that is open."""
    bundle = chosen_model.bundle()
    st.title(say("A lab to see what a movie recommender does, and why"), anchor=False)
    st.markdown(
        say(
            "Say who is watching and what they have watched, and a Transformer model predicts at once what they would "
            "like. Change anything and see what moves. Made for people who have never trained a model, and for those "
            "who want to show them one."
        )
    )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"Chosen model: {escape_markdown(bundle.title)}.", width="stretch")
        report.render(bundle)
    sections = {
        model_card.TITLE: lambda: model_card.render(bundle),
        architecture.TITLE: lambda: architecture.render(bundle),
        glossary.TITLE: glossary.render,
        data_and_licences.TITLE: lambda: data_and_licences.render(bundle),
    }
    tabs = st.tabs(list(sections), key="about_tabs", on_change="rerun")
    for tab, draw_section in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                draw_section()


render()
