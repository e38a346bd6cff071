"""The inference engine over a Keras model's weights."""

from bst.models.timeline.engine.catalogue_towers import CatalogueInference, LikeInference
from bst.models.timeline.engine.rating_tower import RatingInference
from bst.models.weights import as_tree, weights_of


def rating_inference(model) -> RatingInference:
    """The rating tower of a timeline model."""
    config = model.config
    return RatingInference(as_tree(weights_of(model)).rating, config.rating, config.train_length, model.sizes)


def next_inference(model) -> CatalogueInference:
    """Its next tower."""
    return CatalogueInference(
        as_tree(weights_of(model)).next, model.config.next, model.config.train_length, model.sizes
    )


def like_inference(model) -> LikeInference:
    """Its like tower."""
    return LikeInference(as_tree(weights_of(model)).like, model.config.like, model.config.train_length, model.sizes)
