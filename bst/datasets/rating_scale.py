"""Which ratings there are: from whatever numbers a dataset has to stars."""

from dataclasses import dataclass

import numpy as np

from bst.schema import HALF_STARS

# the level of all events of a dataset without ratings: an event counts as something that was liked
UNRATED: tuple[float, ...] = (5.0,)
# up to this many different ratings become whole stars, up to this many half stars; more are rounded
MOST_WHOLE, MOST_HALF = 5, len(HALF_STARS)
# where ratings that are rounded may end; they begin at 0 or later
SCALES = (5.0, 10.0, 100.0)


@dataclass(frozen=True)
class Scale:
    """How numbers become stars: ``low`` becomes ``least``, ``high`` becomes 5, and all are rounded to ``step``.

    ``spread``: whether these are the lowest and the highest of the dataset, and not the ends of a known scale.
    """

    low: float
    high: float
    least: float
    step: float
    spread: bool

    def stars(self, ratings: np.ndarray) -> np.ndarray:
        """Return ratings in stars, float64 of the same shape. Halves go up, as in ``schema.to_scale``."""
        exact = self.least + (ratings - self.low) / (self.high - self.low) * (HALF_STARS[-1] - self.least)
        return np.clip(np.floor(exact / self.step + 0.5) * self.step, HALF_STARS[0], HALF_STARS[-1])


def scale_of(values: np.ndarray) -> Scale | None:
    """Return the scale of the different ratings of a dataset, two or more, ascending; None if they are on none.

    Up to ten values are spread evenly by their distances: the lowest becomes 1 (0.5 if there are more than five
    values), the highest 5. More values are rounded to half stars where all lie on a scale from 0 to 5, 10 or 100.

    >>> scale_of(np.array([-1.0, 0.0, 1.0])).stars(np.array([-1.0, 0.0, 1.0])).tolist()
    [1.0, 3.0, 5.0]
    """
    low, high = float(values[0]), float(values[-1])
    if len(values) <= MOST_HALF:
        least = 1.0 if len(values) <= MOST_WHOLE else 0.5
        return Scale(low, high, least, least, spread=True)
    top = next((top for top in SCALES if high <= top), None)
    return None if low < 0 or top is None else Scale(0.0, top, 0.0, 0.5, spread=False)
