"""Why, Training, and what the app says when a model cannot be used."""

import json
import shutil

import pytest

from bst import bundle as bundles
from tests.app.conftest import headline, start

pytestmark = pytest.mark.timeout(180)


def test_why_leads_with_what_the_model_looked_at(app):
    app.switch_page("pages/explain/why.py").run()
    assert not app.exception
    assert "the model looked most at" in headline(app)
    assert "% of its attention" in headline(app)
    # the sentence is about the movie that leads the list
    assert app.selectbox(key="why_choice").value is not None


def test_why_without_a_history_says_so(app):
    app.button(key="start_empty").click().run()
    app.switch_page("pages/explain/why.py").run()
    assert not app.exception
    assert "from who the visitor is alone" in headline(app)
    assert "no history" in app.info[0].value


def test_training_shows_the_curves_and_the_peers_of_the_bundle(app):
    app.switch_page("pages/model/training.py").run()
    assert not app.exception
    bundle = bundles.open_bundle("demo")
    best = bundle.history["val_mae"].min()
    assert f"to {best:.2f} stars; epoch {bundle.best_epoch} was the best" in headline(app)
    assert any(f"{bundle.metrics['labels']:,} test ratings" in caption.value for caption in app.caption)


@pytest.fixture
def other_bundles(tmp_path, monkeypatch):
    """A folder of bundles that the test may spoil, with the demo bundle in it."""
    shutil.copytree(bundles.BUNDLES / "demo", tmp_path / "bundles" / "demo")
    monkeypatch.setattr(bundles, "BUNDLES", tmp_path / "bundles")
    return tmp_path / "bundles"


def test_a_bundle_without_its_dataset_says_how_to_get_it(other_bundles, tmp_path, monkeypatch):
    monkeypatch.setenv("BST_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("bst.datasets.sources.PROJECT", tmp_path)
    shutil.copytree(other_bundles / "demo", other_bundles / "away")
    path = other_bundles / "away" / "bundle.json"
    said = json.loads(path.read_text("utf-8")) | {"dataset": "ml-100k", "dataset_title": "MovieLens 100K"}
    path.write_text(json.dumps(said), "utf-8")
    app = start()
    app.selectbox(key="bundle").select("away").run()
    assert not app.exception
    assert headline(app) == "This model cannot be used yet"
    assert any("MovieLens 100K" in text.value for text in app.markdown)
    assert any("download" in button.label for button in app.button)


def test_a_damaged_bundle_is_explained_and_the_others_go_on(other_bundles):
    shutil.copytree(other_bundles / "demo", other_bundles / "spoilt")
    (other_bundles / "spoilt" / "weights.npz").write_bytes(b"not weights")
    app = start()
    assert "After 5 movies" in headline(app)
    app.selectbox(key="bundle").select("spoilt").run()
    assert not app.exception
    assert any("damaged" in text.value for text in app.markdown)


def test_without_any_bundle_the_app_says_how_to_make_one(other_bundles):
    shutil.rmtree(other_bundles / "demo")
    app = start()
    assert not app.exception
    assert "python -m bst train" in app.error[0].value
