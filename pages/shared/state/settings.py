"""The settings of pages that a link carries, as the session holds them.

A page draws its widget with ``key=settings.key(name)`` and ``persist_state="session"``, and without a default of the
widget's own: the value is in the session before the widget is drawn, and stays while other pages are shown.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.shared import resources
from pages.shared.state import visitor_state
from pages.shared.state.link import SETTINGS


def key(name: str) -> str:
    """Return the session key of a setting, which has a value from now on."""
    at = _place(name)
    if at not in st.session_state:
        st.session_state[at] = _shown(name, SETTINGS[name].default)
    return at


def every() -> dict[str, Any]:
    """Return all settings that are not as a newcomer finds them, by name."""
    values = {name: _plain(name, st.session_state.get(_place(name))) for name in SETTINGS if name != "asked_about"}
    values["asked_about"] = visitor_state.asked_about()
    return {name: value for name, value in values.items() if value not in (None, SETTINGS[name].default)}


def restore(wanted: Mapping[str, Any]) -> None:
    """Set all settings: those that are not in ``wanted`` as a newcomer finds them. Before any widget is drawn."""
    for name, setting in SETTINGS.items():
        value = wanted.get(name, setting.default)
        if name == "asked_about":
            visitor_state.ask_about(value)
        else:
            st.session_state[_place(name)] = _shown(name, value)


def years() -> tuple[int, int]:
    """Return the years of the oldest and the newest movie in the catalogue."""
    return resources.catalogue(resources.chosen().dataset).years


def _place(name: str) -> str:
    if name == "any_movie":  # ids belong to a dataset
        return f"any_movie_{resources.chosen().dataset}"
    if name != "filter_years":
        return name
    first, last = years()  # the range belongs to the catalogue: another one has other years
    return f"filter_years_{first}_{last}"


def _shown(name: str, value: Any) -> Any:
    """Return a setting as its widget knows it."""
    if name == "filter_years":
        first, last = years()
        return (max(first, min(last, value[0])), max(first, min(last, value[1]))) if value else (first, last)
    # what several things are chosen from holds a list; a range is a tuple
    return list(value) if SETTINGS[name].default == () else value


def _plain(name: str, value: Any) -> Any:
    if name == "filter_years":
        return None if value is None or tuple(value) == years() else tuple(value)
    return tuple(value) if isinstance(value, list) else value
