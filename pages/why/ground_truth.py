"""What really causes ratings in the demo world, whose rules are known."""

import numpy as np

from bst.datasets.demo_truth import planted
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender

DATASET = "demo"


def known(recommender: Recommender) -> bool:
    """Whether the world that the model was trained on has rules that are known."""
    return recommender.bundle.dataset == DATASET


def causes(recommender: Recommender, told: Explanation) -> dict[int, float]:
    """Return the planted effect, in stars, of each event that has one, by its place among those that are read."""
    if not known(recommender) or not told.events:
        return {}
    catalogue = recommender.catalogue
    rows = catalogue.rows(event.movie_id for event in told.events)
    ratings = [event.rating for event in told.events]
    effects = planted().contributions(rows, ratings, catalogue.row(told.movie_id))
    return {int(place): float(effects[place]) for place in np.flatnonzero(effects)}
