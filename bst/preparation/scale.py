"""From whatever numbers a log has as ratings to stars."""

import numpy as np

from bst.errors import DatasetError
from bst.schema import HALF_STARS

# the level of all events where nobody rates: an event counts as something that was liked
UNRATED = (5.0,)
# up to so many different ratings become whole stars, up to so many half stars; more are rounded
MOST_WHOLE, MOST_HALF = 5, len(HALF_STARS)
# where ratings that are rounded may end; they begin at 0 or later
SCALES = (5.0, 10.0, 100.0)
MOST_VALUES = 10_000


def stars(ratings: np.ndarray) -> np.ndarray:
    """Return the stars of each of the different ratings of a dataset, ascending: float64 of the same length.

    Half stars stay as they are. Up to ten other values are spread by their distances: the lowest becomes 1 (0.5 where
    there are more than five), the highest 5. More are rounded to half stars on a scale from 0 to 5, 10 or 100. A single
    value is no rating. Raises ``DatasetError`` for others.

    >>> stars(np.array([-1.0, 0.0, 1.0])).tolist()
    [1.0, 3.0, 5.0]
    """
    if len(ratings) <= 1:
        return np.full(len(ratings), UNRATED[0])
    low, high = float(ratings[0]), float(ratings[-1])
    if np.isin(ratings, HALF_STARS).all():
        return ratings
    if len(ratings) <= MOST_HALF:
        step, least = (1.0, 1.0) if len(ratings) <= MOST_WHOLE else (0.5, 0.5)
        exact = least + (ratings - low) / (high - low) * (HALF_STARS[-1] - least)
    else:
        top = next((top for top in SCALES if high <= top), None)
        if low < 0 or top is None or len(ratings) > MOST_VALUES:
            raise DatasetError(
                f"the ratings are on no scale: there are {len(ratings):,} different ones, from {low:g} to {high:g}; "
                "round them to 0.5 … 5, or leave the column out if they are no ratings"
            )
        step, exact = 0.5, ratings / top * HALF_STARS[-1]
    # halves go up, as in ``schema.to_scale``
    return np.clip(np.floor(exact / step + 0.5) * step, HALF_STARS[0], HALF_STARS[-1])
