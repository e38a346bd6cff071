"""Measuring a model from the page: in a thread of the server, one at a time, with progress and a Stop button."""

import threading
import time
from collections.abc import Callable
from typing import Literal

import streamlit as st

from bst import backend, datasets, error_log, public_mode
from bst.bundles.bundle import Bundle
from bst.errors import BSTError
from bst.evaluation import measure, measure_lists
from bst.public_mode import Feature
from bst.timelines.splits import EvaluationSplit
from pages.shared import error_notice, keras_private
from pages.shared.format import escape_markdown, message
from pages.shared.widgets import switched_off

# before this share of a measurement is done, the time left cannot be estimated
LEAST_SHARE = 0.15


# what is measured: predicted ratings and the next movie; of these the errors of single users alone; or lists against
# everything that is liked later
Kind = Literal["ratings", "users", "lists"]
OnProgress = Callable[[float, str], None]


class _StoppedError(Exception):
    """Stop was pressed."""


class Job:
    """One measurement: the ``share`` that is done, its ``stage`` and, if it failed, its ``problem`` in words."""

    def __init__(self, bundle: Bundle, kind: Kind) -> None:
        public_mode.require(Feature.MEASURING)
        self.kind = kind
        self.bundle, self.share, self.stage, self.problem = bundle, 0.0, "starting", ""
        self.done, self.announced, self.stop = False, False, threading.Event()
        self.began = time.monotonic()
        threading.Thread(target=self._run, name=f"measuring {bundle.name}", daemon=True).start()

    @property
    def left(self) -> float | None:
        """Estimated seconds left, None while it is too early to say."""
        taken = time.monotonic() - self.began
        return taken / self.share * (1 - self.share) if self.share > LEAST_SHARE else None

    def _run(self) -> None:
        try:
            self._on_progress(0.0, f"reading {self.bundle.dataset_title}")
            split = measure.own_split(self.bundle, datasets.load(self.bundle.dataset))
            if self.kind != "lists":
                self._on_progress(0.01, "loading TensorFlow")
                backend.load()
                keras_private.disable_clear_session()
            self.problem = _measure_and_keep(self.kind, self.bundle, split, self._on_progress) or ""
        except _StoppedError:
            self.stage = "stopped"
        except BSTError as error:
            self.problem = str(error)
        except Exception as error:
            error_log.report(error, task="measuring")
            self.problem = error_notice.unexpected(error, "Measure again.")
        finally:
            self.done = True

    def _on_progress(self, share: float, stage: str) -> None:
        if self.stop.is_set():
            raise _StoppedError
        self.share, self.stage = share, stage


def _measure_and_keep(kind: Kind, bundle: Bundle, split: EvaluationSplit, on_progress: OnProgress) -> str | None:
    """Return what could not be written, if anything."""
    if kind == "lists":
        return measure_lists.keep(bundle, measure_lists.measure(bundle, split, on_progress))
    if kind == "users":
        return measure.keep_users(bundle, measure.measure_users(bundle, split, on_progress))
    return measure.keep(bundle, measure.measure(bundle, split, on_progress))


class _Jobs:
    """The measurement in progress, or else the last one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.current: Job | None = None

    def start(self, bundle: Bundle, kind: Kind) -> None:
        with self.lock:
            if self.current is None or self.current.done:
                self.current = Job(bundle, kind)


@st.cache_resource(show_spinner=False)
def _jobs() -> _Jobs:
    return _Jobs()


def render(
    bundle: Bundle, label: str, key: str, caption: str = "", primary: bool = False, kind: Kind = "ratings"
) -> None:
    """Render the button that measures a model with a caption, or the progress of its measurement.

    When that is done, the page runs again.
    """
    if switched_off.caption(Feature.MEASURING):
        return
    job = _jobs().current
    running = job is not None and not job.done

    @st.fragment(run_every=1.0 if running else None, key=f"measuring_{key}")
    def status() -> None:
        job = _jobs().current
        if job is not None and job.done and not job.announced:
            job.announced = True
            st.rerun()
        if (job is not None and not job.done) != running:
            st.rerun()  # the pace belongs to the whole page
        mine = job is not None and job.bundle.folder == bundle.folder and job.kind == kind
        if job is not None and not job.done and mine:
            _render_progress(job, key)
            return
        other = job if job is not None and not job.done else None
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                label,
                key=f"measure_{key}",
                icon=":material/speed:",
                type="primary" if primary else "secondary",
                disabled=other is not None,
                on_click=_jobs().start,
                args=(bundle, kind),
            )
            busy = other and f"{escape_markdown(other.bundle.title)} is being measured; one at a time."
            st.caption(busy or caption)
        if job is not None and job.problem and mine:
            st.error(message(job.problem), icon=":material/error:")

    status()


def _render_progress(job: Job, key: str) -> None:
    left, stopping = job.left, job.stop.is_set()
    text = f"{job.stage[0].upper()}{job.stage[1:]} …" + (f" about {left:.0f} s left" if left is not None else "")
    if stopping:  # between two stages, each of which takes some seconds
        text = "Stopping after this step …"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(min(job.share, 1.0), text=escape_markdown(text), width="stretch")
        st.button("Stop", key=f"stop_{key}", icon=":material/stop:", on_click=job.stop.set, disabled=stopping)
