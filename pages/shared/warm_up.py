"""What a server does while the first browser opens: it imports what a list needs, and loads a newcomer's model."""

import importlib
import logging
import threading
import time
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

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
# by then the first page is drawn, which these imports would slow down
SECONDS_UNTIL_THEN = 5


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Begin when the server starts, beside it, and open the browser where there is a screen."""
    streamlit_private.pages_are_registered()
    public_guard.start()
    threading.Thread(target=_prepare, name="warming up", daemon=True).start()
    if not st.get_option("server.headless"):
        webbrowser.open(f"http://{st.get_option('browser.serverAddress')}:{st.get_option('server.port')}")
    yield


def _prepare() -> None:
    try:
        for name in FIRST:
            importlib.import_module(name)
        from bst.schema import Visitor
        from pages.shared import resources

        newcomers = next(iter(resources.choices().values()), None)
        if newcomers and newcomers.bundle and not newcomers.problem:
            resources.load(newcomers.bundle).rank(Visitor())
        time.sleep(SECONDS_UNTIL_THEN)
        for name in THEN:
            importlib.import_module(name)
    except Exception:  # opening a page raises it again, and shows it
        log.info("warming up ended early", exc_info=True)
