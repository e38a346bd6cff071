"""Both engines give the same answers, over both kinds of model; and which one answers can be chosen."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.engine_equality import compare
from bst.errors import ConfigError
from bst.inference.recommender import Recommender
from bst.installation import PROJECT
from bst.models.config import Sizes
from bst.models.registry import PRESETS, family_of
from bst.models.weights import as_tree, weights_of
from bst.schema import Event, Visitor


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["small", "timeline"])
def test_every_answer_is_that_of_the_keras_model(kind, request, world, orderly):
    bundle, dataset = request.getfixturevalue(f"{kind}_bundle"), {"small": world, "timeline": orderly}[kind]
    ours, keras = (Recommender.load(bundle, dataset, engine=engine) for engine in ("numpy", "keras"))
    largest = compare(ours, keras, lengths=(0, 1, 9, 24))
    assert len(largest) > 8
    assert max(largest.values()) < 1e-5, largest


@pytest.mark.slow
def test_the_demo_bundle_answers_as_its_keras_model():
    assert_equal("demo")


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", ["ml-1m", "ml-1m-seed"])
def test_the_bundles_of_movielens_answer_as_their_keras_models(name, ml_1m_dir):
    assert_equal(name)


def assert_equal(name: str) -> None:
    """Hold both engines over a shipped bundle against each other, after histories of 0 to 300 events."""
    ours, keras = (Recommender.load(name, engine=engine) for engine in ("numpy", "keras"))
    largest = compare(ours, keras, lengths=(0, 1, 8, 50, 300), explained=50)
    assert max(largest.values()) < 1e-5, largest


def test_attention_is_made_uniform_in_both(timeline_bundle, orderly):
    visitor = Visitor(history=(Event(100, 5.0), Event(103, 1.0), Event(106, 4.0)))
    ours, keras = (
        Recommender.load(timeline_bundle, orderly, engine=engine, uniform_attention=True)
        for engine in ("numpy", "keras")
    )
    np.testing.assert_allclose(ours.predict(visitor).expected, keras.predict(visitor).expected, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_shapes_are_those_of_the_keras_model(name):
    """A bundle's weights are held against them."""
    config, sizes = PRESETS[name].config, Sizes(60, 50)
    family = family_of(config)
    built = weights_of(family.build(config, sizes, 5))
    assert {path: values.shape for path, values in built.items()} == family.weight_shapes(config, sizes, 5)
    assert family.dataset_weight_paths(config) <= set(built)


def test_weights_by_attribute():
    tree = as_tree({"a/b": np.zeros(1), "a/c/d": np.ones(2), "e": np.zeros(3)})
    assert (tree.a.b.shape, tree.a.c.d.tolist(), tree.e.shape) == ((1,), [1, 1], (3,))


def test_the_engine_is_chosen_by_a_setting(small_bundle, world, override_settings):
    assert Recommender.load(small_bundle, world).engine == "numpy"
    override_settings(engine="keras")
    assert Recommender.load(small_bundle, world).engine == "keras"
    override_settings(engine="jax")
    with pytest.raises(ConfigError, match="BST_ENGINE is 'jax'; it can be numpy or keras"):
        Recommender.load(small_bundle, world)


@pytest.mark.slow
def test_no_answer_loads_tensorflow():
    """A list, an explanation and what-if, on a bundle of its own: in a process that has loaded nothing yet."""
    code = (
        "import sys\n"
        "from bst.cli import main\n"
        "visitor = ['--bundle', 'demo', '--watched', '1=5', '--watched', '2=1', '--json']\n"
        "assert main(['recommend', *visitor]) == 0\n"
        "assert main(['explain', *visitor, '--movie', '7']) == 0\n"
        "assert main(['whatif', *visitor, '--rate', '1=1']) == 0\n"
        "print({'tensorflow', 'keras', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()", done.stdout[-300:]
