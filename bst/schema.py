"""The words of the project as data: MovieLens' codes, and the objects every other module speaks in.

Nothing here computes; it names. Unknown is ``None`` on a visitor and a missing value in a frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from bst.errors import VisitorError

SEXES: tuple[str, ...] = ("F", "M")
SEX_LABELS: dict[str, str] = {"F": "Female", "M": "Male"}

# MovieLens codes an age group by its lowest age; 1 stands for everyone under 18.
AGE_LABELS: dict[int, str] = {
    1: "Under 18",
    18: "18–24",
    25: "25–34",
    35: "35–44",
    45: "45–49",
    50: "50–55",
    56: "56 and over",
}
AGES: tuple[int, ...] = tuple(AGE_LABELS)

# The position in this tuple is MovieLens 1M's occupation code.
OCCUPATIONS: tuple[str, ...] = (
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
)

GENRES: tuple[str, ...] = (
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)

WHOLE_STARS: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0, 5.0)
HALF_STARS: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)


def to_scale(rating: float, levels: Sequence[float]) -> float:
    """Return the rating level nearest to a number of stars; halfway between two, the upper one.

    >>> to_scale(3.5, WHOLE_STARS), to_scale(3.4, HALF_STARS)
    (4.0, 3.5)
    """
    return min(levels, key=lambda level: (abs(level - rating), -level))


@dataclass(frozen=True)
class Dataset:
    """Users, movies and ratings of one source, validated.

    ``users``: one row a user, in file order: ``user_id`` int, and three categorical columns whose
    codes are what a model reads (−1 for unknown): ``sex`` over ``SEXES``, ``age`` over ``AGES``,
    ``occupation`` over ``OCCUPATIONS``.

    ``movies``: one row a movie, in file order: ``movie_id`` int, ``title`` str (with its year, the
    article in front: "The Matrix (1999)"), ``year`` Int16 (may be missing), ``genres`` str
    ("Action|Sci-Fi", empty where none is known).

    ``ratings``: one row a rating, in file order unless noted below: ``user`` and ``movie`` int32 (row numbers in the
    two frames above, not ids), ``rating`` float32 (stars), ``timestamp`` int64 (seconds since 1970).

    ``levels``: the ratings that this source allows, ascending.

    ``tie_order``: what orders the ratings of one user that have the same time: their rows, which are those of the file
    ("file"); or, where the file has them by movie number, rows in an order that was drawn ("drawn").
    ``has_times``: whether anything is known of when ratings were given; if not, all timestamps are 0. ``notes``: what
    was assumed when the files were read, one sentence each.
    """

    name: str
    title: str
    users: pd.DataFrame
    movies: pd.DataFrame
    ratings: pd.DataFrame
    levels: tuple[float, ...] = WHOLE_STARS
    simulated: bool = False
    tie_order: Literal["file", "drawn"] = "file"
    has_times: bool = True
    notes: tuple[str, ...] = ()

    @property
    def has_demographics(self) -> bool:
        """Whether any user's sex, age group or occupation is known."""
        return bool(self.users[["sex", "age", "occupation"]].notna().any(axis=None))


def genre_matrix(movies: pd.DataFrame) -> np.ndarray:
    """Return which of ``GENRES`` each movie has: (movies, 18) float32 of 0 and 1.

    Genres outside ``GENRES`` (IMAX, say) leave no trace.
    """
    flags = movies["genres"].str.get_dummies(sep="|").reindex(columns=list(GENRES), fill_value=0)
    return flags.to_numpy(np.float32)


# years are told as nearness to the middle of each decade, so that 1979 is like 1981
DECADES = tuple(range(1930, 2030, 10))
YEARS_APART = 8.0


def item_features(movies: pd.DataFrame) -> np.ndarray:
    """Return what is known of each movie beside its title: (movies, 28) float32, genres as 0 and 1, then its year.

    The year y stands as exp(−((y − c) / 8)²) for each c in ``DECADES``: all near 0 where it is unknown.
    """
    year = movies["year"].astype("Float64").to_numpy(np.float32, na_value=np.inf)
    nearness = np.exp(-(((year[:, None] - np.array(DECADES)) / YEARS_APART) ** 2))
    return np.concatenate([genre_matrix(movies), nearness.astype(np.float32)], axis=1)


@dataclass(frozen=True)
class Event:
    """One entry of a history: the movie's id in its dataset, stars, and when, if that is known."""

    movie_id: int
    rating: float
    timestamp: int | None = None


# how many rated movies a visitor's history holds in the app: as many as the default model reads
MAX_HISTORY = 300


@dataclass(frozen=True)
class Visitor:
    """The person in front of the app. Has no user id; every part may be unknown.

    ``history`` runs from the oldest event to the newest: rated movies, which a model reads. ``seen`` has the ids of all
    other movies that they have seen: not rated, or rated longer ago than the history reaches. No model reads these;
    they are only kept out of lists. Instances never change: each edit returns a new visitor, so that a state can be
    kept, compared and gone back to.

    >>> visitor = Visitor(seen=frozenset({7})).watched(3, 5.0).watched(4, 2.0)
    >>> visitor.limited(1).history, sorted(visitor.limited(1).seen)
    ((Event(movie_id=4, rating=2.0, timestamp=None),), [3, 7])
    """

    sex: str | None = None
    age: int | None = None
    occupation: str | None = None
    history: tuple[Event, ...] = field(default=())
    seen: frozenset[int] = frozenset()

    def __post_init__(self):
        """Raise ``VisitorError`` for demographics outside MovieLens' words or a movie that is in the history twice."""
        for word, value, allowed in (
            ("sex", self.sex, SEXES),
            ("age", self.age, AGES),
            ("occupation", self.occupation, OCCUPATIONS),
        ):
            if value is not None and value not in allowed:
                options = ", ".join(str(a) for a in allowed)
                raise VisitorError(f"{word} {value!r} is unknown; choose one of: {options}")
        watched: set[int] = set()
        for event in self.history:
            if event.movie_id in watched:
                raise VisitorError(f"movie {event.movie_id} is in the history twice; keep one rating of it")
            watched.add(event.movie_id)
        # a movie is either in the history or merely seen, so that equal visitors compare as equal
        object.__setattr__(self, "seen", frozenset(self.seen) - watched)

    @cached_property
    def all_seen(self) -> frozenset[int]:
        """The ids of all movies that they have seen, rated or not: what no list of theirs names."""
        return self.seen | {event.movie_id for event in self.history}

    def limited(self, most: int = MAX_HISTORY) -> "Visitor":
        """Keep the newest ``most`` events in the history; the movies of older ones are merely seen from then on."""
        older = self.history[: max(0, len(self.history) - most)]
        if not older:
            return self
        seen = self.seen | {event.movie_id for event in older}
        return replace(self, history=self.history[len(older) :], seen=seen)

    def has_seen(self, *movie_ids: int) -> "Visitor":
        """Add movies that were seen and not rated. Those in the history stay there."""
        return replace(self, seen=self.seen | set(movie_ids))

    def watched(self, movie_id: int, rating: float) -> "Visitor":
        """Add a movie as the newest event."""
        return replace(self, history=(*self.history, Event(movie_id, rating)))

    def rated(self, movie_id: int, rating: float) -> "Visitor":
        """Change the rating of a movie in the history, in its place."""
        return replace(
            self,
            history=tuple(replace(e, rating=rating) if e.movie_id == movie_id else e for e in self.history),
        )

    def without(self, movie_id: int) -> "Visitor":
        """Drop a movie from the history."""
        return replace(self, history=tuple(e for e in self.history if e.movie_id != movie_id))

    def moved(self, movie_id: int, by: int) -> "Visitor":
        """Move a movie ``by`` places: positive is later. Stops at either end."""
        events = list(self.history)
        at = next((i for i, e in enumerate(events) if e.movie_id == movie_id), None)
        if at is None:
            return self
        event = events.pop(at)
        events.insert(max(0, min(len(events), at + by)), event)
        return replace(self, history=tuple(events))
