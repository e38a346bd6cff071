"""What computes predictions: the NumPy engine, which serves; the Keras model itself, for reference; or a model server.

Their answers agree to 1e-5 or better: a test compares every answer, and ``benchmarks/engine_equality.py`` prints the
largest differences. ``BST_ENGINE=keras`` chooses the Keras model for a whole program. With ``BST_MODEL_URL`` no weights
are loaded: the same questions go to a model server, whose engine answers.
"""

from typing import Literal, get_args

from bst.bundles.bundle import Bundle
from bst.errors import BundleError, ConfigError
from bst.models.registry import family_of
from bst.models.weights import Weights, assign
from bst.scoring.scorer import RowsOf, Scorer
from bst.settings import get_settings
from bst.text import quoted

LocalEngine = Literal["numpy", "keras"]
Engine = Literal["numpy", "keras", "remote"]
DEFAULT: Engine = "numpy"
# as About describes them
DESCRIPTIONS: dict[Engine, str] = {
    "numpy": "The NumPy engine, from the weights of the trained Keras model: the same predictions to five decimals, "
    "without loading TensorFlow.",
    "keras": "The Keras model itself, on TensorFlow: the reference. The NumPy engine is quicker; unset BST_ENGINE to "
    "use it.",
    "remote": "A model server: another process that holds the weights and answers this app's questions. Here neither "
    "weights nor TensorFlow are loaded.",
}


def chosen() -> Engine:
    """Return the engine of the settings. Raises ``ConfigError`` for an unknown one."""
    return "remote" if get_settings().model_url else local()


def local() -> LocalEngine:
    """Return the engine that computes in this process, also where there is a model server. Errors as ``chosen``."""
    name = get_settings().engine
    for engine in get_args(LocalEngine):
        if name == engine:
            return engine
    raise ConfigError(f"BST_ENGINE is {quoted(name)}; it can be {' or '.join(get_args(LocalEngine))}")


def check_ratings(bundle: Bundle) -> None:
    """Raise ``BundleError`` for a model that predicts no ratings, where there are some."""
    if "rating" not in bundle.config.tasks and bundle.sizes.domain.rated:
        raise BundleError(
            f"bundle {bundle.name} has no rating tower: it can be measured, but it recommends nothing; "
            "train the rating tower, too"
        )


def remote_scorer(bundle: Bundle) -> Scorer:
    """Return the scorer of a bundle that asks the model server of the settings; the weights stay there.

    Raises ``BundleError`` for a model that predicts no ratings, ``ModelServerError`` unless the server has this one.
    """
    from bst.scoring.remote.client import model_server
    from bst.scoring.remote.scorer import RemoteScorer

    check_ratings(bundle)
    url = get_settings().model_url
    assert url is not None
    server = model_server(url)
    server.check_served(bundle.name, bundle.weights_sha256)
    ask, config = server.transport(bundle.name, bundle.weights_sha256), bundle.config
    return RemoteScorer(ask, bundle.levels, config.max_history, config.tasks, bundle.sizes.movies)


def make_scorer(
    engine: LocalEngine, bundle: Bundle, weights: Weights, rows_of: RowsOf, uniform_attention: bool = False
) -> Scorer:
    """Return the scorer of a bundle's model, in this process. Raises ``BundleError`` as ``check_ratings``."""
    check_ratings(bundle)
    family = family_of(bundle.config)
    if uniform_attention:
        weights = family.with_uniform_attention(weights)
    if engine == "numpy":
        return family.scorer(bundle.config, bundle.sizes, weights, bundle.levels, rows_of)
    model = family.build(bundle.config, bundle.sizes, len(bundle.levels))
    assign(model, weights)
    return family.keras_scorer(model, bundle.levels, rows_of)
