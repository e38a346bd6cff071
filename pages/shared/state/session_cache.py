"""A small cache in the session: what a part of a page computed for its latest questions."""

from collections.abc import Callable, Hashable
from contextlib import nullcontext
from typing import Any, TypeVar

import streamlit as st

from bst.inference.recommender import Recommender
from pages.shared import turns

T = TypeVar("T")


def model_key(recommender: Recommender, *question: Hashable) -> tuple[Hashable, ...]:
    """Return the key of an answer that this loaded model gives to a question."""
    return id(recommender), str(recommender.bundle.folder), *question


def cached(name: str, key: Hashable, compute: Callable[[], T], max_entries: int = 1, in_turn: bool = False) -> T:
    """Return what ``compute`` gave for this key; of each ``name`` the newest ``max_entries`` are kept.

    ``in_turn``: what takes long is computed in turn with that of other sessions. Errors are not cached.
    """
    entries: dict[Hashable, T] = st.session_state.setdefault(_session_key(name), {})
    if key not in entries:
        with turns.take() if in_turn else nullcontext():
            entries[key] = compute()
        while len(entries) > max_entries:
            del entries[next(iter(entries))]
    return entries[key]


def get(name: str, key: Hashable) -> Any:
    """Return what is cached under this name and key, else None."""
    return st.session_state.get(_session_key(name), {}).get(key)


def clear(name: str) -> None:
    """Free what is cached under this name."""
    st.session_state.pop(_session_key(name), None)


def _session_key(name: str) -> str:
    return f"cached_{name}"
