"""What a list recommender learns from and is evaluated on: histories in which movies are liked or not."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

# a dense matrix of more rows or columns takes more than 1.6 GB
MOST_ROWS = 20_000


@dataclass(frozen=True)
class LikeHistories:
    """Histories of users, oldest event first, concatenated.

    ``movie`` int and ``liked`` bool: (events,); user ``u`` owns ``offsets[u]:offsets[u + 1]``. ``demographics`` float32
    (users, D): one-hot, all 0 for what is unknown. ``movies``: how many the catalogue has.
    """

    movie: np.ndarray
    liked: np.ndarray
    offsets: np.ndarray
    demographics: np.ndarray
    movies: int

    @property
    def users(self) -> int:
        """How many users there are."""
        return len(self.offsets) - 1

    @cached_property
    def likes(self) -> sparse.csr_array:
        """Which movies each user liked: (users, movies) float32 of 0 and 1."""
        return self.matrix(self.liked)

    @cached_property
    def co_likes(self) -> np.ndarray:
        """How many users liked both of two movies: (movies, movies) float32, on the diagonal those who liked one."""
        return (self.likes.T @ self.likes).toarray()

    def matrix(self, which: np.ndarray) -> sparse.csr_array:
        """Return the movies of the events that a mask (events,) selects: (users, movies) float32 of 0 and 1."""
        user = np.repeat(np.arange(self.users), np.diff(self.offsets))[which]
        shape = self.users, self.movies
        rated = sparse.csr_array((np.ones(len(user), np.float32), (user, self.movie[which])), shape)
        rated.sum_duplicates()
        rated.data[:] = 1  # a movie that was rated twice counts once
        return rated

    def take(self, users: np.ndarray) -> Self:
        """Keep some users, in the order of their numbers ``users`` int."""
        lengths = np.diff(self.offsets)[users]
        offsets = np.append(0, np.cumsum(lengths))
        at = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - self.offsets[users], lengths)
        return replace(
            self,
            movie=self.movie[at],
            liked=self.liked[at],
            offsets=offsets,
            demographics=self.demographics[users],
        )

    def first(self, events: int) -> Self:
        """Keep the first ``events`` of each user."""
        return self._select(self._position < events)

    def after(self, events: int) -> Self:
        """Keep what comes after the first ``events`` of each user, without movies that are among these."""
        early = self._position < events
        user = np.repeat(np.arange(self.users), np.diff(self.offsets))
        key = user * self.movies + self.movie
        return self._select(~early & ~np.isin(key, key[early]))

    @property
    def _position(self) -> np.ndarray:
        return np.arange(len(self.movie)) - np.repeat(self.offsets[:-1], np.diff(self.offsets))

    def _select(self, keep: np.ndarray) -> Self:
        kept_before = np.append(0, np.cumsum(keep))
        return replace(self, movie=self.movie[keep], liked=self.liked[keep], offsets=kept_before[self.offsets])


class ListBaseline(ABC):
    """Ranks the catalogue for users who were not in the fit, from the events that are known of them.

    ``by_length``: whether it is fitted anew for each number of known events.
    """

    by_length: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def fit(cls, training: LikeHistories, events: int = 0) -> Self:
        """Learn from whole histories. ``events``: how many will be known, which matters where ``by_length``."""

    @abstractmethod
    def scores(self, known: LikeHistories) -> np.ndarray:
        """Score every movie, known ones too, for each user: (users, movies) float32, higher is better."""

    def variants(self) -> Iterator[Self]:
        """Yield the same with each setting that is worth trying; which one is best shows on validation users."""
        yield self

    @property
    def setting(self) -> str:
        """What ``variants`` vary, in words; empty if there is nothing to choose."""
        return ""

    @classmethod
    def obstacle(cls, training: LikeHistories) -> str | None:
        """Return why it cannot be fitted here, None if it can."""
        return None


def too_large(rows: int, what: str) -> str | None:
    """Return why a dense matrix of ``rows`` rows and columns, one for each of ``what``, is not made; None if it is."""
    return f"more than {MOST_ROWS:,} {what}: its matrix would not fit into memory" if rows > MOST_ROWS else None
