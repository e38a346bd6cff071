"""The classic BST: exact sizes, its configuration, padding, training."""

import numpy as np
import pytest

from bst.errors import ConfigError
from bst.models.classic.config import ClassicConfig, embedding_width
from bst.models.classic.family import ClassicFamily
from bst.models.config import Sizes
from bst.models.registry import PRESETS, preset, read_config

ML_1M = Sizes(6040, 3883)
SMALL = Sizes(50, 40)

# By hand, for 6,040 users and 3,883 movies (widths ⌊√n⌋: 77 and 62). Shared by all presets:
#   movie 3,883 × 62 = 240,746; block: q, k, v 3 × (62 × 186 + 186) = 35,154, out 186 × 62 + 62 = 11,594,
#   dense 62 × 62 + 62 = 3,906, two norms 2 × 124 = 248: 50,902.
# With every feature on: user 6,040 × 77 = 465,080; sex 2 × 1, age 7 × 2, occupation 21 × 4: 100;
#   genres 3,883 × 18 = 69,894 (fixed); Dense(80 → 62) 5,022. With movie: 780,842, and 62 for each position.
# keras-example: 240,746 + 4 × 62 = 240,994; head 248 × 256 + 256 = 63,744, + 1,024 + 32,896 + 512 + 129 = 98,305;
#   fixed are the norms' moving statistics, 2 × 256 + 2 × 128 = 768.
# user-features: 780,842 + 248 = 781,090; head 332 × 256 + 256 = 85,248, + 1,024 + 32,896 + 512 + 129 = 119,809;
#   fixed 69,894 + 768.
# compact, window 6: 780,842 + 372 = 781,214; 6 × 62 + 84 = 456 features; head 456 × 32 + 32 = 14,624, + 128
#   + 32 × 16 + 16 = 528, + 64 + 17 = 15,361; fixed 69,894 + 64 + 32 = 69,990.
# compact, window 7: 62 more positions (781,276), 62 × 32 = 1,984 more weights in the head (17,345).
COUNTS = {
    "keras-example": (preset("keras-example"), 390_201, 768, (240_994, 50_902, 98_305)),
    "user-features": (preset("user-features"), 951_801, 70_662, (781_090, 50_902, 119_809)),
    "compact of 5": (preset("compact"), 847_477, 69_990, (781_214, 50_902, 15_361)),
    "compact of 6": (preset("compact", window=7), 849_523, 69_990, (781_276, 50_902, 17_345)),
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_of_the_presets(name):
    from bst.models.classic.model import build_classic
    from bst.models.family import count_parameters

    config, total, fixed, parts = COUNTS[name]
    assert count_parameters(build_classic(config, ML_1M)) == {
        "parameters": total,
        "trainable": total - fixed,
        "non_trainable": fixed,
        "by_part": dict(zip(("embeddings", "transformer_block", "mlp"), parts, strict=True)),
    }


def test_the_seed_preset_on_movielens_1m_is_the_published_system():
    _, total, fixed, _ = COUNTS["user-features"]
    assert (total, total - fixed, fixed) == (951_801, 881_139, 70_662)


@pytest.mark.parametrize(("size", "width"), [(2, 1), (7, 2), (21, 4), (3883, 62), (6040, 77), (6084, 78), (6083, 77)])
def test_embedding_width_is_the_root_rounded_down(size, width):
    assert embedding_width(size) == width


# ---- configuration


def test_config_survives_json():
    import json

    for config in (entry.config for entry in PRESETS.values()):
        assert read_config(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", 1),
        ("window", 4.5),
        ("window", True),
        ("heads", 0),
        ("heads", "3"),
        ("dropout", 0.95),
        ("dropout", float("nan")),
        ("learning_rate", 0),
        ("batch_size", 0),
        ("epochs", 1_001),
        ("short_history", -0.1),
        ("unknown", 1.5),
        ("genres", "no"),
        ("mlp", ()),
        ("mlp", (16, 0)),
        ("mlp", (16.5,)),
        ("mlp", (10**9,)),
    ],
)
def test_settings_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=name):
        preset("user-features", **{name: value})


@pytest.mark.parametrize("values", [{"window": 4}, {"preset": "x", "mlp": 3}, {"preset": "x", "mlp": [8], "colour": 1}])
def test_a_malformed_configuration_is_refused(values):
    with pytest.raises(ConfigError, match="configuration"):
        ClassicConfig.from_dict(values)


def test_a_preset_by_its_former_name():
    assert preset("seed") == preset("user-features")
    assert read_config(preset("seed").to_dict() | {"preset": "seed"}) == preset("user-features")


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ConfigError, match="no preset 'sead'; choose one of: timeline, keras-example, user-feat"):
        preset("sead")


# ---- the model


def inputs(n=6, slots=3, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "movies": rng.integers(0, SMALL.movies, (n, slots)).astype(np.int32),
        "ratings": rng.integers(1, 6, (n, slots)).astype(np.float32),
        "target": rng.integers(0, SMALL.movies, n).astype(np.int32),
        "user": rng.integers(-1, SMALL.users, n).astype(np.int32),
        "sex": rng.integers(-1, 2, n).astype(np.int32),
        "age": rng.integers(-1, 7, n).astype(np.int32),
        "occupation": rng.integers(-1, 21, n).astype(np.int32),
    }


@pytest.fixture(scope="module")
def model():
    """Return an untrained model of preset ``user-features`` whose weights are all random: zeros would hide mistakes."""
    return random_model(preset("user-features"))


def random_model(config):
    from bst.models.classic.model import build_classic

    model, rng = build_classic(config, SMALL), np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.3, weight.shape) ** (2 if "moving_variance" in weight.path else 1))
    model.set_genres(rng.integers(0, 2, (SMALL.movies, 18)))
    return model


def test_a_token_is_movie_plus_position_times_rating(model):
    """Follow one prediction through the model with NumPy, but for the block, which is tested above."""
    x = inputs(2)
    movie, position = model.movie.embeddings.numpy(), model.position.embeddings.numpy()
    kernel, bias = (w.numpy() for w in model.movie_and_genres.weights)
    genres = model.genres.embeddings.numpy()

    def encode(rows):
        return np.maximum(np.concatenate([movie[rows], genres[rows]], -1) @ kernel + bias, 0)

    tokens = encode(np.concatenate([x["movies"], x["target"][:, None]], 1)) + position
    tokens = tokens * np.concatenate([x["ratings"], np.ones((2, 1))], 1)[..., None]
    out = np.asarray(model.block(tokens.astype(np.float32), np.ones((2, 4), bool)))
    features = [out.reshape(2, -1)]
    for name in ("user", "sex", "age", "occupation"):
        table = model.profile[name].embeddings.numpy()
        features.append(np.where(x[name][:, None] < 0, table.mean(0), table[x[name]]))
    h = np.concatenate(features, 1)
    for dense, norm, _, _ in model.mlp:
        gamma, beta, mean, variance = (w.numpy() for w in norm.weights)
        h = h @ dense.kernel.numpy() + dense.bias.numpy()
        h = gamma * (h - mean) / np.sqrt(variance + norm.epsilon) + beta
        h = np.where(h > 0, h, 0.3 * h)
    expected = h @ model.head.kernel.numpy() + model.head.bias.numpy()
    np.testing.assert_allclose(model(x), expected, rtol=1e-3, atol=1e-4)


def test_what_stands_in_an_empty_slot_does_not_matter(model):
    x = inputs()
    x["movies"][:, :2] = -1
    x["ratings"][:, :2] = 0
    rating, scores = model(x, return_attention_scores=True)
    assert scores.shape == (6, 3, 4, 4)
    assert (np.asarray(scores)[..., :2] == 0).all()
    np.testing.assert_allclose(np.sum(scores, -1), 1, atol=1e-6)
    x["ratings"][:, :2] = 5
    x["movies"][:, 0] = -7
    np.testing.assert_array_equal(model(x), rating)
    x["movies"][:, 1] = 3
    assert np.abs(model(x) - rating).min() > 1e-4


def test_an_empty_history_gives_a_rating(model):
    x = inputs()
    x["movies"][:], x["ratings"][:] = -1, 0
    rating, scores = model(x, return_attention_scores=True)
    assert np.isfinite(rating).all()
    np.testing.assert_allclose(np.asarray(scores)[..., -1], 1, rtol=1e-5)


@pytest.mark.parametrize("part", ["movies", "ratings", "target", "user", "sex", "age", "occupation"])
def test_every_input_counts(model, part):
    x = inputs()
    before = np.asarray(model(x))
    x[part] = (x[part] + 1) % (5 if part == "ratings" else 2)
    assert np.abs(np.asarray(model(x)) - before).max() > 1e-4


def test_features_that_are_off_do_not_count():
    model = random_model(preset("keras-example"))
    x = inputs()
    before = np.asarray(model(x))
    for name in ("user", "sex", "age", "occupation"):
        x[name] = np.full(6, -1, np.int32)
    np.testing.assert_array_equal(model(x), before)
    assert model.genres is None


@pytest.mark.parametrize("name", [entry.name for entry in ClassicFamily.presets])
def test_a_model_made_again_predicts_the_same(name):
    """From its configuration as JSON has it, with its weights put back by name."""
    import json

    from bst.models.classic.model import build_classic

    model = random_model(preset(name))
    again = build_classic(read_config(json.loads(json.dumps(model.config.to_dict()))), SMALL)
    weights = {weight.path.split("/", 1)[1]: weight.numpy() for weight in model.weights}
    assert len(weights) == len(model.weights)
    for weight in again.weights:
        weight.assign(weights.pop(weight.path.split("/", 1)[1]))
    assert not weights
    x = inputs(slots=model.config.window - 1)
    np.testing.assert_array_equal(again(x), model(x))


def test_training_moves_every_position_and_no_genre():
    from bst.models.classic.trainer import compile_model

    model = random_model(preset("user-features"))
    before = {name: getattr(model, name).embeddings.numpy() for name in ("position", "genres", "movie")}
    compile_model(model, model.config)
    model.run_eagerly = True
    model.fit(inputs(64), np.full((64, 1), 4.0), epochs=1, verbose=0)
    moved = np.abs(model.position.embeddings.numpy() - before["position"]).max(axis=1)
    assert moved.shape == (4,)
    assert (moved > 1e-4).all()
    assert np.abs(model.movie.embeddings.numpy() - before["movie"]).max() > 1e-4
    np.testing.assert_array_equal(model.genres.embeddings, before["genres"])
