"""Stretches of timelines: every event is a label once, and padding is only at the end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bst.timelines.arrays import Timelines, build_timelines
from bst.timelines.segments import SegmentReader, evaluation_segments, gap_buckets, grouped, months, training_segments


def timelines_of(lengths) -> Timelines:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    n = int(offsets[-1])
    return Timelines(
        np.arange(n, dtype=np.int32), np.ones(n, np.float32), np.arange(n) * 60, np.arange(n), offsets.astype(np.int64)
    )


def counted_places(segments) -> list[int]:
    rows = zip(segments.start, segments.length, segments.counted, strict=True)
    return sorted(p for start, length, counted in rows for p in range(start + counted, start + length))


LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=8)


@given(LENGTHS, st.integers(2, 20), st.integers(0, 9))
def test_an_epoch_has_every_event_once(lengths, context, seed):
    timelines = timelines_of(lengths)
    segments = training_segments(timelines, np.arange(len(lengths)), context, np.random.default_rng(seed))
    assert counted_places(segments) == list(range(sum(lengths)))
    assert segments.length.min() >= 1
    assert segments.length.max() <= context


@given(LENGTHS, st.integers(2, 20))
def test_each_label_is_judged_once_and_with_half_a_context_behind_it(lengths, context):
    timelines = timelines_of(lengths)
    segments = evaluation_segments(timelines, np.arange(len(lengths)), context)
    assert counted_places(segments) == list(range(sum(lengths)))
    later = segments.start > timelines.offsets[segments.user]
    assert (segments.counted[later] >= context // 2).all()


def test_a_timeline_within_the_limit_stays_whole():
    segments = evaluation_segments(timelines_of([3, 8]), np.array([1]), 8)
    assert (segments.start.tolist(), segments.length.tolist(), segments.counted.tolist()) == ([3], [8], [0])


@given(LENGTHS, st.integers(1, 100), st.booleans())
def test_groups_hold_every_segment_once(lengths, cells, shuffled):
    segments = evaluation_segments(timelines_of(lengths), np.arange(len(lengths)), 20)
    groups = list(grouped(segments, cells, np.random.default_rng(0) if shuffled else None))
    assert sorted(p for group in groups for p in group.start) == sorted(segments.start)
    assert all(len(group) == 1 or len(group) * group.length.max() <= cells for group in groups)


@pytest.mark.parametrize(("seconds", "bucket"), [(0, 1), (1, 2), (3, 2), (4, 3), (15, 3), (16, 4), (10**9, 13)])
def test_gap_buckets_grow_by_factors_of_four(seconds, bucket):
    assert gap_buckets(np.array([seconds]))[0] == bucket


@pytest.mark.parametrize(
    ("time", "month"),
    # January and February 1995, December 2000, the eighties, the year 2100
    [(788_918_400, 1), (791_600_000, 2), (976_838_400, 72), (500_000_000, 1), (4_102_444_800, 511)],
)
def test_months_are_counted_from_1995_on(time, month):
    found = months(np.array([time]))
    assert (found.tolist(), found.dtype) == ([month], np.int32)


def test_a_batch_by_hand(tiny_dataset):
    timelines = build_timelines(tiny_dataset)
    reader = SegmentReader(tiny_dataset, timelines)
    segments = evaluation_segments(timelines, np.array([0, 1]), 10)
    batch, place = reader.read(segments, np.ones(14, bool))
    # user 0 watched movies 2, 0, 1 at seconds 10, 20, 20; user 1 movies 0 … 4, a second apart
    assert batch["movie"].tolist() == [[2, 0, 1, -1, -1], [0, 1, 2, 3, 4]]
    assert batch["level"].tolist() == [[2, 4, 3, 0, 0], [0, 1, 2, 3, 4]]
    assert batch["gap"].tolist() == [[0, 3, 1, 0, 0], [0, 2, 2, 2, 2]]
    # the seventies count as January 1995
    assert batch["month"].tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert batch["label"].tolist() == [[True, True, True, False, False], [True] * 5]
    assert (batch["sex"].tolist(), batch["age"].tolist(), batch["occupation"].tolist()) == ([0, 1], [2, 0], [2, 10])
    assert place.tolist() == [[0, 1, 2, -1, -1], [3, 4, 5, 6, 7]]
