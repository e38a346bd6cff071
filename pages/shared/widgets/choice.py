"""A choice of one of a few options, side by side."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def choice(label: str, options: Sequence[Any], format_func: Callable[[Any], str], *, key: str, **more: Any) -> Any:
    """Draw ``st.segmented_control`` with one option always chosen and its label hidden; return what is chosen.

    ``more``: other arguments, such as ``default`` where ``key`` is none of ``settings``.
    """
    return st.segmented_control(
        label,
        options,
        required=True,
        format_func=format_func,
        key=key,
        persist_state="session",
        label_visibility="collapsed",
        **more,
    )
