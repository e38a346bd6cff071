"""Ratings against users, movies and the calendar: ids become rows, and the first conflict is named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from bst.datasets.parsing import Layout, fault, nth_line
from bst.datasets.ratings import RatingColumns
from bst.errors import DatasetError
from bst.schema import HALF_STARS

# MovieLens opened in 1997, yet its oldest ratings are dated January 1995. The bounds are wide, and
# narrow enough to catch a last line that was cut off within its timestamp.
EARLIEST = 788_918_400  # 1995-01-01
LATEST = 4_102_444_800  # 2100-01-01
# finer units in which programs count times, by how many of them are a second
UNITS = {1000: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}


def rating_rows(
    path: Path,
    layout: Layout,
    columns: RatingColumns,
    malformed: DatasetError | None,
    user_ids: np.ndarray,
    movie_ids: np.ndarray,
    levels: tuple[float, ...],
    users_file: str | None,
    movies_file: str,
) -> pd.DataFrame:
    """Return ratings as in ``schema.Dataset``: ``user`` and ``movie`` are positions in the two id arrays.

    ``timestamp`` is ``columns.time`` in whole seconds.

    ``malformed`` is the error of a line after those in ``columns``: it is raised unless an earlier line is
    at fault. ``users_file`` is None where the users are defined by the ratings themselves.
    Raises ``DatasetError`` for the first line with an unknown id, a rating outside ``levels``, an
    impossible time, or a pair of user and movie that was there before.
    """
    user = pd.Index(user_ids).get_indexer(columns.user).astype(np.int32)
    movie = pd.Index(movie_ids).get_indexer(columns.movie).astype(np.int32)
    times = columns.time // columns.per_second
    timed = layout.columns[3] >= 0
    stars = ", ".join(f"{level:g}" for level in levels)
    checks: list[tuple[np.ndarray, Callable[[int], str], str]] = [
        (
            columns.user < 1,
            lambda row: f"user id {columns.user[row]} is out of range",
            "Ids start at 1.",
        ),
        (
            user < 0,
            lambda row: f"user {columns.user[row]} is not in {users_file}",
            f"Add the user to {users_file} or drop the rating.",
        ),
        (
            movie < 0,
            lambda row: f"movie {columns.movie[row]} is not in {movies_file}",
            f"Add the movie to {movies_file} or drop the rating.",
        ),
        (
            ~np.isin(columns.rating, np.asarray(levels, np.float32)),
            lambda row: f"rating {columns.rating[row]:g} is not allowed",
            f"Allowed are {stars}.",
        ),
        (
            timed & ((times < EARLIEST) | (times >= LATEST)),
            lambda row: f"timestamp {times[row]} lies outside 1995–2099",
            "It is counted in seconds since 1970. In the last line it may have been cut off: download again.",
        ),
    ]
    faults = [(int(mask.argmax()), say, mend) for mask, say, mend in checks if mask.any()]
    first, say, mend = min(faults, key=lambda f: f[0], default=(len(columns), None, ""))

    twice = _first_repeat(user[:first], movie[:first], len(movie_ids))
    if twice is not None:
        earlier, later = (nth_line(path, row, header=layout.header) for row in twice)
        problem = f"user {columns.user[twice[1]]} rates movie {columns.movie[twice[1]]} again"
        raise fault(path, later[0], problem, later[1], f"The first time is line {earlier[0]}: keep one of the two.")
    if say is not None:
        line, text = nth_line(path, first, header=layout.header)
        raise fault(path, line, say(first), text, mend)
    if malformed is not None:
        raise malformed
    return pd.DataFrame({"user": user, "movie": movie, "rating": columns.rating, "timestamp": times}, copy=False)


def finest_unit(columns: RatingColumns) -> int:
    """Return how many of the units of ``columns.time`` are a second, told from the times themselves.

    They are seconds, or whatever finer unit the file was read in, unless all of them make sense in a finer one alone.
    """
    low, high = (int(columns.time.min()), int(columns.time.max())) if len(columns) else (0, 0)
    for unit in (1, *UNITS):
        if low // (unit * columns.per_second) >= EARLIEST and high // (unit * columns.per_second) < LATEST:
            return unit * columns.per_second
    return columns.per_second


def allowed_levels(ratings: np.ndarray, usual: tuple[float, ...]) -> tuple[float, ...]:
    """Return the levels of a file of ratings: ``usual``, or half stars where any half star stands in it."""
    halves = [level for level in HALF_STARS if level not in usual]
    return HALF_STARS if halves and np.isin(ratings, np.asarray(halves, np.float32)).any() else usual


def require_ratings(users_path: Path, users: pd.DataFrame, ratings: pd.DataFrame, ratings_file: str) -> None:
    """Raise ``DatasetError`` for the first user in ``users_path`` without a rating."""
    silent = np.bincount(ratings["user"], minlength=len(users)) == 0
    if silent.any():
        row = int(silent.argmax())
        line, text = nth_line(users_path, row)
        problem = f"user {users['user_id'].iloc[row]} has no rating in {ratings_file}"
        raise fault(users_path, line, problem, text, f"Drop the user; or {ratings_file} is cut off: download again.")


def _first_repeat(user: np.ndarray, movie: np.ndarray, movies: int) -> tuple[int, int] | None:
    """Return the rows (first time, second time) of the earliest repeated pair, or None."""
    keys = user.astype(np.int64) * movies + movie
    ordered = np.sort(keys)
    if not (ordered[1:] == ordered[:-1]).any():
        return None
    later = int(pd.Series(keys).duplicated().to_numpy().argmax())
    return int((keys == keys[later]).argmax()), later
