"""The command line with a timeline model: train, evaluate, recommend in any order."""

import shutil
from pathlib import Path

import pytest

from bst.models.config import PRESETS

METRICS = ["mae", "rmse", "median_mae", "nll", "ece", "mae_by_history", "ndcg@10", "hr@10"]
ANSWER = ["dataset", "bundle", "protocol", "seed", "labels", "metrics", "popularity", "gaps_unknown", "peers"]


@pytest.fixture
def tiny_preset(timeline_settings, timeline_bundle, share_models, own_folders, monkeypatch) -> Path:
    """Let ``timeline`` be the small configuration of these tests, and train quickly; returns the test's folder."""
    monkeypatch.setitem(PRESETS, "timeline", timeline_settings.config)
    share_models(monkeypatch)
    return own_folders


@pytest.fixture
def bundle(timeline_bundle, data_here) -> Path:
    return timeline_bundle.folder


def close(figures):
    """Compare figures, however deep, to what is left of them in six digits."""
    if isinstance(figures, dict):
        return {name: close(value) for name, value in figures.items()}
    return [close(value) for value in figures] if isinstance(figures, list) else pytest.approx(figures, abs=1e-4)


def same(left, right) -> bool:
    """``==`` of pytest.approx within nested dictionaries and lists."""
    if isinstance(right, dict):
        return list(left) == list(right) and all(same(left[name], right[name]) for name in right)
    if isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def test_from_training_to_figures(answer, refused, run, tiny_preset, orderly_dir, timeline_bundle):
    """Timeline is the preset and visitor the protocol that nobody has to name."""
    trained = answer("train", "--dataset", orderly_dir, "--seed", 3, "--patience", 8, "--name", "mine")
    assert (trained["bundle"], trained["protocol"], trained["seed"], trained["epochs"]) == ("mine", "visitor", 3, 8)
    assert Path(trained["folder"]) == tiny_preset / "bundles" / "mine"
    assert same(trained["metrics"], close(timeline_bundle.metrics["metrics"])), "the same run gives the same bundle"

    measured = answer("evaluate", "--bundle", "mine", "--dataset", orderly_dir)
    assert list(measured) == [*ANSWER, "ahead_of_svd"]
    assert (measured["protocol"], measured["seed"]) == ("visitor", 3), "those that it was trained under"
    assert measured["labels"] == trained["labels"] == 96
    assert list(measured["metrics"]) == METRICS
    assert list(measured["metrics"]["mae_by_history"]) == ["0", "1", "3", "5", "10", "20"]
    assert list(measured["gaps_unknown"]) == METRICS[:6]
    assert list(measured["peers"]) == ["global_mean", "item_mean", "bias", "svd_fold_in", "svd_em_fold_in"]
    assert all(list(peer) == ["mae", "rmse", "mae_by_history"] for peer in measured["peers"].values())
    assert list(measured["ahead_of_svd"]) == ["all", "0", "1", "3", "5", "10", "20"]
    for name in ("metrics", "gaps_unknown", "peers", "popularity", "ahead_of_svd"):
        assert same(measured[name], close(trained[name])), name

    code, out, _ = run("evaluate", "--bundle", "mine", "--dataset", orderly_dir, "--protocol", "visitor", "--seed", 3)
    assert code == 0
    ours = measured["metrics"]
    assert f"{ours['mae']:.4f}" in out
    lines = {line[:30].strip(): line for line in out.splitlines()}
    assert lines["this model"].split()[-2:] == [f"{ours['ndcg@10']:.4f}", f"{ours['hr@10']:.4f}"]
    assert {"time gaps unknown", "svd fold-in", "popularity", "MAE after so many movies"} <= set(lines)

    for other in (["--protocol", "last"], ["--seed", 4], ["--protocol", "seed", "--seed", 3]):
        line = refused("evaluate", "--bundle", "mine", "--dataset", orderly_dir, *other)
        assert "Give --protocol visitor --seed 3" in line


def test_a_tower_alone(answer, refused, eager, tiny_preset, orderly_dir):
    common = ["train", "--dataset", orderly_dir, "--epochs", 1, "--protocol", "last", "--name"]
    rating = answer(*common, "stars", "--tower", "rating")
    assert list(rating["metrics"]) == METRICS[:6]
    assert "svd" in rating["peers"]
    assert "popularity" not in rating
    listed = answer("recommend", "--bundle", "stars", "--dataset", orderly_dir, "-k", 2)["recommendations"]
    assert [len(row["distribution"]) for row in listed] == [5, 5]
    assert [row["watch_next"] for row in listed] == [None, None]
    line = refused("recommend", "--bundle", "stars", "--dataset", orderly_dir, "--order", "next")
    assert "cannot order by 'next'; it can by: rating" in line

    following = answer(*common, "following", "--tower", "next")
    assert list(following["metrics"]) == METRICS[6:]
    assert "peers" not in following
    # there is nothing to order a list by, but it is told in one line
    line = refused("recommend", "--bundle", "following", "--dataset", orderly_dir)
    assert "following" in line
    assert "no rating tower" in line


def test_both_towers_by_name_are_both(answer, tiny_preset, orderly_dir, timeline_bundle):
    both = ["--tower", "rating", "--tower", "next"]
    trained = answer("train", "--dataset", orderly_dir, "--seed", 3, "--patience", 8, "--name", "both", *both)
    assert same(trained["metrics"], close(timeline_bundle.metrics["metrics"]))


@pytest.mark.parametrize("order", ["rating", "next", "blend"])
def test_a_list_in_each_order(order, answer, eager, bundle, timeline_recommender):
    from bst.schema import Event, Visitor

    watched = ["--watched", "Story Number 4=5", "--watched", "130=3"]
    said = answer("recommend", "--bundle", bundle, "--sex", "F", *watched, "-k", 5, "--order", order)
    rows = timeline_recommender.rank(Visitor("F", history=(Event(112, 5), Event(130, 3))), 5, order=order)
    assert [row["movie_id"] for row in said["recommendations"]] == [row.movie_id for row in rows]
    for told, row in zip(said["recommendations"], rows, strict=True):
        assert told["expected_rating"] == pytest.approx(row.expected_rating, abs=1e-3)
        assert told["distribution"] == pytest.approx(row.distribution, abs=1e-3)
        assert sum(told["distribution"]) == pytest.approx(1, abs=3e-4)
        assert told["watch_next"] == pytest.approx(row.watch_next, abs=1e-4)


def test_a_list_as_text_says_how_likely_each_is(run, eager, bundle):
    code, out, _ = run("recommend", "--bundle", bundle, "-k", 3, "--order", "next")
    assert code == 0
    assert [line.count("% next") for line in out.splitlines()] == [1, 1, 1]


def test_an_order_that_a_model_cannot_give(refused, small_bundle, data_here):
    line = refused("recommend", "--bundle", small_bundle.folder, "--order", "blend")
    assert line == "error: model small cannot order by 'blend'; it can by: rating"
    assert "invalid choice: 'fame'" in refused("recommend", "--bundle", small_bundle.folder, "--order", "fame")


def test_a_damaged_configuration_is_one_line(refused, bundle, tmp_path):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    text = (copy / "bundle.json").read_text("utf-8")
    (copy / "bundle.json").write_text(text.replace('"segment": 10', '"segment": 0'), "utf-8")
    assert "segment must lie in 2" in refused("recommend", "--bundle", copy)
