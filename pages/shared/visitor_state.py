"""The one visitor that all pages share, and every way to change them.

The visitor lives in the session, one for each dataset, because movie ids differ between datasets. Widgets never hold
the truth: they are set from the visitor before they are drawn, and their callbacks replace the visitor.
"""

import streamlit as st

from bst.catalogue import Catalogue
from bst.errors import VisitorError
from bst.schema import Visitor
from pages.shared import models

# what a newcomer finds: enough to see a result at once; titles that most catalogues have
EXAMPLE = Visitor(sex="F", age=25, occupation="artist")
EXAMPLE_HISTORY = (
    ("Toy Story (1995)", 4),
    ("Casablanca (1942)", 3),
    ("Blade Runner (1982)", 5),
    ("The Terminator (1984)", 4),
    ("Alien (1979)", 5),
)
NEW_RATING = 4.0
MOST_EVENTS = 200


def current() -> Visitor:
    """Return the visitor for the chosen bundle's dataset."""
    dataset = models.chosen().dataset
    visitors = st.session_state.setdefault("visitors", {})
    if dataset not in visitors:
        visitors[dataset] = _arrive(dataset, visitors)
    st.session_state["last_dataset"] = dataset
    return visitors[dataset]


def replace(visitor: Visitor) -> None:
    """Make ``visitor`` the current one."""
    st.session_state.setdefault("visitors", {})[models.chosen().dataset] = visitor


def clear() -> None:
    """Forget who is watching and all that they watched."""
    replace(Visitor())


def show_example() -> None:
    """Go back to the visitor that a newcomer finds."""
    replace(_with_titles(EXAMPLE, EXAMPLE_HISTORY, models.catalogue(models.chosen().dataset))[0])


def add(movie_id: int) -> None:
    """Add a movie as the newest event; a word in passing if there is no room."""
    visitor = current()
    if len(visitor.history) >= MOST_EVENTS:
        st.toast(f"A history holds {MOST_EVENTS} movies; remove one first.", icon=":material/info:")
        return
    if all(event.movie_id != movie_id for event in visitor.history):
        replace(visitor.watched(movie_id, NEW_RATING))


def ask_about(movie_id: int) -> None:
    """Make a movie the one that the Why page explains."""
    st.session_state.setdefault("asked_about", {})[models.chosen().dataset] = movie_id


def asked_about() -> int | None:
    """Return the movie last asked about in this dataset, if any."""
    return st.session_state.get("asked_about", {}).get(models.chosen().dataset)


def _arrive(dataset: str, visitors: dict[str, Visitor]) -> Visitor:
    """Carry the visitor over from the dataset chosen before, movie by movie; the first one is the example."""
    catalogue = models.catalogue(dataset)
    before = st.session_state.get("last_dataset")
    if before not in visitors:
        return _with_titles(EXAMPLE, EXAMPLE_HISTORY, catalogue)[0]
    visitor, old = visitors[before], models.catalogue(before)
    titles = [(old.title(event.movie_id), event.rating) for event in visitor.history]
    bundle = models.chosen()
    titles = [(title, rating) for title, rating in titles if rating in bundle.levels]
    carried, lost = _with_titles(visitor, titles, catalogue)
    lost += len(visitor.history) - len(titles)
    if lost:
        st.toast(
            f"{len(carried.history)} of {len(visitor.history)} movies are known to {bundle.dataset_title}. "
            "The whole history is back when you choose the other model again.",
            icon=":material/info:",
        )
    return carried


def _with_titles(who: Visitor, titles, catalogue: Catalogue) -> tuple[Visitor, int]:
    visitor, lost = Visitor(who.sex, who.age, who.occupation), 0
    for title, rating in titles:
        try:
            visitor = visitor.watched(catalogue.find(title), float(rating))
        except VisitorError:
            lost += 1
    return visitor, lost
