"""The layers of the models: attention against Keras and by hand, unknown values, layers made again from a config."""

import json

import numpy as np
import pytest

# ---- the classic model's attention


def attention_pair(heads: int, width: int):
    """Return our layer and Keras' own with the same random weights."""
    import keras

    from bst.models.layers import SelfAttention

    ours = SelfAttention(heads, 0.0)
    ours.build((None, 5, width))
    theirs = keras.layers.MultiHeadAttention(heads, key_dim=width)
    theirs.build((None, 5, width), (None, 5, width))
    rng = np.random.default_rng(1)
    for weight in ours.weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    theirs.set_weights([w.numpy().reshape(v.shape) for w, v in zip(ours.weights, theirs.weights, strict=True)])
    return ours, theirs


@pytest.mark.parametrize(("heads", "width"), [(1, 4), (3, 7)])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_that_of_keras(heads, width, masked):
    ours, theirs = attention_pair(heads, width)
    assert [w.path.split("/")[-2:] for w in ours.weights] == [
        [part, kind] for part in ("query", "key", "value", "output") for kind in ("kernel", "bias")
    ]
    x = np.random.default_rng(2).normal(size=(6, 5, width)).astype(np.float32)
    valid = np.ones((6, 5), bool)
    if masked:
        valid[np.arange(6), np.arange(6) % 4] = False
        valid[0, :4] = False
    out, weights = ours(x, valid)
    expected, expected_weights = theirs(x, x, attention_mask=valid[:, None, :], return_attention_scores=True)
    np.testing.assert_allclose(out, expected, atol=1e-5)
    np.testing.assert_allclose(weights, expected_weights, atol=1e-5)
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1, atol=1e-6)
    assert (np.moveaxis(np.asarray(weights), 3, 1)[~valid] == 0).all()


def test_attention_of_two_tokens_by_hand():
    from bst.models.layers import SelfAttention

    layer = SelfAttention(1, 0.0)
    layer.build((None, 2, 2))
    for weight in layer.weights:
        weight.assign(np.eye(2) if len(weight.shape) == 2 else np.zeros(2))
    out, weights = layer(np.eye(2, dtype=np.float32)[None], np.ones((1, 2), bool))
    # logits are I / √2, so a token attends to itself with e^0.70711 / (e^0.70711 + 1) = 2.02811 / 3.02811 = 0.66976
    expected = [[0.66976, 0.33024], [0.33024, 0.66976]]
    np.testing.assert_allclose(weights[0, 0], expected, atol=1e-5)
    np.testing.assert_allclose(out[0], expected, atol=1e-5)


def test_a_block_gives_valid_tokens_what_it_gives_them_without_padding():
    from bst.models.layers import TransformerBlock

    block = TransformerBlock(2, 0.1)
    block.build((None, 5, 6))
    x = np.random.default_rng(3).normal(size=(4, 5, 6)).astype(np.float32)
    valid = np.tile([False, False, True, True, True], (4, 1))
    padded, weights = block(x, valid, return_attention_scores=True)
    plain, plain_weights = block(x[:, 2:], valid[:, 2:], return_attention_scores=True)
    np.testing.assert_allclose(padded[:, 2:], plain, atol=1e-6)
    np.testing.assert_allclose(weights[:, :, 2:, 2:], plain_weights, atol=1e-6)


# ---- the timeline model's attention


def test_attention_with_distances_by_hand():
    from bst.models.timeline.blocks import Attention

    layer = Attention(1, 3)
    layer.build((None, None, 2))
    for projection in (layer.query, layer.key, layer.value, layer.out):
        projection.kernel.assign(np.eye(2))
    layer.distance_bias.assign([[0, np.log(2), np.log(4)]])
    x, context = np.zeros((1, 1, 2), np.float32), np.array([[[1, 0], [0, 1], [1, 1], [8, 8]]], np.float32)
    bias = layer.logit_bias(np.array([[2, 1, 0, 0]]), np.array([[0, 0, 0, -1e9]], np.float32))
    out, weights = layer(x, context, bias)
    # a query of zero leaves the distances: 4 : 2 : 1, and the last is masked
    np.testing.assert_allclose(weights[0, 0, 0], [4 / 7, 2 / 7, 1 / 7, 0], atol=1e-6)
    np.testing.assert_allclose(out[0, 0], [5 / 7, 3 / 7], atol=1e-6)


def test_logit_bias_of_distances():
    from bst.models.timeline.blocks import Attention

    layer = Attention(2, 3)
    layer.build((None, None, 4))
    layer.distance_bias.assign([[0, 1, 2], [10, 11, 12]])
    buckets, mask = np.array([[2, 0]]), np.array([[0, -5]], np.float32)
    expected = [[[2, -5]], [[12, 5]]]
    np.testing.assert_array_equal(layer.logit_bias(buckets, mask), expected)


def test_distances_have_their_own_bucket_when_near():
    from bst.models.timeline.definition import distance_buckets

    assert distance_buckets(np.array([-3, 0, 1, 7, 8, 11, 12, 16, 199])).tolist() == [0, 0, 1, 7, 8, 8, 9, 10, 17]


# ---- unknown values


def test_minus_one_is_the_mean_row():
    from bst.models.layers import EmbeddingWithUnknown

    layer = EmbeddingWithUnknown(3, 2)
    layer.build(None)
    layer.embeddings.assign([[1, 10], [2, 20], [6, 60]])
    assert np.asarray(layer(np.array([-1, 2, 0]))).tolist() == [[3, 30], [6, 60], [1, 10]]


def test_no_gradient_through_minus_one():
    import tensorflow as tf

    from bst.models.layers import EmbeddingWithUnknown

    layer = EmbeddingWithUnknown(4, 2)
    layer.build(None)

    def gradient(indices):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(np.array(indices)))
        return tf.convert_to_tensor(tape.gradient(loss, layer.embeddings.value)).numpy().tolist()

    assert gradient([-1, -1]) == [[0, 0]] * 4
    assert gradient([-1, 2, 2]) == [[0, 0], [0, 0], [2, 2], [0, 0]]


# ---- ridge regression


def test_ridge_regression_on_earlier_positions_by_hand():
    """One factor, prior 2: G is 2, then 2 + 1, then 2 + 1 + 4; the moments are 0, 3, and 3 + 2 · 5."""
    from bst.models.layers import ridge_of_prefixes

    x, target = np.array([[[1], [2], [9]]], np.float32), np.array([[3, 5, 9]], np.float32)
    query = np.array([[[1], [1], [2]]], np.float32)
    prediction, variance = ridge_of_prefixes(x, target, np.array([2], np.float32), query)
    np.testing.assert_allclose(prediction, [[0, 3 / 3, 2 * 13 / 7]], atol=1e-6)
    np.testing.assert_allclose(variance, [[1 / 2, 1 / 3, 4 / 7]], atol=1e-6)


# ---- Keras' contract


def layer_calls() -> dict:
    """Return every layer with constructor arguments, and inputs for it."""
    from bst.models import layers
    from bst.models.timeline import blocks

    rng = np.random.default_rng(4)
    x, context = (rng.normal(size=(2, tokens, 4)).astype(np.float32) for tokens in (3, 5))
    valid, bias = np.array([[True, True, False]] * 2), rng.normal(size=(2, 3, 5)).astype(np.float32)
    return {
        "embedding": (layers.EmbeddingWithUnknown, {"input_dim": 3, "output_dim": 2}, (np.array([-1, 2]),)),
        "self-attention": (layers.SelfAttention, {"heads": 2, "dropout": 0.1}, (x, valid)),
        "transformer block": (layers.TransformerBlock, {"heads": 2, "dropout": 0.1}, (x, valid)),
        "attention": (blocks.Attention, {"heads": 2, "buckets": 3}, (x, context, bias)),
        "block": (
            blocks.Block,
            {"heads": 2, "buckets": 3, "dropout": 0.1, "expansion": 3},
            (x, context, bias),
        ),
    }


@pytest.mark.parametrize("name", ["embedding", "self-attention", "transformer block", "attention", "block"])
def test_a_layer_is_made_again_from_its_config(name):
    layer_class, arguments, inputs = layer_calls()[name]
    layer, rng = layer_class(**arguments, name="first"), np.random.default_rng(5)
    layer.build(inputs[0].shape)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    config = json.loads(json.dumps(layer.get_config()))
    assert arguments.items() <= config.items()
    again = layer_class.from_config(config)
    again.build_from_config(layer.get_build_config())
    assert [weight.path for weight in again.weights] == [weight.path for weight in layer.weights]
    again.set_weights(layer.get_weights())
    for old, new in zip(layer(*inputs), again(*inputs), strict=True):
        np.testing.assert_array_equal(new, old)
