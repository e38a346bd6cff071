"""Which ratings there are: rating levels in stars, from whatever numbers a dataset has."""

from typing import NamedTuple

import numpy as np

from bst.datasets.own.tables import Table
from bst.schema import HALF_STARS

# the level of all events where nobody rates: an event counts as something that was liked
UNRATED: tuple[float, ...] = (5.0,)
MOST_LEVELS = len(HALF_STARS)
# up to so many different ratings become whole stars
MOST_WHOLE = 5
# ratings with more values than there are half stars are read where they end at one of these, and begin at 0 or later
SCALES = (5.0, 10.0, 100.0)


class Scale(NamedTuple):
    """Ratings as ``stars`` float32 (events,), the ``levels`` that occur, ascending, and what was done, if anything."""

    stars: np.ndarray
    levels: tuple[float, ...]
    note: str


def read_scale(table: Table, name: str, ratings: np.ndarray) -> Scale:
    """Return ratings in stars.

    Half stars from 0.5 to 5 stay as they are. Up to ten other values are spread evenly by their distances: the lowest
    becomes 1 (0.5 if there are more than five values), the highest 5. More values are rounded to half stars where all
    lie on a scale from 0 to 5, 10 or 100. Where all events have the same rating, nobody rates. Raises ``DatasetError``
    for other ratings, naming the first that is too high or too low.
    """
    values = np.unique(ratings)
    if len(values) == 1:
        note = f"All values of {name} in {table.path.name} are {values[0]:g}: they are no ratings."
        return Scale(np.full(len(ratings), UNRATED[0], np.float32), UNRATED, note)
    if np.isin(values, HALF_STARS).all():
        return Scale(ratings.astype(np.float32), tuple(values.astype(float).tolist()), "")
    if len(values) <= MOST_LEVELS:
        step, lowest = (1.0, 1.0) if len(values) <= MOST_WHOLE else (0.5, 0.5)
        low, high = float(values[0]), float(values[-1])
        exact = lowest + (ratings - low) / (high - low) * (HALF_STARS[-1] - lowest)
        said = (
            f"{low:g} became {lowest:g} ★ and {high:g} became 5 ★, rounded to {'whole' if step == 1 else 'half'} stars"
        )
    else:
        top = next((top for top in SCALES if values[-1] <= top), None)
        if values[0] < 0 or top is None:
            outside = (ratings < 0) | (ratings > SCALES[-1])
            row = int(outside.argmax())
            raise table.error(
                row,
                f"{name} {ratings[row]:g} is on no scale of ratings: there are {len(values):,} different ones, from "
                f"{values[0]:g} to {values[-1]:g}",
                "Round them to 0.5 … 5; or, if they are no ratings, import with --ignore-ratings",
            )
        step, exact = 0.5, ratings / top * HALF_STARS[-1]
        said = f"on a scale from 0 to {top:g}, they were rounded to half stars"
    # halves go up, as in ``schema.to_scale``
    stars = np.clip(np.floor(exact / step + 0.5) * step, HALF_STARS[0], HALF_STARS[-1]).astype(np.float32)
    levels = tuple(np.unique(stars).astype(float).tolist())
    return Scale(stars, levels, f"{table.path.name} has {len(values):,} different ratings: {said}.")
