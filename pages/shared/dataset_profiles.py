"""Profiles of datasets, computed once for all sessions, behind a notice while that takes seconds."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import streamlit as st

from bst import datasets
from bst.datasets.profile import DatasetProfile, RatingsByMovie, dataset_profile
from bst.errors import BSTError
from pages.shared import resources
from pages.shared.format import count, escape_markdown

KEPT_IN_MEMORY = 3
# name, folder, and when the folder last changed: a dataset that was replaced is another one
Version = tuple[str, str, int]


@dataclass(frozen=True)
class LoadedProfile:
    """What the pages show of a dataset: much smaller than the dataset itself."""

    profile: DatasetProfile
    ratings_by_movie: RatingsByMovie


class _Profiles:
    """The last few profiles, the oldest dropped first. Shared by all sessions of the server."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loaded: OrderedDict[Version, LoadedProfile] = OrderedDict()

    def load(self, version: Version) -> LoadedProfile:
        with self.lock:  # of two sessions that ask at once, the second waits for the first
            if version not in self.loaded:
                dataset = datasets.load(version[0])
                self.loaded[version] = LoadedProfile(dataset_profile(dataset), RatingsByMovie.of(dataset))
                while len(self.loaded) > KEPT_IN_MEMORY:
                    self.loaded.popitem(last=False)
            return self.loaded[version]


@st.cache_resource(show_spinner=False)
def _profiles() -> _Profiles:
    return _Profiles()


def _version(dataset: str) -> Version:
    folder = datasets.find(dataset)
    return dataset, str(folder), folder.stat().st_mtime_ns if folder else 0


def get() -> LoadedProfile | None:
    """Return the profile of the chosen model's dataset if it is in memory already."""
    return _profiles().loaded.get(_version(resources.chosen().dataset))


def load_profile(dataset: str) -> DatasetProfile | None:
    """Return a dataset's profile, computed now if need be; None if the dataset cannot be read."""
    try:
        return _profiles().load(_version(dataset)).profile
    except BSTError:
        return None


def load() -> None:
    """Compute the profile of the chosen model's dataset behind a notice, then run the page again.

    A dataset that cannot be read ends in an error on the page, and ``get`` still returns None.
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
            _profiles().load(_version(bundle.dataset))
        except BSTError as error:
            st.error(escape_markdown(str(error)), icon=":material/error:")
            return
    st.rerun()
