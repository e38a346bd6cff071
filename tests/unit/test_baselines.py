"""Peers and figures of merit on an example worked out by hand."""

import numpy as np
import pytest

from bst.baselines import PEERS, Known, bias, global_mean, item_mean
from bst.metrics import mae, rating_errors, rmse

# users 0, 0, 1, 1 rate movies 0, 1, 0, 2 with 5, 3, 4, 2; movie 3 and user 2 have no rating
KNOWN = Known(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2]), np.array([5, 3, 4, 2], np.float32), users=3, movies=4)
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


def test_peers_by_name():
    assert list(PEERS) == ["global_mean", "item_mean", "bias"]
    assert [peer(KNOWN, USER, MOVIE).shape for peer in PEERS.values()] == [(5,)] * 3


def test_figures_by_hand():
    predicted, actual = np.array([1.0, 2.0, 5.0, 3.0]), np.array([1, 4, 4, 4], np.float32)
    # errors 0, −2, 1, −1
    assert mae(predicted, actual) == 1.0
    assert rmse(predicted, actual) == pytest.approx(np.sqrt(6 / 4))
    assert rating_errors(predicted, actual) == {"mae": 1.0, "rmse": pytest.approx(1.2247449)}


def test_many_float32_labels_add_up():
    predicted, actual = np.full(3_000_000, 0.1, np.float32), np.zeros(3_000_000, np.float32)
    assert mae(predicted, actual) == pytest.approx(0.1, abs=1e-6)
