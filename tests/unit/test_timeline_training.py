"""Training of the timeline model: what is learnt, from what, at which rate, and that a stop changes nothing."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from bst.errors import TrainingError
from bst.evaluation import TEST, TRAIN, VALIDATION, Task, places, prepare
from bst.segments import EVENT_INPUTS, gap_buckets, months, training_segments

TOWERS = ("rating", "next")
WHO = ("sex", "age", "occupation")


@pytest.fixture(scope="module")
def task(orderly, timeline_settings) -> Task:
    return prepare(orderly, timeline_settings.config, "visitor", timeline_settings.seed)


@pytest.fixture
def trainer(trainer_of, timeline_settings, task):
    """The trainer of the trained bundle, put back to its first state."""
    return trainer_of(timeline_settings.config, task, timeline_settings.seed)


@pytest.fixture(scope="module")
def still(trainer_of, timeline_settings, task):
    """A trainer without dropout, so that its losses can be worked out by hand; its head is not all zeros."""
    config = timeline_settings.config
    towers = {name: replace(tower, dropout=0.0, layers=1) for name, tower in config.towers.items()}
    made, rng = trainer_of(replace(config, **towers), task, 0), np.random.default_rng(4)
    made.model.rating.logits.kernel.assign(rng.normal(0, 0.2, made.model.rating.logits.kernel.shape))
    return made


def arrays(path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return dict(stored)


# ---- what is learnt


def test_losses_fall(timeline_bundle):
    rows = timeline_bundle.history
    assert rows["epoch"].tolist() == list(range(1, 9))
    for name in ("loss", "mae", "rmse", "val_loss", "val_mae", "next_loss", "val_next_loss"):
        assert rows[name].iloc[-1] < rows[name].iloc[0], name
    # thirty movies: who knows nothing of the order loses ln 30
    assert rows["val_next_loss"].min() < np.log(30) - 0.5


def test_the_planted_difference_is_learnt(eager, timeline_bundle, timeline_model, task):
    from bst.training.timeline import distributions

    probability = distributions(timeline_model, task, TEST)
    actual = task.timelines.rating[task.test]
    error, mean_error = (np.abs(p - actual).mean() for p in (probability @ np.arange(1, 6), task.known.mean))
    assert mean_error > 0.8
    assert error < 0.5 * mean_error
    figures = timeline_bundle.metrics
    assert figures["metrics"]["mae"] == pytest.approx(error, abs=1e-5)
    assert figures["ahead_of_svd"]["all"][0] < 0


def test_the_planted_order_is_learnt(eager, timeline_bundle, timeline_model, task):
    from bst.training.timeline import next_places

    place, _ = next_places(timeline_model, task, TEST)
    assert timeline_bundle.metrics["metrics"]["hr@10"] == (place <= 10).mean()
    # seven movies are unseen at a last event: by chance the mean place is 4
    assert place.mean() < 2
    assert timeline_bundle.metrics["metrics"]["ndcg@10"] > timeline_bundle.metrics["popularity"]["ndcg@10"]


def test_every_weight_is_trained_and_what_is_fixed_stays(trained_timeline, trainer):
    snapshot = arrays(trained_timeline[1] / "8" / "snapshot.npz")
    trained = {id(v) for tower in trainer.towers.values() for v in tower.tower.trainable_variables}
    weights = {id(w): w.path for w in trainer.model.weights}
    for i, variable in enumerate(trainer.variables):
        if id(variable) in weights:
            moved = np.abs(snapshot[f"v{i}"] - variable.numpy()).max()
            assert (moved > 0.005) if id(variable) in trained else (moved == 0), weights[id(variable)]


def test_each_tower_keeps_the_weights_of_its_own_best_epoch(trained_timeline, trainer, timeline_bundle):
    """The bundle holds, for each tower, the averages of the snapshot after its best epoch."""
    columns = {"rating": "val_rmse", "next": "val_next_loss"}
    kept = arrays(timeline_bundle.folder / "weights.npz")
    names = {id(w): w.path.split("/", 1)[1] for w in trainer.model.weights}
    best = {name: int(timeline_bundle.history[column].idxmin()) + 1 for name, column in columns.items()}
    assert best["rating"] != best["next"], "otherwise this proves little"
    assert timeline_bundle.best_epoch == best["rating"]
    at = {id(variable): i for i, variable in enumerate(trainer.variables)}
    for name, tower in trainer.towers.items():
        snapshot = arrays(trained_timeline[1] / str(best[name]) / "snapshot.npz")
        for average, weight in zip(tower.averages, tower.tower.trainable_variables, strict=True):
            np.testing.assert_array_equal(kept[names[id(weight)]], snapshot[f"v{at[id(average)]}"])


def test_progress_goes_on_to_the_end(trained_timeline):
    progress = trained_timeline[2]
    shares = [p.share for p in progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {p.epoch for p in progress} == set(range(1, 9))
    assert all(p.remaining_s >= 0 and p.metrics for p in progress)
    assert {"mae", "next_loss"} <= set(progress[-1].metrics)


# ---- stops


def stopped(trained_timeline, tmp_path, epoch):
    """Put the folder of a run that was stopped after some epoch into its place."""
    shutil.copytree(trained_timeline[1] / str(epoch), tmp_path / "runs" / "tiny")
    return {"runs": tmp_path / "runs", "into": tmp_path / "bundles"}


@pytest.mark.parametrize("epoch", [2, 6])
def test_a_resumed_run_ends_in_the_same_bundle(epoch, train, trained_timeline, timeline_settings, tmp_path):
    """Before and after the rating tower's best epoch; to the last bit."""
    rows = []
    where = stopped(trained_timeline, tmp_path, epoch)
    again = train(timeline_settings, "tiny", resume=True, **where, on_epoch=lambda row: rows.append(row["epoch"]))
    assert rows == list(range(epoch + 1, 9))
    bundle = trained_timeline[0]
    left, right = (arrays(b.folder / "weights.npz") for b in (bundle, again))
    assert set(left) == set(right)
    assert [name for name in left if not np.array_equal(left[name], right[name])] == []
    assert again.history.drop(columns="seconds").equals(bundle.history.drop(columns="seconds"))
    assert again.metrics == bundle.metrics
    assert again.best_epoch == bundle.best_epoch
    assert not (tmp_path / "runs" / "tiny").exists()


def test_another_number_of_epochs_is_another_run(train, trained_timeline, timeline_settings, tmp_path):
    """The learning rate falls towards the last epoch, so a longer run is not the same run gone on with."""
    where = stopped(trained_timeline, tmp_path, 2)
    longer = replace(timeline_settings, config=timeline_settings.config.with_epochs(9), epochs=9)
    with pytest.raises(TrainingError, match="another config; give the same settings"):
        train(longer, "tiny", resume=True, **where)
    assert (tmp_path / "runs" / "tiny" / "snapshot.npz").is_file()


def test_a_run_that_diverges_says_so(train, timeline_settings, tmp_path, monkeypatch):
    from bst.training import timeline

    def nothing(trainer, tower, *arguments):
        return {"val_rmse": float("nan"), "val_next_loss": float("nan")}

    monkeypatch.setattr(timeline.Trainer, "_epoch", nothing)
    with pytest.raises(TrainingError, match=r"training diverged; start again with --overwrite and another --seed"):
        train(replace(timeline_settings, patience=2), "bad", runs=tmp_path / "runs", into=tmp_path / "bundles")
    assert not (tmp_path / "bundles").exists()


# ---- which epochs


def test_the_best_epoch_by_hand():
    from bst.training.timeline import best_epoch

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
    """Go through the epochs with given validation scores; the averages after epoch e are all e."""
    columns = {"rating": "val_rmse", "next": "val_next_loss"}
    seen = []

    def epoch_of(tower, epoch, epochs, active, row, on_progress):
        seen.append((epoch, tower.name))
        for average in tower.averages:
            average.assign(np.full(average.shape, epoch))
        return {columns[tower.name]: scores[tower.name][epoch - 1]}

    monkeypatch.setattr(trainer, "_epoch", epoch_of)
    state = trainer.fit(**options)
    epochs = {name: [epoch for epoch, which in seen if which == name] for name in trainer.towers}
    weights = {
        name: {float(value) for weight in tower.tower.trainable_variables for value in np.unique(weight)}
        for name, tower in trainer.towers.items()
    }
    return state, epochs, weights


def test_towers_stop_and_are_kept_independently(trainer, monkeypatch):
    scores = {"rating": [0.9, 0.5, 0.6, 0.7, 0.1], "next": [3.0, 2.9, 2.95, 2.7, 2.6, 2.5, 2.55, 2.58]}
    state, epochs, weights = run_through(trainer, monkeypatch, scores, epochs=8, patience=2)
    # the rating tower has not improved for two epochs after epoch 4; the next tower does within every two
    assert epochs == {"rating": [1, 2, 3, 4], "next": list(range(1, 9))}
    assert weights == {"rating": {2.0}, "next": {6.0}}
    assert (state.epoch, state.best_epoch, state.best_score) == (8, 2, 0.5)
    assert [set(row) for row in state.history[3:5]] == [
        {"epoch", "val_rmse", "val_next_loss", "seconds"},
        {"epoch", "val_next_loss", "seconds"},
    ]


def test_a_run_ends_when_no_tower_gets_better(trainer, monkeypatch):
    scores = {"rating": [0.5, 0.6, 0.7, 0.1], "next": [3.0, 2.0, 2.1, 2.2, 1.0]}
    state, epochs, weights = run_through(trainer, monkeypatch, scores, epochs=8, patience=1)
    assert epochs == {"rating": [1, 2], "next": [1, 2, 3]}
    assert weights == {"rating": {1.0}, "next": {2.0}}
    assert state.epoch == 3


def test_a_tower_that_was_no_number_at_first_may_still_learn(trainer, monkeypatch):
    nan = float("nan")
    scores = {"rating": [nan, 0.5, nan], "next": [3.0, 2.0, 1.0]}
    state, epochs, weights = run_through(trainer, monkeypatch, scores, epochs=3, patience=3)
    assert epochs == {"rating": [1, 2, 3], "next": [1, 2, 3]}
    assert weights == {"rating": {2.0}, "next": {3.0}}
    assert (state.best_epoch, state.best_score) == (2, 0.5)


def test_a_run_goes_on_with_what_is_left_of_each_tower(trainer, monkeypatch):
    """Stopped after epoch 5, when the rating tower had had enough."""
    from bst.training.state import TrainingState

    scores = {"rating": [0.9, 0.5, 0.6, 0.7, 0.1], "next": [3.0, 2.9, 2.95, 2.7, 2.6, 2.5, 2.55, 2.58]}
    with monkeypatch.context() as patch:
        half, _, _ = run_through(trainer, patch, scores, epochs=5, patience=2)
    state = TrainingState(5, half.history, half.best_epoch, half.best_score, half.best_weights)
    state, epochs, weights = run_through(trainer, monkeypatch, scores, epochs=8, patience=2, state=state)
    assert epochs == {"rating": [], "next": [6, 7, 8]}
    assert weights == {"rating": {2.0}, "next": {6.0}}
    assert (state.epoch, state.best_epoch) == (8, 2)


@pytest.mark.parametrize(("name", "columns"), [("rating", {"loss", "mae", "val_rmse"}), ("next", {"val_ndcg@10"})])
def test_one_tower_alone(name, columns, eager, trainer_of, timeline_settings, task):
    from bst.training.timeline import evaluate_model

    config = timeline_settings.config.with_towers([name])
    config = replace(config, **{name: replace(config.towers[name], layers=1)}, batch_events=2000)
    alone = trainer_of(config, task, 3)
    state = alone.fit(epochs=1, patience=1)  # a single step
    result = evaluate_model(alone.model, task)
    assert list(alone.towers) == list(alone.model.towers) == [name]
    assert (state.epoch, state.best_epoch) == (1, 1)
    other = {"rating": {"next_loss", "val_next_loss"}, "next": {"loss", "val_rmse"}}[name]
    assert columns <= set(state.history[0])
    assert not other & set(state.history[0])
    assert ("mae" in result["metrics"], "ndcg@10" in result["metrics"]) == (name == "rating", name == "next")
    assert ("peers" in result, "popularity" in result) == (name == "rating", name == "next")


# ---- one step


def test_the_learning_rate_by_hand(trainer):
    tower = trainer.towers["rating"]
    # warm-up of five steps to 0.02, then half a cosine to 0
    for done, share, rate in (
        (0, 0, 0.004),
        (2, 0, 0.012),
        (4, 0, 0.02),
        (100, 0, 0.02),
        (100, 0.25, 0.02 * (0.5 + 0.5 * np.sqrt(0.5))),
        (100, 0.5, 0.01),
        (100, 1, 0),
        (1, 0.5, 0.01 * 2 / 5),
    ):
        tower.optimizer.iterations.assign(done)
        assert tower.rate(share) == pytest.approx(rate), (done, share)


def step(trainer, name: str, share: float = 0.0) -> dict[str, float]:
    return trainer.towers[name].train(batch_of(trainer, name), share)


def batch_of(trainer, name: str, users=(0, 1, 2, 3), seed: int = 0):
    rng = np.random.default_rng(seed)
    users = np.flatnonzero(trainer.task.role[::24] == TRAIN)[list(users)]
    segments = training_segments(trainer.task.timelines, users, trainer.config.segment, rng)
    return trainer._training_batch(name, segments, rng)


@pytest.mark.parametrize("name", TOWERS)
def test_averages_move_towards_the_weights(name, trainer):
    """Step n has a decay of 1 − 1 / (1 + n / 2), so that the first weights are soon forgotten, and 0.9 at most."""
    tower = trainer.towers[name]
    weights = tower.tower.trainable_variables
    expected = [w.numpy() for w in weights]
    for average, value in zip(tower.averages, expected, strict=True):
        np.testing.assert_array_equal(average, value)
    for done, decay in ((0, 1 / 3), (1, 1 / 2), (2, 3 / 5), (99, 0.9)):
        tower.optimizer.iterations.assign(done)
        step(trainer, name)
        expected = [decay * value + (1 - decay) * w.numpy() for value, w in zip(expected, weights, strict=True)]
        for average, value in zip(tower.averages, expected, strict=True):
            np.testing.assert_allclose(average, value, atol=1e-6)


def test_a_step_uses_the_rate_of_its_moment(trainer):
    tower = trainer.towers["next"]
    step(trainer, "next", share=0.5)
    assert float(tower.optimizer.learning_rate) == pytest.approx(0.02 / 5 / 2)
    assert int(tower.optimizer.iterations) == 1


def test_towers_are_trained_apart(trainer):
    before = [v.numpy() for v in trainer.towers["next"].variables]
    step(trainer, "rating")
    assert all(np.array_equal(a, b) for a, b in zip(before, trainer.towers["next"].variables, strict=True))


@pytest.mark.parametrize("name", TOWERS)
def test_to_swap_twice_changes_nothing(name, trainer):
    tower = trainer.towers[name]
    step(trainer, name)
    weights, averages = ([v.numpy() for v in part] for part in (tower.tower.trainable_variables, tower.averages))
    assert any(not np.array_equal(weight, average) for weight, average in zip(weights, averages, strict=True))
    tower.swap()
    for weight, average, w, a in zip(tower.tower.trainable_variables, tower.averages, weights, averages, strict=True):
        np.testing.assert_array_equal(weight, a)
        np.testing.assert_array_equal(average, w)
    tower.swap()
    for weight, average, w, a in zip(tower.tower.trainable_variables, tower.averages, weights, averages, strict=True):
        np.testing.assert_array_equal(weight, w)
        np.testing.assert_array_equal(average, a)


def test_validation_leaves_the_weights_in_their_place(trainer):
    """Also when it fails."""
    from bst.training import timeline

    tower = trainer.towers["rating"]
    step(trainer, "rating")
    before = [v.numpy() for v in tower.variables]
    seen = []

    def fail(model, *arguments):
        seen.append(model.rating.bias.numpy())
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "distributions", fail)
        with pytest.raises(KeyboardInterrupt):
            trainer._validate(tower)
    at = [v.path for v in tower.tower.trainable_variables].index(trainer.model.rating.bias.path)
    np.testing.assert_array_equal(seen[0], tower.averages[at])
    assert all(np.array_equal(a, b) for a, b in zip(before, tower.variables, strict=True))


# ---- what an epoch sees


def epoch_batches(trainer, name: str, epoch: int, monkeypatch) -> list[dict[str, np.ndarray]]:
    """All batches of an epoch, none of which is trained on."""
    from bst.training.timeline import TowerTrainer

    batches = []

    def keep(tower, batch, share):
        batches.append(batch)
        return {"labels": 1, "loss": 0, "absolute": 0, "squared": 0}

    with monkeypatch.context() as patch:
        patch.setattr(TowerTrainer, "train", keep)
        patch.setattr(trainer, "_validate", lambda tower: {})
        trainer._epoch(trainer.towers[name], epoch, 8, [name], {}, lambda progress: None)
    return batches


@pytest.mark.parametrize("name", TOWERS)
def test_an_epoch_has_each_training_label_once_and_nobody_held_out(name, trainer, task, monkeypatch):
    batches = epoch_batches(trainer, name, 1, monkeypatch)
    labels = np.concatenate([b["movie"][b["label"]] for b in batches])
    wanted = task.timelines.movie[task.role == TRAIN]
    assert sorted(labels) == sorted(wanted)
    # 34 users are for training; whoever is held out is no history either
    assert sum((b["movie"] >= 0).sum() for b in batches) == len(wanted) == 34 * 24
    assert all(b["movie"].shape[1] <= 10 and b["movie"].size <= 200 for b in batches)


def test_an_epoch_follows_from_seed_and_number(trainer, monkeypatch):
    def told(name, epoch):
        return [tuple(b["movie"].ravel()) for b in epoch_batches(trainer, name, epoch, monkeypatch)]

    assert told("rating", 2) == told("rating", 2)
    assert len({tuple(told(name, epoch)) for name in TOWERS for epoch in (1, 2)}) == 4


def test_labels_of_other_roles_are_history_but_no_labels(trainer_of, timeline_settings, orderly, monkeypatch):
    """Under ``last`` a training timeline ends in a validation and a test label."""
    task = prepare(orderly, timeline_settings.config, "last", 3)
    config = replace(timeline_settings.config.with_towers(["next"]), unknown=0.0)
    batches = epoch_batches(trainer_of(config, task, 3), "next", 1, monkeypatch)
    assert sum(b["label"].sum() for b in batches) == 40 * 22
    assert sum((b["movie"] >= 0).sum() for b in batches) == 40 * 24


def test_shares_of_what_is_hidden(trainer, task):
    users = np.repeat(np.flatnonzero(task.role[::24] == TRAIN), 30)
    rng = np.random.default_rng(0)
    segments = training_segments(task.timelines, users, 10, rng)
    batch = trainer._training_batch("next", segments, rng)
    plain, _ = trainer.reader.read(segments, task.role == TRAIN)
    n = len(segments)
    assert n > 3000
    for who in WHO:
        hidden = batch[who] == -1
        assert hidden.mean() == pytest.approx(0.15, abs=4 * np.sqrt(0.15 * 0.85 / n)), who
        np.testing.assert_array_equal(batch[who][~hidden], plain[who][~hidden])
    assert ((batch["sex"] == -1) & (batch["age"] == -1)).mean() == pytest.approx(0.15**2, abs=0.012)
    dated = (plain["month"] > 0).any(axis=1)
    assert dated.all()
    hidden = (batch["month"] == 0).all(axis=1)
    assert hidden.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / n))
    # all times of a segment are unknown, or none
    for when in ("gap", "month"):
        np.testing.assert_array_equal(batch[when], np.where(hidden[:, None], 0, plain[when]))
    for same in ("movie", "level", "label"):
        np.testing.assert_array_equal(batch[same], plain[same])


def test_the_rating_tower_reads_the_fold_in_of_each_place(trainer, task):
    users = np.flatnonzero(task.role[::24] == TRAIN)[:3]
    segments = training_segments(task.timelines, users, 10, np.random.default_rng(0))
    batch = trainer._training_batch("rating", segments, np.random.default_rng(0))
    for row in range(len(segments)):
        at = slice(segments.start[row], segments.start[row] + segments.length[row])
        for name, values in (("folded", trainer.folded), ("doubt", trainer.doubt)):
            np.testing.assert_array_equal(batch[name][row, : segments.length[row]], values[at])
            assert (batch[name][row, segments.length[row] :] == 0).all()


def test_negatives_are_drawn_by_fame_and_evenly(trainer, task):
    rng = np.random.default_rng(1)
    segments = training_segments(task.timelines, np.flatnonzero(task.role[::24] == TRAIN)[:1], 10, rng)
    drawn = np.concatenate([trainer._training_batch("next", segments, rng)["negatives"] for _ in range(2000)])
    assert drawn.shape == (2000 * 16,)
    count = np.bincount(task.timelines.movie[task.role == TRAIN], minlength=30) + 1
    chance = 0.5 * count / count.sum() + 0.5 / 30
    share = np.bincount(drawn, minlength=30) / len(drawn)
    np.testing.assert_allclose(share, chance, atol=4.5 * np.sqrt(chance.max() / len(drawn)))
    np.testing.assert_allclose(trainer._log_chance, np.log(chance), atol=1e-5)


# ---- losses


def test_the_rating_loss_by_hand(still):
    from bst.training.timeline import ABSOLUTE_ERROR, SQUARED_ERROR

    batch = batch_of(still, "rating")
    batch["label"][0, 0] = False
    value, sums = still._rating_loss(batch)
    logits = np.array(still.model.rating(batch), np.float64)
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    assert p.std() > 0.01
    there = batch["label"]
    level = batch["level"][there]
    surprise = -np.log(p[there][np.arange(len(level)), level])
    error = p[there] @ np.arange(1, 6) - (level + 1)
    assert float(sums["labels"]) == there.sum() < (batch["movie"] >= 0).sum()
    assert float(sums["absolute"]) == pytest.approx(np.abs(error).sum(), rel=1e-4)
    assert float(sums["squared"]) == pytest.approx((error**2).sum(), rel=1e-4)
    loss = surprise + SQUARED_ERROR * error**2 + ABSOLUTE_ERROR * np.abs(error)
    assert float(sums["loss"]) == pytest.approx(loss.sum(), rel=1e-4)
    assert float(value) == pytest.approx(loss.mean(), rel=1e-4)


def catalogue_logits(still, batch) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits (labels, movies) of a batch, and the labels' movies."""
    states = np.array(still.model.next(batch)[0])[batch["label"]]
    return np.array(still.model.next.catalogue_logits(states), np.float64), batch["movie"][batch["label"]]


def test_with_every_movie_once_the_sampled_softmax_is_the_whole(still, monkeypatch):
    import tensorflow as tf

    batch = batch_of(still, "next") | {"negatives": np.arange(30, dtype=np.int32)}
    # thirty draws, each of an even chance of 1/30
    monkeypatch.setattr(still, "_log_chance", tf.fill([30], float(np.log(1 / 30))))
    monkeypatch.setattr(still, "config", replace(still.config, negatives=30))
    value, sums = still._next_loss(batch)
    logits, movie = catalogue_logits(still, batch)
    loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(movie)), movie]
    assert float(sums["labels"]) == len(movie) == batch["label"].sum()
    assert float(sums["loss"]) == pytest.approx(loss.sum(), rel=1e-5)
    assert float(value) == pytest.approx(loss.mean(), rel=1e-5)


def test_negatives_stand_for_the_catalogue_by_their_chance(still):
    """−ln of e^own / (e^own + Σ e^z / (n q)), over the n negatives that are not the label itself."""
    negatives = np.array([3, 3, 7, 11, 29, 0, 3, 8] * 2, np.int32)
    batch = batch_of(still, "next") | {"negatives": negatives}
    value, _ = still._next_loss(batch)
    logits, movie = catalogue_logits(still, batch)
    chance, losses = np.exp(np.array(still._log_chance, np.float64)), []
    for z, own in zip(logits, movie, strict=True):
        others = [np.exp(z[i]) / (16 * chance[i]) for i in negatives if i != own]
        losses.append(np.log(np.exp(z[own]) + sum(others)) - z[own])
    assert set(negatives) & set(movie), "some labels are among the negatives"
    assert float(value) == pytest.approx(np.mean(losses), rel=1e-5)


# ---- measuring


def histories(task: Task, start: np.ndarray, end: np.ndarray) -> dict[str, np.ndarray]:
    """The model's inputs for the events from ``start`` up to ``end``, padded; users by whom they are."""
    events, longest = task.timelines, int((end - start).max())
    told = {name: np.full((len(start), longest), -1 if name == "movie" else 0, np.int32) for name in EVENT_INPUTS}
    for row, (first, last) in enumerate(zip(start, end, strict=True)):
        n, time = last - first, events.timestamp[first:last]
        told["movie"][row, :n] = events.movie[first:last]
        told["level"][row, :n] = events.rating[first:last] - 1
        told["gap"][row, 1:n] = gap_buckets(np.diff(time))
        told["month"][row, :n] = months(time)
    users = task.dataset.users.iloc[task.user[end]]
    return told | {who: users[who].cat.codes.to_numpy(np.int32) for who in WHO}


def scored(model, task: Task, start: np.ndarray, at: np.ndarray, *, gaps: bool = True) -> np.ndarray:
    """Distributions (labels, levels) of labels, each from the events from ``start`` on, by encoding once."""
    told = histories(task, start, at)
    if not gaps:
        told |= {when: np.zeros_like(told[when]) for when in ("gap", "month")}
    logits = np.array(model.score(model.encode(told), np.arange(30, dtype=np.int32)), np.float64)
    logits = logits[np.arange(len(at)), task.timelines.movie[at]]
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


@pytest.mark.parametrize("gaps", [True, False])
def test_each_label_is_predicted_from_its_own_history(gaps, timeline_model, task, request):
    from bst.training.timeline import distributions

    if not gaps:  # compiled once is enough
        request.getfixturevalue("eager")
    found = distributions(timeline_model, task, TEST, gaps=gaps)
    assert found.shape == (96, 5)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    # stretches of 12 events; each later one starts 6 further on, and counts from its seventh
    history = task.history[task.test]
    begins = np.where(history < 12, 0, 6 * ((history - 12) // 6 + 1))
    assert ((history - begins >= 6) | (history < 12)).all()
    expected = scored(timeline_model, task, task.test - history + begins, task.test, gaps=gaps)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_times_matter_where_they_are_told(eager, timeline_model, task):
    from bst.training.timeline import distributions

    with_times, without = (distributions(timeline_model, task, TEST, gaps=gaps) for gaps in (True, False))
    # nothing is known of a first event's time
    first = task.history[task.test] == 0
    np.testing.assert_array_equal(with_times[first], without[first])
    assert np.abs(with_times - without)[~first].max() > 1e-6


def test_labels_of_a_role_alone_are_predicted(eager, timeline_model, task):
    from bst.training.timeline import distributions

    # of the test users only those with an odd place in their timeline
    odd = replace(task, role=np.where(task.history % 2 == 1, task.role, TRAIN))
    found = distributions(timeline_model, odd, TEST)
    whole = distributions(timeline_model, task, TEST)
    np.testing.assert_allclose(found, whole[task.history[task.test] % 2 == 1], atol=1e-6)
    assert distributions(timeline_model, task, VALIDATION).shape == (48, 5)


def test_places_of_last_movies(timeline_model, task):
    from bst.training.timeline import next_places

    place, surprise = next_places(timeline_model, task, TEST)
    last = task.last_labels(TEST)
    assert len(place) == len(last) == 4
    # with the label itself they are the newest 12 events
    encoded = timeline_model.encode(histories(task, last - 11, last))
    logits = np.array(timeline_model.next_logits(encoded), np.float64)
    assert place.tolist() == places(task, last, logits).tolist()
    label = logits[np.arange(4), task.timelines.movie[last]]
    np.testing.assert_allclose(surprise, np.log(np.exp(logits).sum(1)) - label, atol=1e-5)


def test_places_under_last_follow_the_users(eager, timeline_model, timeline_settings, orderly):
    """With timelines of different lengths, so that batches are in another order than users."""
    from bst.training.timeline import next_places

    place_of, user = orderly.ratings.groupby("user").cumcount(), orderly.ratings["user"]
    ratings = orderly.ratings[place_of < 3 + 7 * user % 20]
    task = prepare(replace(orderly, ratings=ratings), timeline_settings.config, "last", 0)
    place, surprise = next_places(timeline_model, task, VALIDATION)
    last = task.last_labels(VALIDATION)
    assert len(set(task.history[last])) > 10
    start = np.maximum(last - 11, task.timelines.offsets[task.user[last]])
    logits = np.array(timeline_model.next_logits(timeline_model.encode(histories(task, start, last))), np.float64)
    assert place.tolist() == places(task, last, logits).tolist()
    label = logits[np.arange(40), task.timelines.movie[last]]
    np.testing.assert_allclose(surprise, np.log(np.exp(logits).sum(1)) - label, atol=1e-5)


@pytest.mark.parametrize("protocol", ["visitor", "seed", "last"])
def test_gaps_unknown_are_reported_for_visitors(protocol, timeline_model, timeline_settings, orderly, monkeypatch):
    from bst.training import timeline

    task = prepare(orderly, timeline_settings.config, protocol, 3)
    asked, n = [], len(task.test)

    def predict(model, task, role, *, gaps=True):
        asked.append(gaps)
        return np.tile([0, 0, 0, 1, 0] if gaps else [0, 0, 1, 0, 0], (n, 1))

    monkeypatch.setattr(timeline, "distributions", predict)
    monkeypatch.setattr(timeline, "next_places", lambda model, task, role: (np.full(40, 2), None))
    result = timeline.evaluate_model(timeline_model, task)
    actual = task.timelines.rating[task.test]
    assert result["metrics"]["mae"] == pytest.approx(np.abs(4 - actual).mean())
    assert result["metrics"]["hr@10"] == 1
    if protocol == "visitor":
        assert result["gaps_unknown"]["mae"] == pytest.approx(np.abs(3 - actual).mean())
    else:
        assert "gaps_unknown" not in result
    assert asked == ([True, False] if protocol == "visitor" else [True])


def test_curves_and_settings_of_a_run_are_plain(trained_timeline, timeline_settings):
    said = json.loads((trained_timeline[1] / "3" / "run.json").read_text("utf-8"))
    assert said == timeline_settings.to_dict()
    assert said["config"]["rating"]["layers"] == 2
