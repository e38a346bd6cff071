"""Ratings → timelines → windows → protocols. Everything is flat NumPy arrays plus offsets, no loops over users.

A timeline is one user's ratings in time order. MovieLens timestamps tie heavily (a user rates a list of films
within one second), so the order is defined as (timestamp, row of ``Dataset.ratings``), stable.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bst.errors import ConfigError
from bst.schema import Dataset

# what each ``Dataset.tie_order`` means
TIE_ORDERS = {
    "file": "Ratings that one person gave in the same second stand in the order of the file.",
    "drawn": "Ratings that one person gave in the same second stand in the file by movie number, which says nothing "
    "about what came first: here they are in an order that was drawn at random, once and for all.",
}

LEAST_LENGTH = 2  # of a window: an event and the target
TEST_SHARE = 0.15
VALIDATION_SHARE = 0.05


@dataclass(frozen=True)
class Timelines:
    """All timelines of a dataset, concatenated.

    ``movie`` int32, ``rating`` float32, ``timestamp`` int64: each (ratings,). ``row`` int64 (ratings,) is which
    row of ``Dataset.ratings`` an event came from. ``offsets`` int64 (users + 1,): user ``u`` owns
    ``offsets[u]:offsets[u + 1]``.
    """

    movie: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray
    row: np.ndarray
    offsets: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Events of each user: (users,) int64."""
        return np.diff(self.offsets)


def build_timelines(dataset: Dataset) -> Timelines:
    """Sort a dataset's ratings into timelines, users in file order."""
    ratings = dataset.ratings
    user = ratings["user"].to_numpy()
    timestamp = ratings["timestamp"].to_numpy()
    # lexsort is stable, so rows that tie on user and timestamp keep their order in the file
    row = np.lexsort((timestamp, user))
    counts = np.bincount(user, minlength=len(dataset.users))
    return Timelines(
        movie=ratings["movie"].to_numpy()[row],
        rating=ratings["rating"].to_numpy()[row],
        timestamp=timestamp[row],
        row=row,
        offsets=np.concatenate([[0], np.cumsum(counts)]),
    )


def assumptions(dataset: Dataset) -> tuple[str, ...]:
    """Return the assumptions made when a dataset was read, ties in time included, one sentence each."""
    drawn = dataset.tie_order != "file"
    return (*dataset.notes, *([TIE_ORDERS[dataset.tie_order]] if drawn else []))


def tie_order_record(dataset: Dataset) -> dict[str, str]:
    """Return how a record of figures names the order of ties: not at all if it is that of the file."""
    return {} if dataset.tie_order == "file" else {"tie_order": dataset.tie_order}


class WindowShape(NamedTuple):
    """``length`` of windows in events, the target included, and ``step`` from the start of one to that of the next."""

    length: int
    step: int


@dataclass(frozen=True)
class Windows:
    """Fixed-length parts of timelines whose last event is the label.

    ``start`` int64 (windows,): index of each window's first event into the timelines; ``user`` int32 (windows,).
    Windows are in user order and, within a user, in time order. One that starts before its user's first event is empty
    up to there (``windows_of_every_event``).
    """

    start: np.ndarray
    user: np.ndarray
    length: int

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.start)

    def take(self, which: np.ndarray) -> "Windows":
        """Keep the windows that a boolean mask or an index array selects."""
        return Windows(self.start[which], self.user[which], self.length)

    @property
    def target(self) -> np.ndarray:
        """Index of each window's label into the timelines: (windows,) int64."""
        return self.start + self.length - 1


def build_windows(timelines: Timelines, length: int, step: int, *, deduplicate: bool = True) -> Windows:
    """Cut each timeline into windows of ``length`` events that start every ``step`` events.

    A window that ends on the user's last event closes each timeline, as in the Keras example "A Transformer-based
    recommendation system". Where the regular windows already end there, that window would occur twice; ``deduplicate``
    drops the copy, so that no label can be in both training and test. Timelines shorter than ``length`` have no window.

    Raises ``ConfigError`` unless ``length`` ≥ 2 and ``step`` ≥ 1.
    """
    if length < LEAST_LENGTH or step < 1:
        raise ConfigError(
            f"windows need a length of at least {LEAST_LENGTH} and a step of at least 1, not {length} and {step}"
        )
    counts = timelines.lengths
    usable = counts >= length
    regular = np.where(usable, (counts - length) // step + 1, 0)
    # one more for the window that ends on the last event, unless it is the last regular one
    extra = usable & (((counts - length) % step != 0) | (not deduplicate))
    per_user = regular + extra
    user = np.repeat(np.arange(len(counts)), per_user)
    first = np.cumsum(per_user) - per_user
    index = np.arange(len(user)) - first[user]
    start = np.where(index < regular[user], index * step, counts[user] - length)
    return Windows(start + timelines.offsets[user], user.astype(np.int32), length)


def windows_of_every_event(timelines: Timelines, length: int) -> Windows:
    """Return a window for each event, its label: with the ``length − 1`` events before it, or as many as there are."""
    user = np.repeat(np.arange(len(timelines.lengths), dtype=np.int32), timelines.lengths)
    return Windows(np.arange(len(user)) - (length - 1), user, length)


@dataclass(frozen=True)
class WindowSplit:
    """Train, validation and test windows, disjoint in their labels."""

    train: Windows
    validation: Windows
    test: Windows


def split_windows(windows: Windows, seed: int) -> WindowSplit:
    """Split windows under protocol ``windows``: 85% train, 15% test.

    One draw ``default_rng(seed).random(len(windows))`` over all windows, deduplicated, in user and time order; those
    above 0.85 are test. A twentieth of the rest, drawn by a second generator, is validation, for early stopping.
    """
    test = np.random.default_rng(seed).random(len(windows)) > 1 - TEST_SHARE
    validation = ~test & (np.random.default_rng([seed, 1]).random(len(windows)) < VALIDATION_SHARE)
    return WindowSplit(windows.take(~test & ~validation), windows.take(validation), windows.take(test))
