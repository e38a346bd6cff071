"""Training on a large catalogue: a step that sees a part of it is the step of the whole."""

from dataclasses import replace

import numpy as np
import pytest

from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.models.timeline.trainer import TimelineTrainer

pytestmark = pytest.mark.slow

TOWER = TowerConfig(width=8, layers=1, dropout=0.0, learning_rate=0.02, epochs=2, weight_decay=0.1)
CONFIG = TimelineConfig(
    "timeline",
    replace(TOWER, layers=2),
    TOWER,
    replace(TOWER, epochs=0),
    train_length=10,
    max_history=12,
    batch_events=100,
    factors=4,
    warm_up=5,
    averaging=0.9,
    negatives=64,
)


@pytest.fixture
def split(orderly):
    from bst.models.registry import prepare

    return prepare(orderly, CONFIG, "visitor", 3)


def trainers(split, monkeypatch, least_negatives: int, config=CONFIG):
    """A trainer of whole tables, and one of parts, with equal weights."""
    from bst.models.timeline import definition, next_objective, objectives, predictions

    whole = TimelineTrainer(replace(config, negatives=max(config.negatives, least_negatives)), split, 3)
    for module in (definition, objectives, predictions):
        monkeypatch.setattr(module, "MOST_WHOLE", 0)
    monkeypatch.setattr(next_objective, "LEAST_NEGATIVES", least_negatives)
    parts = TimelineTrainer(config, split, 3)
    for name, tower in parts.towers.items():
        assert tower.objective.by_parts
        assert tower.objective.by_parts != whole.towers[name].objective.by_parts
        for one, other in zip(tower.tower.variables, whole.towers[name].tower.variables, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
    return whole, parts


def batches(tower, count: int, timelines: int = 60):
    rng = np.random.default_rng(1)
    segments = tower.objective.segments(rng)
    for _ in range(count):
        group = segments.take(rng.permutation(len(segments))[:timelines])
        yield tower.objective.batch(group, rng)


def movie_weights(tower) -> dict[str, np.ndarray]:
    return {name: table.numpy() for name, table in tower.tower.movie_tables.items()}


@pytest.mark.long
@pytest.mark.parametrize("name", ["next", "rating"])
def test_a_step_with_all_movies_in_its_batch_is_adamw(name, split, monkeypatch):
    """With 4,096 negatives, or all timelines, all 30 movies are in each batch: weights and averages are equal."""
    slow = replace(CONFIG, rating=replace(CONFIG.rating, learning_rate=1e-3), next=replace(TOWER, learning_rate=1e-3))
    whole, parts = trainers(split, monkeypatch, 4096, slow)
    start = [variable.numpy() for variable in parts.towers[name].tower.trainable_variables]
    for ours, theirs in zip(batches(parts.towers[name], 3), batches(whole.towers[name], 3), strict=True):
        assert len(ours["rows"]) == 30
        sums = [tower.train(batch, 0.1) for tower, batch in ((parts.towers[name], ours), (whole.towers[name], theirs))]
        assert sums[0] == pytest.approx(sums[1], rel=1e-4)
    # a sum in another order may turn a gradient of nearly 0, and Adam makes steps of one size of all
    for one, other, first in zip(
        *(t.towers[name].tower.trainable_variables for t in (parts, whole)), start, strict=True
    ):
        assert np.abs(one.numpy() - other.numpy()).max() <= 0.05 * np.abs(one.numpy() - first).max() + 1e-6, one.path
    parts.towers[name].swap()  # makes up for rest, of which there was none
    for one, other in zip(parts.towers[name].tower.trainable_variables, whole.towers[name].averages, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=5e-5)


def test_the_gradient_of_a_part_is_that_of_the_whole(split, monkeypatch):
    """Few negatives: the loss of the movies of a batch alone is the loss with the whole tables."""
    whole, parts = trainers(split, monkeypatch, 64)
    for ours, theirs in zip(batches(parts.towers["next"], 3, 4), batches(whole.towers["next"], 3, 4), strict=True):
        sums = [
            tower.train(batch, 0.1) for tower, batch in ((parts.towers["next"], ours), (whole.towers["next"], theirs))
        ]
        assert sums[0]["loss"] == pytest.approx(sums[1]["loss"], rel=1e-3)


def test_a_step_changes_only_the_movies_of_its_batch(split, monkeypatch):
    _, parts = trainers(split, monkeypatch, 2, replace(CONFIG, negatives=2, batch_events=10))
    tower = parts.towers["next"]
    before, optimiser = movie_weights(tower), {name: t.momentum.numpy() for name, t in tower.tables.items()}
    rng = np.random.default_rng(0)
    batch = tower.objective.batch(tower.objective.segments(rng).take(np.array([0])), rng)
    untouched = np.setdiff1d(np.arange(30), batch["rows"])
    assert 0 < len(untouched) < 30
    tower.train(batch, 0.1)
    after = movie_weights(tower)
    assert set(tower.tables) == {"embeddings", "popularity"}
    for name, table in tower.tables.items():
        np.testing.assert_array_equal(after[name][untouched], before[name][untouched])
        assert (after[name][batch["rows"]] != before[name][batch["rows"]]).any()
        np.testing.assert_array_equal(table.momentum.numpy()[untouched], optimiser[name][untouched])


def test_the_average_of_a_movie_that_rests_goes_on(split, monkeypatch):
    """After n steps without it, its average is w + (a − w) Π decay, as if it had been averaged in each."""
    _, parts = trainers(split, monkeypatch, 2, replace(CONFIG, negatives=2))
    tower, rng = parts.towers["next"], np.random.default_rng(0)
    segments = tower.objective.segments(rng)
    averages = tower.tower.movie.embeddings.numpy()
    for step in range(1, 7):
        batch = tower.objective.batch(segments.take(rng.permutation(len(segments))[:1]), rng)
        tower.train(batch, 0.1)
        decay = min(0.9, 1 - 1 / (1 + step / 2))
        averages = averages * decay + (1 - decay) * tower.tower.movie.embeddings.numpy()
    tower.swap()
    np.testing.assert_allclose(tower.tower.movie.embeddings.numpy(), averages, atol=1e-5)


@pytest.mark.long
def test_it_learns_and_validates(split, monkeypatch):
    """The next movie is determined by the last: after two epochs it is likelier than by chance."""
    _, parts = trainers(split, monkeypatch, 64, replace(CONFIG, batch_events=400))
    state = parts.fit(epochs=2, patience=2)
    first, last = state.history[0], state.history[-1]
    assert last["next_loss"] < first["next_loss"]
    assert last["val_next_loss"] < first["val_next_loss"]
    assert last["val_rmse"] < first["val_rmse"] + 0.05


def test_a_like_tower_is_refused_before_anything_is_trained(split, monkeypatch):
    from bst.errors import ConfigError
    from bst.models.timeline import trainer

    monkeypatch.setattr(trainer, "MOST_WHOLE", 10)
    with pytest.raises(ConfigError, match=r"at most 10, and this one has 30.*--tower rating --tower next"):
        TimelineTrainer(replace(CONFIG, like=TOWER), split, 3)
