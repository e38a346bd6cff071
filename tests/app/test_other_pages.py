"""What the app says when a model cannot be used."""

import json
import shutil

import pytest

from bst.bundles.bundle import locate
from tests.app.conftest import headline, start

pytestmark = pytest.mark.timeout(180)


def test_a_newcomer_meets_movielens_where_it_is_and_the_demo_world_otherwise(kinds, tmp_path, override_settings):
    for name in ("classic", "timeline"):
        shutil.copytree(kinds / name, tmp_path / "bundles" / {"classic": "demo", "timeline": "ml-1m"}[name])
    shutil.copytree(kinds / "classic", tmp_path / "bundles" / "another")
    override_settings(bundles=tmp_path / "bundles")

    app = start()  # here both are of the demo world, which is always there
    assert app.selectbox(key="bundle").value == "ml-1m"
    # two of the same title can be told apart
    assert app.selectbox(key="bundle").options == [
        "timeline · Demo world",
        "demo · classic · Demo world",
        "another · classic · Demo world",
    ]
    assert "bundle" not in app.query_params
    app.selectbox(key="bundle").select("demo").run()
    assert app.query_params["bundle"] == "demo"

    path = tmp_path / "bundles" / "ml-1m" / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"dataset": "ml-1m"}), "utf-8")
    override_settings(data=tmp_path, project_data=tmp_path / "data")
    app = start()
    assert not app.exception
    assert app.selectbox(key="bundle").value == "demo"
    assert "bundle" not in app.query_params
    assert "After 5 movies" in headline(app)


@pytest.fixture
def other_bundles(tmp_path, override_settings):
    """A folder of bundles that the test may spoil, with the demo bundle in it."""
    shutil.copytree(locate("demo"), tmp_path / "bundles" / "demo")
    override_settings(bundles=tmp_path / "bundles")
    return tmp_path / "bundles"


def test_a_bundle_without_its_dataset_says_how_to_get_it(other_bundles, tmp_path, override_settings):
    override_settings(data=tmp_path, project_data=tmp_path / "data")
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
