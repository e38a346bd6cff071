"""What the Why page explains: the rating of which movie, for the visitor, their copy or a guest.

A guest is another person whose prediction a page has shown, such as a user of the dataset.
"""

from typing import NamedTuple

import streamlit as st

from bst.explanation import list_measure
from bst.inference.ranking import Order
from bst.schema import Visitor
from pages.shared import pages
from pages.shared.state import chosen_model, page_request, settings
from pages.shared.state.visitor_state import Slot


class Guest(NamedTuple):
    """A person who is explained in the visitor's place; ``description`` is such as "user 12 after 30 movies"."""

    visitor: Visitor
    description: str


def movie() -> int | None:
    """Return the movie last asked about in this dataset, if any."""
    return settings.get("asked_about")


def set_movie(movie_id: int | None) -> None:
    """Choose the movie to explain; None: the best of the list."""
    settings.update(asked_about=movie_id)


def request(movie_id: int, slot: Slot = "a", order: Order | None = None) -> None:
    """Ask to go to the Why page and explain a movie for the visitor or, with "b", for their copy. For callbacks.

    ``order``: of the list that the movie stands in, which says what to explain of it; None: what was explained last.
    """
    forget_guest()
    _request(movie_id, slot, order)


def request_for_guest(movie_id: int, guest: Visitor, description: str, order: Order | None = None) -> None:
    """Ask to go to the Why page and explain a movie for a guest; ``order`` as in ``request``. For callbacks."""
    st.session_state["why_guest"] = (chosen_model.bundle().dataset, guest, description)
    _request(movie_id, "a", order)


def _request(movie_id: int, slot: Slot, order: Order | None) -> None:
    settings.update(asked_about=movie_id, why_of=slot)
    if order:
        measure = list_measure(order)
        if "like_logit" in (measure, settings.get("why_measure")):  # else what the visitor chose to see stays
            settings.update(why_measure=measure)
    page_request.request(pages.WHY)


def guest() -> Guest | None:
    """Return the guest, if there is one and the chosen model is of the same dataset."""
    dataset, visitor, description = st.session_state.get("why_guest", (None, None, ""))
    return Guest(visitor, description) if dataset == chosen_model.bundle().dataset else None


def forget_guest() -> None:
    """Explain the visitor again."""
    st.session_state.pop("why_guest", None)
