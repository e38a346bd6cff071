"""The app's words in plain language."""

import streamlit as st

from bst.presentation.glossary import GLOSSARY, PARTS, Word
from pages.shared.format import escape_markdown


def render() -> None:
    """Draw the section."""
    wanted = st.text_input(
        "Find a word",
        key="about_words",
        placeholder=f"Search {len(GLOSSARY)} words …",
        icon=":material/search:",
        label_visibility="collapsed",
        persist_state="session",
        width=420,
    )
    found = [word for word in GLOSSARY if _fits(word, wanted or "")]
    if not found:
        st.markdown("No word here is like that.")
        return
    parts = [(part, [word for word in found if word.part == part]) for part in PARTS]
    left, right = st.columns(2, gap="large")
    written = [0, 0]
    for part, words in parts:
        if not words:
            continue
        # the shorter column is next
        side = written.index(min(written))
        written[side] += 120 + sum(60 + len(word.meaning) for word in words)
        with (left, right)[side]:
            st.header(part, anchor=False)
            st.markdown(
                "\n\n".join(f"**{escape_markdown(word.word)}**  \n{escape_markdown(word.meaning)}" for word in words)
            )


def _fits(word: Word, wanted: str) -> bool:
    wanted = wanted.strip().casefold()
    return wanted in word.word.casefold() or wanted in word.meaning.casefold()
