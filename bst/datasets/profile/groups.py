"""People compared: what groups of them watch and like, and what they think of one movie."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse, stats

from bst.schema import AGE_LABELS, AGES, GENRES, OCCUPATIONS, SEX_LABELS, SEXES, Dataset, genre_matrix

GROUPS: dict[str, tuple] = {"sex": SEXES, "age": AGES, "occupation": OCCUPATIONS}
# what is said of fewer users is said of them rather than of their group
FEW_USERS = 30
MOVIE_COLUMNS = ["name", "ratings", "mean", "low", "high", "few"]
_Z = float(stats.norm.ppf(0.975))


def group_name(part: str, value) -> str:
    """Return what a group of ``GROUPS[part]`` is called."""
    return {"sex": SEX_LABELS, "age": AGE_LABELS}.get(part, {}).get(value, str(value))


def tastes(dataset: Dataset) -> dict[str, pd.DataFrame]:
    """Compare groups of users by what they watch and like, for each part of ``GROUPS`` of which anything is known.

    One row a group and genre that somebody of it rated: ``group`` (its name), ``value``, ``genre``; ``users`` and
    ``ratings``: how many of the group rated it, and how often; ``few``: fewer than ``FEW_USERS`` users.
    ``stars``: the group's mean rating of the genre less its own mean of all ratings, in stars.
    ``taste``: that less the same of all users together, with its 95 % interval ``taste_low`` … ``taste_high``.
    ``watching``: the genre's share of the group's ratings relative to its share of everyone's, less 1: 0.5 is half as
    often again.

    A rating of a movie with several genres counts for each of them. Intervals treat users, not ratings, as what was
    sampled: the linearised variance of a ratio of sums over users (Cochran, Sampling Techniques, 1977, section 6.3).
    """
    sums, number = _by_user_and_genre(dataset)
    everyone = _compared(sums, number, np.ones(len(sums), bool))
    found = {}
    for part, values in GROUPS.items():
        codes = dataset.users[part].cat.codes.to_numpy()
        tables = [
            _of_group(sums, number, codes == code, everyone).assign(group=group_name(part, value), value=value)
            for code, value in enumerate(values)
            if number[codes == code, -1].any()
        ]
        if tables:
            found[part] = pd.concat(tables, ignore_index=True)
    return found


def _of_group(sums: np.ndarray, number: np.ndarray, members: np.ndarray, everyone: tuple) -> pd.DataFrame:
    share, stars, each = _compared(sums, number, members)
    users = (number[members, :-1] > 0).sum(axis=0)
    taste = stars - everyone[1]
    reach = _Z * np.sqrt(((each - everyone[2]) ** 2).sum(axis=0))
    with np.errstate(invalid="ignore"):
        watching = share / everyone[0] - 1
    table = pd.DataFrame(
        {
            "genre": GENRES,
            "users": users,
            "ratings": number[members, :-1].sum(axis=0).astype(int),
            "few": users < FEW_USERS,
            "stars": stars,
            "taste": taste,
            "taste_low": taste - reach,
            "taste_high": taste + reach,
            "watching": watching,
        }
    )
    return table[users > 0]


def _by_user_and_genre(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return sums of stars and numbers of ratings by user and genre; the last column is of all ratings."""
    flags = np.c_[genre_matrix(dataset.movies), np.ones(len(dataset.movies))].astype(np.float64)
    user, movie = dataset.ratings["user"].to_numpy(), dataset.ratings["movie"].to_numpy()
    stars, shape = dataset.ratings["rating"].to_numpy(np.float64), (len(dataset.users), len(dataset.movies))

    def summed(values: np.ndarray) -> np.ndarray:
        return sparse.csr_matrix((values, (user, movie)), shape) @ flags

    return summed(stars), summed(np.ones(len(stars)))


def _compared(sums: np.ndarray, number: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return of some users each genre's share, its mean less that of all genres, and what each user adds to the latter.

    (18,), (18,) and (users, 18), the last 0 for those who are not among them.
    """
    total, count = sums[members].sum(axis=0), number[members].sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        residual = np.where(count > 0, (sums - mean * number) / count, 0.0) * members[:, None]
    return count[:-1] / count[-1], mean[:-1] - mean[-1], residual[:, :-1] - residual[:, -1:]


@dataclass(frozen=True)
class RatingsByMovie:
    """All ratings of a dataset movie by movie, as small as they get, and who gave them.

    ``user`` int32 and ``stars`` float32 (ratings,); movie ``m`` owns ``offsets[m]:offsets[m + 1]``. ``codes``: by part
    of ``GROUPS`` each user's group, (users,) int8, −1 for unknown.
    """

    user: np.ndarray
    stars: np.ndarray
    offsets: np.ndarray
    codes: dict[str, np.ndarray]
    levels: tuple[float, ...]

    @classmethod
    def of(cls, dataset: Dataset) -> "RatingsByMovie":
        """Sort a dataset's ratings by movie."""
        movie = dataset.ratings["movie"].to_numpy()
        order = np.argsort(movie, kind="stable")
        return cls(
            dataset.ratings["user"].to_numpy()[order],
            dataset.ratings["rating"].to_numpy()[order],
            np.concatenate([[0], np.bincount(movie, minlength=len(dataset.movies)).cumsum()]),
            {part: dataset.users[part].cat.codes.to_numpy() for part in GROUPS},
            dataset.levels,
        )


def of_movie(votes: RatingsByMovie, row: int) -> dict[str, pd.DataFrame]:
    """Say what people gave one movie, by its row: ``all``, and each part of ``GROUPS`` of which anything is known.

    Frames with ``MOVIE_COLUMNS``: the group's name, ratings, mean stars and their 95 % interval (Student's t; missing
    for a single rating), ``few`` (under ``FEW_USERS``). And ``levels``: ``level``, ``ratings``, ``share``.
    """
    span = slice(votes.offsets[row], votes.offsets[row + 1])
    user, stars = votes.user[span], votes.stars[span].astype(np.float64)
    found = {"all": pd.DataFrame([_summary("Everyone", stars)] if len(stars) else [], columns=MOVIE_COLUMNS)}
    for part, values in GROUPS.items():
        codes = votes.codes[part][user]
        rows = [
            _summary(group_name(part, value), stars[codes == code])
            for code, value in enumerate(values)
            if (codes == code).any()
        ]
        if rows:
            found[part] = pd.DataFrame(rows, columns=MOVIE_COLUMNS)
    levels = np.array(votes.levels)
    number = np.bincount(np.searchsorted(levels, stars - 1e-6), minlength=len(levels))
    found["levels"] = pd.DataFrame({"level": levels, "ratings": number, "share": number / max(len(stars), 1)})
    return found


def _summary(name: str, stars: np.ndarray) -> tuple:
    mean, number = float(stars.mean()), len(stars)
    reach = np.nan
    if number > 1:
        reach = float(stats.t.ppf(0.975, number - 1) * stars.std(ddof=1) / np.sqrt(number))
    return name, number, mean, mean - reach, mean + reach, number < FEW_USERS
