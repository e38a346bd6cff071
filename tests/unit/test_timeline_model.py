"""The timeline model: no place sees its own rating or the future, and encoding once changes nothing."""

import numpy as np
import pytest

from bst.errors import ConfigError
from bst.models.config import Sizes, TimelineConfig, TowerConfig, read_config

MOVIES, PLACES, VISITORS = 50, 7, 3


@pytest.fixture(scope="module")
def model():
    from bst.models.timeline import build_timeline

    tower = TowerConfig(width=16)
    made = build_timeline(TimelineConfig("small", rating=tower, next=tower, segment=20), Sizes(10, MOVIES), 5)
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
    arrays |= {"gap": rng.integers(0, 14, shape), "sex": [0, -1, 1], "age": [0, -1, 3], "occupation": [5, -1, 20]}
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


def test_distances_have_their_own_bucket_when_near():
    from bst.models.attention import distance_buckets

    assert distance_buckets(np.array([-3, 0, 1, 7, 8, 11, 12, 16, 199])).tolist() == [0, 0, 1, 7, 8, 8, 9, 10, 17]


def test_a_configuration_comes_back_from_json():
    config = TimelineConfig("other", rating=TowerConfig(width=32), next=TowerConfig(epochs=0))
    assert read_config(config.to_dict()) == config
    assert list(config.towers) == ["rating"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"segment": 1}, "segment must lie in 2"),
        ({"rating": {"width": 10, "heads": 3}}, "cannot be shared by 3 heads"),
        ({"rating": {"epochs": 0}, "next": {"epochs": 0}}, "at least one epoch"),
        ({"rating": 5}, "malformed"),
        ({"colour": 1}, "unknown settings"),
    ],
)
def test_bad_configurations_say_what_is_wrong(changes, words):
    with pytest.raises(ConfigError, match=words):
        read_config(TimelineConfig("x").to_dict() | changes)
