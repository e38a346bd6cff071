"""A word where the control of something would be that a public server does not offer."""

import streamlit as st

from bst import public_mode
from bst.public_mode import Feature


def caption(feature: Feature) -> bool:
    """Say that a feature is switched off, if it is; return whether it is."""
    why = public_mode.refusal(feature)
    if why:
        st.caption(f":material/lock: {why}")
    return why is not None
