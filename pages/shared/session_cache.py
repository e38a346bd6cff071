"""What a part of a page worked out last, kept in the session until it is asked something else."""

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st

from bst.inference.recommender import Recommender

T = TypeVar("T")


def key(recommender: Recommender, *question: Hashable) -> Hashable:
    """Return what an answer of this model to this question is kept by."""
    return id(recommender), str(recommender.bundle.folder), *question


def cached(name: str, asked: Hashable, make: Callable[[], T]) -> T:
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


@st.cache_resource(show_spinner=False)
def _ever_asked() -> set[Hashable]:
    return set()


def first_time(name: str, recommender: Recommender) -> bool:
    """Tell, once for each model in memory, that nobody on this server has asked it for this: it takes longer."""
    asked = (name, *key(recommender))
    if asked in _ever_asked():
        return False
    _ever_asked().add(asked)
    return True
