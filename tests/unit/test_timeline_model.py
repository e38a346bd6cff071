"""The timeline model: no place sees its own rating or the future, and encoding once changes nothing."""

import numpy as np
import pytest

from bst.errors import ConfigError
from bst.models.config import Sizes
from bst.models.registry import read_config
from bst.models.timeline.config import TimelineConfig, TowerConfig

MOVIES, PLACES, VISITORS = 50, 7, 3


@pytest.fixture(scope="module")
def model():
    from bst.models.timeline.model import build_timeline

    tower = TowerConfig(width=16)
    made = build_timeline(TimelineConfig("small", rating=tower, next=tower, train_length=20), Sizes(10, MOVIES), 5)
    rng = np.random.default_rng(1)
    for weight in made.weights:  # nothing may be right only because a weight starts as zero
        weight.assign(rng.normal(size=weight.shape) * 0.3)
    made.rating.factor_prior.assign(rng.uniform(1, 3, made.rating.factor_prior.shape))  # a precision is positive
    return made


@pytest.fixture
def inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (VISITORS, PLACES)
    arrays = {"movie": rng.integers(0, MOVIES, shape), "level": rng.integers(0, 5, shape)}
    arrays |= {"gap": rng.integers(0, 14, shape), "month": rng.integers(0, 99, shape)}
    arrays |= {"sex": [0, -1, 1], "age": [0, -1, 3], "occupation": [5, -1, 20]}
    return {name: np.array(values, np.int32) for name, values in arrays.items()}


def predict(model, inputs) -> tuple[np.ndarray, np.ndarray]:
    return np.array(model(inputs)), np.array(model.next(inputs)[0])


@pytest.mark.parametrize("changed", range(PLACES))
def test_an_event_changes_nothing_before_it(model, inputs, changed):
    before = predict(model, inputs)
    inputs["movie"][:, changed] = (inputs["movie"][:, changed] + 7) % MOVIES
    inputs["level"][:, changed] = (inputs["level"][:, changed] + 2) % 5
    inputs["gap"][:, changed] = (inputs["gap"][:, changed] + 3) % 14
    for old, new in zip(before, predict(model, inputs), strict=True):
        np.testing.assert_array_equal(new[:, :changed], old[:, :changed])
        later = np.abs(new - old)[:, changed + 1 :]
        assert changed == PLACES - 1 or later.max() > 1e-3


def test_a_prediction_does_not_see_the_rating_it_predicts(model, inputs):
    before = np.array(model(inputs))
    inputs["level"][:, 4] = (inputs["level"][:, 4] + 1) % 5
    np.testing.assert_array_equal(np.array(model(inputs))[:, 4], before[:, 4])


def padded(inputs, length: int, padding: int, rubbish: int) -> dict[str, np.ndarray]:
    def pad(values, name):
        fill = -1 if name == "movie" else rubbish
        return np.concatenate([values[:, :length], np.full((VISITORS, padding), fill, np.int32)], axis=1)

    return {name: pad(values, name) if values.ndim == 2 else values for name, values in inputs.items()}


@pytest.mark.parametrize("length", range(PLACES))
@pytest.mark.parametrize(("padding", "rubbish"), [(0, 0), (3, 0), (5, 4)])
def test_encoding_once_equals_the_whole_pass(model, inputs, length, padding, rubbish):
    whole, states = predict(model, inputs)
    encoded = model.encode(padded(inputs, length, padding, rubbish))
    scored, weights = model.score(encoded, np.arange(MOVIES, dtype=np.int32), return_attention_scores=True)
    scored = np.array(scored)[np.arange(VISITORS), inputs["movie"][:, length]]
    np.testing.assert_allclose(scored, whole[:, length], atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(np.array(encoded.next_state), states[:, length], atol=1e-5, rtol=1e-5)
    weights = np.array(weights)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    assert weights[..., length + 1 :].sum() == 0, "nobody looks at padding"


def test_attention_of_the_whole_pass(model, inputs):
    scores = np.array(model(inputs, return_attention_scores=True)[1])
    assert scores.shape == (VISITORS, 2, 2, PLACES, PLACES)
    np.testing.assert_allclose(scores.sum(-1), 1, atol=1e-5)
    assert np.triu(scores, 1).sum() == 0


def test_unknown_demographics_are_finite(model, inputs):
    for name in ("sex", "age", "occupation"):
        inputs[name][:] = -1
    assert all(np.isfinite(values).all() for values in predict(model, inputs))


# ---- the factor model within


@pytest.fixture(scope="module")
def factors():
    from bst.baselines.factorisation import Factorisation

    rng = np.random.default_rng(6)
    bias, vectors = rng.normal(0, 0.5, MOVIES), rng.normal(0, 1, (MOVIES, 4))
    prior = np.array([4, 4, 4, 4, 2.5])
    parts = (part.astype(np.float32) for part in (bias, vectors, np.zeros(1), np.zeros((1, 4)), prior))
    return Factorisation(3.5, *parts, (1.0, 5.0))


@pytest.fixture(scope="module")
def tower(factors):
    """A rating tower with a factor model of rank 4."""
    from bst.models.timeline.model import build_timeline

    config = TimelineConfig(
        "small", rating=TowerConfig(width=16), next=TowerConfig(epochs=0), train_length=20, factors=4
    )
    made = build_timeline(config, Sizes(10, MOVIES), 5)
    made.rating.stars.assign([1, 2, 3, 4, 5])
    made.rating.set_factors(factors)
    return made.rating


def test_the_tower_folds_in_as_the_factor_model_does(tower, factors):
    rng = np.random.default_rng(7)
    lengths = np.array([9, 1, 40])
    movie, level = np.full((3, 40), -1, np.int32), np.zeros((3, 40), np.int32)
    for row, length in enumerate(lengths):
        movie[row, :length], level[row, :length] = rng.integers(0, MOVIES, length), rng.integers(0, 5, length)
    folded, doubt = (np.array(part) for part in tower.folded({"movie": movie, "level": level}))
    there = movie >= 0
    offsets = np.append(0, np.cumsum(lengths))
    expected = factors.fold_in_with_doubt(movie[there], level[there] + 1.0, offsets)
    np.testing.assert_allclose(folded[there], expected[0], atol=2e-4)
    np.testing.assert_allclose(doubt[there], expected[1], atol=2e-4)
    # a first event is the mean and the movie's bias; its doubt is Σ q² / 4 + 1 / 2.5
    np.testing.assert_allclose(folded[:, 0], 3.5 + factors.item_bias[movie[:, 0]], atol=1e-5)
    np.testing.assert_allclose(doubt[:, 0], (factors.item_factors[movie[:, 0]] ** 2).sum(1) / 4 + 0.4, atol=1e-5)


def test_the_taste_of_a_whole_history_is_a_ridge_regression(tower, factors, inputs):
    encoded = tower.encode(inputs)
    for visitor in range(VISITORS):
        x = np.c_[factors.item_factors[inputs["movie"][visitor]], np.ones(PLACES)].astype(float)
        rest = inputs["level"][visitor] + 1 - 3.5 - factors.item_bias[inputs["movie"][visitor]]
        covariance = np.linalg.inv(x.T @ x + np.diag([4, 4, 4, 4, 2.5]))
        np.testing.assert_allclose(encoded.covariance[visitor], covariance, atol=1e-5)
        np.testing.assert_allclose(encoded.taste[visitor], covariance @ x.T @ rest, atol=1e-4)


def test_what_is_given_in_training_stands_for_the_fold_in(tower, inputs):
    """With the tower's own values given the prediction is the same, with others it is not."""
    folded, doubt = (np.array(part) for part in tower.folded(inputs))
    tower.logits.kernel.assign(np.random.default_rng(3).normal(0, 0.3, tower.logits.kernel.shape))
    plain = np.array(tower(inputs))
    np.testing.assert_allclose(tower(inputs | {"folded": folded, "doubt": doubt}), plain, atol=1e-6)
    for other in ({"folded": folded + 1, "doubt": doubt}, {"folded": folded, "doubt": doubt + 1}):
        assert np.abs(np.array(tower(inputs | other)) - plain).max() > 1e-3


def test_a_model_without_a_rating_tower_encodes_what_it_has(inputs):
    from bst.models.timeline.model import build_timeline

    config = TimelineConfig("small", next=TowerConfig(width=16), train_length=20).with_tasks(["next"])
    made = build_timeline(config, Sizes(10, MOVIES), 5)
    encoded = made.encode(inputs)
    assert made.rating is None
    assert encoded.taste is None
    assert made.next_logits(encoded).shape == (VISITORS, MOVIES)
    assert set(made.parts()) == {"next_tower", "fixed"}


def test_a_saved_model_predicts_the_same(model, inputs, tmp_path):
    import keras

    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for old, new in zip(predict(model, inputs), predict(again, inputs), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-6)


# ---- attention and configuration


def test_distances_have_their_own_bucket_when_near():
    from bst.models.timeline.attention import distance_buckets

    assert distance_buckets(np.array([-3, 0, 1, 7, 8, 11, 12, 16, 199])).tolist() == [0, 0, 1, 7, 8, 8, 9, 10, 17]


def test_a_configuration_comes_back_from_json():
    config = TimelineConfig("other", rating=TowerConfig(width=32), next=TowerConfig(epochs=0))
    assert read_config(config.to_dict()) == config
    assert list(config.towers) == ["rating"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train_length": 1}, "train_length must lie in 2"),
        ({"rating": {"width": 10, "heads": 3}}, "cannot be shared by 3 heads"),
        ({"rating": {"epochs": 0}, "next": {"epochs": 0}}, "at least one epoch"),
        ({"rating": 5}, "malformed"),
        ({"colour": 1}, "unknown settings"),
    ],
)
def test_bad_configurations_say_what_is_wrong(changes, words):
    with pytest.raises(ConfigError, match=words):
        read_config(TimelineConfig("x").to_dict() | changes)
