"""What the like tower is trained on: labels and losses by hand, and nothing of what comes after a moment."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bst.metrics import LIKED
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.timelines.arrays import build_timelines
from bst.timelines.splits import TEST, TRAIN, VALIDATION, EvaluationSplit

TOWER = TowerConfig(width=8, layers=1)
CONFIG = TimelineConfig("small", TOWER, TOWER, TOWER, train_length=10, max_history=12, unknown=0.0, shuffled=0.0)
# the movies of each training user of the tiny dataset in their order, and those rated 4 or more
ORDER, FAVOURITES = {0: (2, 0, 1), 1: (0, 1, 2, 3, 4)}, {0: {0, 1}, 1: {3, 4}}


def objective_of(dataset, role, **changes):
    """The objective on a dataset whose events have these roles; its batches need no model but the configuration."""
    from bst.models.timeline.like_objective import LikeObjective

    split = EvaluationSplit(dataset, build_timelines(dataset), "visitor", 0, np.array(role, np.int8))
    return LikeObjective(SimpleNamespace(config=replace(CONFIG, **changes)), split, 0)


@pytest.fixture
def objective(tiny_dataset):
    """Users 0 and 1 are to be learnt from, user 2 is not."""
    return objective_of(tiny_dataset, [TRAIN] * 8 + [TEST] * 6)


def batches(objective, count: int = 40):
    """Batches of all training users, with whom each moment is of."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        segments = objective.segments(rng)
        batch = objective.batch(segments, rng)
        yield batch, segments.user[batch["timeline"]]


def movies(mask: np.ndarray) -> set[int]:
    return set(np.flatnonzero(mask).tolist())


# ---- labels


def test_what_was_watched_before_and_liked_later_by_hand(objective):
    found = set()
    for batch, users in batches(objective):
        for user, position, seen, liked in zip(users, batch["position"], batch["seen"], batch["liked"], strict=True):
            assert movies(seen) == set(ORDER[user][:position])
            assert movies(liked) == FAVOURITES[user] - set(ORDER[user][:position])
            assert movies(liked), "a moment without a label is left out"
            found.add((int(user), int(position)))
    # at each user's first moments, and never after their last event
    assert {(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)} <= found
    assert max(position for _, position in found) <= 4


def test_whoever_is_held_out_teaches_nothing(objective):
    batch, users = next(batches(objective))
    assert set(users.tolist()) == {0, 1}
    assert not (batch["liked"] | batch["seen"])[:, 5].any(), "user 2 alone has watched the last movie"


def test_held_out_events_of_others_are_no_labels(tiny_dataset):
    """Under ``last`` a timeline ends in a validation and a test label: here those of user 1."""
    objective = objective_of(tiny_dataset, [TRAIN] * 3 + [TRAIN] * 3 + [VALIDATION, TEST] + [TEST] * 6)
    for batch, users in batches(objective):
        # they liked nothing else, so there is nothing to learn from them
        assert set(users.tolist()) == {0}
        assert not batch["liked"][:, [3, 4]].any()


def test_in_any_order_what_is_not_seen_is_later(tiny_dataset):
    objective, orders = objective_of(tiny_dataset, [TRAIN] * 8 + [TEST] * 6, shuffled=1.0), set()
    for batch, users in batches(objective):
        for user, row, position, seen, liked in zip(
            users, batch["timeline"], batch["position"], batch["seen"], batch["liked"], strict=True
        ):
            read = batch["movie"][row][: len(ORDER[user])].tolist()
            assert sorted(read) == sorted(ORDER[user])
            assert movies(seen) == set(read[:position])
            assert movies(liked) == FAVOURITES[user] - set(read[:position])
            orders.add((int(user), *read))
    assert len(orders) > 6 + 20, "all 6 orders of three movies, and many of five"


def test_ratings_stay_with_their_movies(tiny_dataset):
    objective = objective_of(tiny_dataset, [TRAIN] * 8 + [TEST] * 6, shuffled=1.0)
    rated = {0: {2: 3, 0: 5, 1: 4}, 1: {0: 1, 1: 2, 2: 3, 3: 4, 4: 5}}
    batch, _ = next(batches(objective))
    for user in (0, 1):
        events = zip(batch["movie"][user], batch["level"][user], strict=True)
        assert {int(movie): level + 1 for movie, level in events if movie >= 0} == rated[user]
    assert (batch["gap"] == 0).all(), "times are not read"


def test_early_moments_are_as_frequent_as_late_ones(timeline_task):
    """ln(1 + events) is uniform: of 10 events at most, none were watched in ln 2 / ln 11 of the cases."""
    from bst.models.timeline.like_objective import LikeObjective

    objective = LikeObjective(SimpleNamespace(config=replace(CONFIG, shuffled=0.5)), timeline_task, 0)
    position = np.concatenate([batch["position"] for batch, _ in batches(objective, 60)])
    assert len(position) > 10_000
    for events in (1, 3, 6):
        share = np.log(events + 1) / np.log(11)
        assert (position < events).mean() == pytest.approx(share, abs=4.5 * np.sqrt(0.25 / len(position)))


# ---- losses


def test_the_multinomial_loss_by_hand():
    from bst.models.timeline.like_objective import multinomial_loss

    scores = np.array([[5.0, 2.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]], np.float32)
    liked = np.array([[0, 1, 0, 1], [0, 0, 1, 0]], bool)
    seen = np.array([[True, False, False, False], [False] * 4])
    # the first movie was seen: p is shared by the others
    total = np.exp(2) + np.exp(1) + 1
    first = -(np.log(np.exp(2) / total) + np.log(1 / total)) / 2
    np.testing.assert_allclose(multinomial_loss(scores, liked, seen), [first, np.log(4)], rtol=1e-6)


@pytest.fixture(scope="module")
def still(timeline_settings, timeline_task):
    """A trainer of a like tower alone without dropout, none of whose weights is zero."""
    from bst.models.timeline.trainer import TimelineTrainer

    tower = replace(timeline_settings.config.like, dropout=0.0)
    config = replace(timeline_settings.config, like=tower, shuffled=0.0).with_tasks(["like"])
    trainer, rng = TimelineTrainer(config, timeline_task, 0), np.random.default_rng(4)
    like = trainer.model.like
    for weight in (like.output_offset, like.popularity, like.base_popularity):
        weight.assign(rng.normal(0, 0.3, weight.shape))
    return trainer


@pytest.fixture
def batch(still):
    rng = np.random.default_rng(0)
    objective = still.towers["like"].objective
    return objective.batch(objective.segments(rng).take(np.arange(8)), rng)


def scores_of(still, batch) -> np.ndarray:
    """Scores (moments, movies) of a batch, without the objective: state · vector + popularity + base popularity after n
    events.
    """
    like = still.model.like
    states, vectors = (np.array(part, np.float64) for part in like(batch))
    state = states[batch["timeline"], batch["position"]]
    starts = like.count_buckets()
    fame = np.array(like.base_popularity)[[np.flatnonzero(starts <= n)[-1] for n in batch["position"]]]
    return state @ vectors.T + np.array(like.popularity) + fame


def test_the_loss_of_a_batch_by_hand(still, batch):
    value, sums = still.towers["like"].objective.loss(batch)
    each = []
    for score, liked, seen in zip(scores_of(still, batch), batch["liked"], batch["seen"], strict=True):
        total = np.log(np.exp(score[~seen]).sum())
        each.append((total - score[liked]).mean())
    assert float(sums["labels"]) == len(each) == len(batch["timeline"]) > 40
    assert float(sums["loss"]) == pytest.approx(np.sum(each), rel=1e-5)
    assert float(value) == pytest.approx(np.mean(each), rel=1e-5)
    assert still.towers["like"].objective.means({"labels": 4.0, "loss": 6.0}) == {"like_loss": 1.5}


def test_logits_are_scores_until_they_are_calibrated(still, batch):
    like = still.model.like
    states, vectors = like(batch)
    state = np.array(states)[batch["timeline"], batch["position"]]
    scores = scores_of(still, batch)
    np.testing.assert_allclose(like.logits(state, batch["position"], vectors), scores, atol=1e-4)
    like.calibration.assign([2, 0.5, -1, 3])
    fame, count = np.array(like.base_popularity_after(batch["position"])), np.log1p(batch["position"])[:, None]
    calibrated = 2 * scores + 0.5 * fame - 1 + 3 * count
    np.testing.assert_allclose(like.logits(state, batch["position"], vectors), calibrated, atol=1e-4)
    like.calibration.assign([1, 0, 0, 0])


def test_calibrated_probabilities_add_up_to_what_was_liked(still, timeline_task):
    """A logistic regression with a constant: the mean probability of the validation labels is the share of likes."""
    like, objective = still.model.like, still.towers["like"].objective
    objective.finish()
    calibration = like.calibration.numpy().copy()
    assert not np.allclose(calibration, [1, 0, 0, 0])
    probability, liked = [], []
    for batch in objective._validation_batches:
        states, vectors = like(batch)
        state = np.array(states)[batch["timeline"], batch["position"]]
        logits = np.array(like.logits(state, batch["position"], vectors), np.float64)
        probability.append(1 / (1 + np.exp(-logits[~batch["seen"]])))
        liked.append(batch["liked"][~batch["seen"]])
    assert np.concatenate(probability).mean() == pytest.approx(np.concatenate(liked).mean(), rel=0.02)
    like.calibration.assign([1, 0, 0, 0])


def test_what_comes_after_a_moment_is_not_read(still, batch):
    """Events from the latest moment of a timeline on may be anything: the loss is the same to the last bit."""
    objective = still.towers["like"].objective
    latest = np.zeros(len(batch["movie"]), int)
    np.maximum.at(latest, batch["timeline"], batch["position"])
    after = np.arange(batch["movie"].shape[1]) >= latest[:, None]
    assert after.any()
    other = {"movie": (batch["movie"] + 11) % 30, "level": (batch["level"] + 2) % 5, "gap": batch["gap"] + 3}
    changed = batch | {name: np.where(after, values, batch[name]).astype(np.int32) for name, values in other.items()}
    assert float(objective.loss(changed)[0]) == float(objective.loss(batch)[0])
    # while what comes before it is
    changed = batch | {name: np.where(after, batch[name], values).astype(np.int32) for name, values in other.items()}
    assert float(objective.loss(changed)[0]) != float(objective.loss(batch)[0])


# ---- validation


def test_validation_by_hand(still, timeline_task):
    """After 1, 5, 10, 20 and 50 events of each validation user; only 10 are read, so the last two are after 10, too."""
    events, like = timeline_task.timelines, still.model.like
    each, precision = [], []
    for user in np.unique(timeline_task.user[timeline_task.role == VALIDATION]):
        at = slice(events.offsets[user], events.offsets[user + 1])
        movie, stars = events.movie[at], events.rating[at]
        who = timeline_task.dataset.users.iloc[user]
        codes = {name: timeline_task.dataset.users[name].cat.categories.get_loc(who[name]) for name in who.index[1:]}
        inputs = {"movie": movie[None, :10], "level": stars[None, :10].astype(int) - 1, "gap": np.zeros((1, 10), int)}
        inputs |= {name: np.array([code]) for name, code in codes.items()}
        states, vectors = like({name: values.astype(np.int32) for name, values in inputs.items()})
        for known in (1, 5, 10, 10, 10):
            scores = np.array(like.scores(states[:, known], vectors, np.array([known])), np.float64)[0]
            scores[movie[:known]] = -np.inf
            liked = [m for m, s in zip(movie[known:], stars[known:], strict=True) if s >= LIKED]
            if liked:
                each.append((np.log(np.exp(scores).sum()) - scores[liked]).mean())
                precision.append(np.isin(np.argsort(-scores)[:10], liked).mean())
    found = still.towers["like"].objective.validate()
    assert found["val_like_loss"] == pytest.approx(np.mean(each), rel=1e-4)
    assert found["val_precision@10"] == pytest.approx(np.mean(precision), abs=1e-6)


def test_without_validation_labels_there_is_no_figure(objective):
    assert all(np.isnan(value) for value in objective.validate().values())
