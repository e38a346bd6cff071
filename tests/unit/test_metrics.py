"""Figures of merit on examples worked out by hand."""

import numpy as np
import pytest

from bst.metrics import by_history, ece, hit_rate, median, ndcg, nll, paired_bootstrap

LEVELS = np.array([1, 2, 3, 4, 5], np.float32)


def test_median_is_the_first_level_that_reaches_a_half():
    distribution = [
        [0.1, 0.1, 0.1, 0.3, 0.4],  # 0.1 0.2 0.3 0.6
        [0.6, 0.1, 0.1, 0.1, 0.1],
        [0.0, 0.0, 0.1, 0.3, 0.6],  # 0 0 0.1 0.4 1
        [0.2, 0.3, 0.0, 0.5, 0.0],  # exactly a half at the second
        [0.0, 0.0, 0.0, 0.0, 0.0],  # nothing reaches it: the last
    ]
    assert median(np.array(distribution, np.float32), LEVELS).tolist() == [4, 1, 5, 2, 5]


def test_median_on_half_stars():
    assert median(np.array([[0.3, 0.3, 0.4]]), np.array([0.5, 1.0, 1.5])).tolist() == [1.0]


def test_nll_by_hand():
    distribution = np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [1.0, 0.0, 0.0]])
    assert nll(distribution, np.array([0, 1, 0])) == pytest.approx((np.log(2) + np.log(4) + 0) / 3)
    assert nll(distribution[2:], np.array([2])) == pytest.approx(12 * np.log(10))  # not infinite


def test_ece_by_hand():
    # bin [0.2, 0.3): mean probability 0.22, share 0.5; bin [0.9, 1]: mean 0.975, share 1
    probability, outcome = np.array([0.20, 0.24, 0.95, 1.0]), np.array([True, False, True, True])
    assert ece(probability, outcome) == pytest.approx(0.5 * 0.28 + 0.5 * 0.025)
    # one bin for all: |3/4 − 0.5975|
    assert ece(probability, outcome, bins=1) == pytest.approx(0.1525)


def test_ece_of_honest_probabilities_is_small():
    rng = np.random.default_rng(0)
    probability = rng.random(100_000)
    outcome = rng.random(100_000) < probability
    assert ece(probability, outcome) < 0.01
    assert ece(1 - probability, outcome) == pytest.approx(0.5, abs=0.02)  # ∫|x − (1 − x)| dx


def test_ranking_figures_by_hand():
    place = np.array([1, 2, 3, 10, 11, 500])
    assert hit_rate(place, 10) == pytest.approx(4 / 6)
    assert hit_rate(place, 1) == pytest.approx(1 / 6)
    assert ndcg(place, 10) == pytest.approx((1 + 0.63093 + 0.5 + 0.28906) / 6, abs=1e-5)
    assert ndcg(place, 3) == pytest.approx((1 + 0.63093 + 0.5) / 6, abs=1e-5)


def test_error_by_history_leaves_out_what_nobody_has():
    error, history = np.array([1.0, 0.5, 2.0, 0.0, 9.0], np.float32), np.array([0, 0, 1, 5, 2])
    assert by_history(error, history) == {"0": 0.75, "1": 2.0, "5": 0.0}
    assert by_history(error, history, lengths=(2, 7)) == {"2": 9.0}


def test_bootstrap_of_a_constant_difference_has_no_width():
    a, user = np.arange(6.0), np.array([3, 3, 3, 8, 8, 9])
    assert paired_bootstrap(a, a + 0.25, user) == pytest.approx((-0.25, -0.25))


def test_bootstrap_draws_users_not_labels():
    # two users, differences 0 and 1: a draw holds 0, 1 or 2 of the second, so the mean is 0, 1/2 or 1 (¼, ½, ¼)
    b, user = np.zeros(200), np.repeat([0, 1], 100)
    assert paired_bootstrap(user.astype(float), b, user) == (0.0, 1.0)
    # had labels been drawn, the interval would be about 0.5 ± 0.07
    low, high = paired_bootstrap(user.astype(float), b, np.arange(200))
    assert low == pytest.approx(0.43, abs=0.02)
    assert high == pytest.approx(0.57, abs=0.02)


def test_bootstrap_weighs_users_by_their_labels_and_repeats_itself():
    rng = np.random.default_rng(1)
    user = np.repeat(np.arange(400), rng.integers(1, 50, 400))
    difference = rng.normal(0.1, 1.0, len(user))
    low, high = paired_bootstrap(difference, np.zeros(len(user)), user)
    assert low < difference.mean() < high
    # 1.96 · 1 / √10,000 on either side, about
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(len(user)), rel=0.15)
    assert paired_bootstrap(difference, np.zeros(len(user)), user) == (low, high)
    assert paired_bootstrap(difference, np.zeros(len(user)), user, seed=1) != (low, high)
