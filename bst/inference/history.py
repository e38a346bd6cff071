"""A visitor's history as a scorer reads it, if it fits the dataset that a model was trained on."""

import numpy as np

from bst.bundles.bundle import Bundle
from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.schema import HALF_STARS, Visitor


def history_rows(visitor: Visitor, bundle: Bundle, catalogue: Catalogue) -> np.ndarray:
    """Return the movies of the history as rows of the catalogue: int32 (events,).

    Raises ``VisitorError`` for a rating that the dataset does not allow, and for an unknown movie.
    """
    levels = bundle.levels
    for event in visitor.history:
        if event.rating not in levels:
            step = "half stars" if HALF_STARS[0] in levels else "whole stars"
            raise VisitorError(
                f"{catalogue.title(event.movie_id)} cannot be rated {event.rating:g}: "
                f"{bundle.dataset_title} has {step} from {levels[0]:g} to {levels[-1]:g}"
            )
    return catalogue.rows(visitor.ratings)
