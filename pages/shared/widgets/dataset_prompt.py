"""What is shown instead of a page when the chosen model cannot be used: why, and what to do about it."""

import streamlit as st

from bst import datasets, public_mode
from bst.errors import BSTError
from bst.public_mode import Feature
from pages.shared import resources
from pages.shared.format import message
from pages.shared.resources import Choice
from pages.shared.widgets import switched_off

MEGABYTE = 2**20


def render(choice: Choice) -> None:
    """Say why a model is not usable; where its dataset is what is missing, offer to download it."""
    st.title("This model cannot be used yet", anchor=False)
    st.markdown(message(choice.problem or ""))
    if choice.missing_dataset is None:
        return
    st.header(f"Get {datasets.SOURCES[choice.missing_dataset].title}", anchor=False)
    offer(choice.missing_dataset)


def offer(name: str) -> None:
    """Offer to download a known dataset: its licence, the button, and the command that does the same."""
    if switched_off.caption(Feature.DOWNLOADS):
        return
    source = datasets.SOURCES[name]
    with st.container(border=True):
        st.markdown("**Licence**")
        st.text(datasets.licence_text(source.name))
    size = f" ({source.size / MEGABYTE:.0f} MB)" if source.size else ""
    if st.button(f"Accept and download{size}", type="primary", icon=":material/download:"):
        _download(source.name, source.title)
    st.caption(f"The same from a terminal: `python -m bst download {source.name}`")


def _download(name: str, title: str) -> None:
    public_mode.require(Feature.DOWNLOADS)
    bar = st.progress(0.0, text=f"Connecting for {title} …")

    def on_progress(done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else 0.0
        bar.progress(share, text=f"Downloading {title}: {done / MEGABYTE:.1f} of {total / MEGABYTE:.1f} MB")

    try:
        datasets.download(name, on_progress=on_progress)
    except BSTError as error:
        bar.empty()
        st.error(message(error), icon=":material/error:")
        return
    resources.look_again()
    st.rerun()
