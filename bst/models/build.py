"""Models of either kind, made from their configuration."""

import numpy as np
import pandas as pd

from bst import backend
from bst.models.config import Config, Sizes, TimelineConfig
from bst.schema import genre_matrix, item_features

# what a model knows of its movies besides what it learnt: the dataset's, put back when the model is loaded
FROM_DATASET = frozenset({"genres/embeddings", "rating/facts", "next/facts"})


def build_model(config: Config, sizes: Sizes, levels: int):
    """Return an untrained model with all its weights made. ``levels``: how many different ratings there are.

    Raises ``InstallationError`` without TensorFlow.
    """
    backend.load()
    if isinstance(config, TimelineConfig):
        from bst.models.timeline.model import build_timeline

        return build_timeline(config, sizes, levels)
    from bst.models.classic.model import build_classic

    return build_classic(config, sizes)


def set_movies(model, movies: pd.DataFrame) -> None:
    """Tell a model the genres and years of its dataset's movies."""
    if isinstance(model.config, TimelineConfig):
        model.set_item_features(item_features(movies))
    else:
        model.set_genres(genre_matrix(movies))


def count_parameters(model) -> dict:
    """Count weights: ``parameters``, ``trainable``, ``non_trainable`` and ``by_part``."""

    def count(weights) -> int:
        return sum(int(np.prod(w.shape)) for w in weights)

    total, trainable = count(model.weights), count(model.trainable_weights)
    return {
        "parameters": total,
        "trainable": trainable,
        "non_trainable": total - trainable,
        "by_part": {name: count(weights) for name, weights in model.parts().items()},
    }


def look_everywhere_alike(model) -> None:
    """Make a model that predicts ratings attend evenly to all that it may look at, and change nothing else of it.

    Queries of zero and no bias of distance leave nothing but the mask. For measuring what attention does: such a model
    was not trained that way, and it is not to be saved.
    """
    if isinstance(model.config, TimelineConfig):
        attentions = [block.attention for block in (*model.rating.query_blocks, *model.rating.content_blocks)]
        weights = [layer.distance_bias for layer in attentions]
    else:
        attentions, weights = [model.block.attention], []
    for weight in (*weights, *(weight for layer in attentions for weight in layer.query.weights)):
        weight.assign(np.zeros(weight.shape))
