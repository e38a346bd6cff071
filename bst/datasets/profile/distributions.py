"""How much there is of everything, and how unevenly it is spread."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bst.schema import GENRES, Dataset, genre_matrix

# up to so many days ratings are counted by day, beyond by month
DAYS = 120
# how many ratings a user gave: each step starts at one of these
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


@dataclass(frozen=True)
class Counts:
    """The figures that a dataset is introduced with.

    ``rated``: movies with at least one rating. ``half``: the smallest number of movies, the most rated first, that
    have half of all ratings. ``filled``: the share of all pairs of a user and a movie that are rated. ``first`` and
    ``last``: days of the oldest and the newest rating, UTC. ``a_user`` and ``a_movie``: ratings of the one with the
    fewest, the median, and the most; movies without any count.
    """

    users: int
    movies: int
    ratings: int
    rated: int
    half: int
    mean: float
    filled: float
    first: pd.Timestamp
    last: pd.Timestamp
    a_user: tuple[int, float, int]
    a_movie: tuple[int, float, int]

    @property
    def half_share(self) -> float:
        """Which share of all movies has half of all ratings."""
        return self.half / self.movies


def counts(dataset: Dataset) -> Counts:
    """Count a dataset, which has at least one rating."""
    ratings = dataset.ratings
    per_user, per_movie = _per(ratings["user"], dataset.users), _per(ratings["movie"], dataset.movies)
    seconds = ratings["timestamp"]
    return Counts(
        users=len(dataset.users),
        movies=len(dataset.movies),
        ratings=len(ratings),
        rated=int((per_movie > 0).sum()),
        half=int(np.searchsorted(_cumulative(per_movie), len(ratings) / 2)) + 1,
        mean=float(ratings["rating"].mean()),
        filled=len(ratings) / (len(dataset.users) * len(dataset.movies)),
        first=pd.Timestamp(int(seconds.min()), unit="s").normalize(),
        last=pd.Timestamp(int(seconds.max()), unit="s").normalize(),
        a_user=_span(per_user),
        a_movie=_span(per_movie),
    )


def star_shares(dataset: Dataset) -> pd.DataFrame:
    """Return how often each rating was given: ``level`` (stars, ascending), ``ratings``, ``share``."""
    levels = np.array(dataset.levels)
    given = np.searchsorted(levels, dataset.ratings["rating"].to_numpy() - 1e-6)
    number = np.bincount(given, minlength=len(levels))
    return pd.DataFrame({"level": levels, "ratings": number, "share": number / number.sum()})


def over_time(dataset: Dataset) -> pd.DataFrame:
    """Return ratings by month, or by day where they span ``DAYS`` at most: ``from``, ``ratings``, ``users``, ``mean``.

    ``from`` is the first day (UTC), ``users`` how many gave any, ``mean`` of their stars; months without ratings are
    there with 0 of them and no mean.
    """
    ratings = dataset.ratings
    when = pd.to_datetime(ratings["timestamp"], unit="s")
    unit = "D" if (when.max() - when.min()).days <= DAYS else "MS"
    by = ratings.assign(start=when).set_index("start").resample(unit)
    table = by.agg(ratings=("rating", "size"), users=("user", "nunique"), mean=("rating", "mean"))
    return table.rename_axis("from").reset_index()


def long_tail(dataset: Dataset) -> pd.DataFrame:
    """Return which share of ratings the best-known movies have, in steps of 1 %: ``movies``, ``share``, ``ratings``.

    ``movies``: 0 … 1 of the catalogue, the most rated first; ``share`` of all ratings; ``ratings`` of the movie there.
    """
    per_movie = np.sort(_per(dataset.ratings["movie"], dataset.movies))[::-1]
    total = np.concatenate([[0], per_movie.cumsum()])
    part = np.arange(101) / 100
    place = part * len(per_movie)
    return pd.DataFrame(
        {
            "movies": part,
            "share": np.interp(place, np.arange(len(total)), total) / total[-1],
            "ratings": per_movie[np.maximum(np.ceil(place).astype(int) - 1, 0)],
        }
    )


def activity(dataset: Dataset) -> pd.DataFrame:
    """Return users by how many ratings they gave: ``length`` ("20–49"), ``users``, ``share`` (of users), ``ratings``
    (share of all ratings that theirs are).

    Steps of ``STEPS`` from the first to the last that has anybody.
    """
    per_user = _per(dataset.ratings["user"], dataset.users)
    edges = np.array(STEPS)
    step = np.searchsorted(edges, per_user, side="right") - 1
    there = step >= 0  # somebody without ratings is no part of a history
    first, last = step[there].min(), step[there].max()
    rows = []
    for i in range(first, last + 1):
        inside = per_user[step == i]
        rows.append((_step_name(i), len(inside), len(inside) / there.sum(), inside.sum() / per_user.sum()))
    return pd.DataFrame(rows, columns=["length", "users", "share", "ratings"])


def release_years(dataset: Dataset) -> pd.DataFrame:
    """Return movies and ratings by year of release: ``year``, ``movies``, ``ratings``, ``mean`` stars (may be missing).

    Movies without a year are left out.
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
    left out.
    """
    flags = genre_matrix(dataset.movies) > 0
    movie, stars = dataset.ratings["movie"].to_numpy(), dataset.ratings["rating"].to_numpy(np.float64)
    per_movie = np.bincount(movie, minlength=len(flags))
    total = np.bincount(movie, stars, minlength=len(flags))
    number = per_movie @ flags
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "genre": GENRES,
                "movies": flags.sum(axis=0),
                "ratings": number,
                "share": number / len(movie),
                "mean": total @ flags / number,
            }
        )
    table = table[table["movies"] > 0]
    return table.sort_values("ratings", ascending=False, kind="stable").reset_index(drop=True)


def _per(rows: pd.Series, of: pd.DataFrame) -> np.ndarray:
    return np.bincount(rows.to_numpy(), minlength=len(of))


def _cumulative(per_movie: np.ndarray) -> np.ndarray:
    return np.sort(per_movie)[::-1].cumsum()


def _span(number: np.ndarray) -> tuple[int, float, int]:
    return int(number.min()), float(np.median(number)), int(number.max())


def _step_name(i: int) -> str:
    if i + 1 == len(STEPS):
        return f"{STEPS[i]:,}+"
    last = STEPS[i + 1] - 1
    return f"{STEPS[i]:,}" if last == STEPS[i] else f"{STEPS[i]:,}–{last:,}"
