"""The users of the chosen model's dataset, loaded once for all sessions, behind a message while that takes seconds."""

import threading
from collections import OrderedDict
from functools import lru_cache

import streamlit as st

from bst import datasets
from bst.bundles.bundle import Bundle
from bst.errors import BSTError
from bst.schema import AGE_LABELS, SEX_LABELS, Dataset, Visitor
from bst.visitors.replay import RealUsers
from pages.shared import resources
from pages.shared.format import count, escape_markdown

KEPT_IN_MEMORY = 3


class _Kept:
    """Datasets, and what bundles make of their users; the least recently made dropped first."""

    def __init__(self):
        self.lock = threading.Lock()
        self.datasets: OrderedDict[str, Dataset] = OrderedDict()
        self.users: OrderedDict[tuple, RealUsers] = OrderedDict()

    def load(self, key: tuple, bundle: Bundle) -> RealUsers:
        with self.lock:  # two sessions that ask at once wait for one load
            if key not in self.users:
                if bundle.dataset not in self.datasets:
                    self.datasets[bundle.dataset] = datasets.load(bundle.dataset)
                self.users[key] = RealUsers(bundle, self.datasets[bundle.dataset])
                for kept in (self.datasets, self.users):
                    while len(kept) > KEPT_IN_MEMORY:
                        kept.popitem(last=False)
            return self.users[key]


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def _key(bundle: Bundle) -> tuple:
    return bundle.dataset, str(bundle.folder), bundle.protocol, bundle.seed, bundle.sizes.users


def ready() -> RealUsers | None:
    """Return the users of the chosen bundle's dataset if they are in memory already."""
    return _kept().users.get(_key(resources.chosen()))


def load() -> None:
    """Load them behind a message that says what is going on, then run the page again.

    A dataset that cannot be read ends in a notice, and ``ready`` stays None.
    """
    bundle = resources.chosen()
    users = f"{count(bundle.sizes.users, 'simulated user' if bundle.simulated else 'user')}"
    with st.container():
        st.info(
            f"Reading the ratings of {users} of {escape_markdown(bundle.dataset_title)}. "
            "This takes a few seconds, once.",
            icon=":material/hourglass_top:",
        )
        try:
            _kept().load(_key(bundle), bundle)
        except BSTError as error:
            st.error(escape_markdown(str(error)), icon=":material/error:")
            return
    st.rerun()


def person(who: Visitor) -> str:
    """Return who somebody is in words: "female, 25–34, artist"; nothing known is "no age, sex or occupation given"."""
    parts = (SEX_LABELS.get(who.sex, "").lower(), AGE_LABELS.get(who.age, "").lower(), who.occupation)
    return ", ".join(part for part in parts if part) or "no age, sex or occupation given"


@lru_cache(maxsize=KEPT_IN_MEMORY)
def labels(users: RealUsers) -> dict[int, str]:
    """Return what to call each user held out of training, by row: "User 27 · male, 25–34, lawyer · 70 movies"."""
    numbers, lengths = users.dataset.users["user_id"].to_numpy(), users.lengths()
    return {
        row: f"User {numbers[row]} · {person(users.without_history(row))} · {count(int(lengths[row]), 'movie')}"
        for row in users.held_out.tolist()
    }


def kind(bundle: Bundle) -> str:
    """Return "a real user of MovieLens 1M", or "a simulated user of the demo world"."""
    if bundle.simulated:
        return f"a simulated user of {bundle.dataset_title.removesuffix(' (simulated)')}"
    return f"a real user of {bundle.dataset_title}"
