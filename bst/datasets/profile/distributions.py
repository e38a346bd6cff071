"""Counts of a dataset, and the distributions of its ratings over levels, time, movies, users, years and genres."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bst.schema import Dataset, genre_matrix

# ratings that span up to this many days are counted by day, others by month
MAX_DAYS = 120
# lower ends of the classes of users by number of ratings
ACTIVITY_CLASSES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

# ratings are float32: a tolerance far below the distance of two levels
LEVEL_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Counts:
    """The key figures of a dataset.

    ``rated``: movies with at least one rating. ``half``: the smallest number of movies, the most rated first, that
    have half of all ratings. ``density``: the share of all pairs of a user and a movie that are rated. ``first`` and
    ``last``: days of the oldest and the newest rating, UTC. ``ratings_per_user`` and ``ratings_per_movie``: minimum,
    median and maximum; movies without ratings are included.
    """

    users: int
    movies: int
    ratings: int
    rated: int
    half: int
    mean: float
    density: float
    first: pd.Timestamp
    last: pd.Timestamp
    ratings_per_user: tuple[int, float, int]
    ratings_per_movie: tuple[int, float, int]

    @property
    def half_share(self) -> float:
        """The share of all movies that has half of all ratings."""
        return self.half / self.movies


def counts(dataset: Dataset) -> Counts:
    """Count a dataset, which has at least one rating."""
    ratings = dataset.ratings
    per_user, per_movie = _count_rows(ratings["user"], dataset.users), _count_rows(ratings["movie"], dataset.movies)
    seconds = ratings["timestamp"]
    return Counts(
        users=len(dataset.users),
        movies=len(dataset.movies),
        ratings=len(ratings),
        rated=int((per_movie > 0).sum()),
        half=int(np.searchsorted(_cumulative(per_movie), len(ratings) / 2)) + 1,
        mean=float(ratings["rating"].mean()),
        density=len(ratings) / (len(dataset.users) * len(dataset.movies)),
        first=pd.Timestamp(int(seconds.min()), unit="s").normalize(),
        last=pd.Timestamp(int(seconds.max()), unit="s").normalize(),
        ratings_per_user=_min_median_max(per_user),
        ratings_per_movie=_min_median_max(per_movie),
    )


def star_shares(dataset: Dataset) -> pd.DataFrame:
    """Return how often each rating was given: ``level`` (stars, ascending), ``ratings``, ``share``."""
    levels = np.array(dataset.levels)
    ratings = np.bincount(level_indices(dataset.ratings["rating"].to_numpy(), levels), minlength=len(levels))
    return pd.DataFrame({"level": levels, "ratings": ratings, "share": ratings / ratings.sum()})


def level_indices(stars: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the index in ``levels`` of each rating: (ratings,) int64."""
    return np.searchsorted(levels, stars - LEVEL_TOLERANCE)


def over_time(dataset: Dataset) -> pd.DataFrame:
    """Return ratings by month, or by day if they span ``MAX_DAYS`` at most: ``from``, ``ratings``, ``users``, ``mean``.

    ``from`` is the first day (UTC), ``users`` the number of users who rated, ``mean`` their mean rating; months without
    ratings are included, with 0 ratings and no mean.
    """
    ratings = dataset.ratings
    times = pd.to_datetime(ratings["timestamp"], unit="s")
    unit = "D" if (times.max() - times.min()).days <= MAX_DAYS else "MS"
    periods = ratings.assign(start=times).set_index("start").resample(unit)
    table = periods.agg(ratings=("rating", "size"), users=("user", "nunique"), mean=("rating", "mean"))
    return table.rename_axis("from").reset_index()


def long_tail(dataset: Dataset) -> pd.DataFrame:
    """Return the share of ratings of the most popular movies, in steps of 1%: ``movies``, ``share``, ``ratings``.

    ``movies``: 0 … 1 of the catalogue, the most rated first; ``share`` of all ratings; ``ratings`` of the movie at that
    position.
    """
    per_movie = np.sort(_count_rows(dataset.ratings["movie"], dataset.movies))[::-1]
    total = np.concatenate([[0], per_movie.cumsum()])
    fraction = np.arange(101) / 100
    position = fraction * len(per_movie)
    return pd.DataFrame(
        {
            "movies": fraction,
            "share": np.interp(position, np.arange(len(total)), total) / total[-1],
            "ratings": per_movie[np.maximum(np.ceil(position).astype(int) - 1, 0)],
        }
    )


def activity(dataset: Dataset) -> pd.DataFrame:
    """Return users by number of ratings: ``length`` ("20–49"), ``users``, ``share`` (of users), ``ratings``.

    ``ratings`` is the share of all ratings. One row a class of ``ACTIVITY_CLASSES``, from the first to the last that is
    not empty.
    """
    per_user = _count_rows(dataset.ratings["user"], dataset.users)
    index = np.searchsorted(np.array(ACTIVITY_CLASSES), per_user, side="right") - 1
    active = index[index >= 0]  # users without ratings are in no class
    rows = []
    for i in range(active.min(), active.max() + 1):
        members = per_user[index == i]
        rows.append((_class_name(i), len(members), len(members) / len(active), members.sum() / per_user.sum()))
    return pd.DataFrame(rows, columns=["length", "users", "share", "ratings"])


def release_years(dataset: Dataset) -> pd.DataFrame:
    """Return movies and ratings by year of release: ``year``, ``movies``, ``ratings``, ``mean`` stars (may be missing).

    Movies without a year are not included.
    """
    ratings, year = dataset.ratings, dataset.movies["year"]
    movies = year.value_counts().rename("movies")
    rated = ratings.groupby(year.to_numpy(np.float64, na_value=np.nan)[ratings["movie"]])["rating"]
    table = pd.concat([movies, rated.agg(ratings="size", mean="mean")], axis=1).sort_index()
    table = table.rename_axis("year").reset_index()
    return table.assign(year=table["year"].astype(int), ratings=table["ratings"].fillna(0).astype(int))


def genres(dataset: Dataset) -> pd.DataFrame:
    """Return ``genre``, ``movies``, ``ratings``, ``share`` and ``mean`` stars of each genre, the most rated first.

    A movie of several genres counts in each, so shares (of ratings) add up to more than 1. Genres without movies are
    not included.
    """
    flags = genre_matrix(dataset.movies, dataset.domain.tag_values) > 0
    movie, stars = dataset.ratings["movie"].to_numpy(), dataset.ratings["rating"].to_numpy(np.float64)
    per_movie = np.bincount(movie, minlength=len(flags))
    total = np.bincount(movie, stars, minlength=len(flags))
    number = per_movie @ flags
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "genre": dataset.domain.tag_values,
                "movies": flags.sum(axis=0),
                "ratings": number,
                "share": number / len(movie),
                "mean": total @ flags / number,
            }
        )
    table = table[table["movies"] > 0]
    return table.sort_values("ratings", ascending=False, kind="stable").reset_index(drop=True)


def _count_rows(rows: pd.Series, frame: pd.DataFrame) -> np.ndarray:
    """Return how often each row number of ``frame`` occurs in ``rows``."""
    return np.bincount(rows.to_numpy(), minlength=len(frame))


def _cumulative(per_movie: np.ndarray) -> np.ndarray:
    return np.sort(per_movie)[::-1].cumsum()


def _min_median_max(numbers: np.ndarray) -> tuple[int, float, int]:
    return int(numbers.min()), float(np.median(numbers)), int(numbers.max())


def _class_name(i: int) -> str:
    if i + 1 == len(ACTIVITY_CLASSES):
        return f"{ACTIVITY_CLASSES[i]:,}+"
    last = ACTIVITY_CLASSES[i + 1] - 1
    return f"{ACTIVITY_CLASSES[i]:,}" if last == ACTIVITY_CLASSES[i] else f"{ACTIVITY_CLASSES[i]:,}–{last:,}"
