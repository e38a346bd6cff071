"""The shapes of a classic BST's weights, known without TensorFlow: what a bundle must hold."""

from bst.models.classic.config import ClassicConfig, embedding_width
from bst.models.config import Sizes

Shapes = dict[str, tuple[int, ...]]


def weight_shapes(config: ClassicConfig, sizes: Sizes) -> Shapes:
    """Return the shape of each weight of ``ClassicBST`` by its path. A test holds it against the Keras model."""
    width = embedding_width(sizes.movies)
    shapes: Shapes = {"movie/embeddings": (sizes.movies, width), "position/embeddings": (config.window, width)}
    if config.genres:
        shapes |= {"genres/embeddings": (sizes.movies, sizes.genres)}
        shapes |= _dense("movie_and_genres", width + sizes.genres, width)
    vocabularies = profile_sizes(config, sizes)
    shapes |= {f"{name}/embeddings": (size, embedding_width(size)) for name, size in vocabularies.items()}
    block, heads = "transformer_block", config.heads
    for name in ("query", "key", "value"):
        shapes |= _dense(f"{block}/attention/{name}", width, heads * width)
    shapes |= _dense(f"{block}/attention/output", heads * width, width) | _dense(f"{block}/dense", width, width)
    for name in ("attention_norm", "dense_norm"):
        shapes |= {f"{block}/{name}/{part}": (width,) for part in ("gamma", "beta")}
    features = config.window * width + sum(embedding_width(size) for size in vocabularies.values())
    for i, units in enumerate(config.mlp):
        shapes |= _dense(f"dense_{i}", features, units)
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        shapes |= {f"batch_norm_{i}/{part}": (units,) for part in parts}
        features = units
    return shapes | _dense("rating", features, 1)


def profile_sizes(config: ClassicConfig, sizes: Sizes) -> dict[str, int]:
    """Return the vocabularies of what is known of the user, in the order in which the model reads them."""
    vocabularies = {"user": sizes.users} if config.user_id else {}
    return vocabularies | (sizes.demographics if config.demographics else {})


def _dense(path: str, inputs: int, units: int) -> Shapes:
    return {f"{path}/kernel": (inputs, units), f"{path}/bias": (units,)}
