"""The settings of pages that a link carries, as the session holds them.

A page draws its widget with ``key=settings.key(name)`` and ``persist_state="session"``, and without a default of the
widget's own: the value is in the session before the widget is drawn, and stays while other pages are shown.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from bst.domain import MOVIES
from pages.shared import resources
from pages.shared.state import chosen_model
from pages.shared.state.link import SETTINGS

# movie ids belong to a dataset, so each dataset has its own value
PER_DATASET = ("any_movie", "asked_about")


def key(name: str) -> str:
    """Return the session key of a setting, which has a value from now on."""
    session_key = _session_key(name)
    if session_key not in st.session_state:
        st.session_state[session_key] = _to_widget(name, SETTINGS[name].default)
    return session_key


def get(name: str) -> Any:
    """Return a setting's value as its widget has it."""
    return st.session_state[key(name)]


def update(**values: Any) -> None:
    """Set some settings. For callbacks, and before the widgets of these settings are drawn."""
    for name, value in values.items():
        st.session_state[_session_key(name)] = _to_widget(name, value)


def restore(values: Mapping[str, Any]) -> None:
    """Set all settings: those that are not in ``values`` as a newcomer finds them. Before any widget is drawn."""
    update(**{name: values.get(name, setting.default) for name, setting in SETTINGS.items()})


def changed() -> dict[str, Any]:
    """Return all settings that are not as a newcomer finds them, by name."""
    values = {name: _from_widget(name, st.session_state.get(_session_key(name))) for name in SETTINGS}
    return {name: value for name, value in values.items() if value not in (None, SETTINGS[name].default)}


def years() -> tuple[int, int]:
    """Return the years of the oldest and the newest movie in the catalogue."""
    return resources.catalogue(chosen_model.bundle().dataset).years


def _session_key(name: str) -> str:
    if name in PER_DATASET:
        return f"{name}_{chosen_model.bundle().dataset}"
    if name == "filter_years":  # another catalogue has other years
        first, last = years()
        return f"filter_years_{first}_{last}"
    if name == "filter_genres" and (domain := chosen_model.domain()).tag_values != MOVIES.tag_values:
        return f"filter_genres_{chosen_model.bundle().dataset}_{domain.tags}"
    return name


def _to_widget(name: str, value: Any) -> Any:
    if name == "filter_years":
        first, last = years()
        return (max(first, min(last, value[0])), max(first, min(last, value[1]))) if value else (first, last)
    # a multiselect holds a list, a range slider a tuple
    return list(value) if SETTINGS[name].default == () else value


def _from_widget(name: str, value: Any) -> Any:
    if name == "filter_years":
        return None if value is None or tuple(value) == years() else tuple(value)
    return tuple(value) if isinstance(value, list) else value
