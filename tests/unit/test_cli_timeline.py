"""The command line with a timeline model: train, evaluate, recommend in any order."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bst.errors import BSTError
from bst.inference.ranking import RankOptions
from bst.models.registry import PRESETS, Preset, family_of, preset
from bst.settings import Settings

METRICS = ["mae", "rmse", "median_mae", "nll", "ece", "mae_by_history", "ndcg@10", "hr@10"]
ANSWER = ["dataset", "bundle", "protocol", "seed", "labels", "metrics"]
ANSWER += ["popularity", "request_known", "gaps_unknown", "peers"]


@pytest.fixture
def tiny_preset(timeline_settings, own_folders, monkeypatch) -> Settings:
    """Let ``timeline`` be the small configuration of these tests; returns the test's folders."""
    monkeypatch.setitem(PRESETS, "timeline", Preset("Timeline BST", timeline_settings.config))
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
    code, out, _ = run("train", "--dataset", orderly_dir, "--seed", 3, "--patience", 8, "--name", "mine")
    assert code == 0
    lines = {line[:30].strip(): line for line in reversed(out.splitlines())}  # of two alike the first
    assert out.splitlines()[0] == f"bundle mine is in {tiny_preset.bundles / 'mine'}"
    assert "protocol visitor, seed 3, 96 test labels" in out
    assert {"time gaps unknown", "svd fold-in", "popularity", "MAE by movies rated before"} <= set(lines)

    measured = answer("evaluate", "--bundle", "mine", "--dataset", orderly_dir)
    assert list(measured)[: len(ANSWER) + 1] == [*ANSWER, "ahead_of_svd"]
    assert list(measured["ranking"]["orders"]) == ["like", "rating", "next", "blend", "popularity"]
    assert (measured["protocol"], measured["seed"]) == ("visitor", 3), "those that it was trained under"
    assert measured["labels"] == 96
    assert list(measured["metrics"]) == METRICS
    assert list(measured["metrics"]["mae_by_history"]) == ["0", "1", "3", "5", "10", "20"]
    assert list(measured["gaps_unknown"]) == METRICS[:6]
    assert list(measured["peers"]) == ["global_mean", "item_mean", "bias", "svd_fold_in", "svd_em_fold_in"]
    assert all(list(peer) == ["mae", "rmse", "mae_by_history"] for peer in measured["peers"].values())
    assert list(measured["ahead_of_svd"]) == ["all", "0", "1", "3", "5", "10", "20"]
    for name in ANSWER[5:]:
        assert same(measured[name], close(timeline_bundle.metrics[name])), f"{name}: the same run, the same figures"
    ours = measured["metrics"]
    cells = [f"{ours[name]:.4f}" for name in ("mae", "rmse", "median_mae", "ece", "ndcg@10", "hr@10")]
    assert lines["this model"].split()[2:] == cells

    for other in (["--protocol", "last"], ["--seed", 4], ["--protocol", "windows", "--seed", 3]):
        line = refused("evaluate", "--bundle", "mine", "--dataset", orderly_dir, *other)
        assert "Give --protocol visitor --seed 3" in line


def test_lists_against_later_likes(answer, refused, run, bundle, tmp_path):
    copy = shutil.copytree(bundle, tmp_path / "mine")
    options = ["evaluate", "--bundle", copy, "--protocol", "list"]
    measured = answer(*options)
    assert list(measured)[:2] == ["dataset", "bundle"]
    assert (measured["protocol"], measured["bundle"], measured["users"], measured["seed"]) == ("list", "mine", 4, 3)
    assert list(measured["metrics"]) == ["1", "5", "10"]
    value = measured["metrics"]["5"]["precision@10"]
    low, high = measured["metrics"]["5"]["intervals"]["precision@10"]
    assert 0 <= low <= value <= high <= 1
    assert {"ndcg@10", "recall@50", "stars", "distinct", "top_share", "users"} <= set(measured["metrics"]["5"])
    ridge = measured["rivals"]["ridge"]["5"]
    assert ridge["difference"][0] == pytest.approx(value - ridge["precision@10"])
    assert (copy / "lists.json").is_file(), "kept for the page"
    code, out, _ = run(*options, "--users", 2)
    assert code == 0
    assert out.startswith("lists for 2 users whom the model has never seen")
    assert "5 ratings known, 2 users with ten or more later" in out
    assert "Ridge on first ratings" in out
    assert "at least one user" in refused(*options, "--users", 0)
    assert "Give --protocol visitor --seed 3" in refused(*options, "--seed", 4)
    assert "--users goes with --protocol list" in refused("evaluate", "--bundle", copy, "--users", 2)


def test_the_next_tower_alone(answer, refused, eager, tiny_preset, orderly_dir, monkeypatch):
    # an epoch of a single step
    monkeypatch.setitem(PRESETS, "timeline", Preset("Timeline BST", preset("timeline", batch_events=2000)))
    options = ["--dataset", orderly_dir, "--epochs", 1, "--protocol", "last", "--name", "following", "--tower", "next"]
    trained = answer("train", *options)
    assert list(trained["metrics"]) == METRICS[6:]
    assert list(trained["request_known"]) == METRICS[6:]
    assert "popularity" in trained
    assert not {"peers", "gaps_unknown", "ahead_of_svd"} & set(trained)
    card = (Path(trained["folder"]) / "README.md").read_text("utf-8")
    assert "predicts which movie they watch next" in card
    assert "calibration" not in card
    timed = answer("evaluate", "--bundle", "following", "--protocol", "last-timed")
    assert (timed["protocol"], timed["users"]) == ("last-timed", 40)
    assert same(timed["metrics"], close(trained["request_known"]))
    for key, (low, high) in timed["intervals"].items():
        assert low <= timed["metrics"][key] <= high
    # there is nothing to order a list by, but it is told in one line
    line = refused("recommend", "--bundle", "following", "--dataset", orderly_dir)
    assert "bundle following has no rating tower" in line


def test_last_timed_needs_a_model_of_last(refused, bundle):
    line = refused("evaluate", "--bundle", bundle, "--protocol", "last-timed")
    assert "trained under protocol visitor; last-timed measures models trained under last" in line


def test_epochs_of_single_towers(answer, eager, tiny_preset, orderly_dir, monkeypatch):
    monkeypatch.setitem(PRESETS, "timeline", Preset("Timeline BST", preset("timeline", batch_events=2000)))
    options = ["--tower", "next", "--tower", "like", "--epochs", 1, "--tower-epochs", "like=2", "--name", "uneven"]
    trained = answer("train", "--dataset", orderly_dir, *options)
    rows = (Path(trained["folder"]) / "history.csv").read_text("utf-8").splitlines()
    next_loss = rows[0].split(",").index("next_loss")
    assert [bool(row.split(",")[next_loss]) for row in rows[1:]] == [True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tower-epochs", "next"], "a tower and a number of epochs, such as next=36"),
        (["--tower-epochs", "next=-1"], "a tower and a number of epochs"),
        (["--tower-epochs", "next=0"], "the next tower needs at least 1 epoch"),
        (["--tower-epochs", "taste=3"], "no tower 'taste'; choose one of: rating, next, like"),
        (["--tower", "next", "--tower-epochs", "like=3"], "no tower 'like'; choose one of: next"),
        (["--preset", "compact", "--tower-epochs", "next=3"], "preset compact has no towers"),
        (["--tower-epochs", "next=9999"], "epochs must lie in 0 … 1000, not 9999"),
    ],
)
def test_epochs_that_no_tower_can_have(options, message, refused, tiny_preset, orderly_dir):
    assert message in refused("train", "--dataset", orderly_dir, *options)


def test_the_like_tower_alone(answer, refused, eager, tiny_preset, orderly_dir, monkeypatch):
    monkeypatch.setitem(PRESETS, "timeline", Preset("Timeline BST", preset("timeline", batch_events=2000)))
    trained = answer("train", "--dataset", orderly_dir, "--epochs", 1, "--name", "liking", "--tower", "like")
    assert trained["metrics"] == {}, "lists need ratings, too"
    card = (Path(trained["folder"]) / "README.md").read_text("utf-8")
    assert "predicts which movies they will watch and like some time" in card
    assert "There are none on test labels" in card
    line = refused("recommend", "--bundle", "liking", "--dataset", orderly_dir)
    assert "bundle liking has no rating tower" in line
    line = refused("evaluate", "--bundle", "liking", "--dataset", orderly_dir)
    assert "train --tower rating --tower like" in line


def test_a_list_of_the_rating_tower_alone(answer, refused, eager, bundle, timeline_model, orderly, tmp_path):

    from bst.bundles.bundle import open_bundle, save_bundle

    whole = open_bundle(bundle)
    config = whole.config.with_tasks(["rating"])
    model = family_of(config).build(config, whole.sizes, 5)
    model.rating.set_weights(timeline_model.rating.get_weights())
    stars = save_bundle(replace(whole, folder=tmp_path / "stars", config=config), model, [], {}, "").folder
    by_rating = ("-k", 3, "--order", "rating")
    rows, all_rows = (answer("recommend", "--bundle", b, *by_rating)["recommendations"] for b in (stars, bundle))
    assert [row["watch_next"] for row in rows] == [None, None, None]
    assert rows == [row | {"watch_next": None, "will_like": None} for row in all_rows]
    assert answer("recommend", "--bundle", stars, "-k", 3)["order"] == "rating", "its first order"
    line = refused("recommend", "--bundle", stars, "--order", "next")
    assert line == "error: model stars cannot order by 'next'; it can by: rating"


class AskedError(BSTError):
    """Ends a command once it is known what would be trained."""


@pytest.fixture
def asked(refused, own_folders, monkeypatch):
    """Return the settings with which a ``train`` command would train, which it does not."""
    from bst.training import runs

    def asked(*arguments):
        given = []

        def stop(settings, name, **options):
            given.extend((settings, name))
            raise AskedError("enough is known")

        monkeypatch.setattr(runs, "train", stop)
        assert refused("train", *arguments) == "error: enough is known"
        return given

    return asked


def test_what_is_trained_if_nothing_is_said(asked):
    settings, name = asked()
    assert settings.config == preset("timeline")
    assert (settings.dataset, settings.protocol, settings.seed, name) == ("demo", "visitor", 0, "demo-timeline")
    assert settings.epochs == max(tower.epochs for tower in settings.config.towers.values())


@pytest.mark.parametrize("name", ["user-features", "compact", "keras-example"])
def test_classic_presets_are_trained_on_windows(name, asked):
    settings, bundle = asked("--preset", name, "--dataset", "ml-1m")
    assert (settings.config, settings.protocol, bundle) == (preset(name), "windows", f"ml-1m-{name}")
    assert settings.epochs == preset(name).epochs


def test_former_names_of_preset_and_protocol(asked):
    settings, bundle = asked("--preset", "seed", "--protocol", "seed")
    assert (settings.config, settings.protocol) == (preset("user-features"), "windows")
    assert bundle == "demo-seed", "a bundle is named after what was asked for"


def test_epochs_are_those_that_were_asked_for(asked):
    settings, _ = asked("--epochs", 3, "--protocol", "last")
    assert (settings.epochs, settings.protocol) == (3, "last")
    assert {tower.epochs for tower in settings.config.towers.values()} == {3}
    settings, _ = asked("--preset", "user-features", "--epochs", 3)
    assert (settings.epochs, settings.config.epochs) == (3, 3)
    settings, _ = asked("--preset", "timeline", "--protocol", "windows")
    assert settings.protocol == "windows"


@pytest.mark.parametrize(
    ("towers", "left"),
    [
        (["rating"], ["rating"]),
        (["next"], ["next"]),
        (["like"], ["like"]),
        (["next", "rating"], ["rating", "next"]),
        (["like", "rating"], ["rating", "like"]),
    ],
)
def test_towers_are_those_that_were_asked_for(towers, left, asked):
    settings, _ = asked(*[word for tower in towers for word in ("--tower", tower)])
    assert list(settings.config.towers) == left
    for name in left:
        assert settings.config.towers[name] == preset("timeline").towers[name]
    assert settings.epochs == max(preset("timeline").towers[name].epochs for name in left)
    settings, _ = asked("--tower", "next", "--epochs", 2)
    assert (list(settings.config.towers), settings.epochs) == (["next"], 2)


@pytest.mark.parametrize(
    ("options", "order", "fame"),
    [
        (["--order", "rating"], "rating", 1),
        (["--order", "next"], "next", 1),
        (["--order", "blend"], "blend", 1),
        (["--order", "like", "--fame-weight", 0], "like", 0),
        ([], "like", 1),  # the first that the model supports
    ],
)
def test_a_list_in_each_order(options, order, fame, answer, eager, bundle, timeline_recommender):
    from bst.schema import Event, Visitor

    watched = ["--watched", "Story Number 4=5", "--watched", "130=3"]
    said = answer("recommend", "--bundle", bundle, "--sex", "F", *watched, "-k", 5, *options)
    visitor = Visitor({"sex": "F"}, history=(Event(112, 5), Event(130, 3)))
    rows = timeline_recommender.rank(visitor, 5, RankOptions(order=order, popularity_weight=fame))
    assert (said["order"], said["popularity_weight"]) == (order, fame)
    assert [row["movie_id"] for row in said["recommendations"]] == [row.movie_id for row in rows]
    for told, row in zip(said["recommendations"], rows, strict=True):
        assert told["expected_rating"] == pytest.approx(row.expected_rating, abs=1e-3)
        assert told["distribution"] == pytest.approx(row.distribution, abs=1e-3)
        assert sum(told["distribution"]) == pytest.approx(1, abs=3e-4)
        assert told["watch_next"] == pytest.approx(row.watch_next, abs=1e-4)
        assert told["will_like"] == pytest.approx(row.will_like, abs=1e-4)


def test_a_list_as_text_says_how_likely_each_is(run, eager, bundle):
    code, out, _ = run("recommend", "--bundle", bundle, "-k", 3, "--order", "next")
    assert code == 0
    assert [line.count("% next") for line in out.splitlines()] == [1, 1, 1]
    assert [line.count("% like") for line in out.splitlines()] == [1, 1, 1]


def test_an_order_that_a_model_cannot_give(refused, small_bundle, data_here):
    line = refused("recommend", "--bundle", small_bundle.folder, "--order", "blend")
    assert line == "error: model small cannot order by 'blend'; it can by: rating"
    assert "popularity weight goes from 0 (taste alone) to 1" in refused(
        "recommend", "--bundle", small_bundle.folder, "--fame-weight", 2
    )
    assert "invalid choice: 'fame'" in refused("recommend", "--bundle", small_bundle.folder, "--order", "fame")


def test_a_damaged_configuration_is_one_line(refused, bundle, tmp_path):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    text = (copy / "bundle.json").read_text("utf-8")
    (copy / "bundle.json").write_text(text.replace('"train_length": 10', '"train_length": 0'), "utf-8")
    assert "train_length must lie in 2" in refused("recommend", "--bundle", copy)
