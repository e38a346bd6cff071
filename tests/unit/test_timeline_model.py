"""The timeline model: no position sees its own rating or the future; its factor model, and its weights by name."""

import json

import numpy as np
import pytest

from bst.errors import ConfigError
from bst.models.config import Sizes
from bst.models.registry import read_config
from bst.models.timeline.config import TimelineConfig, TowerConfig

MOVIES, POSITIONS, VISITORS = 50, 7, 3
# sex, age and occupation of three visitors, the second unknown
KNOWN = ([0, -1, 1], [0, -1, 3], [5, -1, 20])


@pytest.fixture(scope="module")
def model():
    from bst.models.timeline.model import build_timeline

    tower = TowerConfig(width=16)
    config = TimelineConfig("small", rating=tower, next=tower, like=tower, train_length=20)
    model = build_timeline(config, Sizes(10, MOVIES), 5)
    rng = np.random.default_rng(1)
    for weight in model.weights:  # nothing may be right only because a weight starts as zero
        weight.assign(rng.normal(size=weight.shape) * 0.3)
    model.rating.factor_prior.assign(rng.uniform(1, 3, model.rating.factor_prior.shape))  # a precision is positive
    model.rating.drift.assign([0.1, 3, 0.2, 20])  # and so is a variance
    return model


@pytest.fixture
def inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (VISITORS, POSITIONS)
    arrays = {"movie": rng.integers(0, MOVIES, shape), "level": rng.integers(0, 5, shape)}
    arrays |= {"gap": rng.integers(0, 14, shape), "month": rng.integers(0, 99, shape)}
    arrays |= dict(zip(("sex", "age", "occupation"), KNOWN, strict=True))
    return {name: np.array(values, np.int32) for name, values in arrays.items()}


def predict(model, inputs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each tower makes of each position, from the events before it."""
    return np.array(model(inputs)), np.array(model.next(inputs)[0]), np.array(model.like(inputs)[0])


@pytest.mark.parametrize("changed", range(POSITIONS))
def test_an_event_changes_nothing_before_it(model, inputs, changed):
    before = predict(model, inputs)
    inputs["movie"][:, changed] = (inputs["movie"][:, changed] + 7) % MOVIES
    inputs["level"][:, changed] = (inputs["level"][:, changed] + 2) % 5
    inputs["gap"][:, changed] = (inputs["gap"][:, changed] + 3) % 14
    for old, new in zip(before, predict(model, inputs), strict=True):
        np.testing.assert_array_equal(new[:, :changed], old[:, :changed])
        later = np.abs(new - old)[:, changed + 1 :]
        assert changed == POSITIONS - 1 or later.max() > 1e-3


def test_what_will_be_liked_does_not_depend_on_times(model, inputs):
    """And the states after 0 … T events are told from the newest on."""
    before = np.array(model.like(inputs)[0])
    assert before.shape == (VISITORS, POSITIONS + 1, 16)
    inputs["movie"][:, 4] = (inputs["movie"][:, 4] + 7) % MOVIES
    np.testing.assert_array_equal(np.array(model.like(inputs)[0])[:, :5], before[:, :5])
    inputs["movie"][:, 4] = (inputs["movie"][:, 4] - 7) % MOVIES
    inputs["gap"], inputs["month"] = 13 - inputs["gap"], 99 - inputs["month"]
    np.testing.assert_array_equal(np.array(model.like(inputs)[0]), before)


def test_a_prediction_does_not_see_the_rating_it_predicts(model, inputs):
    before = np.array(model(inputs))
    inputs["level"][:, 4] = (inputs["level"][:, 4] + 1) % 5
    after = np.array(model(inputs))
    np.testing.assert_allclose(after[:, 4], before[:, 4], atol=1e-5)
    assert np.abs(after - before)[:, 5:].max() > 1e-3


def test_attention_of_the_whole_pass(model, inputs):
    scores = np.array(model(inputs, return_attention_scores=True)[1])
    assert scores.shape == (VISITORS, 2, 2, POSITIONS, POSITIONS)
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
def tower(factors, prior):
    """A rating tower with a factor model of rank 4."""
    from bst.models.timeline.model import build_timeline

    config = TimelineConfig("small", rating=TowerConfig(width=16), train_length=20, factors=4).with_tasks(["rating"])
    model = build_timeline(config, Sizes(10, MOVIES), 5)
    model.rating.stars.assign([1, 2, 3, 4, 5])
    model.rating.set_factors(factors, prior)
    return model.rating


@pytest.fixture(scope="module")
def prior():
    """What it supposes of visitors."""
    from bst.baselines.user_prior import UserPrior
    from bst.models.config import Sizes

    rng = np.random.default_rng(8)
    shifts = {name: rng.normal(0, 0.3, (size, 5)) for name, size in Sizes(1, 1).demographics.items()}
    return UserPrior(rng.normal(0, 0.3, 5), shifts)


def test_the_tower_folds_in_as_the_factor_model_does(tower, factors, prior):
    rng = np.random.default_rng(7)
    lengths = np.array([9, 1, 40])
    movie, level = np.full((3, 40), -1, np.int32), np.zeros((3, 40), np.int32)
    for row, length in enumerate(lengths):
        movie[row, :length], level[row, :length] = rng.integers(0, MOVIES, length), rng.integers(0, 5, length)
    demographics = {name: np.array(values, np.int32) for name, values in zip(prior.shifts, KNOWN, strict=True)}
    prediction, variance = fold_in(tower, {"movie": movie, "level": level, **demographics})
    valid = movie >= 0
    offsets = np.append(0, np.cumsum(lengths))
    expected = prior.fold_in(factors, movie[valid], level[valid] + 1.0, offsets, demographics)
    np.testing.assert_allclose(prediction[valid], expected[0], atol=2e-4)
    np.testing.assert_allclose(variance[valid], expected[1], atol=2e-4)
    # a first event of somebody unknown is the mean, the movie's bias and the mean user; its variance is Σ q² / 4 +
    # 1 / 2.5, and that of the drift
    first = movie[1, 0]
    user = factors.item_factors[first] @ prior.mean[:4] + prior.mean[4]
    assert prediction[1, 0] == pytest.approx(3.5 + factors.item_bias[first] + user, abs=1e-5)
    assert variance[1, 0] == pytest.approx((factors.item_factors[first] ** 2).sum() / 4 + 0.4 + 0.13, abs=1e-5)


def fold_in(tower, inputs) -> tuple[np.ndarray, np.ndarray]:
    """What the tower's factor model predicts of every position, and its variance."""
    candidates = tower.candidates().take(np.maximum(inputs["movie"], 0))
    prediction, variance = tower.fold_in(inputs, candidates)
    return np.array(prediction), np.array(variance)


def test_fold_ins_of_training_take_the_place_of_the_towers_own(tower, inputs):
    """With the tower's own values the prediction is the same, with others it is not."""
    prediction, variance = fold_in(tower, inputs)
    tower.logits.kernel.assign(np.random.default_rng(3).normal(0, 0.3, tower.logits.kernel.shape))

    def logits(prediction: np.ndarray, variance: np.ndarray) -> np.ndarray:
        return np.array(tower(inputs | {"fold_in_prediction": prediction, "variance": variance}))

    plain = np.array(tower(inputs))
    np.testing.assert_allclose(logits(prediction, variance), plain, atol=1e-6)
    for other in ((prediction + 1, variance), (prediction, variance + 1)):
        assert np.abs(logits(*other) - plain).max() > 1e-3


def test_a_model_without_a_rating_tower_predicts_the_next_movie(inputs):
    from bst.models.timeline.model import build_timeline

    config = TimelineConfig("small", next=TowerConfig(width=16), train_length=20).with_tasks(["next"])
    model = build_timeline(config, Sizes(10, MOVIES), 5)
    states, vectors = model.next(inputs)
    assert model.rating is None
    assert model.next.logits(states, np.arange(POSITIONS), vectors).shape == (VISITORS, POSITIONS, MOVIES)
    assert set(model.parts()) == {"next_tower", "fixed"}


# ---- weights


def test_a_model_made_again_predicts_the_same(model, inputs):
    """From its configuration as JSON has it, with its weights put back by name."""
    from bst.models.timeline.model import build_timeline

    again = build_timeline(read_config(json.loads(json.dumps(model.config.to_dict()))), model.sizes, model.levels)
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in model.weights}
    assert len(weights) == len(model.weights)
    for weight in again.weights:
        weight.assign(weights.pop(weight.path.split("/", 1)[1]))
    assert not weights
    for old, new in zip(predict(model, inputs), predict(again, inputs), strict=True):
        np.testing.assert_array_equal(new, old)


BLOCK = [
    *("attention/query/kernel", "attention/key/kernel", "attention/value/kernel", "attention/out/kernel"),
    *("attention/distance", "norm_1/scale", "norm_2/scale"),
    *("widen/kernel", "widen/bias", "narrow/kernel", "narrow/bias"),
]
TOWER = [
    *("visitor_token", "movie/embeddings", "facts_to_movie/kernel", "level/embeddings", "gap/embeddings"),
    *("surprise/kernel", "sex/embeddings", "age/embeddings", "occupation/embeddings", "norm/scale"),
    *("facts", "mean_rating", "stars"),
]


def test_the_names_of_weights(model):
    """Bundles store weights by these names: whoever changes one makes every bundle unreadable."""
    rating = [*TOWER, "query_token", "bias", "factors", "factor_base", "factor_prior"]
    rating += ["prior_mean", "prior_of_sex", "prior_of_age", "prior_of_occupation", "drift"]
    rating += [f"{block}/{weight}" for block in ("query_0", "query_1", "content_0") for weight in BLOCK]
    rating += ["content_norm_0/scale", "content_norm_1/scale"]
    rating += ["hidden/kernel", "hidden/bias", "logits/kernel", "logits/bias"]
    following = [*TOWER, "month/embeddings", "request_gap/embeddings", "request_month/embeddings", "popularity"]
    following += [f"content_{i}/{weight}" for i in range(2) for weight in BLOCK]
    liking = [*TOWER, "popularity", "output", "fame", "calibration"]
    liking += [f"content_{i}/{weight}" for i in range(2) for weight in BLOCK]
    names = sorted(weight.path.split("/", 1)[1] for weight in model.weights)
    towers = {"rating": rating, "next": following, "like": liking}
    assert names == sorted(f"{tower}/{name}" for tower, part in towers.items() for name in part)


# ---- configuration


def test_a_configuration_comes_back_from_json():
    config = TimelineConfig("other", rating=TowerConfig(width=32), next=TowerConfig(epochs=0))
    assert read_config(config.to_dict()) == config
    assert list(config.towers) == ["rating", "like"]
    # a bundle of an earlier version says nothing of a like tower, and has none
    former = {name: value for name, value in config.to_dict().items() if name != "like"}
    assert list(read_config(former).towers) == ["rating"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train_length": 1}, "train_length must lie in 2"),
        ({"rating": {"width": 10, "heads": 3}}, "cannot be shared by 3 heads"),
        ({"rating": {"epochs": 0}, "next": {"epochs": 0}, "like": {"epochs": 0}}, "at least one epoch"),
        ({"rating": 5}, "malformed"),
        ({"colour": 1}, "unknown settings"),
    ],
)
def test_bad_configurations_say_what_is_wrong(changes, words):
    with pytest.raises(ConfigError, match=words):
        read_config(TimelineConfig("x").to_dict() | changes)
