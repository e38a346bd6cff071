"""What every page stands in: its style beyond the theme, the badge of a simulated world, and repairs in the browser.

Streamlit's theme has no say over the margins of a page, motion, or buttons that show an icon alone; and it gives
neither one entry of the browser's history a click, nor a name to a row of stars. One component of no size does.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:  # importing it takes seconds on a fresh server, and this is drawn first
    from bst.bundles.bundle import Bundle

_HERE = Path(__file__)
_COMPONENT = st.components.v2.component(
    "page_frame",
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
    isolate_styles=False,
)
# how the key of a container begins whose buttons show their icon alone: their labels are for screen readers
ICONS_ONLY = "icons_only_"
SIMULATED = "Simulated: no real person rated anything here"


def render() -> None:
    """Draw what every page needs, without a place of its own. To be called in every run, before all else."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    with st.sidebar.container(key="page_frame"):
        _COMPONENT(key="page_frame_component", data={"paper": st.get_option(f"theme.{theme}.backgroundColor")})


def draw_simulated(bundle: "Bundle | None") -> None:
    """Say above a page's title that its people are simulated, if those of the model are."""
    if bundle is not None and bundle.simulated:
        st.badge(SIMULATED, icon=":material/science:", color="orange")
