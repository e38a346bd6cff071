"""Whether the chances behind the default list are right, by hand."""

import numpy as np
import pytest

from bst.evaluation.like_calibration import LikeChances, calibration_error


@pytest.fixture
def bins():
    """Two users: of four movies with a chance of 20% to 30% one is liked, and the one with 100%."""
    chances = LikeChances()
    chances.add(np.array([0.05, 0.2, 0.29, 1.0]), np.array([False, True, False, True]))
    chances.add(np.array([0.01, 0.02, 0.25, 0.22]), np.array([False, False, False, False]))
    return chances.bins()


def test_tenths_by_hand(bins):
    assert [(b.low, b.high, b.labels) for b in bins] == [(0.0, 0.1, 3), (0.2, 0.3, 4), (0.9, 1.0, 1)]
    assert [b.predicted for b in bins] == pytest.approx([0.08 / 3, 0.24, 1.0])
    assert [b.actual.value for b in bins] == [0, 0.25, 1]
    # with the first user alone a half was liked, with the second alone nothing
    assert (bins[1].actual.low, bins[1].actual.high) == (0, 0.5)


def test_the_error_of_higher_chances(bins):
    assert calibration_error(bins) == pytest.approx((4 * 0.01 + 1 * 0) / 5)
    assert calibration_error(bins, least=0.0) == pytest.approx((3 * 0.08 / 3 + 4 * 0.01) / 8)
    assert calibration_error(bins[:1]) is None
