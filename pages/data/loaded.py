"""The chosen model's dataset, looked at once for all sessions, behind a message while that takes seconds."""

from dataclasses import dataclass

import streamlit as st

from bst import datasets
from bst.datasets.profile import DatasetProfile, RatingsByMovie, dataset_profile
from bst.errors import BSTError
from bst.text import count
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.load_once import LoadOnce


@dataclass(frozen=True)
class Seen:
    """What the page needs of a dataset: much less than the dataset itself."""

    profile: DatasetProfile
    votes: RatingsByMovie


@st.cache_resource(show_spinner=False)
def _profiles() -> LoadOnce[Seen]:
    return LoadOnce()


def _load(name: str) -> Seen:
    dataset = datasets.load(name)
    return Seen(dataset_profile(dataset), RatingsByMovie.of(dataset))


def ready() -> Seen | None:
    """Return what was seen of the chosen model's dataset, if it is in memory already."""
    return _profiles().get(resources.dataset_key(resources.chosen().dataset))


def look(dataset: str) -> DatasetProfile | None:
    """Return what a dataset looks like, looked at now if need be; None if it cannot be read."""
    try:
        return _profiles().load(resources.dataset_key(dataset), lambda: _load(dataset)).profile
    except BSTError:
        return None


def load() -> None:
    """Look at it behind a message that says what is going on, then run the page again.

    A dataset that cannot be read ends in a notice, and ``ready`` stays None.
    """
    bundle = resources.chosen()
    st.title(f"What {escape_markdown(bundle.dataset_title)} looks like", anchor=False)
    with st.container():
        st.info(
            f"Reading and counting the ratings of {count(bundle.sizes.users, 'person', 'people')}. "
            "This takes a few seconds, once.",
            icon=":material/hourglass_top:",
        )
        try:
            _profiles().load(resources.dataset_key(bundle.dataset), lambda: _load(bundle.dataset))
        except BSTError as error:
            st.error(escape_markdown(str(error)), icon=":material/error:")
            return
    st.rerun()
