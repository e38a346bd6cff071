"""What a server does while the first browser opens: it imports what a list needs, and loads a newcomer's model.

When that model has answered once, the server is ready.
"""

import importlib
import logging
import sys
import threading
import time
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse

from bst import error_log
from bst.errors import BSTError, ModelServerAwayError
from pages.shared import public_guard, streamlit_private

log = logging.getLogger(__name__)
# what the first page imports, and what the others need
FIRST = (
    "pages.shared.widgets.dataset_prompt",
    "pages.shared.widgets.model_selector",
    "pages.shared.widgets.list_controls",
    "pages.shared.widgets.ranked_list",
    "pages.shared.widgets.toolbar",
    "pages.recommend.movie_lookup",
    "pages.recommend.visitor_sources",
)
THEN = ("bst.presentation.charts", "bst.visitors.personas", "bst.evaluation.measure")
# how long a thread that computes keeps the others waiting each time that they want Python's lock: a click wants it some
# hundred times, as it lets go of it for each message and each product of matrices
SWITCH_S = 0.001
# by then the first page is drawn, which these imports would slow down
SECONDS_UNTIL_THEN = 5
# between two questions to a model server that is away
SECONDS_UNTIL_AGAIN = 3
READY, NOT_READY = 200, 503
_is_ready = threading.Event()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Begin when the server starts, beside it, and open the browser where there is a screen."""
    streamlit_private.pages_are_registered()
    sys.setswitchinterval(SWITCH_S)
    streamlit_private.use_root_logger()
    error_log.install(_where)
    public_guard.start()
    threading.Thread(target=_prepare, name="warming up", daemon=True).start()
    if not st.get_option("server.headless"):
        webbrowser.open(f"http://{st.get_option('browser.serverAddress')}:{st.get_option('server.port')}")
    yield


async def ready(_: Request) -> JSONResponse:
    """Say whether visitors can be sent here: 200 once the model that a newcomer meets has predicted, 503 before.

    Streamlit's ``/_stcore/health`` says that the process answers, which it does some seconds earlier.
    """
    is_ready = _is_ready.is_set()
    return JSONResponse({"ready": is_ready}, READY if is_ready else NOT_READY, {"Cache-Control": "no-store"})


def _ask_patiently(ask: Callable[[], object]) -> None:
    """Ask a model until it has answered: a model server may start after the app."""
    is_known = False
    while True:
        try:
            ask()
            return
        except ModelServerAwayError:
            if not is_known:
                log.warning("not ready: the model server is away; it is tried again")
            is_known = True
            time.sleep(SECONDS_UNTIL_AGAIN)


def _where() -> dict[str, str]:
    page = streamlit_private.page_name()
    return {"page": page} if page else {}


def _prepare() -> None:
    try:
        for name in FIRST:
            importlib.import_module(name)
        from bst.schema import Visitor
        from pages.shared import resources

        newcomers = next(iter(resources.choices().values()), None)
        if newcomers and newcomers.bundle and not newcomers.problem:
            bundle = newcomers.bundle
            _ask_patiently(lambda: resources.load(bundle).rank(Visitor()))
            _is_ready.set()
        else:
            log.warning("not ready: no model can be used; open the app to see why")
        time.sleep(SECONDS_UNTIL_THEN)
        for name in THEN:
            importlib.import_module(name)
    except BSTError:
        log.warning("not ready: the model that newcomers meet cannot be used; open the app to see why")
    except Exception as error:
        error_log.report(error, task="warm-up")
