"""Groups of users compared: what they watch and like, and how they rate one movie."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

from bst.datasets.profile.distributions import level_indices
from bst.domain import MOVIES, Domain
from bst.schema import Dataset, genre_matrix

# a result from fewer users says more about them than about their group
# values of a demographic that are compared for a movie
PAIR = 2
FEW_USERS = 30
# the upper end of a 95% interval
UPPER_QUANTILE = 0.975
MOVIE_COLUMNS = ["name", "ratings", "mean", "low", "high", "few"]
_Z = NormalDist().inv_cdf(UPPER_QUANTILE)


def tastes(dataset: Dataset) -> dict[str, pd.DataFrame]:
    """Compare groups of users by what they watch and like, for each demographic that is known of any user.

    One row per group and genre that any member rated: ``group`` (its label), ``value``, ``genre``; ``users`` and
    ``ratings``: how many members rated it, and how often; ``few``: fewer than ``FEW_USERS`` users.
    ``stars``: the group's mean rating of the genre minus its mean of all ratings, in stars.
    ``taste``: that minus the same difference of all users, with its 95% interval ``taste_low`` … ``taste_high``.
    ``watching``: the genre's share of the group's ratings relative to its share of all ratings, minus 1: at 0.5 the
    group watches it 50% more often.

    A rating of a movie with several genres counts for each of them. Intervals treat users, not ratings, as the sample:
    the linearised variance of a ratio of sums over users (Cochran, Sampling Techniques, 1977, section 6.3).
    """
    sums, number = _by_user_and_genre(dataset)
    everyone = _genre_statistics(sums, number, np.ones(len(sums), bool))
    tables: dict[str, pd.DataFrame] = {}
    for attribute, demographic in dataset.domain.demographics.items():
        codes = dataset.users[attribute].cat.codes.to_numpy()
        groups = [
            _group_tastes(sums, number, codes == code, everyone, dataset.domain.tag_values).assign(
                group=label, value=value
            )
            for code, (value, label) in enumerate(demographic.labels.items())
            if number[codes == code, -1].any()
        ]
        if groups:
            tables[attribute] = pd.concat(groups, ignore_index=True)
    return tables


class _GenreStatistics(NamedTuple):
    """Statistics of some users by genre.

    ``share`` (18,): the genre's share of their ratings. ``stars`` (18,): its mean rating minus that of all genres.
    ``influence`` (all users, 18): what each user adds to ``stars``, 0 for those who are not among them.
    """

    share: np.ndarray
    stars: np.ndarray
    influence: np.ndarray


def _group_tastes(
    sums: np.ndarray, number: np.ndarray, members: np.ndarray, everyone: _GenreStatistics, genres: Sequence[str]
) -> pd.DataFrame:
    group = _genre_statistics(sums, number, members)
    users = (number[members, :-1] > 0).sum(axis=0)
    taste = group.stars - everyone.stars
    margin = _Z * np.sqrt(((group.influence - everyone.influence) ** 2).sum(axis=0))
    with np.errstate(invalid="ignore"):
        watching = group.share / everyone.share - 1
    table = pd.DataFrame(
        {
            "genre": genres,
            "users": users,
            "ratings": number[members, :-1].sum(axis=0).astype(int),
            "few": users < FEW_USERS,
            "stars": group.stars,
            "taste": taste,
            "taste_low": taste - margin,
            "taste_high": taste + margin,
            "watching": watching,
        }
    )
    return table[users > 0]


def _by_user_and_genre(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return sums of stars and numbers of ratings by user and genre: (users, 19), the last column for all ratings."""
    from scipy import sparse  # slow to import

    flags = np.c_[genre_matrix(dataset.movies, dataset.domain.tag_values), np.ones(len(dataset.movies))].astype(
        np.float64
    )
    user, movie = dataset.ratings["user"].to_numpy(), dataset.ratings["movie"].to_numpy()
    stars, shape = dataset.ratings["rating"].to_numpy(np.float64), (len(dataset.users), len(dataset.movies))

    def summed(values: np.ndarray) -> np.ndarray:
        return sparse.csr_matrix((values, (user, movie)), shape) @ flags

    return summed(stars), summed(np.ones(len(stars)))


def _genre_statistics(sums: np.ndarray, number: np.ndarray, members: np.ndarray) -> _GenreStatistics:
    total, count = sums[members].sum(axis=0), number[members].sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        residual = np.where(count > 0, (sums - mean * number) / count, 0.0) * members[:, None]
    return _GenreStatistics(count[:-1] / count[-1], mean[:-1] - mean[-1], residual[:, :-1] - residual[:, -1:])


@dataclass(frozen=True)
class RatingsByMovie:
    """All ratings of a dataset sorted by movie, in compact arrays, with the groups of the users.

    ``user`` int32 and ``stars`` float32 (ratings,); those of movie ``m`` are ``offsets[m]:offsets[m + 1]``. ``codes``:
    by demographic each user's group, (users,) int8, −1 for unknown.
    """

    user: np.ndarray
    stars: np.ndarray
    offsets: np.ndarray
    codes: dict[str, np.ndarray]
    levels: tuple[float, ...]
    domain: Domain = MOVIES

    @classmethod
    def of(cls, dataset: Dataset) -> "RatingsByMovie":
        """Sort a dataset's ratings by movie."""
        movie = dataset.ratings["movie"].to_numpy()
        order = np.argsort(movie, kind="stable")
        return cls(
            dataset.ratings["user"].to_numpy()[order],
            dataset.ratings["rating"].to_numpy()[order],
            np.concatenate([[0], np.bincount(movie, minlength=len(dataset.movies)).cumsum()]),
            {attribute: dataset.users[attribute].cat.codes.to_numpy() for attribute in dataset.domain.demographics},
            dataset.levels,
            dataset.domain,
        )


def telling_movie(ratings: RatingsByMovie) -> int:
    """Return the row of the movie that two groups rate most clearly differently: the one to show first.

    The groups are those of the first demographic that has two values, such as women and men. By |difference of means| /
    its standard error, of the movies that ``FEW_USERS`` of each rated; without any, the most rated movie.
    """
    movies = len(ratings.offsets) - 1
    demographics = ratings.domain.demographics
    name = next((name for name, one in demographics.items() if len(one.values) == PAIR), None)
    if name is None:
        return int(np.diff(ratings.offsets).argmax())
    movie = np.repeat(np.arange(movies), np.diff(ratings.offsets))
    groups, stars = ratings.codes[name][ratings.user], ratings.stars.astype(np.float64)
    means, errors, enough = [], [], np.ones(movies, bool)
    for code in range(PAIR):
        of_group = groups == code
        number = np.bincount(movie[of_group], minlength=movies)
        total, squares = (np.bincount(movie[of_group], values[of_group], movies) for values in (stars, stars**2))
        with np.errstate(invalid="ignore", divide="ignore"):
            means.append(total / number)
            errors.append((squares / number - means[-1] ** 2) / number)
        enough &= number >= FEW_USERS
    if not enough.any():
        return int(np.diff(ratings.offsets).argmax())
    with np.errstate(invalid="ignore", divide="ignore"):
        clarity = np.abs(means[0] - means[1]) / np.sqrt(errors[0] + errors[1])
    return int(np.where(enough & np.isfinite(clarity), clarity, -1).argmax())


def movie_summary(ratings: RatingsByMovie, row: int) -> dict[str, pd.DataFrame]:
    """Summarise the ratings of one movie: of ``all`` users, and by each demographic that is known.

    Frames with ``MOVIE_COLUMNS``: the group's label, ratings, mean stars and their 95% interval (Student's t; missing
    for a single rating), ``few`` (under ``FEW_USERS``). And ``levels``: ``level``, ``ratings``, ``share``.
    """
    span = slice(ratings.offsets[row], ratings.offsets[row + 1])
    user, stars = ratings.user[span], ratings.stars[span].astype(np.float64)
    tables = {"all": pd.DataFrame([_summary("Everyone", stars)] if len(stars) else [], columns=MOVIE_COLUMNS)}
    for attribute, demographic in ratings.domain.demographics.items():
        codes = ratings.codes[attribute][user]
        groups = [
            _summary(label, stars[codes == code])
            for code, label in enumerate(demographic.labels.values())
            if (codes == code).any()
        ]
        if groups:
            tables[attribute] = pd.DataFrame(groups, columns=MOVIE_COLUMNS)
    levels = np.array(ratings.levels)
    number = np.bincount(level_indices(stars, levels), minlength=len(levels))
    tables["levels"] = pd.DataFrame({"level": levels, "ratings": number, "share": number / max(len(stars), 1)})
    return tables


def _summary(label: str, stars: np.ndarray) -> tuple[str, int, float, float, float, bool]:
    from scipy import special  # slow to import

    mean, number = float(stars.mean()), len(stars)
    margin = np.nan
    if number > 1:
        margin = float(special.stdtrit(number - 1, UPPER_QUANTILE) * stars.std(ddof=1) / np.sqrt(number))
    return label, number, mean, mean - margin, mean + margin, number < FEW_USERS
