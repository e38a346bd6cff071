"""What a part of a page worked out last, kept in the session until it is asked something else."""

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st

from bst.recommender import Recommender

T = TypeVar("T")


def key(recommender: Recommender, *question: Hashable) -> Hashable:
    """Return what an answer of this model to this question is kept by."""
    return id(recommender), str(recommender.bundle.folder), *question


def remembered(name: str, asked: Hashable, make: Callable[[], T]) -> T:
    """Return the answer kept under ``name`` if it was to the same question, else a new one, kept from now on."""
    kept = peek(name, asked)
    if kept is None:
        kept = make()
        st.session_state[f"kept_{name}"] = (asked, kept)
    return kept


def peek(name: str, asked: Hashable):
    """Return the answer kept under ``name`` if it was to the same question, else None."""
    question, answer = st.session_state.get(f"kept_{name}", (None, None))
    return answer if question == asked else None
