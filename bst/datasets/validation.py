"""Ratings against users, movies and the calendar: ids become rows, and the first conflict is named."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bst.datasets.parsing import Layout, data_line
from bst.datasets.ratings import RatingColumns
from bst.errors import DatasetError
from bst.schema import HALF_STARS

# MovieLens opened in 1997, yet its oldest ratings are dated January 1995. The bounds are wide, and
# narrow enough to catch a last line that was cut off within its timestamp.
EARLIEST = 788_918_400  # 1995-01-01
LATEST = 4_102_444_800  # 2100-01-01
# finer units of time that programs use, by how many of them make a second
UNITS = {1000: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}


@dataclass(frozen=True)
class RatingsFile:
    """A file of ratings as it was read: where it is, its layout, and its columns.

    ``malformed`` is the error of a line after those in ``columns``; None where all lines could be parsed.
    """

    path: Path
    layout: Layout
    columns: RatingColumns
    malformed: DatasetError | None


@dataclass(frozen=True)
class Ids:
    """The users, or the movies, that ratings may refer to: their ids in row order, and the name of their file.

    ``file`` is None where users are defined by the ratings themselves.
    """

    ids: np.ndarray
    file: str | None

    def rows(self, ids: np.ndarray) -> np.ndarray:
        """Return the row of each id: int32, −1 for an unknown one."""
        return pd.Index(self.ids).get_indexer(ids).astype(np.int32)


class _Check(NamedTuple):
    """A rule that ratings may break: which of them do, what is wrong with the one in a row, and the fix."""

    broken: np.ndarray
    problem: Callable[[int], str]
    fix: str


def rating_rows(file: RatingsFile, users: Ids, movies: Ids, levels: tuple[float, ...]) -> pd.DataFrame:
    """Return ratings as in ``schema.Dataset``: ``user`` and ``movie`` are row numbers of the two sets of ids.

    ``timestamp`` is ``columns.time`` in whole seconds. Raises ``DatasetError`` for the first line that is malformed,
    or has an unknown id, a rating outside ``levels``, an impossible time, or a pair of user and movie that was rated
    before.
    """
    columns = file.columns
    ratings = pd.DataFrame(
        {
            "user": users.rows(columns.user),
            "movie": movies.rows(columns.movie),
            "rating": columns.rating,
            "timestamp": columns.time // columns.per_second,
        },
        copy=False,
    )
    broken = [check for check in _checks(file, ratings, users, movies, levels) if check.broken.any()]
    first = min(broken, key=lambda check: int(check.broken.argmax()), default=None)
    row = int(first.broken.argmax()) if first else len(columns)
    _require_no_repeat(file, ratings.iloc[:row], len(movies.ids))
    if first:
        raise data_line(file.path, row, header=file.layout.header).error(first.problem(row), first.fix)
    if file.malformed is not None:
        raise file.malformed
    return ratings


def _checks(
    file: RatingsFile, ratings: pd.DataFrame, users: Ids, movies: Ids, levels: tuple[float, ...]
) -> list[_Check]:
    columns, times = file.columns, ratings["timestamp"].to_numpy()
    return [
        _Check(columns.user < 1, lambda row: f"user id {columns.user[row]} is out of range", "Ids start at 1."),
        _Check(
            ratings["user"].to_numpy() < 0,
            lambda row: f"user {columns.user[row]} is not in {users.file}",
            f"Add the user to {users.file} or drop the rating.",
        ),
        _Check(
            ratings["movie"].to_numpy() < 0,
            lambda row: f"movie {columns.movie[row]} is not in {movies.file}",
            f"Add the movie to {movies.file} or drop the rating.",
        ),
        _Check(
            ~np.isin(columns.rating, np.asarray(levels, np.float32)),
            lambda row: f"rating {columns.rating[row]:g} is not allowed",
            f"Allowed are {', '.join(f'{level:g}' for level in levels)}.",
        ),
        _Check(
            file.layout.has_times & ((times < EARLIEST) | (times >= LATEST)),
            lambda row: f"timestamp {times[row]} lies outside 1995–2099",
            "It is counted in seconds since 1970. In the last line it may have been cut off: download again.",
        ),
    ]


def finest_unit(columns: RatingColumns) -> int:
    """Return how many of the units of ``columns.time`` make a second, inferred from the times themselves.

    They are seconds, or whatever finer unit the file was read in, unless all of them make sense in a finer one alone.
    """
    low, high = (int(columns.time.min()), int(columns.time.max())) if len(columns) else (0, 0)
    for unit in (1, *UNITS):
        if low // (unit * columns.per_second) >= EARLIEST and high // (unit * columns.per_second) < LATEST:
            return unit * columns.per_second
    return columns.per_second


def allowed_levels(ratings: np.ndarray, usual: tuple[float, ...]) -> tuple[float, ...]:
    """Return the rating levels of a file: ``usual``, or half stars where any of its ratings is a half star."""
    halves = [level for level in HALF_STARS if level not in usual]
    return HALF_STARS if halves and np.isin(ratings, np.asarray(halves, np.float32)).any() else usual


def require_ratings(users_path: Path, users: pd.DataFrame, ratings: pd.DataFrame, ratings_file: str) -> None:
    """Raise ``DatasetError`` for the first user in ``users_path`` without a rating."""
    without = np.bincount(ratings["user"], minlength=len(users)) == 0
    if without.any():
        row = int(without.argmax())
        problem = f"user {users['user_id'].iloc[row]} has no rating in {ratings_file}"
        fix = f"Drop the user; or {ratings_file} is cut off: download again."
        raise data_line(users_path, row).error(problem, fix)


def _require_no_repeat(file: RatingsFile, ratings: pd.DataFrame, movies: int) -> None:
    """Raise ``DatasetError`` for the earliest rating of a pair of user and movie that was rated before."""
    pairs = ratings["user"].to_numpy(np.int64) * movies + ratings["movie"].to_numpy()
    ordered = np.sort(pairs)
    if not (ordered[1:] == ordered[:-1]).any():
        return
    later = int(pd.Series(pairs).duplicated().to_numpy().argmax())
    earlier = int((pairs == pairs[later]).argmax())
    lines = [data_line(file.path, row, header=file.layout.header) for row in (earlier, later)]
    problem = f"user {file.columns.user[later]} rates movie {file.columns.movie[later]} again"
    raise lines[1].error(problem, f"The first time is line {lines[0].number}: keep one of the two.")
