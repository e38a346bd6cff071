"""What the page holds in the session beside its widgets: the users' filters, and what it is about to open elsewhere."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from pages.shared.state import chosen_model

Target = Literal["why", "recommend", "replay"]


@dataclass(frozen=True)
class Opening:
    """A user to open on another page: as they were after ``events`` ratings, about one movie for Why."""

    target: Target
    user_id: int
    events: int | None = None
    movie_id: int | None = None


def open_elsewhere(opening: Opening) -> None:
    """Open a user on another page as soon as the dataset is loaded, which takes seconds. For callbacks."""
    st.session_state["evaluation_opening"] = (chosen_model.bundle().dataset, opening)


def opening() -> Opening | None:
    """Return which user to open, if that is a user of the chosen model's dataset."""
    dataset, wanted = st.session_state.get("evaluation_opening", (None, None))
    return wanted if dataset == chosen_model.bundle().dataset else None


def opened() -> None:
    """Note that they were opened, or cannot be."""
    st.session_state.pop("evaluation_opening", None)


def range_key() -> str:
    """Return the key of the slider with the range of errors to show: each model has its own."""
    return f"visitors_range_{chosen_model.bundle().name}"


def set_error_range(chosen: tuple[float, float]) -> None:
    """Show the users whose error lies in a range, in stars. For callbacks, and before the slider is drawn."""
    st.session_state[range_key()] = chosen


def drag_error_range(chosen: tuple[float, float]) -> None:
    """Do the same, and forget which bar was clicked: otherwise a second click on it would change nothing."""
    set_error_range(chosen)
    st.session_state["visitors_chart_number"] = st.session_state.get("visitors_chart_number", 0) + 1


def chart_key() -> str:
    """Return the key of the picture, whose bars can be clicked: another one for each that forgot."""
    return f"visitors_chart_{st.session_state.get('visitors_chart_number', 0)}"


def error_range(limits: tuple[float, float]) -> tuple[float, float]:
    """Return that range, within the limits that the model's errors have."""
    low, high = st.session_state.get(range_key(), limits)
    if not limits[0] <= low <= high <= limits[1]:
        low, high = limits
    set_error_range((low, high))
    return low, high


def choose_user(user_id: int | None) -> None:
    """Show what is known of a user; None: of the first in the table. For callbacks."""
    st.session_state["visitors_user"] = (chosen_model.bundle().name, user_id)


def chosen_user() -> int | None:
    """Return the id of the chosen user, if that is one of the chosen model's."""
    bundle, user_id = st.session_state.get("visitors_user", (None, None))
    return user_id if bundle == chosen_model.bundle().name else None
