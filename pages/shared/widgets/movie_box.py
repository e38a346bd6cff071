"""A box to choose a movie in: all titles, which the browser searches, or those that a search of many finds."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from bst.datasets.catalogue import Catalogue

# Titles that are sent to a browser at most: of 1 million they would be 30 MB with each page, and take seconds to show
MOST_OFFERED, FOUND = 100_000, 50


def selectbox(catalogue: Catalogue, label: str, options: Sequence[int] | None = None, *, key: str, **more: Any) -> Any:
    """Draw ``st.selectbox`` of movie ids with these arguments; of too many movies behind a field for their titles.

    ``options`` None: the whole catalogue, with the labels by which it is searched. What is chosen stays an option,
    whatever is searched for then.
    """
    if options is None:
        options = list(catalogue.titles)
        more.setdefault("format_func", catalogue.search_labels.__getitem__)
    if len(options) <= MOST_OFFERED:
        return st.selectbox(label, options, key=key, **more)
    text = st.text_input(
        f"{label}: search by title",
        key=f"{key}_search",
        placeholder=more.get("placeholder") or f"Search {len(options):,} titles …",
        label_visibility="collapsed",
    )
    ids = catalogue.movies["movie_id"]
    offered = [int(ids.iloc[row]) for row in catalogue.search(text, FOUND)] if text else []
    first = more.pop("index", 0)
    chosen = st.session_state.get(key, None if first is None else options[first])
    if chosen is not None and chosen not in offered:
        offered = [chosen, *offered]
    more["placeholder"] = f"{len(offered)} found" if text else "Type a title above"
    if key not in st.session_state:
        more["index"] = None if first is None else offered.index(chosen)
    return st.selectbox(label, offered, key=key, **more)
