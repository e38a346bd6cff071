"""Which movie the copy was made for by the search for a change. The only writer of this session key."""

import streamlit as st

from bst.schema import Visitor
from bst.what_if import Subject
from pages.shared.state import chosen_model


def note_searched(copy: Visitor, subject: Subject) -> None:
    """Note that a copy of the visitor was made to move a movie."""
    st.session_state["what_if_searched"] = (chosen_model.bundle().dataset, copy, subject)


def searched(copy: Visitor) -> Subject | None:
    """Return the movie that this copy was made to move; None if it was changed since, or made otherwise."""
    dataset, noted, subject = st.session_state.get("what_if_searched", (None, None, None))
    return subject if (dataset, noted) == (chosen_model.bundle().dataset, copy) else None
