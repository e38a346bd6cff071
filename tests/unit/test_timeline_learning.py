"""One step and one epoch of the timeline model's training: rates, averages, batches and losses, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from bst.models.registry import prepare
from bst.timelines.segments import training_segments
from bst.timelines.splits import TRAIN

# those that learn from each event as it comes; of the like tower see ``test_like_objective``
EVERY_EVENT = ("rating", "next")
TOWERS = (*EVERY_EVENT, "like")
WHO = ("sex", "age", "occupation")


@pytest.fixture(scope="module")
def still(timeline_settings, timeline_task):
    """A trainer without dropout, so that its losses can be worked out by hand; its head is not all zeros."""
    from bst.models.timeline.trainer import TimelineTrainer

    config = timeline_settings.config
    towers = {name: replace(tower, dropout=0.0, layers=1) for name, tower in config.towers.items()}
    trainer, rng = TimelineTrainer(replace(config, **towers), timeline_task, 0), np.random.default_rng(4)
    trainer.model.rating.logits.kernel.assign(rng.normal(0, 0.2, trainer.model.rating.logits.kernel.shape))
    return trainer


def batch_of(trainer, name: str, users=(0, 1, 2, 3), seed: int = 0):
    rng, objective = np.random.default_rng(seed), trainer.towers[name].objective
    users = np.flatnonzero(trainer.split.role[::24] == TRAIN)[list(users)]
    segments = objective.segments(rng)
    return objective.batch(segments.take(np.isin(segments.user, users)), rng)


def step(trainer, name: str, share: float = 0.0) -> dict[str, float]:
    return trainer.towers[name].train(batch_of(trainer, name), share)


# ---- one step


def test_the_learning_rate_by_hand(timeline_trainer):
    tower = timeline_trainer.towers["rating"]
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


@pytest.mark.parametrize("name", TOWERS)
def test_averages_move_towards_the_weights(name, timeline_trainer):
    """Step n has a decay of 1 − 1 / (1 + n / 2), so that the first weights are soon forgotten, and 0.9 at most."""
    tower = timeline_trainer.towers[name]
    weights = tower.tower.trainable_variables
    expected = [w.numpy() for w in weights]
    for average, value in zip(tower.averages, expected, strict=True):
        np.testing.assert_array_equal(average, value)
    for done, decay in ((0, 1 / 3), (1, 1 / 2), (2, 3 / 5), (99, 0.9)):
        tower.optimizer.iterations.assign(done)
        step(timeline_trainer, name)
        expected = [decay * value + (1 - decay) * w.numpy() for value, w in zip(expected, weights, strict=True)]
        for average, value in zip(tower.averages, expected, strict=True):
            np.testing.assert_allclose(average, value, atol=1e-6)


def test_a_step_uses_the_rate_of_its_moment(timeline_trainer):
    tower = timeline_trainer.towers["next"]
    step(timeline_trainer, "next", share=0.5)
    assert float(tower.optimizer.learning_rate) == pytest.approx(0.02 / 5 / 2)
    assert int(tower.optimizer.iterations) == 1


def test_towers_are_trained_apart(timeline_trainer):
    before = [v.numpy() for v in timeline_trainer.towers["next"].variables]
    step(timeline_trainer, "rating")
    assert all(np.array_equal(a, b) for a, b in zip(before, timeline_trainer.towers["next"].variables, strict=True))


@pytest.mark.parametrize("name", TOWERS)
def test_to_swap_twice_changes_nothing(name, timeline_trainer):
    tower = timeline_trainer.towers[name]
    step(timeline_trainer, name)
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


def test_validation_leaves_the_weights_in_their_place(timeline_trainer):
    """Also when it fails."""
    from bst.models.timeline import objectives

    tower = timeline_trainer.towers["rating"]
    step(timeline_trainer, "rating")
    before = [v.numpy() for v in tower.variables]
    seen = []

    def fail(model, *arguments, **options):
        seen.append(model.rating.bias.numpy())
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objectives, "distributions", fail)
        with pytest.raises(KeyboardInterrupt):
            timeline_trainer._validate(tower)
    at = [v.path for v in tower.tower.trainable_variables].index(timeline_trainer.model.rating.bias.path)
    np.testing.assert_array_equal(seen[0], tower.averages[at])
    assert all(np.array_equal(a, b) for a, b in zip(before, tower.variables, strict=True))


# ---- what an epoch sees


def epoch_batches(trainer, name: str, epoch: int, monkeypatch) -> list[dict[str, np.ndarray]]:
    """All batches of an epoch, none of which is trained on."""
    from bst.models.timeline.trainer import TowerTrainer

    batches = []

    def keep(tower, batch, share):
        batches.append(batch)
        return {"labels": 1, "loss": 0, "absolute": 0, "squared": 0}

    with monkeypatch.context() as patch:
        patch.setattr(TowerTrainer, "train", keep)
        patch.setattr(trainer, "_validate", lambda tower: {})
        trainer._epoch(trainer.towers[name], epoch, 8, [name], {}, lambda progress: None)
    return batches


@pytest.mark.parametrize("name", EVERY_EVENT)
def test_an_epoch_has_each_training_label_once_and_nobody_held_out(name, timeline_trainer, timeline_task, monkeypatch):
    batches = epoch_batches(timeline_trainer, name, 1, monkeypatch)
    labels = np.concatenate([b["movie"][b["label"]] for b in batches])
    wanted = timeline_task.timelines.movie[timeline_task.role == TRAIN]
    assert sorted(labels) == sorted(wanted)
    # 34 users are for training; whoever is held out is no history either
    assert sum((b["movie"] >= 0).sum() for b in batches) == len(wanted) == 34 * 24
    assert all(b["movie"].shape[1] <= 10 and b["movie"].size <= 200 for b in batches)


def test_an_epoch_follows_from_seed_and_number(timeline_trainer, monkeypatch):
    def told(name, epoch):
        return [tuple(b["movie"].ravel()) for b in epoch_batches(timeline_trainer, name, epoch, monkeypatch)]

    assert told("rating", 2) == told("rating", 2)
    assert len({tuple(told(name, epoch)) for name in TOWERS for epoch in (1, 2)}) == 6


@pytest.mark.slow
def test_labels_of_other_roles_are_history_but_no_labels(timeline_settings, orderly, monkeypatch):
    """Under ``last`` a training timeline ends in a validation and a test label."""
    from bst.models.timeline.trainer import TimelineTrainer

    split = prepare(orderly, timeline_settings.config, "last", 3)
    config = replace(timeline_settings.config.with_tasks(["next"]), unknown=0.0)
    batches = epoch_batches(TimelineTrainer(config, split, 3), "next", 1, monkeypatch)
    assert sum(b["label"].sum() for b in batches) == 40 * 22
    assert sum((b["movie"] >= 0).sum() for b in batches) == 40 * 24


def test_shares_of_what_is_hidden(timeline_trainer, timeline_task):
    users = np.repeat(np.flatnonzero(timeline_task.role[::24] == TRAIN), 30)
    rng = np.random.default_rng(0)
    segments = training_segments(timeline_task.timelines, users, 10, rng)
    objective = timeline_trainer.towers["next"].objective
    batch = objective.batch(segments, rng)
    plain, _ = objective.reader.read(segments, timeline_task.role == TRAIN)
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


def test_the_rating_tower_reads_the_fold_in_of_each_position(timeline_trainer, timeline_task):
    """That of what it reads: the events of the segment and the demographics that are not hidden."""
    users = np.flatnonzero(timeline_task.role[::24] == TRAIN)[:6]
    segments = training_segments(timeline_task.timelines, users, 10, np.random.default_rng(0))
    objective = timeline_trainer.towers["rating"].objective
    batch = objective.batch(segments, np.random.default_rng(0))
    events, folds = timeline_task.timelines, objective.out_of_fold
    known = {name: batch[name] for name in ("sex", "age", "occupation")}
    assert min(codes.min() for codes in known.values()) == -1, "some are hidden"
    for row, (start, length) in enumerate(zip(segments.start, segments.length, strict=True)):
        factors, prior = folds.models[folds.fold[segments.user[row]]]
        at, codes = slice(start, start + length), {name: values[row : row + 1] for name, values in known.items()}
        expected = prior.fold_in(factors, events.movie[at], events.rating[at], np.array([0, length]), codes)
        for name, values in zip(("fold_in_prediction", "variance"), expected, strict=True):
            np.testing.assert_allclose(batch[name][row, :length], values, atol=1e-5)
            assert (batch[name][row, length:] == 0).all()


def test_negatives_are_drawn_by_popularity_and_uniformly(timeline_trainer, timeline_task):
    rng, objective = np.random.default_rng(1), timeline_trainer.towers["next"].objective
    segments = training_segments(
        timeline_task.timelines, np.flatnonzero(timeline_task.role[::24] == TRAIN)[:1], 10, rng
    )
    drawn = np.concatenate([objective.batch(segments, rng)["negatives"] for _ in range(2000)])
    assert drawn.shape == (2000 * 16,)
    count = np.bincount(timeline_task.timelines.movie[timeline_task.role == TRAIN], minlength=30) + 1
    probability = 0.5 * count / count.sum() + 0.5 / 30
    share = np.bincount(drawn, minlength=30) / len(drawn)
    np.testing.assert_allclose(share, probability, atol=4.5 * np.sqrt(probability.max() / len(drawn)))
    np.testing.assert_allclose(objective.sampling_log_probability, np.log(probability), atol=1e-5)


# ---- losses


def test_the_rating_loss_by_hand(still):
    from bst.models.timeline.objectives import ABSOLUTE_ERROR, SQUARED_ERROR

    batch = batch_of(still, "rating")
    batch["label"][0, 0] = False
    value, sums = still.towers["rating"].objective.loss(batch)
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


def unseen_logits(still, batch, group) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits (labels, movies) of a batch, −∞ for what its user watched earlier, and the labels' movies."""
    states, vectors = still.model.next(batch)
    logits = np.array(still.model.next.logits(np.array(states)[batch["label"]], 0, vectors), np.float64)
    events = still.split.timelines
    for row, (timeline, position) in zip(logits, np.argwhere(batch["label"]), strict=True):
        first = events.offsets[group.user[timeline]]
        row[events.movie[first : group.start[timeline] + position]] = -np.inf
    return logits, batch["movie"][batch["label"]]


def next_batch(still):
    """Return a batch of the next tower and its segments, some of which begin in the middle of a timeline."""
    rng, objective = np.random.default_rng(0), still.towers["next"].objective
    segments = objective.segments(rng)
    group = segments.take(np.isin(segments.user, objective.users[:4]))
    assert (group.start > still.split.timelines.offsets[group.user]).any()
    return objective.batch(group, rng), group


def test_the_next_movie_is_looked_for_among_unseen_ones(still, monkeypatch):
    """−ln of e^own / Σ e^z, over the movies that the user had not watched before, in whatever segment."""
    objective = still.towers["next"].objective
    monkeypatch.setattr(objective, "config", replace(still.config, negatives=0))
    batch, group = next_batch(still)
    value, sums = objective.loss(batch)
    logits, movie = unseen_logits(still, batch, group)
    loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(movie)), movie]
    assert float(sums["labels"]) == len(movie) == batch["label"].sum()
    assert float(sums["loss"]) == pytest.approx(loss.sum(), rel=1e-5)
    assert float(value) == pytest.approx(loss.mean(), rel=1e-5)


def test_a_movie_that_is_watched_again_is_no_label(still, monkeypatch):
    objective = still.towers["next"].objective
    rng, segments = np.random.default_rng(0), objective.segments(np.random.default_rng(0))
    movies = objective.split.timelines.movie.copy()
    user = objective.users[0]
    begin = objective.split.timelines.offsets[user]
    movies[begin + 20] = movies[begin + 3]
    again = replace(objective.split, timelines=replace(objective.split.timelines, movie=movies))
    monkeypatch.setattr(objective, "split", again)
    monkeypatch.setattr(objective.reader, "timelines", again.timelines)
    group = segments.take(segments.user == user)
    batch = objective.batch(group, rng)
    at = (group.start[:, None] + np.arange(batch["movie"].shape[1]))[batch["label"]] - begin
    assert sorted(at) == [event for event in range(24) if event != 20]


def test_with_every_movie_once_the_sampled_softmax_is_the_whole(still, monkeypatch):
    import tensorflow as tf

    objective = still.towers["next"].objective
    batch, group = next_batch(still)
    batch |= {"negatives": np.arange(30, dtype=np.int32)}
    # thirty draws, each of an even chance of 1/30
    monkeypatch.setattr(objective, "sampling_log_probability", tf.fill([30], float(np.log(1 / 30))))
    monkeypatch.setattr(objective, "config", replace(still.config, negatives=30))
    value, sums = objective.loss(batch)
    logits, movie = unseen_logits(still, batch, group)
    loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(movie)), movie]
    assert float(sums["loss"]) == pytest.approx(loss.sum(), rel=1e-5)
    assert float(value) == pytest.approx(loss.mean(), rel=1e-5)


def test_negatives_stand_for_the_catalogue(still):
    """−ln of e^own / (e^own + Σ e^z / (n q)), over the n negatives that are unseen and not the label itself."""
    negatives = np.array([3, 3, 7, 11, 29, 0, 3, 8] * 2, np.int32)
    batch, group = next_batch(still)
    batch |= {"negatives": negatives}
    objective = still.towers["next"].objective
    value, _ = objective.loss(batch)
    logits, movie = unseen_logits(still, batch, group)
    probability, losses = np.exp(np.array(objective.sampling_log_probability, np.float64)), []
    for z, own in zip(logits, movie, strict=True):
        others = [np.exp(z[i]) / (16 * probability[i]) for i in negatives if i != own]
        losses.append(np.log(np.exp(z[own]) + sum(others)) - z[own])
    assert set(negatives) & set(movie), "some labels are among the negatives"
    assert float(value) == pytest.approx(np.mean(losses), rel=1e-5)


# ---- the time of the request


def test_requests_are_the_times_of_the_labels_and_often_unknown(still, monkeypatch):
    """All times are hidden in 30% of the timelines, and the time of the request alone in as many again."""
    objective = still.towers["next"].objective
    monkeypatch.setattr(objective, "config", replace(still.config, no_gaps=0.3, no_request=0.6))
    rng, segments = np.random.default_rng(0), objective.segments(np.random.default_rng(0))
    group = segments.take(np.repeat(np.arange(len(segments)), 40))
    batch = objective.batch(group, rng)
    plain, _ = objective.reader.read(group, objective.split.role == TRAIN)
    timed, asked = (batch[name].any(axis=1) for name in ("month", "request_month"))
    assert not (asked & ~timed).any()
    assert timed.mean() == pytest.approx(0.7, abs=0.05)
    assert asked.mean() == pytest.approx(0.4, abs=0.05)
    for name in ("gap", "month"):
        np.testing.assert_array_equal(batch[name][timed], plain[name][timed])
        np.testing.assert_array_equal(batch[f"request_{name}"][asked], plain[name][asked])


def test_months_without_ratings_are_as_the_nearest_with_one(still):
    tower, objective = still.model.next, still.towers["next"].objective
    trained = np.unique(objective.reader.month[objective.split.role == TRAIN])
    before = {table: table.embeddings.numpy() for table in (tower.month, tower.request_month)}
    objective.finish()
    for table, rows in before.items():
        after = table.embeddings.numpy()
        np.testing.assert_array_equal(after[trained], rows[trained])
        np.testing.assert_array_equal(after[0], rows[0])
        np.testing.assert_array_equal(after[1], rows[trained[0]])
        np.testing.assert_array_equal(after[511], rows[trained[-1]])
