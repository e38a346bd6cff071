"""Training of the timeline model: what is learnt, from what, at which rate, and that a stop changes nothing."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from bst.errors import TrainingError
from bst.evaluation.summary import evaluate_predictions
from bst.models.registry import family_of
from bst.timelines.splits import TEST
from bst.training.runs import train

COLUMNS = {"rating": "val_rmse", "next": "val_next_loss", "like": "val_like_loss"}
WHO = ("sex", "age", "occupation")


def arrays(path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return dict(stored)


# ---- what is learnt


def test_losses_fall(timeline_bundle):
    rows = timeline_bundle.history
    assert rows["epoch"].tolist() == list(range(1, 9))
    for name in (
        "loss",
        "mae",
        "rmse",
        "val_loss",
        "val_mae",
        "next_loss",
        "val_next_loss",
        "like_loss",
        "val_like_loss",
    ):
        assert rows[name].iloc[-1] < rows[name].iloc[0], name
    # seven of thirty movies are unseen at a last event: who knows nothing of the order loses ln 7
    assert rows["val_next_loss"].min() < np.log(7) - 0.5


def test_the_planted_difference_is_learnt(eager, timeline_bundle, timeline_model, timeline_task):
    from bst.models.timeline.predictions import distributions

    probability = distributions(timeline_model, timeline_task, TEST)
    actual = timeline_task.timelines.rating[timeline_task.test]
    error, mean_error = (np.abs(p - actual).mean() for p in (probability @ np.arange(1, 6), timeline_task.known.mean))
    assert mean_error > 0.8
    assert error < 0.5 * mean_error
    figures = timeline_bundle.metrics
    assert figures["metrics"]["mae"] == pytest.approx(error, abs=1e-5)
    # matrix factorisation finds a difference as simple as this one, too: no more than a trifle is between the two
    assert figures["ahead_of_svd"]["all"][0] < 0.05


def test_the_planted_order_is_learnt(eager, timeline_bundle, timeline_model, timeline_task):
    from bst.models.timeline.predictions import next_ranks

    ranks, _ = next_ranks(timeline_model, timeline_task, TEST)
    assert timeline_bundle.metrics["metrics"]["hr@10"] == (ranks <= 10).mean()
    # seven movies are unseen at a last event: by chance the mean rank is 4
    assert ranks.mean() < 2
    assert timeline_bundle.metrics["metrics"]["ndcg@10"] > timeline_bundle.metrics["popularity"]["ndcg@10"]


def test_every_weight_is_trained_and_what_is_fixed_stays(trained_timeline, timeline_trainer):
    snapshot = arrays(trained_timeline[1] / "8" / "snapshot.npz")
    trained = {id(v) for tower in timeline_trainer.towers.values() for v in tower.tower.trainable_variables}
    weights = {id(w): w.path for w in timeline_trainer.model.weights}
    for i, variable in enumerate(timeline_trainer.variables):
        if id(variable) in weights:
            moved = np.abs(snapshot[f"v{i}"] - variable.numpy()).max()
            assert (moved > 0.005) if id(variable) in trained else (moved == 0), weights[id(variable)]


def test_each_tower_keeps_the_weights_of_its_own_best_epoch(trained_timeline, timeline_trainer, timeline_bundle):
    """The bundle holds, for each tower, the averages of the snapshot after its best epoch.

    The next tower's embeddings of months are the exception: months without a rating get those of others at the end.
    """
    kept = arrays(timeline_bundle.folder / "weights.npz")
    names = {id(w): w.path.split("/", 1)[1] for w in timeline_trainer.model.weights}
    best = {name: int(timeline_bundle.history[column].idxmin()) + 1 for name, column in COLUMNS.items()}
    assert best["rating"] != best["next"], "otherwise this proves little"
    assert timeline_bundle.best_epoch == best["rating"]
    at = {id(variable): i for i, variable in enumerate(timeline_trainer.variables)}
    for name, tower in timeline_trainer.towers.items():
        snapshot = arrays(trained_timeline[1] / str(best[name]) / "snapshot.npz")
        for average, weight in zip(tower.averages, tower.tower.trainable_variables, strict=True):
            if "month" not in names[id(weight)]:
                np.testing.assert_array_equal(kept[names[id(weight)]], snapshot[f"v{at[id(average)]}"])


def test_progress_goes_on_to_the_end(trained_timeline):
    progress = trained_timeline[2]
    shares = [p.share for p in progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {p.epoch for p in progress} == set(range(1, 9))
    assert all(p.remaining_s >= 0 and p.metrics for p in progress)
    assert {"mae", "next_loss", "like_loss"} <= set(progress[-1].metrics)


# ---- stops


@pytest.fixture
def stopped(trained_timeline, own_folders):
    """Put the folder of a run that was stopped after some epoch among the runs."""
    return lambda epoch: shutil.copytree(trained_timeline[1] / str(epoch), own_folders.runs / "tiny")


@pytest.mark.parametrize("epoch", [3, 7])
def test_a_resumed_run_ends_in_the_same_bundle(epoch, trained_timeline, timeline_settings, stopped):
    """To the last bit."""
    rows = []
    folder = stopped(epoch)
    again = train(timeline_settings, "tiny", resume=True, on_epoch=lambda row: rows.append(row["epoch"]))
    assert rows == list(range(epoch + 1, 9))
    bundle = trained_timeline[0]
    left, right = (arrays(b.folder / "weights.npz") for b in (bundle, again))
    assert set(left) == set(right)
    assert [name for name in left if not np.array_equal(left[name], right[name])] == []
    assert again.history.drop(columns="seconds").equals(bundle.history.drop(columns="seconds"))
    assert again.metrics == bundle.metrics
    assert again.best_epoch == bundle.best_epoch
    assert not folder.exists()


def test_another_number_of_epochs_is_another_run(timeline_settings, stopped):
    """The learning rate falls towards the last epoch, so a longer run is not the same run gone on with."""
    folder = stopped(2)
    longer = replace(timeline_settings, config=timeline_settings.config.with_epochs(9), epochs=9)
    with pytest.raises(TrainingError, match="another config; give the same settings"):
        train(longer, "tiny", resume=True)
    assert (folder / "snapshot.npz").is_file()


@pytest.mark.slow
def test_a_run_that_diverges_says_so(timeline_settings, own_folders, monkeypatch):
    from bst.models.timeline import trainer as timeline

    def nothing(trainer, tower, *arguments):
        return dict.fromkeys(COLUMNS.values(), float("nan"))

    monkeypatch.setattr(timeline.TimelineTrainer, "_epoch", nothing)
    with pytest.raises(TrainingError, match=r"training diverged; start again with --overwrite and another --seed"):
        train(replace(timeline_settings, patience=2), "bad")
    assert not own_folders.bundles.exists()


# ---- which epochs


def test_the_best_epoch_by_hand():
    from bst.models.timeline.trainer import best_epoch

    rows = [
        {"epoch": 1, "val_rmse": 0.9, "val_next_loss": 3.0},
        {"epoch": 2, "val_rmse": 0.8, "val_next_loss": float("nan")},
        {"epoch": 3, "val_rmse": 0.8, "val_next_loss": 2.5},
        {"epoch": 4, "val_next_loss": 2.0},
        {"epoch": 5, "val_next_loss": float("inf")},
    ]
    assert [best_epoch(rows[:n], "rating") for n in range(6)] == [0, 1, 2, 2, 2, 2], "the first of two alike"
    assert [best_epoch(rows[:n], "next") for n in range(6)] == [0, 1, 1, 3, 4, 4]
    assert best_epoch(rows[1:2], "next") == 0


def run_through(trainer, monkeypatch, scores: dict, **options):
    """Go through the epochs with given validation scores, of these towers; the averages after epoch e are all e."""
    monkeypatch.setattr(trainer, "towers", {name: trainer.towers[name] for name in scores})
    seen = []

    def epoch_of(tower, epoch, epochs, active, row, on_progress):
        seen.append((epoch, tower.name))
        for average in tower.averages:
            average.assign(np.full(average.shape, epoch))
        return {COLUMNS[tower.name]: scores[tower.name][epoch - 1]}

    monkeypatch.setattr(trainer, "_epoch", epoch_of)
    state = trainer.fit(**options)
    epochs = {name: [epoch for epoch, which in seen if which == name] for name in trainer.towers}
    weights = {
        name: {float(value) for weight in tower.tower.trainable_variables for value in np.unique(weight)}
        for name, tower in trainer.towers.items()
    }
    return state, epochs, weights


def test_towers_stop_and_are_kept_independently(timeline_trainer, monkeypatch):
    scores = {"rating": [0.9, 0.5, 0.6, 0.7, 0.1], "next": [3.0, 2.9, 2.95, 2.7, 2.6, 2.5, 2.55, 2.58]}
    scores["like"] = [5.0, 5.1, 5.2, 1.0]
    state, epochs, weights = run_through(timeline_trainer, monkeypatch, scores, epochs=8, patience=2)
    # the rating tower has not improved for two epochs after epoch 4, the like tower after epoch 3; the next tower does
    # within every two
    assert epochs == {"rating": [1, 2, 3, 4], "next": list(range(1, 9)), "like": [1, 2, 3]}
    assert weights == {"rating": {2.0}, "next": {6.0}, "like": {1.0}}
    assert (state.epoch, state.best_epoch, state.best_score) == (8, 2, 0.5)
    assert [set(row) for row in state.history[2:5]] == [
        {"epoch", "val_rmse", "val_next_loss", "val_like_loss", "seconds"},
        {"epoch", "val_rmse", "val_next_loss", "seconds"},
        {"epoch", "val_next_loss", "seconds"},
    ]


def test_each_tower_has_epochs_of_its_own(timeline_trainer, monkeypatch):
    tower = timeline_trainer.towers["rating"]
    monkeypatch.setattr(tower, "settings", replace(tower.settings, epochs=3))
    falling = [1 / n for n in range(1, 9)]
    state, epochs, _ = run_through(
        timeline_trainer, monkeypatch, {"rating": falling, "next": falling}, epochs=8, patience=2
    )
    assert epochs == {"rating": [1, 2, 3], "next": list(range(1, 9))}
    assert (state.epoch, state.best_epoch) == (8, 3)


def test_a_run_ends_when_no_tower_gets_better(timeline_trainer, monkeypatch):
    scores = {"rating": [0.5, 0.6, 0.7, 0.1], "next": [3.0, 2.0, 2.1, 2.2, 1.0]}
    state, epochs, weights = run_through(timeline_trainer, monkeypatch, scores, epochs=8, patience=1)
    assert epochs == {"rating": [1, 2], "next": [1, 2, 3]}
    assert weights == {"rating": {1.0}, "next": {2.0}}
    assert state.epoch == 3


def test_a_tower_that_was_no_number_at_first_may_still_learn(timeline_trainer, monkeypatch):
    nan = float("nan")
    scores = {"rating": [nan, 0.5, nan], "next": [3.0, 2.0, 1.0]}
    state, epochs, weights = run_through(timeline_trainer, monkeypatch, scores, epochs=3, patience=3)
    assert epochs == {"rating": [1, 2, 3], "next": [1, 2, 3]}
    assert weights == {"rating": {2.0}, "next": {3.0}}
    assert (state.best_epoch, state.best_score) == (2, 0.5)


def test_a_run_goes_on_with_what_is_left_of_each_tower(timeline_trainer, monkeypatch):
    """Stopped after epoch 5, when the rating tower had had enough."""
    from bst.models.trainer import TrainingState

    scores = {"rating": [0.9, 0.5, 0.6, 0.7, 0.1], "next": [3.0, 2.9, 2.95, 2.7, 2.6, 2.5, 2.55, 2.58]}
    with monkeypatch.context() as patch:
        half, _, _ = run_through(timeline_trainer, patch, scores, epochs=5, patience=2)
    state = TrainingState(5, half.history, half.best_epoch, half.best_score, half.best_weights)
    state, epochs, weights = run_through(timeline_trainer, monkeypatch, scores, epochs=8, patience=2, state=state)
    assert epochs == {"rating": [], "next": [6, 7, 8]}
    assert weights == {"rating": {2.0}, "next": {6.0}}
    assert (state.epoch, state.best_epoch) == (8, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("rating", {"loss", "mae", "val_rmse"}),
        ("next", {"next_loss", "val_next_loss", "val_ndcg@10"}),
        ("like", {"like_loss", "val_like_loss", "val_precision@10"}),
    ],
)
def test_one_tower_alone(name, columns, eager, timeline_settings, timeline_task):
    from bst.models.timeline.trainer import TimelineTrainer

    config = timeline_settings.config.with_tasks([name])
    config = replace(config.with_tower(name, replace(config.towers[name], layers=1)), batch_events=2000)
    alone = TimelineTrainer(config, timeline_task, 3)
    state = alone.fit(epochs=1, patience=1)  # a single step
    predictions = family_of(config).predict_test(alone.model, timeline_task)
    result = evaluate_predictions(timeline_task, predictions).to_dict()
    assert list(alone.towers) == list(alone.model.towers) == [name]
    assert (state.epoch, state.best_epoch) == (1, 1)
    assert columns <= set(state.history[0])
    assert [tower for tower, column in COLUMNS.items() if column in state.history[0]] == [name]
    assert ("mae" in result["metrics"], "ndcg@10" in result["metrics"]) == (name == "rating", name == "next")
    assert ("peers" in result, "popularity" in result) == (name == "rating", name == "next")


def test_curves_and_settings_of_a_run_are_plain(trained_timeline, timeline_settings):
    values = json.loads((trained_timeline[1] / "3" / "run.json").read_text("utf-8"))
    assert values == timeline_settings.to_dict()
    assert values["config"]["rating"]["layers"] == 2
