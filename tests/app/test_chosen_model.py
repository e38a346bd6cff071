"""The chosen model: it stays chosen whatever the browser sends, and what happens when its folder changes."""

import json
import shutil

import pytest

from tests.app.conftest import headline, start

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def models_here(kinds_dir, tmp_path, override_settings):
    """A folder with two models that the test may spoil: "classic" comes first, as the default."""
    for name in ("classic", "timeline"):
        shutil.copytree(kinds_dir / name, tmp_path / "bundles" / name)
    override_settings(bundles=tmp_path / "bundles")
    return tmp_path / "bundles"


def model(app) -> str:
    return app.selectbox(key="bundle").value


def toasts(app) -> list[str]:
    return [toast.value.replace("\\", "") for toast in app.toast]


def test_the_first_option_that_a_browser_sends_with_a_change_of_page_is_ignored(models_here):
    app = start("timeline")
    for page in ("pages/about/about.py", "pages/recommend/recommend.py", "pages/data/data.py"):
        app.session_state["bundle"] = "classic"
        app.switch_page(page).run()
        assert not app.exception
        assert model(app) == "timeline"
    # on a page, a person's choice counts, and goes along to the next
    app.selectbox(key="bundle").select("classic").run()
    assert model(app) == "classic"
    app.switch_page("pages/about/about.py").run()
    assert model(app) == "classic"


def test_a_model_deleted_while_it_is_shown_is_replaced_by_another_with_one_notice(models_here):
    app = start("timeline")
    shutil.rmtree(models_here / "timeline")
    app.button(key="undo").run()
    assert not app.exception
    assert model(app) == "classic"
    (notice,) = toasts(app)
    assert "timeline · Demo world is no longer on this computer. The model is classic · Demo world now." in notice
    assert headline(app).startswith("After 5 movies")
    app.switch_page("pages/training/training.py").run()
    assert not app.exception
    assert toasts(app) == []


def test_a_model_damaged_while_it_is_shown_is_replaced_by_another_with_the_reason(models_here):
    app = start("timeline")
    (models_here / "timeline" / "weights.npz").write_bytes(b"not the weights")
    app.switch_page("pages/about/about.py").run()
    assert not app.exception
    assert model(app) == "classic"
    (notice,) = toasts(app)
    assert "can no longer be used" in notice
    assert "weights.npz is damaged" in notice
    # asked for by name, the page says what is wrong with it
    app.selectbox(key="bundle").select("timeline").run()
    assert headline(app) == "This model cannot be used yet"


def test_a_model_that_is_replaced_while_it_is_shown_is_the_new_one(models_here):
    app = start("timeline")
    before = headline(app)
    again = models_here / "timeline"
    shutil.rmtree(again)
    shutil.copytree(models_here / "classic", again)
    path = again / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"title": "Anew"}), "utf-8")
    app.button(key="undo").run()
    assert not app.exception
    assert model(app) == "timeline"
    assert toasts(app) == ["Anew was replaced by a newer training; this is the new one."]
    assert headline(app) != before


def test_the_last_model_is_deleted(models_here):
    app = start("timeline")
    for name in ("timeline", "classic"):
        shutil.rmtree(models_here / name)
    app.button(key="undo").run()
    assert not app.exception
    assert "There is no model here" in app.error[0].value


def test_an_error_that_the_person_can_fix_is_shown_as_a_sentence(models_here, monkeypatch):
    from bst.errors import InstallationError
    from pages.shared import resources

    def fail(bundle):
        raise InstallationError("TensorFlow cannot be loaded; install what the project needs")

    resources._models.clear()
    monkeypatch.setattr(resources, "load", fail)
    app = start("timeline")
    assert not app.exception
    assert app.error[0].value.replace("\\", "") == "TensorFlow cannot be loaded; install what the project needs."
