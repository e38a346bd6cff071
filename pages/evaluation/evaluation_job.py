"""Measuring a model from the page: in a thread of the server, one at a time, with progress and a way to stop it."""

import logging
import threading
import time

import streamlit as st

from bst import backend, datasets
from bst.bundles.bundle import Bundle
from bst.errors import BSTError
from bst.evaluation import measure
from pages.shared import resources
from pages.shared.format import escape_markdown

log = logging.getLogger(__name__)


class _StoppedError(Exception):
    """Somebody pressed Stop."""


class Job:
    """One measurement. ``share`` and ``words`` tell how far it is, ``problem`` in words what went wrong."""

    def __init__(self, bundle: Bundle):
        self.bundle, self.share, self.words, self.problem = bundle, 0.0, "starting", ""
        self.done, self.told, self.stop = False, False, threading.Event()
        self.began = time.monotonic()
        threading.Thread(target=self._run, name=f"measuring {bundle.name}", daemon=True).start()

    @property
    def left(self) -> float | None:
        """Seconds that are left, None while nobody knows."""
        taken = time.monotonic() - self.began
        return taken / self.share * (1 - self.share) if self.share > 0.15 else None

    def _run(self) -> None:
        try:
            self._progress(0.0, f"reading {self.bundle.dataset_title}")
            split = measure.own_split(self.bundle, datasets.load(self.bundle.dataset))
            self._progress(0.01, "loading TensorFlow")
            backend.load()
            resources.keep_compiled()
            self.problem = measure.keep(self.bundle, measure.measure(self.bundle, split, self._progress)) or ""
        except _StoppedError:
            self.words = "stopped"
        except BSTError as error:
            self.problem = str(error)
        except Exception:
            log.exception("measuring %s failed", self.bundle.name)
            self.problem = "measuring ended with a fault of the app; the server's log says more"
        finally:
            self.done = True

    def _progress(self, share: float, words: str) -> None:
        if self.stop.is_set():
            raise _StoppedError
        self.share, self.words = share, words


class _Jobs:
    """What is being measured, or was measured last."""

    def __init__(self):
        self.lock, self.current = threading.Lock(), None

    def start(self, bundle: Bundle) -> None:
        with self.lock:
            if self.current is None or self.current.done:
                self.current = Job(bundle)


@st.cache_resource(show_spinner=False)
def _jobs() -> _Jobs:
    return _Jobs()


def render(bundle: Bundle, label: str, key: str, words: str = "", primary: bool = False) -> None:
    """Draw the button that measures a model, or how far its measurement is.

    ``words`` stand beside the button. When it is done, the page is drawn anew.
    """
    job = _jobs().current
    running = job is not None and not job.done

    @st.fragment(run_every=1.0 if running else None, key=f"measuring_{key}")
    def status() -> None:
        job = _jobs().current
        if job is not None and job.done and not job.told:
            job.told = True
            st.rerun()
        if (job is not None and not job.done) != running:
            st.rerun()  # the pace belongs to the whole page
        if job is not None and not job.done and job.bundle.folder == bundle.folder:
            _draw_progress(job, key)
            return
        busy = job is not None and not job.done
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                label,
                key=f"measure_{key}",
                icon=":material/speed:",
                type="primary" if primary else "secondary",
                disabled=busy,
                on_click=_jobs().start,
                args=(bundle,),
            )
            st.caption(f"{escape_markdown(job.bundle.title)} is being measured; one at a time." if busy else words)
        if job is not None and job.problem and job.bundle.folder == bundle.folder:
            st.error(escape_markdown(job.problem), icon=":material/error:")

    status()


def _draw_progress(job: Job, key: str) -> None:
    left, stopping = job.left, job.stop.is_set()
    words = f"{job.words[0].upper()}{job.words[1:]} …" + (f" about {left:.0f} s left" if left is not None else "")
    if stopping:  # between two steps, each of which takes some seconds
        words = "Stopping after this step …"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(min(job.share, 1.0), text=escape_markdown(words), width="stretch")
        st.button("Stop", key=f"stop_{key}", icon=":material/stop:", on_click=job.stop.set, disabled=stopping)
