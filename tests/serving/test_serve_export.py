"""A model for other servers answers as the app does."""

import json

import numpy as np
import pytest

from bst.cli import main
from bst.errors import BundleError
from bst.inference import export as exporting
from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
WITHOUT = {"sex": -1, "age": -1, "occupation": -1}


@pytest.fixture(scope="module", params=["demo", "demo-compact"])
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / request.param
    recommender = Recommender.load(request.param, engine="numpy")
    return recommender, folder, exporting.export(recommender, folder, "saved-model")


def test_a_saved_model_answers_as_the_app(exported):
    recommender, folder, differences = exported
    logits = {f"{task}_logit" for task in recommender.tasks if task != "rating"}
    assert set(differences) == {"expected"} | logits | ({"distribution"} if logits else set())
    assert max(differences.values()) <= 1e-5
    description = json.loads((folder / "export.json").read_text())
    assert description["version"] == recommender.bundle.weights_sha256
    assert description["item_ids"] == recommender.catalogue.movies["movie_id"].tolist()


def test_its_signatures_take_what_the_documentation_says(exported):
    """Called as another program would: two visitors, the shorter one padded at the end with −1."""
    import tensorflow as tf

    recommender, folder, _ = exported
    loaded = tf.saved_model.load(str(folder / "saved_model"))
    visitors = {
        "item_id": tf.constant([[387, 69, 143], [186, -1, -1]], tf.int64),
        "rating": tf.constant([[5, 3, 4], [2, 0, 0]], tf.float32),
        "timestamp": tf.constant([[978300000, 978300001, -1], [978300000, -1, -1]], tf.int64),
    } | {name: tf.constant([code, -1], tf.int32) for name, code in (WITHOUT | {"sex": 0, "age": 1}).items()}
    candidates = tf.constant([63, 486], tf.int64)
    answer = loaded.signatures["predict"](candidates=candidates, **visitors)
    first = Visitor({"sex": "F", "age": 18}, (Event(387, 5, 978300000), Event(69, 3, 978300001), Event(143, 4)))
    second = Visitor(history=(Event(186, 2, 978300000),))
    for row, visitor in enumerate((first, second)):
        expected = recommender.expected_ratings(visitor, [63, 486])
        np.testing.assert_allclose(answer["expected"][row], expected, atol=1e-5)
        if "next" in recommender.tasks:
            watch_next = loaded.signatures["next"](**visitors)["watch_next"][row]
            np.testing.assert_allclose(watch_next, recommender.predict(visitor).watch_next, atol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not in the catalogue"):
        loaded.signatures["predict"](candidates=tf.constant([10**9], tf.int64), **visitors)
    wrong = visitors | {"rating": tf.constant([[4.5, 3, 4], [2, 0, 0]], tf.float32)}
    with pytest.raises(tf.errors.InvalidArgumentError, match="not one of the levels"):
        loaded.signatures["predict"](candidates=candidates, **wrong)


def test_arrays_are_all_that_the_engine_needs(tmp_path, capsys):
    assert main(["export", "--bundle", "demo", "--out", str(tmp_path / "x"), "--format", "npz", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["differences"].values()) == {0.0}
    with np.load(tmp_path / "x" / "weights.npz", allow_pickle=False) as weights:
        assert "rating/facts" in weights.files  # a bundle leaves out what comes from the dataset
    assert main(["export", "--bundle", "demo", "--out", str(tmp_path / "x"), "--format", "npz"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["export", "--out", str(tmp_path / "x"), "--format", "npz", "--overwrite"]) == 0


def test_an_export_that_answers_otherwise_is_not_kept(tmp_path, monkeypatch):
    recommender = Recommender.load("demo", engine="numpy")
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)
    with pytest.raises(BundleError, match="was not kept"):
        exporting.export(recommender, tmp_path / "x", "npz")
    assert not (tmp_path / "x").exists()
