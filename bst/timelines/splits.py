"""Evaluation splits: which ratings a model is trained, validated and tested on under each protocol."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bst.baselines.bias import Interactions
from bst.errors import ConfigError
from bst.metrics import rank
from bst.schema import Dataset
from bst.text import quoted
from bst.timelines.arrays import (
    Timelines,
    WindowShape,
    WindowSplit,
    build_timelines,
    build_windows,
    split_windows,
    windows_of_every_event,
)

PROTOCOLS: dict[str, str] = {
    "windows": "15% of windows drawn at random are test; their targets are never training labels",
    "visitor": "10% of users, drawn at random, are test: each of their ratings is predicted from the earlier ones",
    "last": "each user's last movie is test, the one before it validation",
    "temporal": "training ends at the moment by which 90% of all ratings were given; each user's last movie after it "
    "is test, their last one before it validation",
}
# names that bundles, runs and commands of earlier versions give them
FORMER_PROTOCOLS = {"seed": "windows"}
TRAIN, VALIDATION, TEST, UNUSED = 0, 1, 2, 3
# under ``last`` users with fewer events are training alone: one is for each of the three
LEAST_EVENTS = 3
# under ``temporal``: the share of ratings given before the test period, and ratings that a user and a movie must have
TRAINING_PERIOD, LEAST_RATINGS = 0.9, 5
# the windows whose targets are the labels of ``windows`` for a model that reads none: those of preset ``user-features``
LABEL_WINDOWS = WindowShape(4, 2)


@dataclass(frozen=True)
class EvaluationSplit:
    """A dataset split into training, validation and test labels under a protocol.

    ``role`` int8 (ratings,), in timeline order: whether each rating is a label of ``TRAIN``, ``VALIDATION`` or
    ``TEST``; ``UNUSED`` where only a share of the users is trained on.
    ``windows`` has the windows of a model that reads windows, None for one that reads timelines.
    """

    dataset: Dataset
    timelines: Timelines
    protocol: str
    seed: int
    role: np.ndarray
    windows: WindowSplit | None = None

    @cached_property
    def user(self) -> np.ndarray:
        """The user of each rating, in timeline order: (ratings,) int64."""
        return np.repeat(np.arange(len(self.timelines.lengths)), self.timelines.lengths)

    @cached_property
    def history(self) -> np.ndarray:
        """How many events its user had before each rating: (ratings,) int64."""
        return np.arange(len(self.role)) - self.timelines.offsets[self.user]

    @cached_property
    def test(self) -> np.ndarray:
        """Indices of the test labels into the timelines: (labels,) int64, ascending."""
        return np.flatnonzero(self.role == TEST)

    @property
    def holds_out_users(self) -> bool:
        """Whether test users are held out whole, so that a model knows nothing of them but their earlier ratings."""
        return self.protocol == "visitor"

    @property
    def known(self) -> Interactions:
        """All ratings but the test labels: what a baseline may be fitted on.

        A test label may still be in the history of another label: once given, a rating is known.
        """
        return self.ratings((self.role != TEST) & (self.role != UNUSED))

    def ratings(self, which: np.ndarray) -> Interactions:
        """Return the ratings that a boolean mask (ratings,) selects."""
        events = self.timelines
        sizes = len(self.dataset.users), len(self.dataset.movies)
        return Interactions(self.user[which], events.movie[which], events.rating[which], *sizes)

    def unseen(self, label: int) -> np.ndarray:
        """Return which movies compete with that of a label: all but those that its user had rated before it.

        ``label``: index into the timelines. Returns (movies,) bool.
        """
        events = self.timelines
        unseen = np.ones(len(self.dataset.movies), bool)
        unseen[events.movie[events.offsets[self.user[label]] : label]] = False
        unseen[events.movie[label]] = True
        return unseen

    def ranks(self, labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Rank each label's movie among the movies ``unseen`` by its user: (labels,) int64, 1 for the top.

        ``labels``: indices into the timelines; ``scores`` (labels, movies), higher is more likely.
        """
        pairs = zip(labels, scores, strict=True)
        return np.array([rank(row, self.timelines.movie[at], self.unseen(at)) for at, row in pairs], np.int64)

    def last_labels(self, role: int) -> np.ndarray:
        """Return the index of each user's last label of a role, for users who have one: (users,) int64."""
        at = np.flatnonzero(self.role == role)
        return at[np.append(self.user[at][1:] != self.user[at][:-1], True)[: len(at)]]


def protocol_name(name: str) -> str:
    """Return the present name of a protocol that may go by a former one.

    >>> protocol_name("seed")
    'windows'
    """
    return FORMER_PROTOCOLS.get(name, name)


def prepare(
    dataset: Dataset, protocol: str, seed: int, share: float = 1.0, windows: WindowShape | None = None
) -> EvaluationSplit:
    """Split a dataset under a protocol, into ``windows`` for a model that reads windows.

    ``visitor``: of ``default_rng(seed).permutation(users)`` the first tenth is test, the next twentieth validation.
    A model that reads windows is trained on those of the other users, and validated and tested on every rating of the
    held-out ones (``arrays.windows_of_every_event``): on the same labels as a model that reads timelines.
    ``last``: users with fewer than three events have neither. ``windows``: see ``arrays.split_windows``.
    ``temporal``: see ``_temporal_roles``; movies and users with few ratings are left out, see ``core``.

    With a ``share`` below 1 only that part of the users, drawn at random, is trained on. Validation and test labels
    stay the same, so that figures of all shares can be compared.

    Raises ``ConfigError`` for an unknown protocol, or too little data.
    """
    protocol = protocol_name(protocol)
    if protocol not in PROTOCOLS:
        raise ConfigError(f"there is no protocol {quoted(protocol)}; choose one of: {', '.join(PROTOCOLS)}")
    if not 0 <= seed < 2**32:
        raise ConfigError(f"a seed is a whole number from 0 to {2**32 - 1}, not {seed}")
    if not 0 < share <= 1:
        raise ConfigError(f"the share of users to train on must be above 0 and at most 1, not {share:g}")
    if protocol == "temporal":
        dataset = core(dataset, LEAST_RATINGS)
    timelines = build_timelines(dataset)
    trained_on = _trained_on(len(timelines.lengths), seed, share)
    if protocol == "windows":
        return _prepare_windows(dataset, timelines, windows, seed, trained_on)
    users = len(timelines.lengths)
    role = np.full(len(timelines.movie), TRAIN, np.int8)
    if protocol == "visitor":
        role = np.repeat(visitor_roles(users, seed), timelines.lengths)
    elif protocol == "temporal":
        role = _temporal_roles(timelines)
    else:
        end = timelines.offsets[1:][timelines.lengths >= LEAST_EVENTS]
        role[end - 1], role[end - 2] = TEST, VALIDATION
    role[(role == TRAIN) & ~np.repeat(trained_on, timelines.lengths)] = UNUSED
    split = EvaluationSplit(dataset, timelines, protocol, seed, role)
    for part, label in (("training", TRAIN), ("validation", VALIDATION), ("test", TEST)):
        if not (role == label).any():
            raise ConfigError(
                f"{dataset.title} is too small for protocol {protocol}: its {users} users leave none for {part}; "
                "choose a larger dataset"
            )
    return replace(split, windows=_windows_of_users(split, windows)) if windows else split


def visitor_roles(users: int, seed: int, share: float = 1.0) -> np.ndarray:
    """Return the role of each user under ``visitor``: int8 (users,); see ``prepare``."""
    order = np.random.default_rng(seed).permutation(users)
    role = np.where(_trained_on(users, seed, share), np.int8(TRAIN), np.int8(UNUSED))
    role[order[: users // 10]] = TEST
    role[order[users // 10 : users // 10 + users // 20]] = VALIDATION
    return role


def _trained_on(users: int, seed: int, share: float) -> np.ndarray:
    """Return which users may be trained on: (users,) bool."""
    return np.random.default_rng([seed, 4]).random(users) < share


def core(dataset: Dataset, least: int) -> Dataset:
    """Return a dataset with only the ratings of users and movies that have ``least`` of them or more after that.

    Users and movies stay in their tables, so that rows mean the same. That is the k-core of the graph of ratings.
    """
    ratings = dataset.ratings
    while len(ratings):
        counts = [ratings[column].map(ratings[column].value_counts()) for column in ("user", "movie")]
        enough = (counts[0] >= least) & (counts[1] >= least)
        if enough.all():
            break
        ratings = ratings[enough]
    return replace(dataset, ratings=ratings.reset_index(drop=True))


def _temporal_roles(timelines: Timelines) -> np.ndarray:
    """Return the role of each rating under ``temporal``: int8 (ratings,).

    The test period begins after T, the 0.9 quantile of all timestamps. The last event of each user who has one after T
    is test, and only that; of the events up to T each user's last is validation, if there are three or more, and the
    others are training, if there are two or more. Source: the global temporal split with the last target and
    last-training-item validation of Gusak et al., "Time to Split", RecSys 2025 (arXiv 2507.16289).
    """
    if not len(timelines.timestamp):  # nothing is left of a small dataset: ``prepare`` says so
        return np.zeros(0, np.int8)
    period_end = np.quantile(timelines.timestamp, TRAINING_PERIOD)
    before = timelines.timestamp <= period_end
    user = np.repeat(np.arange(len(timelines.lengths)), timelines.lengths)
    known = np.bincount(user, before, len(timelines.lengths)).astype(np.int64)
    role = np.where(before & (known[user] >= LEAST_EVENTS - 1), np.int8(TRAIN), np.int8(UNUSED))
    role[(timelines.offsets[:-1] + known - 1)[known >= LEAST_EVENTS]] = VALIDATION
    role[timelines.offsets[1:][known < timelines.lengths] - 1] = TEST
    return role


def _windows_of_users(split: EvaluationSplit, shape: WindowShape) -> WindowSplit:
    """Return the windows of a split that holds out whole users."""
    training = build_windows(split.timelines, *shape)
    every = windows_of_every_event(split.timelines, shape.length)
    return WindowSplit(
        training.take(split.role[training.target] == TRAIN),
        every.take(split.role[every.target] == VALIDATION),
        every.take(split.role[every.target] == TEST),
    )


def _prepare_windows(
    dataset: Dataset, timelines: Timelines, shape: WindowShape | None, seed: int, trained_on: np.ndarray
) -> EvaluationSplit:
    length, step = shape or LABEL_WINDOWS
    windows = split_windows(build_windows(timelines, length, step), seed)
    windows = replace(windows, train=windows.train.take(trained_on[windows.train.user]))
    role = np.where(np.repeat(trained_on, timelines.lengths), np.int8(TRAIN), np.int8(UNUSED))
    for part, labelled, label in (
        ("training", windows.train, TRAIN),
        ("validation", windows.validation, VALIDATION),
        ("test", windows.test, TEST),
    ):
        if not len(labelled):
            raise ConfigError(
                f"{dataset.title} is too small for windows of {length} events: none is left for {part}; "
                "choose a shorter window or a larger dataset"
            )
        role[labelled.target] = label
    return EvaluationSplit(dataset, timelines, "windows", seed, role, windows if shape else None)
