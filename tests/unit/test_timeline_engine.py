"""The inference engine gives what the Keras layers give: blocks, towers, and histories with one prefix."""

import numpy as np
import pytest

from bst.models.config import Sizes
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.models.timeline.engine import block as engine_blocks
from bst.models.timeline.engine import catalogue
from bst.models.timeline.engine.arrays import rms_normalize, softmax
from bst.models.timeline.engine.block import Block, attend_blockwise
from bst.models.timeline.engine.cache import KVCache
from bst.models.timeline.engine.prefix_cache import SharedPrefixPredictor, plan_passes
from bst.models.weights import as_tree, weights_of
from tests.unit.engine_parts import like_inference, next_inference, rating_inference

WIDTH, MOVIES, VISITORS, POSITIONS = 8, 30, 3, 7


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def randomise(weights) -> None:
    """Nothing may be right only because a weight starts as 0 or 1."""
    rng = np.random.default_rng(2)
    for weight in weights:
        weight.assign(rng.normal(size=weight.shape))


@pytest.fixture(scope="module")
def block():
    from bst.models.timeline.blocks import Block

    block = Block(heads=2, buckets=5, dropout=0.1, expansion=3)
    block.build((None, None, WIDTH))
    randomise(block.weights)
    return block


@pytest.fixture(scope="module")
def engine_block(block):
    return Block(as_tree(weights_of(block)), np.array(block.norm_1.scale), max_distance=4)


# ---- attention and blocks


@pytest.mark.parametrize("own", [0, 1, 4])
def test_attention_in_blocks_is_attention_to_all_of_them(own):
    """Queries that all rows share, over 6 keys that they share and ``own`` ones that each row has."""
    queries, shared, each, bias = arrays((1, 2, 3, 4), (2, 1, 2, 6, 4), (2, 5, 2, own, 4), (2, 3, 6 + own))
    bias[:, 0, 2:] = -1e9
    bias[:, 1] += 60  # far apart, where a sum of exponentials would be lost
    keys, values = (
        np.concatenate([np.repeat(part, 5, axis=0), one], axis=2) for part, one in zip(shared, each, strict=True)
    )
    expected = softmax(queries @ np.swapaxes(keys, -1, -2) + bias) @ values
    attended = attend_blockwise(queries, (*shared, bias[..., :6]), (*each, bias[..., 6:]))
    np.testing.assert_allclose(np.broadcast_to(attended, expected.shape), expected, atol=1e-5)


@pytest.mark.parametrize("queries", [1, 20])
def test_a_block_of_few_queries_is_the_plain_block(block, engine_block, queries):
    x, context, bias = arrays((3, queries, WIDTH), (3, 6, WIDTH), (3, 2, 1, 6))
    bias[2, :, :, 3:] = -1e9
    expected, expected_weights = block(x, np.array(block.norm_1(context)), bias)
    result, weights = engine_block.call_few(x, rms_normalize(context), bias)
    np.testing.assert_allclose(result, expected, atol=1e-4, rtol=1e-5)
    np.testing.assert_allclose(weights, expected_weights, atol=1e-5)
    assert (weights[2, :, :, 3:] == 0).all()


@pytest.mark.parametrize(("prefix", "changed"), [(1, 0), (1, 2), (3, 1), (3, 4)])
def test_a_block_over_a_shared_prefix_and_suffix_is_the_plain_block(block, engine_block, prefix, changed):
    """7 tokens in 3 rows that are the same but for the ``changed`` ones behind the ``prefix``."""
    one, own = arrays((1, 7, WIDTH), (3, changed, WIDTH))
    tokens = np.repeat(one, 3, axis=0)
    tokens[:, prefix : prefix + changed] = own
    distance = np.arange(7)[:, None] - np.arange(7)
    bias = block.attention.logit_bias(np.clip(distance, 0, 4), np.where(distance < 0, -1e9, 0).astype(np.float32))
    expected, _ = block(tokens, block.norm_1(tokens), bias)
    first = KVCache()
    np.testing.assert_allclose(
        engine_block.call_content(one, first)[0, :prefix], np.array(expected)[0, :prefix], atol=1e-4, rtol=1e-5
    )
    result = engine_block.call_shared_suffix(tokens[:, prefix:], KVCache(first.layers, prefix, changed))
    np.testing.assert_allclose(result, np.array(expected)[:, prefix:], atol=1e-4, rtol=1e-5)


# ---- towers


@pytest.fixture(scope="module", params=[1, 3])
def model(request):
    from bst.models.timeline.model import build_timeline

    tower = TowerConfig(width=16, layers=request.param)
    config = TimelineConfig("small", rating=tower, next=tower, like=tower, train_length=20, factors=4)
    model, rng = build_timeline(config, Sizes(10, MOVIES), 5), np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape) * 0.3)
    model.rating.factor_prior.assign(rng.uniform(1, 3, model.rating.factor_prior.shape))  # a precision is positive
    model.rating.drift.assign([0.3, 2, 0.2, 20])  # and so is a variance
    return model


@pytest.fixture(scope="module")
def rating(model):
    return rating_inference(model)


@pytest.fixture(scope="module")
def following(model):
    """The inference of each tower that scores the catalogue."""
    return {"next": next_inference(model), "like": like_inference(model)}


@pytest.fixture
def inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (VISITORS, POSITIONS)
    arrays = {"movie": rng.integers(0, MOVIES, shape), "level": rng.integers(0, 5, shape)}
    arrays |= {"gap": rng.integers(0, 14, shape), "month": rng.integers(0, 99, shape)}
    arrays |= {"sex": [0, -1, 1], "age": [0, -1, 3], "occupation": [5, -1, 20]}
    return {name: np.array(values, np.int32) for name, values in arrays.items()}


def padded(inputs, length: int, padding: int, rubbish: int) -> dict[str, np.ndarray]:
    """Keep ``length`` events and put ``padding`` behind them, movie −1 and ``rubbish`` in all else."""

    def pad(values, name):
        fill = -1 if name == "movie" else rubbish
        return np.concatenate([values[:, :length], np.full((len(values), padding), fill, np.int32)], axis=1)

    return {name: pad(values, name) if values.ndim == 2 else values for name, values in inputs.items()}


@pytest.mark.parametrize("length", range(POSITIONS))
@pytest.mark.parametrize(("padding", "rubbish"), [(0, 0), (5, 4)])
def test_scores_are_those_of_the_plain_pass(model, rating, inputs, length, padding, rubbish):
    logits, plain_weights = model(inputs, return_attention_scores=True)
    encoded = rating.encode(padded(inputs, length, padding, rubbish))
    scored, weights = rating.score(encoded, np.arange(MOVIES))
    rows, movies = np.arange(VISITORS), inputs["movie"][:, length]
    np.testing.assert_allclose(np.array(scored)[rows, movies], np.array(logits)[:, length], atol=2e-5, rtol=1e-5)
    weights = np.array(weights)[rows, :, :, movies]  # (visitors, layers, heads, visitor and events)
    np.testing.assert_allclose(
        weights[..., : length + 1], np.array(plain_weights)[:, :, :, length, : length + 1], atol=1e-5
    )
    assert weights[..., length + 1 :].sum() == 0, "nothing attends to padding"


@pytest.mark.parametrize("length", [0, 1, POSITIONS])
@pytest.mark.parametrize("together", [1, 7, 1000])
@pytest.mark.parametrize("largest_logit", [80, 0])
def test_a_whole_catalogue_is_scored_as_few_movies_are(rating, inputs, length, together, largest_logit, monkeypatch):
    """In parts of any size, and whether or not logits are known to be small."""
    monkeypatch.setattr(catalogue, "MOST_TOGETHER", together)
    monkeypatch.setattr(engine_blocks, "LARGEST_LOGIT", largest_logit)
    encoded = rating.encode(padded(one_history(inputs), length, 0, 0))
    expected = softmax(rating.score(encoded, np.arange(MOVIES))[0])[0]
    np.testing.assert_allclose(catalogue.distributions(rating, encoded), expected, atol=1e-6)
    some = np.array([7, 0, 7, 29])
    np.testing.assert_allclose(catalogue.distributions(rating, encoded, some), expected[some], atol=1e-6)


@pytest.mark.parametrize("length", range(POSITIONS))
@pytest.mark.parametrize(("padding", "rubbish"), [(0, 0), (5, 4)])
@pytest.mark.parametrize("name", ["next", "like"])
def test_the_state_after_a_history_is_that_of_the_plain_pass(model, following, inputs, length, padding, rubbish, name):
    states, output_vectors = model.towers[name](inputs)
    state, event_count = following[name].encode(padded(inputs, length, padding, rubbish))
    assert np.array(event_count).tolist() == [length] * VISITORS
    np.testing.assert_allclose(state, np.array(states)[:, length], atol=1e-5, rtol=1e-5)
    logits = np.array(following[name].logits(state, event_count))
    plain = model.towers[name].logits(states[:, length], np.full(VISITORS, length), output_vectors)
    np.testing.assert_allclose(logits, plain, atol=1e-4)
    some = np.array([7, 0, 7, 29])
    np.testing.assert_allclose(following[name].logits(state, event_count, some), logits[:, some], atol=1e-5)


def test_user_factors_are_those_of_a_gaussian_given_the_history(model, rating, inputs):
    """The bias is that of the next event, with what it has drifted by."""
    tower, encoded = model.rating, rating.encode(inputs)
    factors, base, prior, stars, mean = (
        w.numpy().astype(float)
        for w in (tower.factors, tower.factor_base, tower.factor_prior, tower.stars, tower.prior_mean)
    )
    distance = np.abs(np.subtract.outer(np.arange(POSITIONS + 1), np.arange(POSITIONS + 1)))
    drift = 0.3 * np.exp(-distance / 2) + 0.2 * np.exp(-distance / 20)
    for visitor, (movie, level) in enumerate(zip(inputs["movie"], inputs["level"], strict=True)):
        known = {name: inputs[name][visitor] for name in tower.prior_shifts}
        shifts = [tower.prior_shifts[name].numpy()[code] for name, code in known.items() if code >= 0]
        expected = mean + sum(shifts)
        x = np.c_[factors[movie], np.ones(POSITIONS)]
        noise = np.linalg.inv(x @ np.diag(1 / prior) @ x.T + drift[:-1, :-1] + np.eye(POSITIONS))
        with_next = np.diag(1 / prior) @ x.T
        with_next[-1] += drift[-1, :-1]
        np.testing.assert_allclose(
            encoded.user_factors[visitor],
            expected + with_next @ noise @ (stars[level] - base[movie] - x @ expected),
            atol=1e-4,
        )
        covariance = np.diag(1 / prior) - with_next @ noise @ with_next.T
        covariance[-1, -1] += 0.5
        np.testing.assert_allclose(encoded.covariance[visitor], covariance, atol=1e-5)


# ---- what integrated gradients vary


def test_scales_of_one_change_nothing_and_of_zero_hide_everything(rating, inputs):
    movies = np.arange(MOVIES)

    def logits(event_scale: float, profile_scale: float, **changes: np.ndarray) -> np.ndarray:
        scales = {
            "event_scale": np.full((VISITORS, POSITIONS), event_scale, np.float32),
            "profile_scale": np.full(VISITORS, profile_scale, np.float32),
        }
        return np.array(rating.score(rating.encode(inputs | changes | scales), movies)[0])

    plain = np.array(rating.score(rating.encode(inputs), movies)[0])
    np.testing.assert_allclose(logits(1, 1), plain, atol=1e-4)
    others = {name: np.roll(inputs[name], 1, axis=1) for name in ("movie", "level", "gap")}
    np.testing.assert_allclose(logits(0, 1, **others), logits(0, 1), atol=1e-5)
    assert np.abs(logits(0, 1) - plain).max() > 1e-2
    unknown = {name: np.full(VISITORS, -1, np.int32) for name in ("sex", "age", "occupation")}
    np.testing.assert_allclose(logits(1, 0), logits(1, 1, **unknown), atol=1e-4)


# ---- histories that begin alike


def one_history(inputs) -> dict[str, np.ndarray]:
    return {name: values[:1] for name, values in inputs.items()}


def removals(inputs) -> dict[str, np.ndarray]:
    """Return the first history without each of its events in turn."""
    kept = [[j for j in range(POSITIONS) if j != i] for i in range(POSITIONS)]
    return {
        name: values[0][kept] if values.ndim == 2 else np.repeat(values[:1], POSITIONS)
        for name, values in inputs.items()
    }


@pytest.mark.parametrize("prefix", [1, 3, 7])
def test_a_cache_changes_nothing(rating, following, inputs, prefix):
    """The last events, the first two of them changed, run behind the prefix of the history."""
    history = one_history(inputs)
    variants = {name: np.repeat(values, 3, axis=0) for name, values in history.items()}
    variants["level"][:, prefix - 1 : prefix + 1] = np.array([[0, 1], [2, 3], [4, 0]])[:, : POSITIONS - prefix + 1]
    movies = np.arange(MOVIES)
    for inference in (rating, *following.values()):
        first = KVCache()
        inference.encode(history, first)
        encoded = inference.encode(variants, KVCache(first.layers, prefix, min(2, POSITIONS + 1 - prefix)))
        plain = inference.encode(variants)
        if inference is rating:
            encoded, plain = (np.array(rating.score(part, movies)[0]) for part in (encoded, plain))
        else:
            encoded, plain = (np.array(inference.logits(*part)) for part in (encoded, plain))
        np.testing.assert_allclose(encoded, plain, atol=1e-4)


@pytest.mark.parametrize(("max_histories", "max_events"), [(64, 8_000), (64, 1), (3, 20)])
def test_a_shared_prefix_predicts_what_each_history_alone_predicts(
    rating, following, inputs, max_histories, max_events
):
    predictor = SharedPrefixPredictor(rating, following, max_histories, max_events)
    history, variants, movies = one_history(inputs), removals(inputs), np.array([3, 17, 3])
    levels, logits = predictor.predict(history, [history, variants], movies, True)
    for batch, rows in ((history, slice(0, 1)), (variants, slice(1, None))):
        expected = softmax(rating.score(rating.encode(batch), movies)[0])
        np.testing.assert_allclose(levels[rows], expected, atol=1e-5)
        for name, tower in following.items():
            np.testing.assert_allclose(logits[name][rows], tower.logits(*tower.encode(batch), movies), atol=1e-4)
    assert predictor.predict(history, [variants], movies, False)[1] == {}


def test_passes_share_what_stands_in_front_of_the_difference(inputs):
    """7 histories without one of 7 events, in passes of three; the visitor is the first token."""
    history, variants = one_history(inputs), removals(inputs)
    # the history is one of itself: all but its last token is shared
    assert [(*rows, *lengths) for rows, *lengths in plan_passes(history, history, 3, 8_000)] == [(0, POSITIONS, 0)]
    # without event 0, 1 or 2 the visitor alone is shared, and two events differ among the three
    passes = [(rows.tolist(), *lengths) for rows, *lengths in plan_passes(history, variants, 3, 8_000)]
    assert passes == [([0, 1, 2], 1, 2), ([3, 4, 5], 4, 2), ([6], POSITIONS - 1, 0)]
