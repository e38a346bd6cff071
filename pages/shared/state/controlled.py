"""Controlled widgets: they show a value that is held elsewhere in the session, and report changes to its owner.

Streamlit forgets a widget's value while another page is shown, and the same key on two pages gives a stale value. So
a value that lives longer than its widget has a home of its own, and the widget's key is set from it before each draw.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st


def controlled(key: str, value: Any, on_change: Callable[[Any], None]) -> dict[str, Any]:
    """Return ``key`` and ``on_change`` for a widget that shows ``value``; a new value is passed to ``on_change``."""
    st.session_state[key] = value
    return {"key": key, "on_change": lambda: on_change(st.session_state[key])}
