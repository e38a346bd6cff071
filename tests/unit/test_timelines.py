"""Timelines, windows and the seed protocol, with expected values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bst.errors import ConfigError
from bst.timelines.arrays import Timelines, build_timelines, build_windows, split_windows


def timelines_of(lengths):
    """Timelines that hold nothing but their lengths."""
    n = sum(lengths)
    return Timelines(
        movie=np.arange(n, dtype=np.int32),
        rating=np.ones(n, np.float32),
        timestamp=np.arange(n),
        row=np.arange(n),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
    )


def public_example_starts(n, length, step):
    """The window rule, spelled out event by event: regular starts, then one window on the last events."""
    if n < length:
        return []
    return [*range(0, n - length + 1, step), n - length]


def test_ties_keep_the_order_of_the_file(tiny_dataset):
    timelines = build_timelines(tiny_dataset)
    # user 0 rated movie 2 first, then movies 0 and 1 in the same second, in that order in the file
    assert timelines.movie[:3].tolist() == [2, 0, 1]
    assert timelines.rating[:3].tolist() == [3.0, 5.0, 4.0]
    assert timelines.offsets.tolist() == [0, 3, 8, 14]


def test_windows_of_an_odd_and_an_even_timeline():
    windows = build_windows(timelines_of([7, 6, 3]), length=4, step=2)
    # 7 events: 0, 2 and the closing 3; 6 events: 0 and 2, whose last already closes it; 3 events: none
    assert windows.start.tolist() == [0, 2, 3, 7, 9]
    assert windows.user.tolist() == [0, 0, 0, 1, 1]
    assert windows.target.tolist() == [3, 5, 6, 10, 12]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(2, 7), st.integers(1, 4))
def test_windows_follow_the_published_rule(lengths, length, step):
    timelines = timelines_of(lengths)
    expected, first = [], 0
    for n in lengths:
        expected += [first + s for s in public_example_starts(n, length, step)]
        first += n
    with_copies = build_windows(timelines, length, step, deduplicate=False)
    assert with_copies.start.tolist() == expected
    assert build_windows(timelines, length, step).start.tolist() == sorted(set(expected))


def test_no_label_is_in_two_parts():
    windows = build_windows(timelines_of([21, 40, 33, 8]), 4, 2)
    split = split_windows(windows, seed=3)
    labels = [set(part.target.tolist()) for part in (split.train, split.validation, split.test)]
    assert sum(map(len, labels)) == len(set.union(*labels)) == len(windows)


def test_protocol_windows_is_the_documented_draw():
    windows = build_windows(timelines_of([400, 300]), 4, 2)
    split = split_windows(windows, seed=0)
    test = np.random.default_rng(0).random(len(windows)) > 0.85
    assert split.test.start.tolist() == windows.start[test].tolist()


@pytest.mark.parametrize(("length", "step"), [(1, 2), (4, 0), (0, 1)])
def test_impossible_windows_are_refused(length, step):
    with pytest.raises(ConfigError, match="at least"):
        build_windows(timelines_of([9]), length, step)


@pytest.mark.real_data
def test_ml_1m_has_the_published_number_of_windows(ml_1m):
    timelines = build_timelines(ml_1m)
    assert len(build_windows(timelines, 4, 2, deduplicate=False)) == 498_623
    even = int((timelines.lengths % 2 == 0).sum())
    assert len(build_windows(timelines, 4, 2)) == 498_623 - even
