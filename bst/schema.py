"""The data model: datasets, events and visitors.

An unknown value is ``None`` on a visitor and missing in a data frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from bst.domain import GENRES, MOVIES, DemographicName, DemographicValue, Domain, KnownDemographics
from bst.errors import VisitorError

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

    ``users``: one row per user, in file order: ``user_id`` int, and a categorical column for each of ``DEMOGRAPHICS``
    with its values as categories, whose codes a model reads (−1 for unknown).

    ``movies``: one row per movie, in file order: ``movie_id`` int, ``title`` str (with its year, the article in front:
    "The Matrix (1999)"), ``year`` Int16 (may be missing), ``genres`` str ("Action|Sci-Fi", empty where none is known).

    ``ratings``: one row per rating, in file order unless noted below: ``user`` and ``movie`` int32 (row numbers in the
    two frames above, not ids), ``rating`` float32 (stars), ``timestamp`` int64 (seconds since 1970).

    ``levels``: the ratings that this source allows, ascending.

    ``tie_order``: what orders the ratings of one user that have the same time: their rows, which are those of the file
    ("file"); or, where the file sorts them by movie number, rows in a random order ("drawn"). ``has_times``: whether
    any timestamps are known; if not, all are 0. ``notes``: what was assumed when the files were read, one sentence
    each. ``domain``: what the items are called, and which columns describe users and items.
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
    domain: Domain = MOVIES


def genre_matrix(movies: pd.DataFrame, genres: Sequence[str] = GENRES) -> np.ndarray:
    """Return which of ``genres`` each movie has: (movies, genres) float32 of 0 and 1.

    Other genres, such as IMAX, are ignored.
    """
    names = movies["genres"].str.split("|").reset_index(drop=True).explode()
    column = pd.Index(genres).get_indexer(pd.Index(names))
    matrix = np.zeros((len(movies), len(genres)), np.float32)
    matrix[names.index[column >= 0], column[column >= 0]] = 1
    return matrix


# a year is encoded as its nearness to the start of each decade, so that 1979 is close to 1981
DECADES = tuple(range(1930, 2030, 10))
YEARS_APART = 8.0


def item_features(movies: pd.DataFrame, genres: Sequence[str] = GENRES) -> np.ndarray:
    """Return genres and year of each movie as numbers: (movies, genres + 10) float32, first ``genre_matrix``.

    The year y is encoded as exp(−((y − c) / 8)²) for each c in ``DECADES``; all are 0 where it is unknown.
    """
    year = movies["year"].astype("Float64").to_numpy(np.float32, na_value=np.inf)
    nearness = np.exp(-(((year[:, None] - np.array(DECADES)) / YEARS_APART) ** 2))
    return np.concatenate([genre_matrix(movies, genres), nearness.astype(np.float32)], axis=1)


def demographic_codes(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the code of each user's value, int32 (users,), −1 for unknown: by ``Demographic.key``."""
    return {
        demographic.key: dataset.users[name].cat.codes.to_numpy(np.int32)
        for name, demographic in dataset.domain.demographics.items()
    }


def demographics_of(dataset: Dataset, user: int) -> KnownDemographics:
    """Return what is known of the user in a row."""
    codes = {name: int(dataset.users[name].cat.codes.iloc[user]) for name in dataset.domain.demographics}
    return KnownDemographics(
        {name: dataset.domain.demographics[name].values[code] for name, code in codes.items() if code >= 0}
    )


@dataclass(frozen=True)
class Event:
    """One entry of a history: the movie's id in its dataset, stars, and seconds since 1970 (``None`` if unknown)."""

    movie_id: int
    rating: float
    timestamp: int | None = None


# how many events a visitor's history holds in the app: as many as the default model reads
MAX_HISTORY = 300


@dataclass(frozen=True)
class Visitor:
    """The person in front of the app: what is known of them, and a history. No user id.

    ``demographics``: known values by name; which there are is a matter of the dataset's domain, which checks them where
    a model is asked. ``demographic(name)`` returns a value, or ``None`` for an unknown one.
    ``history``: the rated movies, which a model reads, from the oldest event to the newest. ``seen``: the ids of all
    other movies that the visitor has seen, either not rated or older than the history. No model reads these; ranked
    lists leave them out. ``movie_id in visitor`` is whether either has a movie. Visitors are immutable: each edit
    returns a new one, so that earlier states can be kept, compared and restored.

    >>> Visitor({"sex": "F"}).with_demographic("age", 25).demographics
    {'age': 25, 'sex': 'F'}
    >>> visitor = Visitor(seen=frozenset({7})).watched(3, 5.0).watched(4, 2.0)
    >>> visitor.limited(1).history, sorted(visitor.limited(1).seen)
    ((Event(movie_id=4, rating=2.0, timestamp=None),), [3, 7])
    """

    demographics: Mapping[DemographicName, DemographicValue] = field(default_factory=KnownDemographics)
    history: tuple[Event, ...] = field(default=())
    seen: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Raise ``VisitorError`` for an item that is in the history twice."""
        if type(self.demographics) is not KnownDemographics:
            object.__setattr__(self, "demographics", KnownDemographics(self.demographics))
        rated: set[int] = set()
        for event in self.history:
            if event.movie_id in rated:
                raise VisitorError(f"movie {event.movie_id} is in the history twice; keep one rating of it")
            rated.add(event.movie_id)
        # a movie is either in the history or merely seen, so that equal visitors compare as equal
        object.__setattr__(self, "seen", frozenset(self.seen) - rated)

    def __hash__(self) -> int:
        """Return the hash of all fields, worked out once: a visitor is the key of much that is kept, in every click."""
        return self._hash

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the fields alone, as the hash of a text differs from one process to the next."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @cached_property
    def _hash(self) -> int:
        return hash((self.demographics, self.history, self.seen))

    def __contains__(self, movie_id: int) -> bool:
        """Whether the visitor has seen a movie, rated or not."""
        return movie_id in self.all_seen

    @cached_property
    def ratings(self) -> dict[int, float]:
        """The rating of each movie in the history, by movie id, oldest first. Read only."""
        return {event.movie_id: event.rating for event in self.history}

    @cached_property
    def all_seen(self) -> frozenset[int]:
        """The ids of all movies that the visitor has seen, rated or not; no ranked list names them."""
        return self.seen.union(self.ratings)

    def demographic(self, name: DemographicName) -> DemographicValue | None:
        """Return a demographic value, ``None`` if it is unknown."""
        return self.demographics.get(name)

    def with_demographic(self, name: DemographicName, value: DemographicValue | None) -> "Visitor":
        """Set a demographic value; ``None`` makes it unknown."""
        return replace(self, demographics=KnownDemographics({**self.demographics, name: value}))

    def limited(self, most: int = MAX_HISTORY) -> "Visitor":
        """Keep the newest ``most`` events in the history; the movies of older ones become merely seen."""
        older = self.history[: max(0, len(self.history) - most)]
        if not older:
            return self
        seen = self.seen | {event.movie_id for event in older}
        return replace(self, history=self.history[len(older) :], seen=seen)

    def with_seen(self, *movie_ids: int) -> "Visitor":
        """Add movies that were seen and not rated. Those in the history stay there."""
        return replace(self, seen=self.seen | set(movie_ids))

    def watched(self, movie_id: int, rating: float) -> "Visitor":
        """Add a movie as the newest event."""
        return replace(self, history=(*self.history, Event(movie_id, rating)))

    def rated(self, movie_id: int, rating: float) -> "Visitor":
        """Change the rating of a movie in the history; its position stays."""
        return replace(
            self,
            history=tuple(replace(e, rating=rating) if e.movie_id == movie_id else e for e in self.history),
        )

    def without(self, movie_id: int) -> "Visitor":
        """Remove a movie from the history."""
        return replace(self, history=tuple(e for e in self.history if e.movie_id != movie_id))

    def moved(self, movie_id: int, by: int) -> "Visitor":
        """Move a movie by that many positions, later if positive. Stops at either end."""
        events = list(self.history)
        position = next((i for i, e in enumerate(events) if e.movie_id == movie_id), None)
        if position is None:
            return self
        event = events.pop(position)
        events.insert(max(0, min(len(events), position + by)), event)
        return replace(self, history=tuple(events))
