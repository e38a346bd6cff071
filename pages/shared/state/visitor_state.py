"""The one visitor that all pages share, its copy for the What if page, and every way to change them.

Both live in the session, one of each for each dataset, because movie ids differ between datasets. Slot "a" is the
visitor. Slot "b" is the copy: None among its states means "as the visitor is", so that it follows until it is changed.
Widgets show the visitor and do not hold it: their callbacks replace the visitor (see ``controlled``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace as with_
from functools import lru_cache
from typing import Literal

import numpy as np
import streamlit as st

from bst.bundles import rating_counts
from bst.datasets.catalogue import Catalogue
from bst.domain import MOVIES, KnownDemographics
from bst.schema import Event, Visitor, to_scale
from bst.text import count
from bst.wording import reword
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model, settings
from pages.shared.state.undo import Changes

Slot = Literal["a", "b"]

# what a newcomer finds: enough to see a result at once; titles that most catalogues have
EXAMPLE_DEMOGRAPHICS = Visitor({"sex": "F", "age": 25, "occupation": "artist"})
EXAMPLE_HISTORY = (
    ("Toy Story (1995)", 4),
    ("Casablanca (1942)", 3),
    ("Blade Runner (1982)", 5),
    ("The Terminator (1984)", 4),
    ("Alien (1979)", 5),
)
NEW_RATING = 4.0
DATASETS_KEPT = 8
# with a smaller share of the history left, it is another visitor
LEAST_KEPT = 0.5


def changes(slot: Slot = "a") -> Changes[Visitor | None]:
    """Return all states of a slot in the chosen bundle's dataset. None is a state of slot "b": as "a" is."""
    dataset = chosen_model.bundle().dataset
    by_dataset = _by_dataset(slot)
    if dataset not in by_dataset:
        by_dataset[dataset] = Changes.begin(_carry_over(dataset) if slot == "a" else None)
    if slot == "a":
        st.session_state["last_dataset"] = dataset
    return by_dataset[dataset]


def _by_dataset(slot: Slot) -> dict[str, Changes[Visitor | None]]:
    return st.session_state.setdefault("changes", {"a": {}, "b": {}})[slot]


def _store(slot: Slot, changes: Changes[Visitor | None]) -> None:
    _by_dataset(slot)[chosen_model.bundle().dataset] = changes


def current(slot: Slot = "a") -> Visitor:
    """Return the visitor for the chosen bundle's dataset, or its copy, which is the same until it is changed."""
    return changes(slot).current or current()


def previous(slot: Slot = "a") -> Visitor | None:
    """Return what ``current`` was before the latest change, undo, redo or jump; None if there was none."""
    left = changes(slot).left
    return (left[0] or current()) if left else None


def replace(visitor: Visitor, slot: Slot = "a") -> None:
    """Make ``visitor`` the current one of a slot, as one change that can be undone.

    If they are another person, the movie that the Why page was last asked about is forgotten.
    """
    before = current(slot)
    if visitor == before:  # a copy that is the same as the visitor goes on following it
        return
    if slot == "a" and _is_somebody_else(before, visitor):
        settings.update(asked_about=None)
    _store(slot, changes(slot).do(visitor))


def _is_somebody_else(before: Visitor, after: Visitor) -> bool:
    """Whether so much of a history is gone that the next one is another person's; edits take one movie at a time."""
    if not after.history:
        return after == Visitor()
    kept = len(before.ratings.keys() & after.ratings.keys())
    return kept < len(before.history) * LEAST_KEPT


def undo(slot: Slot = "a") -> None:
    """Take the latest change back."""
    _store(slot, changes(slot).undo())


def redo(slot: Slot = "a") -> None:
    """Make a change that was taken back once more."""
    _store(slot, changes(slot).redo())


def jump(position: int, slot: Slot = "a") -> None:
    """Go to any of the states in ``changes(slot)``."""
    _store(slot, changes(slot).jump(position))


def reset(slot: Slot = "a") -> None:
    """Go back to the state that this session began with; for the copy, to what the visitor is."""
    _store(slot, changes(slot).reset())


def reset_copy() -> None:
    """Make the copy the same as the visitor again: from then on it follows."""
    _store("b", changes("b").do(None))


def swap() -> None:
    """Swap the visitor and the copy: one change of each."""
    a, b = current("a"), current("b")
    replace(b, "a")
    replace(a, "b")


def promote_copy() -> None:
    """Make the visitor what the copy is, as one change. The copy stays as it is, so that undoing brings both back."""
    replace(current("b"))


def start_from_link(visitor: Visitor, copy: Visitor | None) -> None:
    """Begin with a visitor from a link, and with a copy of them, if that is another one. Nothing can be undone."""
    _store("a", Changes.begin(visitor))
    same: Changes[Visitor | None] = Changes.begin(None)
    _store("b", same.do(copy) if copy else same)


def restore(visitor: Visitor, copy: Visitor | None) -> None:
    """Go to a visitor and a copy that the session has seen, among its changes if they are still there."""
    states: tuple[tuple[Slot, Visitor | None], ...] = (("a", visitor), ("b", copy))
    for slot, state in states:
        history = changes(slot)
        positions = [position for position, past in enumerate(history.states) if past == state]
        nearest = min(positions, key=lambda position: abs(position - history.position), default=None)
        _store(slot, history.do(state) if nearest is None else history.jump(nearest))


def newcomer() -> Visitor:
    """Return the visitor that a newcomer finds."""
    bundle = chosen_model.bundle()
    catalogue = resources.catalogue(bundle.dataset)
    if chosen_model.domain().item == MOVIES.item:
        return _newcomer(catalogue, bundle.levels)
    return _newcomer_elsewhere(catalogue, bundle.levels, bundle.weights_sha256)


@lru_cache(maxsize=DATASETS_KEPT)  # every click compares the visitor with the newcomer
def _newcomer(catalogue: Catalogue, levels: tuple[float, ...]) -> Visitor:
    return _with_titles(EXAMPLE_DEMOGRAPHICS, EXAMPLE_HISTORY, catalogue, levels)


@lru_cache(maxsize=DATASETS_KEPT)
def _newcomer_elsewhere(catalogue: Catalogue, levels: tuple[float, ...], weights_sha256: str) -> Visitor:
    """Return a visitor who had the best-known items of the chosen bundle, one of each tag, and liked most of them.

    The titles of another dataset are not known. The first items stand in where nothing is counted.
    ``weights_sha256`` distinguishes bundles.
    """
    counts = rating_counts.read(chosen_model.bundle())
    rows = range(len(catalogue)) if counts is None else np.argsort(-counts, kind="stable").tolist()
    ids, chosen, tags = catalogue.movies["movie_id"].tolist(), [], set()
    for movie_id in (ids[row] for row in rows):
        own = catalogue.genres(movie_id)
        if not own or own[0] not in tags:
            chosen.append(movie_id)
            tags.update(own[:1])
        if len(chosen) == len(EXAMPLE_HISTORY):
            break
    ratings = (to_scale(rating, levels) for _, rating in EXAMPLE_HISTORY)
    return Visitor(history=tuple(map(Event, chosen, ratings)))


def is_own_history() -> bool:
    """Whether the visitor's history was edited manually: it is not the example, and came from nowhere as it is."""
    history = current().history
    return bool(history) and not source_note() and history != newcomer().history


def clear(slot: Slot = "a") -> None:
    """Start with an empty visitor: no demographics, no history."""
    replace(Visitor(), slot)


def show_example(slot: Slot = "a") -> None:
    """Go back to the visitor that a newcomer finds."""
    replace(newcomer(), slot)


def add(movie_id: int, slot: Slot = "a") -> None:
    """Add a movie as the newest event; if it is in the history already, only say so.

    In a full history, the oldest movie is dropped and counts as seen from then on.
    """
    visitor = current(slot)
    if movie_id in visitor.ratings:
        title = resources.catalogue(chosen_model.bundle().dataset).title(movie_id)
        st.toast(f"{escape_markdown(title)} is in the history already.", icon=":material/info:")
        return
    rating = to_scale(NEW_RATING, chosen_model.bundle().levels)
    replace(visitor.watched(movie_id, rating).limited(), slot)


def mark_seen(movie_id: int, slot: Slot = "a") -> None:
    """Count a movie as seen without a rating: no list names it any more."""
    replace(current(slot).with_seen(movie_id), slot)


def forget_seen(slot: Slot = "a") -> None:
    """Count the movies outside the history as not seen."""
    replace(with_(current(slot), seen=frozenset()), slot)


def unfold(slot: Slot, unfolded: bool) -> None:
    """Show the whole of a long history in the editor, or its newest movies only."""
    st.session_state[f"unfolded_{slot}"] = unfolded


def is_unfolded(slot: Slot) -> bool:
    """Tell whether the editor shows the whole of a long history."""
    return st.session_state.get(f"unfolded_{slot}", False)


def note_source(text: str) -> None:
    """Say where the current visitor came from, until they are changed. ``text``: plain text."""
    st.session_state["source_note"] = (chosen_model.bundle().dataset, current(), text)


def source_note() -> str:
    """Return where the current visitor came from; empty if nothing is known of it, or if they were changed since."""
    dataset, visitor, text = st.session_state.get("source_note", (None, None, ""))
    return text if (dataset, visitor) == (chosen_model.bundle().dataset, current()) else ""


def _carry_over(dataset: str) -> Visitor:
    """Carry the visitor over from the dataset chosen before, movie by movie; the first one is the example."""
    catalogue = resources.catalogue(dataset)
    old_dataset = st.session_state.get("last_dataset")
    visitor = _by_dataset("a")[old_dataset].current if old_dataset in _by_dataset("a") else None
    if old_dataset is None or visitor is None:
        return newcomer()
    old = resources.catalogue(old_dataset)
    titles = [(old.title(event.movie_id), event.rating) for event in visitor.history]
    carried = _with_titles(visitor, titles, catalogue, chosen_model.bundle().levels)
    carried = with_(carried, demographics=KnownDemographics(chosen_model.domain().known(carried.demographics)))
    if not carried.history and visitor.history:  # another domain: books are not movies
        return newcomer()
    seen = (catalogue.named(old.title(movie_id)) for movie_id in visitor.seen)
    carried = carried.with_seen(*(movie_id for movie_id in seen if movie_id is not None))
    if len(carried.all_seen) < len(visitor.all_seen):
        st.toast(
            f"{escape_markdown(chosen_model.bundle().dataset_title)} has {len(carried.all_seen):,} of the visitor’s "
            + reword(f"{count(len(visitor.all_seen), 'movie')}. ", chosen_model.domain())
            + "Choose the other model again to get the whole history back.",
            icon=":material/info:",
        )
    return carried


def _with_titles(
    demographics: Visitor, titles: Iterable[tuple[str, float]], catalogue: Catalogue, levels: Sequence[float]
) -> Visitor:
    """Return a visitor with the movies that the catalogue has of these, rated on the scale of ``levels``."""
    events: dict[int, Event] = {}
    for title, rating in titles:
        movie_id = catalogue.named(title)
        if movie_id is not None and movie_id not in events:
            events[movie_id] = Event(movie_id, to_scale(rating, levels))
    return Visitor(demographics.demographics, tuple(events.values()))
