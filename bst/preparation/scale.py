"""From whatever numbers a log has as ratings to stars."""

import numpy as np

from bst.datasets.rating_scale import UNRATED, scale_of
from bst.errors import DatasetError
from bst.schema import HALF_STARS

# numbers with more different values are no ratings
MOST_VALUES = 10_000


def stars(ratings: np.ndarray) -> np.ndarray:
    """Return the stars of each of the different ratings of a dataset, ascending: float64 of the same length.

    Half stars stay as they are, others become stars as in ``rating_scale``. A single value is not a rating. Raises
    ``DatasetError`` for ratings on no scale.

    >>> stars(np.array([-1.0, 0.0, 1.0])).tolist()
    [1.0, 3.0, 5.0]
    """
    if len(ratings) <= 1:
        return np.full(len(ratings), UNRATED[0])
    if np.isin(ratings, HALF_STARS).all():
        return ratings
    scale = scale_of(ratings) if len(ratings) <= MOST_VALUES else None
    if scale is None:
        raise DatasetError(
            f"the ratings are on no scale: there are {len(ratings):,} different ones, from {ratings[0]:g} to "
            f"{ratings[-1]:g}; round them to 0.5 … 5, or leave the column out if they are not ratings"
        )
    return scale.stars(ratings)
