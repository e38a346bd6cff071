"""The frame of every page: style beyond the theme, the badge of a simulated world, and fixes in the browser.

Streamlit's theme cannot set a page's margins, motion, or buttons that show only an icon; and Streamlit does not
make exactly one entry in the browser's history for each click, nor set a cookie. An invisible component does all that.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared.state import owner

if TYPE_CHECKING:  # importing it takes seconds on a fresh server, and this is drawn first
    from bst.bundles.bundle import Bundle

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "page_frame",
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
    isolate_styles=False,
)
# prefix of a container's key: its buttons show only their icons, the labels are for screen readers
ICONS_ONLY = "icons_only_"
# prefix of the key of a container with two columns
BESIDE = "beside_"
SIMULATED = "Simulated: it learned from invented ratings"


def render() -> None:
    """Draw the invisible component. To be called in every run, before all else."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    with st.sidebar.container(key="page_frame"):
        _COMPONENT(
            key="page_frame_component",
            data={
                "theme": theme,
                "background": st.get_option(f"theme.{theme}.backgroundColor"),
                "cookie": owner.cookie(),
            },
            on_colours_change=lambda: None,  # to run again is all
        )


def draw_simulated_badge(bundle: "Bundle | None") -> None:
    """Say above a page's title that the users are simulated, if the model was trained on such."""
    if bundle is not None and bundle.simulated:
        from bst.wording import reword

        st.badge(reword(SIMULATED, bundle.domain), icon=":material/science:", color="orange")


def slim_beside_wide(name: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return two columns: a slim one for controls, and a wide one for what follows from them.

    They stay side by side down to a projector with the sidebar open, so that one sees the effect of a change; on a
    phone they stand one below the other. ``name``: part of a key, unique on the page.
    """
    with st.container(key=f"{BESIDE}{name}"):
        slim, wide = st.columns(2)
    return slim, wide


def wide_beside_slim(name: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return the columns of ``slim_beside_wide`` the other way round: on a phone, the controls come last."""
    with st.container(key=f"{BESIDE}wide_{name}"):
        wide, slim = st.columns(2)
    return wide, slim
