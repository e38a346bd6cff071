"""What a page shows while the model server is away, and how it goes on by itself when that is back."""

import streamlit as st

from bst.errors import ModelServerAwayError
from bst.scoring.remote.client import model_server
from bst.settings import get_settings
from pages.shared.format import message

# seconds between two looks whether it is back
TRY_AGAIN_S = 3
TRIED_AGAIN = f"It is tried again every {TRY_AGAIN_S} seconds; what you entered stays."


def show_away(error: ModelServerAwayError) -> None:
    """Show a notice where the page ended. When the server is ready again, the page runs anew."""
    _watch(f"{message(error)[0].upper()}{message(error)[1:]}. {TRIED_AGAIN}")


@st.fragment(run_every=TRY_AGAIN_S)
def _watch(notice: str) -> None:
    url = get_settings().model_url
    if url is None or model_server(url).is_ready():
        st.rerun()
    st.warning(notice, icon=":material/cloud_off:")
