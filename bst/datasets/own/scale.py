"""The ratings of a table in stars, and which levels there are."""

from typing import NamedTuple

import numpy as np

from bst.datasets.own.tables import Table
from bst.datasets.rating_scale import SCALES, UNRATED, scale_of
from bst.schema import HALF_STARS


class StarRatings(NamedTuple):
    """Ratings as ``stars`` float32 (events,), the ``levels`` that occur, ascending, and what was done, if anything."""

    stars: np.ndarray
    levels: tuple[float, ...]
    note: str


def read_scale(table: Table, name: str, ratings: np.ndarray) -> StarRatings:
    """Return ratings in stars.

    Half stars from 0.5 to 5 stay as they are; others become stars as in ``rating_scale``. Where all events have the
    same rating, there are no ratings. Raises ``DatasetError`` for ratings on no scale, naming the first that is too
    high or too low.
    """
    values = np.unique(ratings)
    if len(values) == 1:
        note = f"All values of {name} in {table.path.name} are {values[0]:g}: they are not ratings."
        return StarRatings(np.full(len(ratings), UNRATED[0], np.float32), UNRATED, note)
    if np.isin(values, HALF_STARS).all():
        return StarRatings(ratings.astype(np.float32), tuple(values.astype(float).tolist()), "")
    scale = scale_of(values)
    if scale is None:
        outside = (ratings < 0) | (ratings > SCALES[-1])
        row = int(outside.argmax())
        raise table.error(
            row,
            f"{name} {ratings[row]:g} is on no scale of ratings: there are {len(values):,} different ones, from "
            f"{values[0]:g} to {values[-1]:g}",
            "Round them to 0.5 … 5; or, if they are not ratings, import with --ignore-ratings",
        )
    if scale.spread:
        said = (
            f"{scale.low:g} became {scale.least:g} ★ and {scale.high:g} became 5 ★, rounded to "
            f"{'whole' if scale.step == 1 else 'half'} stars"
        )
    else:
        said = f"on a scale from 0 to {scale.high:g}, they were rounded to half stars"
    stars = scale.stars(ratings).astype(np.float32)
    levels = tuple(np.unique(stars).astype(float).tolist())
    return StarRatings(stars, levels, f"{table.path.name} has {len(values):,} different ratings: {said}.")
