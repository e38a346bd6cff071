"""The one visitor that all pages share, its copy for What-if, and every way to change them.

Both live in the session, one of each for each dataset, because movie ids differ between datasets. Slot "a" is the
visitor. Slot "b" is the copy: None among its states means "as the visitor is", so that it follows until it is changed.
Widgets never hold the truth: they are set from the visitor before they are drawn, and their callbacks replace the
visitor.
"""

from collections.abc import Iterable
from dataclasses import replace as with_
from typing import Literal

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.schema import Event, Visitor, to_scale
from pages.shared import resources
from pages.shared.format import count, escape_markdown
from pages.shared.state.undo import Changes

Slot = Literal["a", "b"]

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


def changes(slot: Slot = "a") -> Changes[Visitor | None]:
    """Return all states of a slot in the chosen bundle's dataset. None is a state of slot "b": as "a" is."""
    dataset = resources.chosen().dataset
    mine = _all(slot)
    if dataset not in mine:
        mine[dataset] = Changes.begin(_arrive(dataset) if slot == "a" else None)
    if slot == "a":
        st.session_state["last_dataset"] = dataset
    return mine[dataset]


def _all(slot: Slot) -> dict[str, Changes[Visitor | None]]:
    return st.session_state.setdefault("changes", {"a": {}, "b": {}})[slot]


def _keep(slot: Slot, new: Changes[Visitor | None]) -> None:
    _all(slot)[resources.chosen().dataset] = new


def current(slot: Slot = "a") -> Visitor:
    """Return the visitor for the chosen bundle's dataset, or its copy, which is the same until it is changed."""
    return changes(slot).current or current()


def previous(slot: Slot = "a") -> Visitor | None:
    """Return what ``current`` was before the latest change, undo, redo or jump; None if there was none."""
    left = changes(slot).left
    return (left[0] or current()) if left else None


def replace(visitor: Visitor, slot: Slot = "a") -> None:
    """Make ``visitor`` the current one of a slot, as one change that can be undone."""
    if visitor != current(slot):  # a copy that is the same as the visitor goes on following it
        _keep(slot, changes(slot).do(visitor))


def undo(slot: Slot = "a") -> None:
    """Take the latest change back."""
    _keep(slot, changes(slot).undo())


def redo(slot: Slot = "a") -> None:
    """Make a change that was taken back once more."""
    _keep(slot, changes(slot).redo())


def jump(position: int, slot: Slot = "a") -> None:
    """Go to any of the states in ``changes(slot)``."""
    _keep(slot, changes(slot).jump(position))


def reset(slot: Slot = "a") -> None:
    """Go back to the state that this session began with; for the copy, to what the visitor is."""
    _keep(slot, changes(slot).reset())


def reset_copy() -> None:
    """Make the copy the same as the visitor again: from then on it follows."""
    _keep("b", changes("b").do(None))


def swap() -> None:
    """Let the visitor and its copy change places: one change of each."""
    a, b = current("a"), current("b")
    replace(b, "a")
    replace(a, "b")


def keep() -> None:
    """Make the visitor what the copy is, as one change. The copy stays as it is, so that undoing brings both back."""
    replace(current("b"))


def start_from_link(visitor: Visitor, copy: Visitor | None) -> None:
    """Begin with a visitor from a link, and with a copy of them, if that is another one. Nothing can be undone."""
    _keep("a", Changes.begin(visitor))
    _keep("b", Changes.begin(None).do(copy) if copy else Changes.begin(None))


def revisit(visitor: Visitor, copy: Visitor | None) -> None:
    """Go to a visitor and a copy that the session has seen, among its changes if they are still there."""
    for slot, state in (("a", visitor), ("b", copy)):
        mine = changes(slot)
        seen = [place for place, one in enumerate(mine.states) if one == state]
        nearest = min(seen, key=lambda place: abs(place - mine.position), default=None)
        _keep(slot, mine.do(state) if nearest is None else mine.jump(nearest))


def newcomer() -> Visitor:
    """Return the visitor that a newcomer finds."""
    return _with_titles(EXAMPLE, EXAMPLE_HISTORY, resources.catalogue(resources.chosen().dataset))


def clear(slot: Slot = "a") -> None:
    """Forget who is watching and all that they watched."""
    replace(Visitor(), slot)


def show_example(slot: Slot = "a") -> None:
    """Go back to the visitor that a newcomer finds."""
    replace(newcomer(), slot)


def add(movie_id: int, slot: Slot = "a") -> None:
    """Add a movie as the newest event; a word in passing if it is there already.

    In a full history the oldest movie gives way: it is merely seen from then on.
    """
    visitor = current(slot)
    if movie_id in visitor.ratings:
        title = resources.catalogue(resources.chosen().dataset).title(movie_id)
        st.toast(f"{escape_markdown(title)} is in the history already.", icon=":material/info:")
        return
    replace(visitor.watched(movie_id, NEW_RATING).limited(), slot)


def mark_seen(movie_id: int, slot: Slot = "a") -> None:
    """Count a movie as seen without a rating: no list names it any more."""
    replace(current(slot).with_seen(movie_id), slot)


def forget_seen(slot: Slot = "a") -> None:
    """Count the movies outside the history as not seen."""
    replace(with_(current(slot), seen=frozenset()), slot)


def ask_about(movie_id: int | None) -> None:
    """Make a movie the one that the Why page explains; None: the best of the list."""
    st.session_state.setdefault("asked_about", {})[resources.chosen().dataset] = movie_id


def asked_about() -> int | None:
    """Return the movie last asked about in this dataset, if any."""
    return st.session_state.get("asked_about", {}).get(resources.chosen().dataset)


def _arrive(dataset: str) -> Visitor:
    """Carry the visitor over from the dataset chosen before, movie by movie; the first one is the example."""
    catalogue = resources.catalogue(dataset)
    before = st.session_state.get("last_dataset")
    if before not in _all("a"):
        return newcomer()
    visitor, old = _all("a")[before].current, resources.catalogue(before)
    titles = [(old.title(event.movie_id), event.rating) for event in visitor.history]
    bundle = resources.chosen()
    carried = _with_titles(visitor, titles, catalogue)
    seen = (catalogue.named(old.title(movie_id)) for movie_id in visitor.seen)
    carried = carried.with_seen(*(movie_id for movie_id in seen if movie_id is not None))
    if len(carried.all_seen) < len(visitor.all_seen):
        st.toast(
            f"{len(carried.all_seen):,} of {count(len(visitor.all_seen), 'movie')} are known to "
            f"{escape_markdown(bundle.dataset_title)}. "
            "The whole history is back when you choose the other model again.",
            icon=":material/info:",
        )
    return carried


def _with_titles(who: Visitor, titles: Iterable[tuple[str, float]], catalogue: Catalogue) -> Visitor:
    """Return somebody with the movies that the catalogue has of these, rated on the scale of the chosen bundle."""
    events: dict[int, Event] = {}
    for title, rating in titles:
        movie_id = catalogue.named(title)
        if movie_id is not None and movie_id not in events:
            events[movie_id] = Event(movie_id, to_scale(rating, resources.chosen().levels))
    return Visitor(who.sex, who.age, who.occupation, tuple(events.values()))
