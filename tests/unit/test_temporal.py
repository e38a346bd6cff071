"""Protocol ``temporal``: who is trained on, validated and tested, by hand, and on MovieLens 1M beside its source."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bst.errors import ConfigError
from bst.models.registry import prepare, preset
from bst.schema import Dataset
from bst.timelines.splits import TEST, TRAIN, UNUSED, VALIDATION, core

TIMELINE = preset("timeline")
# of five events, how many users 16 to 19 have before the test period; users 0 to 15 have all of theirs before it
BEFORE = {16: 4, 17: 3, 18: 2, 19: 1}
LATER = 1000  # seconds; everything before is earlier than 100


def dataset_of(tiny_dataset: Dataset, events: list[tuple[int, int, int]]) -> Dataset:
    """Return a dataset of (user, movie, time), each rated 4."""
    ratings = pd.DataFrame(events, columns=["user", "movie", "timestamp"]).assign(rating=4.0)
    users, movies = (np.arange(ratings[name].max() + 1) for name in ("user", "movie"))
    return replace(
        tiny_dataset,
        users=tiny_dataset.users.iloc[users % 3].reset_index(drop=True),
        movies=tiny_dataset.movies.iloc[movies % 6].reset_index(drop=True),
        ratings=ratings.astype({"user": "int32", "movie": "int32", "rating": "float32", "timestamp": "int64"}),
    )


@pytest.fixture
def split(tiny_dataset):
    """A hundred events of twenty users, ninety of them before the test period: its beginning is the 0.9 quantile."""
    events = [
        (user, movie, 4 * user + movie + (LATER if movie >= BEFORE.get(user, 5) else 0))
        for user in range(20)
        for movie in range(5)
    ]
    return prepare(dataset_of(tiny_dataset, events), TIMELINE, "temporal", 0)


@pytest.mark.parametrize(
    ("user", "roles"),
    [
        (0, [TRAIN, TRAIN, TRAIN, TRAIN, VALIDATION]),  # gone before the test period
        (16, [TRAIN, TRAIN, TRAIN, VALIDATION, TEST]),
        (17, [TRAIN, TRAIN, VALIDATION, UNUSED, TEST]),  # only the last movie of the test period is asked for
        (18, [TRAIN, TRAIN, UNUSED, UNUSED, TEST]),  # too few events before it for validation
        (19, [UNUSED, UNUSED, UNUSED, UNUSED, TEST]),  # nothing to learn from, but asked for all the same
    ],
)
def test_roles_by_hand(user, roles, split):
    assert split.role[split.user == user].tolist() == roles


def test_nothing_of_the_test_period_is_known(split):
    known = (split.role != TEST) & (split.role != UNUSED)
    assert split.timelines.timestamp[known].max() < LATER
    assert len(split.known.user) == known.sum()


def test_the_core_is_what_is_left_when_nothing_has_to_go(tiny_dataset):
    """Three users who rated the same three movies; then a movie with two ratings, whose users have three others."""
    events = [(user, movie, 0) for user in range(3) for movie in range(3)]
    dataset = dataset_of(tiny_dataset, [*events, (0, 3, 0), (1, 3, 0), (3, 0, 0), (3, 3, 0)])
    # movie 3 has three ratings, but one is of user 3, who has only two
    left = core(dataset, 3)
    assert list(left.ratings[["user", "movie"]].itertuples(index=False, name=None)) == [(u, m) for u, m, _ in events]
    assert left.users is dataset.users
    assert left.movies is dataset.movies, "rows mean the same"
    assert len(core(dataset, 2).ratings) == len(dataset.ratings)
    assert len(core(dataset, 5).ratings) == 0


def test_too_little_data_is_refused(tiny_dataset):
    with pytest.raises(ConfigError, match="too small for protocol temporal"):
        prepare(tiny_dataset, TIMELINE, "temporal", 0)


@pytest.mark.real_data
def test_ml_1m_is_split_as_in_the_source(ml_1m):
    """3,416 movies after filtering and 1,209 test users: the counts behind the published figures of "Time to Split"."""
    split = prepare(ml_1m, TIMELINE, "temporal", 0)
    assert len(np.unique(split.timelines.movie)) == 3416
    assert len(split.last_labels(TEST)) == 1209
