"""Training of classic models: masking, the order of windows, and whether anything is learned."""

import numpy as np
import pytest

from bst.models.registry import prepare, preset
from bst.models.trainer import FitOptions, TrainingState
from bst.timelines.arrays import Windows, build_timelines, build_windows, windows_of_every_event
from bst.timelines.splits import TRAIN


def arrays_of(n, slots=3):
    """Windows in which every value tells its place: window i holds movies 10 i, 10 i + 1, …"""
    movies = (10 * np.arange(n)[:, None] + np.arange(slots)).astype(np.int32)
    who = {name: np.arange(n, dtype=np.int32) % size for name, size in (("sex", 2), ("age", 7), ("occupation", 21))}
    user, target = np.arange(n, dtype=np.int32), movies[:, -1] + 1
    return {"movies": movies, "ratings": movies + 0.5, "target": target, "user": user, **who}


def config(**changes):
    return preset("user-features", **{"short_history": 0.0, "unknown": 0.0, **changes})


# ---- windows → arrays


def test_arrays_of_windows_by_hand(tiny_dataset):
    from bst.models.classic.trainer import window_arrays

    timelines = build_timelines(tiny_dataset)
    arrays, labels = window_arrays(tiny_dataset, timelines, build_windows(timelines, 3, 2))
    # user 0: movies 2, 0, 1 rated 3, 5, 4; user 1: movies 0 … 4 rated 1 … 5; user 2 rated its six from last to first
    assert arrays["movies"].tolist() == [[2, 0], [0, 1], [2, 3], [5, 4], [3, 2], [2, 1]]
    assert arrays["ratings"].tolist() == [[3, 5], [1, 2], [3, 4], [3, 3], [4, 4], [4, 5]]
    assert arrays["target"].tolist() == [1, 2, 4, 3, 1, 0]
    assert labels.tolist() == [4, 3, 5, 4, 5, 5]
    assert arrays["user"].tolist() == [0, 1, 1, 2, 2, 2]
    assert arrays["sex"].tolist() == [0, 1, 1, 0, 0, 0]  # F, M, F
    assert arrays["age"].tolist() == [2, 0, 0, 6, 6, 6]  # 25, 1, 56
    assert arrays["occupation"].tolist() == [2, 10, 10, 13, 13, 13]  # artist, K-12 student, retired


def test_unknown_demographics_are_minus_one(tiny_dataset):
    from dataclasses import replace

    from bst.models.classic.trainer import window_arrays

    users = tiny_dataset.users.copy()
    users.loc[1, ["sex", "age", "occupation"]] = None
    dataset = replace(tiny_dataset, users=users)
    timelines = build_timelines(dataset)
    arrays, _ = window_arrays(dataset, timelines, build_windows(timelines, 3, 2))
    assert [arrays[name][1] for name in ("sex", "age", "occupation", "user")] == [-1, -1, -1, 1]


def test_a_window_that_begins_before_its_user_is_empty_up_to_there(tiny_dataset):
    from bst.models.classic.trainer import window_arrays

    timelines = build_timelines(tiny_dataset)
    arrays, labels = window_arrays(tiny_dataset, timelines, windows_of_every_event(timelines, 3))
    # users 0 and 1 again: each of their ratings is a label, the first of them after nothing
    assert arrays["movies"][:5].tolist() == [[-1, -1], [-1, 2], [2, 0], [-1, -1], [-1, 0]]
    assert arrays["ratings"][:5].tolist() == [[0, 0], [0, 3], [3, 5], [0, 0], [0, 1]]
    assert arrays["target"].tolist() == timelines.movie.tolist()
    assert labels.tolist() == timelines.rating.tolist()


# ---- users who are held out whole


def test_under_visitor_a_classic_model_is_tested_on_every_rating_of_the_users_held_out(world):
    plain, split = (prepare(world, made, "visitor", 3) for made in (config(step=1), preset("timeline")))
    assert plain.test.tolist() == split.test.tolist(), "the same labels as a timeline model"
    assert plain.windows.test.target.tolist() == plain.test.tolist()
    roles = plain.role[plain.windows.train.target]
    assert set(roles.tolist()) == {TRAIN}, "no rating of a user held out is a label of training"
    assert not set(plain.windows.train.user) & set(plain.windows.test.user)


def test_users_held_out_have_no_id_that_was_learned(world):
    from bst.models.classic.trainer import held_out_arrays

    visitor, known = (prepare(world, config(step=1), protocol, 3) for protocol in ("visitor", "windows"))
    assert set(held_out_arrays(visitor, visitor.windows.validation)[0]["user"].tolist()) == {-1}
    assert -1 not in held_out_arrays(known, known.windows.validation)[0]["user"]


def test_the_card_says_how_the_test_users_were_held_out():
    from bst.bundles.bundle import open_bundle

    assert "Test users are held out whole" in open_bundle("demo-compact").model_card


# ---- hiding


def test_nothing_is_masked_at_rate_zero():
    from bst.models.classic.trainer import mask_inputs

    arrays = arrays_of(50)
    masked = mask_inputs(arrays, config(), np.random.default_rng(0))
    assert all(np.array_equal(masked[name], arrays[name]) for name in arrays)


def test_a_shortened_history_keeps_its_newest_events():
    from bst.models.classic.trainer import mask_inputs

    n = 6000
    arrays = arrays_of(n)
    before = {name: values.copy() for name, values in arrays.items()}
    masked = mask_inputs(arrays, config(short_history=1.0), np.random.default_rng(1))
    kept = (masked["movies"] >= 0).sum(axis=1)
    # of three slots 0, 1 or 2 newest events stay, each as often: 2000 ± 3 √(6000 × 1/3 × 2/3) = 2000 ± 110
    assert np.bincount(kept, minlength=4)[3] == 0
    assert np.abs(np.bincount(kept)[:3] - n / 3).max() < 110
    for window in range(200):
        k = kept[window]
        assert masked["movies"][window].tolist() == [-1] * (3 - k) + arrays["movies"][window, 3 - k :].tolist()
        assert masked["ratings"][window].tolist() == [0.0] * (3 - k) + arrays["ratings"][window, 3 - k :].tolist()
    assert all(np.array_equal(arrays[name], before[name]) for name in arrays), "the given arrays stay as they are"
    assert np.array_equal(masked["target"], before["target"])


def test_masked_shares():
    from bst.models.classic.trainer import mask_inputs

    n = 10_000
    masked = mask_inputs(arrays_of(n), config(short_history=0.2, unknown=0.1), np.random.default_rng(2))
    shortened = (masked["movies"] < 0).any(axis=1).mean()
    assert shortened == pytest.approx(0.2, abs=0.015)
    unknown = {name: masked[name] < 0 for name in ("user", "sex", "age", "occupation")}
    for name, mask in unknown.items():
        assert mask.mean() == pytest.approx(0.1, abs=0.012), name
    # each is masked independently: two at once in a hundredth of the windows
    assert (unknown["user"] & unknown["sex"]).mean() == pytest.approx(0.01, abs=0.004)


def test_a_window_without_history_can_be_masked():
    from bst.models.classic.trainer import mask_inputs

    assert (
        mask_inputs(arrays_of(5, slots=1), config(short_history=1.0), np.random.default_rng(0))["movies"].tolist()
        == [[-1]] * 5
    )


# ---- batches


def epoch_of(arrays, labels, seed, epoch, **changes):
    from bst.models.classic.trainer import training_epoch

    return training_epoch(arrays, labels, config(**changes), seed, epoch)


def test_every_window_comes_once_with_its_own_label():
    arrays, labels = arrays_of(21), np.arange(21, dtype=np.float32)
    inputs, targets = epoch_of(arrays, labels, seed=0, epoch=1)
    at = inputs["user"]
    assert sorted(at.tolist()) == list(range(21))
    assert targets.tolist() == at.tolist()
    assert all(np.array_equal(inputs[name], arrays[name][at]) for name in arrays)


def test_order_and_hiding_follow_from_seed_and_epoch_alone():
    arrays, labels = arrays_of(40), np.zeros(40, np.float32)
    hiding = {"short_history": 0.5, "unknown": 0.5}
    first, again = (epoch_of(arrays, labels, seed=4, epoch=2, **hiding)[0] for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in arrays)
    orders = [epoch_of(arrays, labels, seed=s, epoch=e)[0]["user"] for s, e in ((4, 1), (4, 2), (4, 3), (5, 2))]
    assert len({tuple(order) for order in orders}) == 4


# ---- fitting


def test_the_planted_difference_is_learnt(small_bundle, world):
    """The trained model, read back, against the mean rating, which is a star off."""
    from bst.models.classic.trainer import predict_windows

    split = prepare(world, small_bundle.config, "windows", small_bundle.seed)
    actual = split.timelines.rating[split.windows.test.target]
    predicted = predict_windows(small_bundle.load_model(world.movies), split, split.windows.test)
    mean_error = np.abs(split.known.mean - actual).mean()
    assert mean_error > 0.8
    assert np.abs(predicted - actual).mean() < 0.85 * mean_error
    # movies in even rows are two stars better than the others
    even = split.timelines.movie[split.windows.test.target] % 2 == 0
    assert predicted[even].mean() - predicted[~even].mean() > 0.5
    # the curves of the bundle come from the same kind of error
    history = small_bundle.history
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))
    assert history["val_mae"].iloc[-1] < history["val_mae"].iloc[0]
    assert (history["val_rmse"] ** 2).tolist() == pytest.approx(history["val_loss"].tolist(), rel=1e-4)


def fitted(monkeypatch, validation_errors, **options):
    """Fit a small model whose validation errors are given; return state, model, and its weights after each epoch."""
    from bst.models.classic import trainer as training
    from bst.models.classic.model import build_classic
    from bst.models.config import Sizes

    small = config(mlp=(4,), heads=1, batch_size=16, dropout=0.0)
    model = build_classic(small, Sizes(30, 300))
    training.compile_model(model, small)
    model.run_eagerly = True  # to trace the graph would take far longer than these few steps
    errors = iter(validation_errors)
    monkeypatch.setattr(training, "predict_arrays", lambda model, arrays: np.full(4, 3 + next(errors), np.float32))
    validation = ({}, np.full(4, 3, np.float32))
    weights, progress = [], []
    arrays, labels = arrays_of(30), np.full(30, 4, np.float32)
    state = training.fit(
        model,
        (arrays, labels),
        validation,
        FitOptions(on_epoch=lambda state: weights.append(model.get_weights()), on_progress=progress.append, **options),
        seed=0,
        state=TrainingState(),
    )
    return state, model, weights, progress


def same(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def test_early_stopping_keeps_the_best_epoch(monkeypatch):
    state, model, weights, progress = fitted(monkeypatch, [0.9, 0.5, -0.6, 0.5, 0.1], epochs=9, patience=2)
    # 0.6 and 0.5 do not fall below the second epoch's 0.5, so it ends two epochs later
    assert (state.epoch, state.best_epoch) == (4, 2)
    assert state.best_score == pytest.approx(0.5)
    assert [row["val_mae"] for row in state.history] == pytest.approx([0.9, 0.5, 0.6, 0.5])
    assert [row["val_rmse"] for row in state.history] == pytest.approx([0.9, 0.5, 0.6, 0.5])
    assert same(model.get_weights(), weights[1])
    assert not same(model.get_weights(), weights[3])
    shares = [p.share for p in progress]
    assert shares == sorted(shares)
    assert {p.epoch for p in progress} == {1, 2, 3, 4}
    assert shares[-1] == pytest.approx(4 / 9)
    assert all(
        0 < s <= 4 / 9 and p.remaining_s >= 0 and "mae" in p.metrics for s, p in zip(shares, progress, strict=True)
    )
    assert [p.step for p in progress if p.step == p.steps] == [2] * 4  # 30 windows in batches of 16


def test_all_epochs_run_while_it_gets_better(monkeypatch):
    state, model, weights, progress = fitted(monkeypatch, [0.4, 0.3, 0.2], epochs=3, patience=1)
    assert (state.epoch, state.best_epoch) == (3, 3)
    assert same(model.get_weights(), weights[2])
    assert progress[-1].share == 1
    assert progress[-1].remaining_s == 0


def test_an_epoch_takes_the_steps_of_keras():
    """The same batches, dropout, updates and errors as ``model.fit``, with a last batch that is smaller."""
    import keras

    from bst.models.classic import trainer as training
    from bst.models.classic.model import build_classic
    from bst.models.config import Sizes

    settings = config(mlp=(4,), heads=2, batch_size=16, dropout=0.3, unknown=0.5, short_history=0.5)
    arrays, labels = arrays_of(40), np.random.default_rng(0).uniform(1, 5, 40).astype(np.float32)
    inputs, targets = training.training_epoch(arrays, labels, settings, seed=3, epoch=1)
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        models.append(build_classic(settings, Sizes(40, 400)))
        training.compile_model(models[-1], settings)
        models[-1].run_eagerly = True
    ours, theirs = models
    state = training.fit(ours, (arrays, labels), (arrays, labels), FitOptions(1, 1), 3, TrainingState())
    history = theirs.fit(inputs, targets[:, None], batch_size=16, shuffle=False, verbose=0).history
    for own, keras_own in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(own, keras_own, atol=1e-6)
    assert state.history[0]["loss"] == pytest.approx(history["loss"][0], rel=1e-5)
    assert state.history[0]["rmse"] == pytest.approx(history["loss"][0] ** 0.5, rel=1e-5)
    assert int(ours.optimizer.iterations) == 3


def test_as_a_visitor_masks_the_user_and_nothing_else(world, monkeypatch):
    from bst.models.classic import trainer as training

    split = prepare(world, config(step=1), "windows", 3)
    seen = []
    monkeypatch.setattr(training, "predict_arrays", lambda model, arrays: seen.append(arrays))
    for as_visitor in (False, True):
        training.predict_windows(None, split, split.windows.test, as_visitor=as_visitor)
    plain, masked = seen
    assert (masked["user"] == -1).all()
    assert np.array_equal(plain["user"], split.windows.test.user)
    assert all(np.array_equal(plain[name], masked[name]) for name in plain if name != "user")


def test_predictions_keep_the_order_of_the_windows(small_bundle, world, monkeypatch):
    from bst.models.classic import trainer as training

    split = prepare(world, small_bundle.config, "windows", small_bundle.seed)
    model, windows = small_bundle.load_model(world.movies), split.windows.test
    whole = training.predict_windows(model, split, windows)
    assert whole.shape == (len(windows),)
    backwards = Windows(windows.start[::-1], windows.user[::-1], windows.length)
    np.testing.assert_allclose(training.predict_windows(model, split, backwards)[::-1], whole, atol=1e-6)
    monkeypatch.setattr(training, "EVALUATION_BATCH", 7)
    np.testing.assert_allclose(training.predict_windows(model, split, windows), whole, atol=1e-6)


# ---- the optimiser


def optimised(optimizer, batches):
    """Take a few steps on a table of 3 × 2 and a bias of 2, from zero; return both."""
    import keras
    import tensorflow as tf

    table, bias = (keras.Variable(np.zeros(shape, np.float32)) for shape in ((3, 2), (2,)))
    optimizer.build([table, bias])
    for rows, slope in batches:
        with tf.GradientTape() as tape:
            loss = slope * tf.reduce_sum(tf.gather(table.value, rows)) + 3 * tf.reduce_sum(bias.value)
        optimizer.apply(tape.gradient(loss, [table.value, bias.value]), [table, bias])
    return table.numpy(), bias.numpy()


def our_optimizer(rate):
    from bst.models.classic.model import build_classic
    from bst.models.classic.trainer import compile_model
    from bst.models.config import Sizes

    model = build_classic(config(learning_rate=rate), Sizes(4, 4))
    compile_model(model, model.config)
    return model.optimizer


def test_the_optimiser_by_hand():
    """G += g², w −= rate · g / √G, with G = 0.1 at first (Duchi et al. 2011)."""
    table, bias = optimised(our_optimizer(0.5), [([0, 2], 1.0), ([2], -2.0)])
    once = -0.5 / np.sqrt(1.1)
    twice = once + 0.5 * 2 / np.sqrt(5.1)
    np.testing.assert_allclose(table, [[once] * 2, [0] * 2, [twice] * 2], rtol=1e-5)
    np.testing.assert_allclose(bias, [-0.5 * 3 / np.sqrt(9.1) - 0.5 * 3 / np.sqrt(18.1)] * 2, rtol=1e-5)


def test_the_optimiser_is_keras_own():
    """With rows that a batch holds several times, too."""
    import keras

    batches = [([2, 0, 2], 1.0), ([1, 1, 1], -2.0), ([0, 2, 1], 0.5)]
    ours, theirs = (optimised(o, batches) for o in (our_optimizer(0.5), keras.optimizers.Adagrad(0.5)))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5)
