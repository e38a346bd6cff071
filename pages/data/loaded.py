"""The chosen model's dataset, looked at once for all sessions, behind a message while that takes seconds."""

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


@dataclass(frozen=True)
class Seen:
    """What the page needs of a dataset: much less than the dataset itself."""

    profile: DatasetProfile
    votes: RatingsByMovie


class _Kept:
    """What was seen of datasets; the least recently looked at dropped first."""

    def __init__(self):
        self.lock = threading.Lock()
        self.seen: OrderedDict[tuple, Seen] = OrderedDict()

    def look(self, key: tuple) -> Seen:
        with self.lock:  # two sessions that ask at once wait for one look
            if key not in self.seen:
                dataset = datasets.load(key[0])
                self.seen[key] = Seen(dataset_profile(dataset), RatingsByMovie.of(dataset))
                while len(self.seen) > KEPT_IN_MEMORY:
                    self.seen.popitem(last=False)
            return self.seen[key]


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def _key(dataset: str) -> tuple:
    folder = datasets.find(dataset)  # one that was replaced is another one
    return dataset, str(folder), folder.stat().st_mtime_ns if folder else 0


def ready() -> Seen | None:
    """Return what was seen of the chosen model's dataset, if it is in memory already."""
    return _kept().seen.get(_key(resources.chosen().dataset))


def look(dataset: str) -> DatasetProfile | None:
    """Return what a dataset looks like, looked at now if need be; None if it cannot be read."""
    try:
        return _kept().look(_key(dataset)).profile
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
            _kept().look(_key(bundle.dataset))
        except BSTError as error:
            st.error(escape_markdown(str(error)), icon=":material/error:")
            return
    st.rerun()
