"""The true causes of ratings in the demo world, whose rules are known."""

import numpy as np

from bst.datasets.demo_truth import planted
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender

DATASET = "demo"


def is_known(recommender: Recommender) -> bool:
    """Whether the model was trained on the demo world, whose rules are known."""
    return recommender.bundle.dataset == DATASET


def causes(recommender: Recommender, explanation: Explanation) -> dict[int, float]:
    """Return the planted effects, in stars, of the events that have one, by index among the events that are read."""
    if not is_known(recommender) or not explanation.events:
        return {}
    catalogue = recommender.catalogue
    rows = catalogue.rows(event.movie_id for event in explanation.events)
    ratings = [event.rating for event in explanation.events]
    effects = planted().contributions(rows, ratings, catalogue.row(explanation.movie_id))
    return {index: float(effects[index]) for index in np.flatnonzero(effects).tolist()}
