"""What a page shows where an error ended it: the id that the log has, or, for an expected error, what to do."""

import json
import logging
import re
import threading
from functools import partialmethod

import pytest
import streamlit.logger
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from bst import error_log
from bst.bundles.bundle import open_bundle
from bst.errors import BundleError
from bst.inference.recommender import Recommender
from pages.evaluation import evaluation_job
from pages.shared import error_notice, streamlit_private, warm_up
from pages.shared.state import visitor_state
from pages.shared.widgets import model_selector
from tests.app.conftest import start

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def server(monkeypatch):
    """What ``app.py`` gives Streamlit, which tests start without it; until the test ends."""
    root = logging.getLogger()
    before, hook = root.handlers[:], threading.excepthook
    monkeypatch.setattr(
        ScriptRunner, "__init__", partialmethod(ScriptRunner.__init__, on_script_error=error_notice.show)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streamlit.logger, "setup_formatter", None)
        streamlit_private.use_root_logger()
        error_log.install(warm_up._where)
        yield
    root.handlers[:], threading.excepthook = before, hook
    streamlit.logger.update_formatter()


def fail(*_, **__):
    title = "Alien (1979)".upper()
    raise KeyError(title)


def logged(capsys) -> list[dict]:
    """The lines of errors: Streamlit warns of what is otherwise in a test than on a server."""
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith(error_log.LINE_START)]
    return [line for line in lines if line["level"] == "ERROR"]


def id_in(notice: str) -> str:
    return re.search(r"Something went wrong; error (\w{4}-\w{4})\.", notice).group(1)


def id_on(app) -> str:
    """The id that the page shows, in the one notice that it shows."""
    assert not app.exception
    (notice,) = app.error
    return id_in(notice.value.replace("\\", ""))


@pytest.mark.parametrize(
    ("owner", "name"), [(model_selector, "render"), (Recommender, "rank")], ids=["the whole script", "a part"]
)
def test_a_page_that_fails_shows_the_id_that_the_log_has(owner, name, monkeypatch, capsys):
    monkeypatch.setattr(owner, name, fail)
    shown = id_on(start("demo"))
    (line,) = logged(capsys)
    assert (line["error"], line["page"], line["type"]) == (shown, "recommend", "KeyError")
    assert "ALIEN" not in json.dumps(line)


def test_so_does_a_callback_that_fails(app, monkeypatch, capsys):
    monkeypatch.setattr(visitor_state, "_store", fail)
    app.button(key="start_empty").click().run()
    (line,) = logged(capsys)
    assert line["error"] == id_on(app)


def test_so_does_a_measurement_that_fails(monkeypatch, capsys):
    """That the page shows what the job says is tested with the page."""
    monkeypatch.setattr(evaluation_job.datasets, "load", fail)
    job = evaluation_job.Job(open_bundle("demo"), "ratings")
    for thread in threading.enumerate():
        if thread.name == "measuring demo":
            thread.join()
    (line,) = logged(capsys)
    assert (line["error"], line["task"], line["type"]) == (id_in(job.problem), "measuring", "KeyError")


@pytest.mark.parametrize(("owner", "name"), [(model_selector, "render"), (Recommender, "rank")])
def test_an_expected_error_says_what_to_do_and_is_not_logged(owner, name, monkeypatch, capsys):
    def refuse(*_, **__):
        raise BundleError("the model demo was removed; choose another")

    monkeypatch.setattr(owner, name, refuse)
    app = start("demo")
    assert not app.exception
    assert [notice.value.replace("\\", "") for notice in app.error] == ["the model demo was removed; choose another."]
    assert logged(capsys) == []
