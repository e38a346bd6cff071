"""Bundles of timeline models: all that is learnt comes back, what is known of movies comes from the dataset."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bst.bundles.bundle import open_bundle, save_bundle
from bst.errors import BundleError
from bst.models.timeline.config import TimelineConfig
from bst.schema import Event, Visitor, item_features


@pytest.fixture
def copy(timeline_bundle, tmp_path) -> Path:
    """A copy of the trained bundle, to be damaged."""
    return shutil.copytree(timeline_bundle.folder, tmp_path / "bundles" / "copy")


def reseal(folder: Path, **config) -> None:
    """Change the configuration, and make the checksums right again."""
    header = json.loads((folder / "bundle.json").read_text("utf-8"))
    header["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in header["sha256"]}
    header["config"] = {name: value for name, value in (header["config"] | config).items() if value is not KeyError}
    (folder / "bundle.json").write_text(json.dumps(header), "utf-8")


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "weights.npz") as stored:
        return dict(stored)


def inputs() -> dict[str, np.ndarray]:
    rng, shape = np.random.default_rng(0), (6, 9)
    ranges = {"movie": (-1, 30), "level": (0, 5), "gap": (0, 14), "month": (0, 200)}
    arrays = {name: rng.integers(*span, shape).astype(np.int32) for name, span in ranges.items()}
    demographics = {"sex": 2, "age": 7, "occupation": 21}
    return arrays | {name: rng.integers(-1, size, 6).astype(np.int32) for name, size in demographics.items()}


def test_a_model_predicts_the_same_after_saving(timeline_bundle, orderly, tmp_path):
    model, rng = timeline_bundle.load_model(orderly.movies), np.random.default_rng(1)
    for tower in (model.rating, model.next, model.like):
        np.testing.assert_array_equal(tower.item_features, item_features(orderly.movies))
    for weight in model.weights:
        if "facts" not in weight.path.split("/"):
            weight.assign(np.abs(rng.normal(0.5, 0.2, weight.shape)))
    saved = replace(timeline_bundle, folder=tmp_path / "again")
    again = save_bundle(saved, model, [{"epoch": 1}], {"labels": 3}, "# A card\n")
    assert again == saved
    loaded = again.load_model(orderly.movies)
    np.testing.assert_allclose(loaded(inputs()), model(inputs()), atol=1e-6)
    for name in ("next", "like"):
        for old, new in zip(model.towers[name](inputs()), loaded.towers[name](inputs()), strict=True):
            np.testing.assert_allclose(new, old, atol=1e-6)


def test_a_bundle_knows_how_many_ratings_each_movie_has(timeline_bundle, orderly, copy):
    from bst.bundles import rating_counts

    counts = orderly.ratings["movie"].value_counts().reindex(range(30), fill_value=0).tolist()
    assert rating_counts.read(timeline_bundle).tolist() == counts
    assert sum(counts) == 40 * 24
    # without them, or with something else, they are counted in the dataset again
    path, bundle = copy / "rating_counts.json", open_bundle(copy)
    kept = json.loads(path.read_text("utf-8"))
    for other in (counts[1:], [-1, *counts[1:]], [True, *counts[1:]], "many", None):
        path.write_text(json.dumps(kept | {"rating_counts": {"counts": other}}), "utf-8")
        assert rating_counts.read(bundle) is None
    path.unlink()
    assert rating_counts.read(bundle) is None


def test_a_bundle_knows_of_which_groups_there_are_users(timeline_bundle, orderly, copy):
    from bst.bundles import user_groups

    users = orderly.users.dropna(subset=["sex", "age", "occupation"])
    sizes = users.groupby(["sex", "age", "occupation"], observed=True).size().to_dict()
    groups = user_groups.read(timeline_bundle)
    assert len(groups) == 2 * 7 * 21
    # a few people count as one
    assert {group: number for group, number in groups.items() if number} == {
        group: number if number >= 5 else 1 for group, number in sizes.items()
    }
    path, bundle = copy / "user_groups.json", open_bundle(copy)
    kept = json.loads(path.read_text("utf-8"))
    counts = list(groups.values())
    for other in (counts[1:], [-1, *counts[1:]], [True, *counts[1:]], [0] * len(counts), "many", None):
        path.write_text(json.dumps(kept | {"user_groups": {"counts": other}}), "utf-8")
        assert user_groups.read(bundle) is None
    path.unlink()
    assert user_groups.read(bundle) is None


def test_a_bundle_of_an_earlier_version_has_no_like_tower(timeline_bundle, copy, orderly):
    """Its configuration and its weights say nothing of one; it loads, and its default order is the next one."""
    from bst.inference.recommender import Recommender

    stored = {name: values for name, values in weights_of(copy).items() if not name.startswith("like/")}
    assert len(stored) < len(weights_of(copy))
    np.savez(copy / "weights.npz", **stored)
    reseal(copy, like=KeyError)
    former = open_bundle(copy)
    assert list(former.config.towers) == ["rating", "next"]
    recommender = Recommender.load(former, orderly)
    assert recommender.orders == ("rating", "next", "blend")


def test_a_bundle_of_an_earlier_version_reads_no_requests(timeline_bundle, copy, orderly):
    """It has no embeddings of them; its weight decay was one for all towers."""
    from bst.inference.recommender import Recommender

    stored = {name: values for name, values in weights_of(copy).items() if "/request_" not in name}
    assert len(stored) == len(weights_of(copy)) - 2
    np.savez(copy / "weights.npz", **stored)
    towers = {
        name: {key: value for key, value in tower.items() if key != "weight_decay"}
        for name, tower in json.loads((copy / "bundle.json").read_text("utf-8"))["config"].items()
        if isinstance(tower, dict)
    }
    reseal(copy, no_request=KeyError, weight_decay=0.02, negatives=512, **towers)
    former = open_bundle(copy)
    assert not former.config.reads_requests
    assert {tower.weight_decay for tower in former.config.towers.values()} == {0.02}
    visitor = Visitor(history=(Event(int(orderly.movies["movie_id"].iloc[0]), 4.0),))
    present, then = (Recommender.load(bundle, orderly).predict(visitor) for bundle in (timeline_bundle, former))
    np.testing.assert_array_equal(present.watch_next, then.watch_next)


def test_a_bundle_of_an_earlier_version_supposes_nothing_of_visitors(timeline_bundle, copy, orderly):
    """Its fold-in knew neither demographics nor drift; it loads, and that is how it folds in. Half of it is damage."""
    later = [
        f"rating/{name}" for name in ("prior_mean", "prior_of_sex", "prior_of_age", "prior_of_occupation", "drift")
    ]
    stored = weights_of(copy)
    assert all(np.abs(stored[name]).max() > 0 for name in later)
    former = {name: values for name, values in stored.items() if name not in later}
    np.savez(copy / "weights.npz", **former)
    reseal(copy)
    weights = open_bundle(copy).load_weights(orderly.movies)
    assert all((weights[name] == 0).all() for name in later)
    assert {name: weights[name].shape for name in later} == {name: stored[name].shape for name in later}
    np.savez(copy / "weights.npz", **former, **{later[0]: stored[later[0]]})
    reseal(copy)
    with pytest.raises(BundleError, match="does not hold this model's weights"):
        open_bundle(copy).load_weights(orderly.movies)


def test_facts_are_not_kept_but_what_was_found_in_the_ratings_is(timeline_bundle):
    stored = weights_of(timeline_bundle.folder)
    assert not [name for name in stored if name.endswith("/facts")]
    for name in ("rating/mean_rating", "rating/factors", "rating/factor_base", "rating/factor_prior", "next/stars"):
        assert np.abs(stored[name]).max() > 0, name


def test_a_bundle_holds_no_row_of_its_dataset(timeline_bundle):
    for path in timeline_bundle.folder.iterdir():
        assert b"Story Number" not in path.read_bytes(), path.name


def test_what_a_bundle_says_of_itself(timeline_bundle, timeline_settings):
    bundle = timeline_bundle
    assert (bundle.dataset, bundle.protocol, bundle.seed) == ("orderly-world", "visitor", 3)
    assert bundle.levels == (1, 2, 3, 4, 5)
    assert bundle.config == timeline_settings.config
    assert bundle.epochs == len(bundle.history) == 8
    parts = bundle.parameters["by_part"]
    assert bundle.parameters["parameters"] == sum(parts.values())
    assert bundle.parameters["non_trainable"] == parts["fixed"]
    stored = sum(values.size for values in weights_of(bundle.folder).values())
    assert stored == bundle.parameters["parameters"] - 3 * 30 * 28, "all but the facts"
    assert list(bundle.metrics)[:3] == ["protocol", "seed", "labels"]


def test_the_model_card_tells_what_matters(timeline_bundle):
    card, figures = timeline_bundle.model_card, timeline_bundle.metrics
    assert timeline_bundle.title == "Timeline BST · orderly-world"
    rows = {line.split(" | ")[0].lstrip("| "): line for line in card.splitlines() if line.startswith("| ")}
    ours = figures["metrics"]
    for name in ("mae", "rmse", "median_mae", "ndcg@10", "hr@10"):
        assert f"{ours[name]:.3f}" in rows["**This model**"] or f"{ours[name]:.3f}" in card
    for texts in ("**The same, time gaps unknown**", "SVD fold-in", "Popularity", "MAE by movies rated before"):
        assert texts in rows, texts
    for texts in ("no user id", "up to 12 watched movies", "visitor", f"{ours['nll']:.3f}", "96 test labels"):
        assert texts in card, texts


def refused(folder: Path, *texts: str) -> None:
    with pytest.raises(BundleError) as caught:
        open_bundle(folder)
    assert all(word in str(caught.value) for word in texts), str(caught.value)
    assert "\n" not in str(caught.value)


TOWER = TimelineConfig("x").to_dict()["rating"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"train_length": 1}, "train_length"),
        ({"train_length": "10"}, "train_length"),
        ({"train_length": KeyError}, "malformed"),
        ({"max_history": 10**9}, "max_history"),
        ({"max_history": None}, "max_history"),
        ({"factors": 0}, "factors"),
        ({"factors": 10**6}, "factors"),
        ({"unknown": float("nan")}, "NaN"),
        ({"averaging": 1.0}, "averaging"),
        ({"activation": "__import__('os')"}, "activation"),
        ({"rating": None}, "malformed"),
        ({"rating": KeyError}, "malformed"),
        ({"rating": TOWER | {"width": 10**9}}, "width"),
        ({"rating": TOWER | {"width": 63}}, "63 cannot be shared by 2 heads"),
        ({"rating": TOWER | {"layers": 0}}, "layers"),
        ({"rating": TOWER | {"layers": 1000}}, "layers"),
        ({"rating": TOWER | {"heads": True}}, "heads"),
        ({"rating": TOWER | {"epochs": -1}}, "epochs"),
        ({"next": TOWER | {"dropout": 1}}, "dropout"),
        ({"next": TOWER | {"colour": "red"}}, "colour"),
        (dict.fromkeys(("rating", "next", "like"), TOWER | {"epochs": 0}), "at least one epoch"),
    ],
)
def test_a_configuration_out_of_range(change, word, copy):
    reseal(copy, **change)
    refused(copy, "bundle.json", word)


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        ({"next": TOWER | {"epochs": 0}}, ["does not hold this model's weights", "next/"]),
        ({"factors": 5}, ["factors has shape (30, 4), not (30, 5)"]),
    ],
)
def test_weights_of_another_configuration(change, texts, copy, orderly):
    reseal(copy, **change)
    with pytest.raises(BundleError) as caught:
        open_bundle(copy).load_model(orderly.movies)
    assert all(word in str(caught.value) for word in ["weights.npz", *texts]), str(caught.value)


def test_weights_for_another_number_of_levels(copy, orderly):
    header = json.loads((copy / "bundle.json").read_text("utf-8"))
    (copy / "bundle.json").write_text(json.dumps(header | {"levels": [1, 2, 3, 4]}), "utf-8")
    with pytest.raises(BundleError, match=r"weights.npz.* has shape \(.*5.*\), not \(.*4.*\)"):
        open_bundle(copy).load_model(orderly.movies)


def test_other_movies_are_refused(timeline_bundle, orderly):
    with pytest.raises(BundleError, match=r"not those it was trained on.*train --dataset orderly-world"):
        timeline_bundle.load_model(orderly.movies.iloc[::-1])
