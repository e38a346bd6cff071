"""The order of ratings that one user gave at the same time.

The order of the file is kept where it is meaningful: MovieLens 1M and 100K. Some releases are sorted by user and movie
number; the order of ties would be that of the numbers, which a model learns at once ("the next movie has the next
number"). In such files ties are put in a fixed pseudo-random order.
"""

from typing import Literal

import numpy as np

TieOrder = Literal["file", "drawn"]

# from this share of neighbouring rows on that ascend (or descend) by number, the order of a file is its numbering
SORTED_SHARE = 0.99
# fewer ties than this may ascend by chance
MIN_TIES = 20


def splitmix64(values: np.ndarray) -> np.ndarray:
    """Hash (n,) uint64 to all of uint64: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
    generators", the step of SplitMix64.

    >>> [hex(int(value)) for value in splitmix64(np.array([0, 1], np.uint64))]
    ['0xe220a8397b1dcdaf', '0x910a2dec89025cc1']
    """
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def draw(user_id: np.ndarray, movie_id: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return a pseudo-random number for each rating: (ratings,) uint64.

    It depends only on the ids and the time of that rating, so the same rating has the same number in every copy and
    every part of a dataset.
    """
    numbers = np.zeros(len(time), np.uint64)
    for values in (user_id, movie_id, time):
        numbers = splitmix64(numbers ^ values.astype(np.uint64))
    return numbers


def is_numbering(user: np.ndarray, movie_id: np.ndarray, time: np.ndarray) -> bool:
    """Whether ratings of one user that tie in time are in the order of the movies' numbers, ascending or descending.

    Either the file is sorted so for each user; or it is sorted by time and, where times are equal, by number.
    """
    if (user[1:] < user[:-1]).any():
        by_user = np.argsort(user, kind="stable")
        user, movie_id, time = user[by_user], movie_id[by_user], time[by_user]
    if _ascends(movie_id, user[1:] == user[:-1], minimum=1):
        return True
    by_time = np.argsort(_user_and_time(user, time), kind="stable")
    user, movie_id, time = user[by_time], movie_id[by_time], time[by_time]
    return _ascends(movie_id, (user[1:] == user[:-1]) & (time[1:] == time[:-1]), minimum=MIN_TIES)


def _ascends(movie_id: np.ndarray, neighbours: np.ndarray, minimum: int) -> bool:
    if neighbours.sum() < minimum:
        return False
    share = float((movie_id[1:] > movie_id[:-1])[neighbours].mean())
    return max(share, 1 - share) >= SORTED_SHARE


def order(
    user: np.ndarray, user_id: np.ndarray, movie_id: np.ndarray, time: np.ndarray
) -> tuple[np.ndarray | None, TieOrder]:
    """Return the order in which ratings are kept, as row numbers, None for that of the file; and what orders ties.

    ``user``: row numbers of the users; the other three as in the file; all (ratings,).
    """
    if not is_numbering(user, movie_id, time):
        return None, "file"
    key = _user_and_time(user, time)
    rows = np.argsort(key, kind="stable")
    key = key[rows]
    same = np.r_[False, key[1:] == key[:-1]]
    tied = np.flatnonzero(same | np.r_[same[1:], False])
    tied_rows = rows[tied]
    numbers = draw(user_id[tied_rows], movie_id[tied_rows], time[tied_rows])
    rows[tied] = tied_rows[np.lexsort((numbers, key[tied]))]
    return rows, "drawn"


def _user_and_time(user: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return one number for each rating that sorts by user, then by time: one key sorts twice as fast as two."""
    offset = time - time.min()
    if offset.max() >= 2**31:  # in units finer than seconds
        offset = np.unique(time, return_inverse=True)[1]
    return user.astype(np.int64) * (int(offset.max()) + 1) + offset
