"""What computes predictions: the NumPy engine, which serves, or the Keras model itself, for reference.

Their answers agree to 1e-5 or better: a test compares every answer, and ``benchmarks/engine_equality.py`` prints the
largest differences. ``BST_ENGINE=keras`` chooses the Keras model for a whole program.
"""

from typing import Literal, get_args

from bst.bundles.bundle import Bundle
from bst.errors import BundleError, ConfigError
from bst.models.registry import family_of
from bst.models.weights import Weights, assign
from bst.scoring.scorer import RowsOf, Scorer
from bst.settings import get_settings
from bst.text import quoted

Engine = Literal["numpy", "keras"]
DEFAULT: Engine = "numpy"
# as About describes them
DESCRIPTIONS: dict[Engine, str] = {
    "numpy": "The NumPy engine, from the weights of the trained Keras model: the same predictions to five decimals, "
    "without loading TensorFlow.",
    "keras": "The Keras model itself, on TensorFlow: the reference. The NumPy engine is quicker; unset BST_ENGINE to "
    "use it.",
}


def chosen() -> Engine:
    """Return the engine of the settings. Raises ``ConfigError`` for one that there is not."""
    name = get_settings().engine
    for engine in get_args(Engine):
        if name == engine:
            return engine
    raise ConfigError(f"BST_ENGINE is {quoted(name)}; it can be {' or '.join(get_args(Engine))}")


def make_scorer(
    engine: Engine, bundle: Bundle, weights: Weights, rows_of: RowsOf, uniform_attention: bool = False
) -> Scorer:
    """Return the scorer of a bundle's model. Raises ``BundleError`` for one without ratings, where there are some."""
    if "rating" not in bundle.config.tasks and bundle.sizes.domain.rated:
        raise BundleError(
            f"bundle {bundle.name} has no rating tower: it can be measured, but it recommends nothing; "
            "train the rating tower, too"
        )
    family = family_of(bundle.config)
    if uniform_attention:
        weights = family.with_uniform_attention(weights)
    if engine == "numpy":
        return family.scorer(bundle.config, bundle.sizes, weights, bundle.levels, rows_of)
    model = family.build(bundle.config, bundle.sizes, len(bundle.levels))
    assign(model, weights)
    return family.keras_scorer(model, bundle.levels, rows_of)
