"""Peers and figures of merit on an example worked out by hand."""

import numpy as np
import pytest

from bst.baselines.bias import BASELINES, Interactions, bias, bias_fold_in, global_mean, item_mean
from bst.metrics import mae, rating_errors, rmse

# users 0, 0, 1, 1 rate movies 0, 1, 0, 2 with 5, 3, 4, 2; movie 3 and user 2 have no rating
KNOWN = Interactions(
    np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2]), np.array([5, 3, 4, 2], np.float32), users=3, movies=4
)
USER, MOVIE = np.array([0, 1, 2, 0, 2]), np.array([0, 1, 2, 3, 3])


def test_global_mean_by_hand():
    assert KNOWN.mean == 3.5
    assert global_mean(KNOWN, USER, MOVIE).tolist() == [3.5] * 5


def test_item_mean_by_hand():
    # (5 + 4) / 2, 3, 2, and the mean of all for the movie without ratings
    assert item_mean(KNOWN, USER, MOVIE).tolist() == [4.5, 3, 2, 3.5, 3.5]


def test_damped_bias_by_hand():
    # rest r − 3.5: 1.5, −0.5, 0.5, −1.5
    # b_i = 2/(2+10), −0.5/(1+10), −1.5/(1+10), 0 = 1/6, −1/22, −3/22, 0
    # b_0 = (1.5 − 1/6 − 0.5 + 1/22) / (2 + 5) = 0.87879 / 7 = 0.12554
    # b_1 = (0.5 − 1/6 − 1.5 + 3/22) / (2 + 5) = −1.03030 / 7 = −0.14719; b_2 = 0
    expected = [
        3.5 + 1 / 6 + 0.125541,
        3.5 - 1 / 22 - 0.147186,
        3.5 - 3 / 22,
        3.5 + 0.125541,
        3.5,
    ]
    assert bias(KNOWN, USER, MOVIE) == pytest.approx(expected, abs=1e-5)


def test_bias_without_damping_by_hand():
    # b_i = 1, −0.5, −1.5, 0; b_0 = (1.5 − 1 − 0.5 + 0.5) / 2 = 0.25; b_1 = (0.5 − 1 − 1.5 + 1.5) / 2 = −0.25
    values = bias(KNOWN, np.array([0, 1]), np.array([0, 2]), item_damping=1e-12, user_damping=1e-12)[:2]
    assert values == pytest.approx([3.5 + 1 + 0.25, 3.5 - 1.5 - 0.25], abs=1e-5)


def test_bias_fold_in_by_hand():
    # b_i = 1/6, −1/22, −3/22, 0 as above; a timeline that rates 1, 0, 3 with 5, 2, 4, none at all, and one that rates 0
    # rests: 5 − 3.5 + 1/22 = 1.545455, 2 − 3.5 − 1/6 = −1.666667; b_u = 0, 1.545455/6, (1.545455 − 1.666667)/7
    movie, rating, offsets = np.array([1, 0, 3, 0]), np.array([5, 2, 4, 1], np.float32), np.array([0, 3, 3, 4])
    expected = [3.5 - 1 / 22, 3.5 + 1 / 6 + 0.257576, 3.5 - 0.017316, 3.5 + 1 / 6]
    assert bias_fold_in(KNOWN, movie, rating, offsets) == pytest.approx(expected, abs=1e-5)


def test_bias_fold_in_at_the_end_is_the_bias_of_a_known_user():
    # with the item side from the same ratings, what user 1 gets for a next event is what bias gives the known user 1
    movie, rating = np.array([0, 2, 3]), np.array([4, 2, 1], np.float32)
    last = bias_fold_in(KNOWN, movie, rating, np.array([0, 3]))[-1]
    assert last == pytest.approx(bias(KNOWN, np.array([1]), np.array([3]))[0])


def test_a_later_event_changes_no_earlier_bias():
    movie, rating, offsets = np.array([0, 1, 2, 0, 1]), np.array([5, 4, 3, 2, 1], np.float32), np.array([0, 4, 5])
    other = np.array([5, 4, 1, 2, 1], np.float32)
    before, after = bias_fold_in(KNOWN, movie, rating, offsets), bias_fold_in(KNOWN, movie, other, offsets)
    assert np.array_equal(before[[0, 1, 2, 4]], after[[0, 1, 2, 4]])
    assert before[3] != after[3]


def test_peers_by_name():
    assert list(BASELINES) == ["global_mean", "item_mean", "bias"]
    assert [peer(KNOWN, USER, MOVIE).shape for peer in BASELINES.values()] == [(5,)] * 3


def test_figures_by_hand():
    predicted, actual = np.array([1.0, 2.0, 5.0, 3.0]), np.array([1, 4, 4, 4], np.float32)
    # errors 0, −2, 1, −1
    assert mae(predicted, actual) == 1.0
    assert rmse(predicted, actual) == pytest.approx(np.sqrt(6 / 4))
    errors = rating_errors(predicted, actual)
    assert (errors["mae"], errors["rmse"]) == (1.0, pytest.approx(1.2247449))


def test_many_float32_labels_add_up():
    predicted, actual = np.full(3_000_000, 0.1, np.float32), np.zeros(3_000_000, np.float32)
    assert mae(predicted, actual) == pytest.approx(0.1, abs=1e-6)
