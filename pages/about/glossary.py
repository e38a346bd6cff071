"""The glossary: the app's terms in plain language."""

import streamlit as st

from bst.presentation.glossary import Word, words
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model

TITLE = "Glossary"
# about how high a heading and an entry are drawn beside the text of its meaning, in characters of text
HEADING_HEIGHT, ENTRY_HEIGHT = 120, 60


def render() -> None:
    """Draw the section: the search, and the entries that match in two columns of about the same height."""
    entries_here = words(chosen_model.domain())
    query = st.text_input(
        "Find a term",
        key="about_glossary",
        placeholder=f"Search {len(entries_here)} terms …",
        icon=":material/search:",
        label_visibility="collapsed",
        persist_state="session",
        width=420,
    )
    matches = [entry for entry in entries_here if _matches(entry, query or "")]
    if not matches:
        st.markdown(f"No term matches “{escape_markdown(query or '')}”.")
        return
    columns, heights = st.columns(2, gap="large"), [0, 0]
    for part in dict.fromkeys(entry.part for entry in entries_here):
        entries = [entry for entry in matches if entry.part == part]
        if not entries:
            continue
        shorter = heights.index(min(heights))
        heights[shorter] += HEADING_HEIGHT + sum(ENTRY_HEIGHT + len(entry.meaning) for entry in entries)
        with columns[shorter]:
            st.header(part, anchor=False)
            st.markdown(
                "\n\n".join(
                    f"**{escape_markdown(entry.word)}**  \n{escape_markdown(entry.meaning)}" for entry in entries
                )
            )


def _matches(entry: Word, query: str) -> bool:
    query = query.strip().casefold()
    return query in entry.word.casefold() or query in entry.meaning.casefold()
