"""Figures of merit on examples worked out by hand."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    label_ranking_average_precision_score,
    log_loss,
    mean_absolute_error,
    ndcg_score,
    root_mean_squared_error,
    top_k_accuracy_score,
)
from sklearn.metrics.pairwise import cosine_distances

from bst.metrics import (
    Bootstrap,
    by_history,
    coverage,
    ece,
    genre_distribution,
    hit_rate,
    interval,
    intra_list_diversity,
    list_ndcg,
    list_precision,
    list_recall,
    mae,
    median,
    miscalibration,
    mrr,
    ndcg,
    nll,
    novelty,
    paired_bootstrap,
    popularity_share,
    rmse,
    self_information,
    top_title,
)

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


# ---- lists


def test_figures_of_lists_by_hand():
    lists = np.array([[0, 1], [0, 3]])
    assert coverage(lists, 6) == 0.5
    information = self_information(np.array([8, 4, 2, 1, 0, 9]), 8)
    # seen by all, half, a quarter, one of eight; by nobody, which counts as one; by more than there are, which is all
    assert information.tolist() == [0, 1, 2, 3, 3, 0]
    assert novelty(lists, information) == pytest.approx((0 + 1 + 0 + 3) / 4)
    assert popularity_share(lists, np.array([True, False, False, False, False, True])) == 0.5
    # movies 0 and 1 share nothing, 0 and 3 one genre of two: cosine 1 / √2
    genres = np.array([[1, 0], [0, 1], [0, 0], [1, 1]])
    assert intra_list_diversity(lists, genres) == pytest.approx((1 + 1 - 1 / np.sqrt(2)) / 2)
    assert intra_list_diversity(np.array([[0, 2]]), genres) == 1, "what has no genre is unlike everything"
    assert intra_list_diversity(np.array([[0, 0]]), genres) == pytest.approx(0)
    assert mrr(np.array([1, 2, 4])) == pytest.approx((1 + 1 / 2 + 1 / 4) / 3)


def test_lists_against_many_likes_by_hand():
    # hits at ranks 1 and 3 of three liked movies; at rank 4 of one; none of two
    hits = np.array([[1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], bool)
    liked = np.array([3, 1, 2])
    assert list_precision(hits, 4).tolist() == [0.5, 0.25, 0]
    assert list_precision(hits, 2).tolist() == [0.5, 0, 0]
    assert list_precision(hits, 10).tolist() == [0.2, 0.1, 0], "a list that is too short has misses"
    assert list_recall(hits, liked, 4) == pytest.approx([2 / 3, 1, 0])
    assert list_recall(hits, liked, 2) == pytest.approx([1 / 2, 0, 0]), "two can hold no more than two"
    second, third, fourth = 1 / np.log2([3, 4, 5])
    assert list_ndcg(hits, liked, 4) == pytest.approx([(1 + third) / (1 + second + third), fourth, 0])
    assert list_ndcg(hits, liked, 2) == pytest.approx([1 / (1 + second), 0, 0])


def test_the_most_frequent_title_by_hand():
    lists = np.array([[4, 2, -1], [2, 4, 5], [5, 2, 1], [3, 0, -1]])
    movie, has = top_title(lists)
    assert movie == 2
    assert has.tolist() == [True, True, True, False]


def test_genre_calibration_by_hand():
    genres = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    # movie 0 is all of the first genre, movie 1 half of each of two, movie 2 of none
    history = genre_distribution(genres, np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]]))
    assert history.tolist() == [[0.75, 0.25, 0], [0.5, 0.5, 0], [0, 0, 0]]
    listed = np.array([[0.75, 0.25, 0], [0, 0.5, 0.5], [1, 0, 0]])
    missing = 0.5 * np.log(0.5 / (0.01 * 0.5))  # nothing of a genre but α
    assert miscalibration(history, listed) == pytest.approx([0, missing, 0])


def test_a_slice_that_a_draw_misses_is_left_out_of_its_interval():
    drawn = Bootstrap(np.array([7, 7, 9]))
    means = drawn.means(np.array([1.0, 3.0, 5.0]), np.array([True, True, False]))
    missing = np.isnan(means).mean()
    assert 0.15 < missing < 0.35, "of two draws among two users, a quarter has the second one twice"
    assert set(means[~np.isnan(means)]) == {2.0}
    assert interval(means) == (2.0, 2.0)


# ---- the same as scikit-learn


@pytest.fixture(scope="module")
def made_up():
    rng = np.random.default_rng(3)
    levels = rng.dirichlet(np.ones(5), 400)
    return levels, rng.integers(0, 5, 400), rng.normal(size=(300, 40)), rng.integers(0, 40, 300)


def test_errors_and_surprise_are_those_of_scikit_learn(made_up):
    levels, given, _, _ = made_up
    expected, actual = levels @ LEVELS, LEVELS[given]
    assert mae(expected, actual) == pytest.approx(mean_absolute_error(actual, expected), abs=1e-6)
    assert rmse(expected, actual) == pytest.approx(root_mean_squared_error(actual, expected), abs=1e-6)
    assert nll(levels, given) == pytest.approx(log_loss(given, levels, labels=range(5)), abs=1e-6)


def test_calibration_error_is_that_of_scikit_learn(made_up):
    levels, given, _, _ = made_up
    promised, liked = levels[:, 3:].sum(axis=1), given >= 3
    happened, predicted = calibration_curve(liked, promised, n_bins=10)
    size = np.bincount(np.minimum((promised * 10).astype(int), 9), minlength=10)
    theirs = (size[size > 0] / len(liked) * np.abs(happened - predicted)).sum()
    assert ece(promised, liked) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_ranking_is_that_of_scikit_learn(made_up, k):
    _, _, scores, relevant = made_up
    place = 1 + (scores > np.take_along_axis(scores, relevant[:, None], axis=1)).sum(axis=1)
    one = np.eye(40)[relevant]
    assert ndcg(place, k) == pytest.approx(ndcg_score(one, scores, k=k), abs=1e-6)
    assert hit_rate(place, k) == pytest.approx(top_k_accuracy_score(relevant, scores, k=k, labels=range(40)), abs=1e-6)
    # with one relevant item, average precision is 1 / place
    assert mrr(place) == pytest.approx(label_ranking_average_precision_score(one, scores), abs=1e-6)


def test_ndcg_of_many_likes_is_that_of_scikit_learn():
    rng = np.random.default_rng(5)
    relevant, scores = rng.random((20, 30)) < 0.2, rng.random((20, 30))
    relevant[:, 0] = True
    hits = np.take_along_axis(relevant, np.argsort(-scores, axis=1), axis=1)
    ours = list_ndcg(hits, relevant.sum(axis=1), 10)
    assert ours.mean() == pytest.approx(ndcg_score(relevant, scores, k=10))


def test_diversity_is_the_mean_cosine_distance_of_scikit_learn(made_up):
    vectors = np.abs(made_up[2][:40, :6])
    lists = np.array([[3, 8, 1, 20, 7], [0, 39, 2, 5, 11]])
    pairs = np.triu_indices(5, 1)
    theirs = np.mean([cosine_distances(vectors[row])[pairs].mean() for row in lists])
    assert intra_list_diversity(lists, vectors) == pytest.approx(theirs, abs=1e-6)
