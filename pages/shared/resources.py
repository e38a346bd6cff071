"""Which models there are, and the loaded ones, shared by all sessions."""

import contextlib
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from bst import datasets
from bst.bundles.bundle import BrokenBundle, Bundle, list_bundles
from bst.datasets.catalogue import Catalogue
from bst.errors import BSTError
from bst.inference.recommender import Recommender
from bst.settings import get_settings
from pages.shared.load_once import LoadOnce

# what a newcomer meets: the first of these that is usable here, which needs MovieLens for the first
DEFAULTS = ("ml-1m", "demo")
NEEDS_DATASET, NOT_USABLE = "↓", "✕"


@dataclass(frozen=True)
class Choice:
    """An entry of the model selector. ``bundle``: None if it cannot be opened; ``problem``: why it is unusable.

    ``missing_dataset`` names the dataset that would make it usable.
    """

    name: str
    bundle: Bundle | None
    problem: str | None = None
    missing_dataset: str | None = None

    @property
    def label(self) -> str:
        """What the selector shows: short, as a sidebar is narrow."""
        title = self.bundle.title.removesuffix(" (simulated)") if self.bundle else self.name
        if self.missing_dataset:
            return f"{NEEDS_DATASET} {title}"
        return f"{NOT_USABLE} {title}" if self.problem else title


def choices() -> dict[str, Choice]:
    """Return all bundles by name, the default first, as they are on disk now: runs end and folders go at any time.

    The dict is shared by all sessions: do not change it.
    """
    # verifying checksums takes long: it is done again only when a file of a bundle, or the set of datasets, has changed
    return _verified().load((_files(), tuple(datasets.usable())), _verify)


def _files() -> tuple[tuple[str, int, int], ...]:
    """Return path, time of change and size of all files of all bundles: a quick sign that something changed."""
    files = []
    for path in sorted(get_settings().bundles.glob("[!.]*/*")):
        with contextlib.suppress(OSError):  # deleted meanwhile
            status = path.stat()
            files.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(files)


# every click asks for it, so that ``st.cache_resource`` with these arguments would cost more than the rest
@st.cache_resource(show_spinner=False)
def _verified() -> LoadOnce[dict[str, Choice]]:
    return LoadOnce(max_entries=1)


def _verify() -> dict[str, Choice]:
    by_name = {bundle.name: _choice(bundle) for bundle in list_bundles()}
    defaults = [name for name in DEFAULTS if name in by_name]
    names = [*defaults, *(name for name in by_name if name not in defaults)]
    # what can be used comes first
    return {name: by_name[name] for name in sorted(names, key=lambda name: by_name[name].problem is not None)}


def look_again() -> None:
    """Verify bundles and datasets again, because something changed that the bundles' files do not show."""
    _verified.clear()


def _choice(bundle: Bundle | BrokenBundle) -> Choice:
    if isinstance(bundle, BrokenBundle):
        return Choice(bundle.name, None, problem=bundle.reason)
    known = datasets.SOURCES.get(bundle.dataset)
    if known and known.url and datasets.find(bundle.dataset) is None:
        return Choice(
            bundle.name,
            bundle,
            problem=f"This model was trained on {bundle.dataset_title}, which is not on this computer.",
            missing_dataset=bundle.dataset,
        )
    try:
        bundle.check_movies(_movies(bundle.dataset))
    except BSTError as error:
        return Choice(bundle.name, bundle, problem=str(error))
    return Choice(bundle.name, bundle)


@st.cache_data(show_spinner=False)
def _movies(dataset: str) -> pd.DataFrame:
    return datasets.load_movies(dataset)


@st.cache_resource(show_spinner=False)
def catalogue(dataset: str) -> Catalogue:
    """Return a dataset's catalogue."""
    return Catalogue(_movies(dataset), datasets.load_domain(dataset))


@st.cache_resource(show_spinner=False)
def _models() -> LoadOnce[Recommender]:
    return LoadOnce()


def loaded(bundle: Bundle) -> Recommender | None:
    """Return a bundle's model if it is in memory already."""
    return _models().get(_key(bundle))


def load(bundle: Bundle) -> Recommender:
    """Return a bundle's model, loaded into memory if need be."""
    return _models().load(_key(bundle), lambda: _load(bundle))


def _load(bundle: Bundle) -> Recommender:
    recommender = Recommender.load(bundle)
    if recommender.preselection:
        recommender.preselection.build_in_background()
    return recommender


def _key(bundle: Bundle) -> tuple[str, str]:
    # a bundle that was trained again has the same folder, but not the same weights
    return str(bundle.folder), bundle.weights_sha256


def dataset_key(dataset: str) -> tuple[str, str, int]:
    """Return a key of a dataset as it is on disk now: one that was replaced has another key."""
    folder = None if dataset == "demo" else datasets.find(dataset)  # the demo world is written by the first load
    return dataset, str(folder), folder.stat().st_mtime_ns if folder else 0
