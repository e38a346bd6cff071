"""The app with a model server: the same pages, and what it shows while the server is away."""

from functools import partialmethod

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from bst.schema import Visitor
from bst.settings import override_settings as settings_with
from pages.shared import error_notice, resources
from tests.app.conftest import set_visitor, shown_list, start
from tests.serving.server_process import ServerProcess

pytest.importorskip("fastapi", reason="needs requirements-scale.txt")
pytest.importorskip("uvicorn", reason="needs requirements-scale.txt")
SOMEONE = Visitor({"age": 25}).watched(387, 5).watched(69, 3).watched(143, 4)


@pytest.fixture(scope="module")
def server():
    process = ServerProcess("--bundle", "demo", "--bundle", "demo-compact").start()
    yield process
    process.stop()


@pytest.fixture(autouse=True)
def as_on_a_server(monkeypatch):
    """What ``app.py`` gives Streamlit, which tests start without it."""
    patched = partialmethod(ScriptRunner.__init__, on_script_error=error_notice.show)
    monkeypatch.setattr(ScriptRunner, "__init__", patched)


@pytest.fixture(autouse=True)
def forget_models():
    """Models are kept for all sessions: a test must not find those of the one before."""
    resources._models.clear()
    yield
    resources._models.clear()


def texts(app) -> list[str]:
    """All that stands on a page, and what its components are given."""
    return [
        str(one.value) for kind in ("title", "header", "markdown", "caption", "metric") for one in app.get(kind)
    ] + [one.proto.json for one in app.get("bidi_component")]


@pytest.mark.parametrize("bundle", ["demo", "demo-compact"])
@pytest.mark.parametrize("page", ["pages/recommend/recommend.py", "pages/what_if/what_if.py", "pages/why/why.py"])
def test_pages_are_the_same(server, bundle, page):
    def page_of(url):
        resources._models.clear()
        with settings_with(model_url=url):
            app = start(bundle)
            set_visitor(app, SOMEONE)
            app.run()
            app.switch_page(page).run()
            assert not app.exception
            return texts(app)

    assert page_of(server.url) == page_of(None)


def test_a_server_that_goes_away_and_comes_back(override_settings):
    process = ServerProcess("--bundle", "demo").start()
    override_settings(model_url=process.url)
    app = start("demo")
    listed = shown_list(app)
    process.stop()
    set_visitor(app, SOMEONE)
    app.run()
    assert not app.exception
    notice = app.warning[-1].value.replace("\\", "")
    assert notice.startswith(f"The model server at {process.url} is away")
    assert "tried again every 3 seconds" in notice
    process.start()
    try:
        app.run()
        assert not app.warning
        assert shown_list(app)["rows"] != listed["rows"]
    finally:
        process.stop()


def test_a_server_that_is_not_there_at_first(override_settings):
    override_settings(model_url="http://127.0.0.1:9")
    app = start("demo")
    assert not app.exception
    assert "is away" in app.warning[-1].value
    assert "Choose" in app.sidebar.selectbox[0].label or app.sidebar.selectbox[0].label == "Model"
