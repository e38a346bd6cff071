"""Which models there are, which one is chosen, and the loaded ones. Everything a page needs to ask a model."""

import contextlib
import gc
import threading
from collections import OrderedDict
from dataclasses import dataclass

import streamlit as st

from bst import datasets
from bst.bundles.bundle import BrokenBundle, Bundle, list_bundles
from bst.datasets.catalogue import Catalogue
from bst.errors import BSTError
from bst.inference.recommender import Recommender
from bst.schema import Visitor
from bst.settings import get_settings

# what a newcomer meets: the first of these that is usable here, which needs MovieLens for the first
DEFAULTS = ("ml-1m", "demo")
KEPT_IN_MEMORY = 3
NEEDS_DATASET, NOT_USABLE = "↓", "✕"
# the sidebar's selectbox
WIDGET = "bundle"


@dataclass(frozen=True)
class Choice:
    """A bundle in the chooser: ``bundle`` is None for one that cannot be opened; ``problem`` says why it is unusable.

    ``missing_dataset`` names the dataset that would make it usable.
    """

    name: str
    bundle: Bundle | None
    problem: str | None = None
    missing_dataset: str | None = None

    @property
    def label(self) -> str:
        """What the chooser shows: short, as a sidebar is narrow."""
        title = self.bundle.title.removesuffix(" (simulated)") if self.bundle else self.name
        if self.missing_dataset:
            return f"{NEEDS_DATASET} {title}"
        return f"{NOT_USABLE} {title}" if self.problem else title


def choices() -> dict[str, Choice]:
    """Return all bundles by name, the default first, as they are on disk now: runs end and folders go at any time.

    One dict for all who ask: read only.
    """
    return _verified(_files(), tuple(datasets.usable()))


def _files() -> tuple[tuple[str, int, int], ...]:
    """Return path, time of change and size of all files of all bundles: what tells, quickly, that one is another."""
    files = []
    for path in sorted(get_settings().bundles.glob("[!.]*/*")):
        with contextlib.suppress(OSError):  # gone since
            about = path.stat()
            files.append((str(path), about.st_mtime_ns, about.st_size))
    return tuple(files)


# as long as no file of a bundle and no dataset came, went or changed, nothing is verified again: that takes long
@st.cache_resource(show_spinner=False, max_entries=1)
def _verified(files: tuple, with_dataset: tuple) -> dict[str, Choice]:
    found = {bundle.name: _choice(bundle) for bundle in list_bundles()}
    known = [name for name in DEFAULTS if name in found]
    names = [*known, *(name for name in found if name not in known)]
    usable = [name for name in names if not found[name].problem]
    return {name: found[name] for name in [*usable[:1], *(name for name in names if name not in usable[:1])]}


def look_again() -> None:
    """Verify bundles and datasets anew, because something changed that their files do not tell of."""
    _verified.clear()


def choose(choice: Choice) -> None:
    """Make a model the chosen one. For callbacks, and before the sidebar is drawn.

    The one writer of what is chosen, which stays the same throughout a run, whatever happens to its folder meanwhile.
    """
    st.session_state["choice"] = choice
    st.session_state[WIDGET] = choice.name


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
def _movies(dataset: str):
    return datasets.load_movies(dataset)


@st.cache_resource(show_spinner=False)
def catalogue(dataset: str) -> Catalogue:
    """Return a dataset's catalogue: quick, without TensorFlow."""
    return Catalogue(_movies(dataset))


class _Loaded:
    """Loaded models, the least recently used dropped first. Shared by all sessions of the server."""

    def __init__(self):
        self.lock = threading.Lock()
        self.models: OrderedDict[tuple, Recommender] = OrderedDict()

    def peek(self, key: tuple) -> Recommender | None:
        model = self.models.get(key)
        if model is not None:
            self.models.move_to_end(key)
        return model

    def load(self, key: tuple, bundle: Bundle) -> Recommender:
        with self.lock:  # two sessions that ask at once wait for one load
            if (model := self.peek(key)) is None:
                model = Recommender.load(bundle)
                # the first prediction of each kind takes seconds: here a message tells of it
                model.predict(Visitor())
                model.predict_many([Visitor()], model.catalogue.movies["movie_id"][:1])
                self.models[key] = model
                while len(self.models) > KEPT_IN_MEMORY:
                    self.models.popitem(last=False)
                keep_what_is_compiled()
            return model


def keep_what_is_compiled() -> None:
    """Stop Streamlit from clearing Keras' session after every run of a page.

    That would make TensorFlow forget its kernels, and the next prediction take a second longer. What it is there for,
    models that are built anew with every run, does not happen here. What is loaded by now stays, too: frozen, it need
    not be looked through for garbage after every run, which takes a third of a second.
    """
    import keras  # loaded with the model

    keras.backend.clear_session = lambda free_memory=True: None
    gc.unfreeze()  # of a model that is no longer kept nothing should stay
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False)
def _loaded() -> _Loaded:
    return _Loaded()


def chosen() -> Bundle:
    """Return the bundle chosen in the sidebar, which is usable: the app shows no page otherwise."""
    return st.session_state["choice"].bundle


def need_ratings() -> None:
    """End the page with a word about it if the chosen model predicts no ratings, as one of the next tower alone."""
    if "rating" in chosen().config.tasks:
        return
    st.title("This model predicts no ratings", anchor=False)
    st.markdown("It was trained only to name the next movie. Choose another model in the sidebar to ask about ratings.")
    st.page_link("pages/training/training.py", label="See how it was trained", icon=":material/show_chart:")
    st.stop()


def loaded_recommender() -> Recommender | None:
    """Return the chosen bundle's model if it is in memory already."""
    return _loaded().peek(_key(chosen()))


def load_recommender() -> None:
    """Load the chosen bundle's model behind a message that says what is going on, then run the page again."""
    # a plain notice, as a spinner waits for a moment of quiet that importing TensorFlow does not give it
    with st.container():
        st.info("Loading TensorFlow and the model. This takes a few seconds, once.", icon=":material/hourglass_top:")
        st.skeleton(height=360)
        _loaded().load(_key(chosen()), chosen())
    st.rerun()


def _key(bundle: Bundle) -> tuple:
    # a bundle that was trained again has the same folder, but not the same weights
    return str(bundle.folder), bundle.weights_sha256
