"""Profiles of datasets, computed once for all sessions, behind a notice while that takes seconds."""

from dataclasses import dataclass

import streamlit as st

from bst import datasets
from bst.datasets.profile import DatasetProfile, RatingsByMovie, dataset_profile, telling_movie
from bst.errors import BSTError
from bst.text import count
from pages.shared import resources
from pages.shared.format import escape_markdown, message
from pages.shared.load_once import LoadOnce
from pages.shared.state import chosen_model


@dataclass(frozen=True)
class LoadedProfile:
    """What the pages show of a dataset: much smaller than itself. ``first_movie``: the row of the one to show first."""

    profile: DatasetProfile
    ratings_by_movie: RatingsByMovie
    first_movie: int


@st.cache_resource(show_spinner=False)
def _profiles() -> LoadOnce[LoadedProfile]:
    return LoadOnce()


def _load(name: str) -> LoadedProfile:
    """Load a profile if need be. Raises ``DatasetError`` as ``datasets.load``."""

    def compute() -> LoadedProfile:
        dataset = datasets.load(name)
        by_movie = RatingsByMovie.of(dataset)
        return LoadedProfile(dataset_profile(dataset), by_movie, telling_movie(by_movie))

    return _profiles().load(resources.dataset_key(name), compute)


def get() -> LoadedProfile | None:
    """Return the profile of the chosen model's dataset if it is in memory already."""
    return _profiles().get(resources.dataset_key(chosen_model.bundle().dataset))


def load_profile(dataset: str) -> DatasetProfile | None:
    """Return a dataset's profile, computed now if need be; None if the dataset cannot be read."""
    try:
        return _load(dataset).profile
    except BSTError:
        return None


def load() -> None:
    """Compute the profile of the chosen model's dataset behind a notice, then run the page again.

    A dataset that cannot be read ends in an error on the page, and ``get`` still returns None.
    """
    bundle = chosen_model.bundle()
    st.title(f"What {escape_markdown(bundle.dataset_title)} looks like", anchor=False)
    with st.container():
        st.info(
            f"Reading and counting the ratings of {count(bundle.sizes.users, 'person', 'people')}. "
            "This takes a few seconds, once.",
            icon=":material/hourglass_top:",
        )
        try:
            _load(bundle.dataset)
        except BSTError as error:
            st.error(message(error), icon=":material/error:")
            return
    st.rerun()
