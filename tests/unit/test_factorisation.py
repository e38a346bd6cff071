"""Matrix factorisation and fold-in against regressions solved directly."""

from itertools import pairwise

import numpy as np
import pytest

from bst.baselines.bias import Interactions
from bst.baselines.factorisation import Factorisation


def handmade(factors: int = 3, movies: int = 12, span=(-100.0, 100.0)) -> Factorisation:
    rng = np.random.default_rng(5)
    return Factorisation(
        mean=3.5,
        item_bias=rng.normal(0, 0.5, movies).astype(np.float32),
        item_factors=rng.normal(0, 1, (movies, factors)).astype(np.float32),
        user_bias=np.array([0.25], np.float32),
        user_factors=np.array([[1.0, 0.0, -1.0]], np.float32),
        prior=np.array([8.0] * factors + [5.0], np.float32),
        span=span,
    )


def timelines(lengths, movies: int = 12, seed: int = 0):
    rng = np.random.default_rng(seed)
    events = sum(lengths)
    rating = rng.integers(1, 6, events).astype(np.float32)
    return rng.integers(0, movies, events), rating, np.append(0, np.cumsum(lengths))


def known(users: int = 300, movies: int = 60, noise: float = 0.3, seed: int = 0):
    """Ratings of a world with two factors and biases, and the world itself (users, movies)."""
    rng = np.random.default_rng(seed)
    truth = 3 + rng.normal(0, 0.5, (users, 1)) + rng.normal(0, 0.5, (1, movies))
    truth = truth + rng.normal(0, 1, (users, 2)) @ rng.normal(0, 0.7, (2, movies))
    user, movie = np.nonzero(rng.random(truth.shape) < 0.5)
    rating = (truth[user, movie] + rng.normal(0, noise, len(user))).astype(np.float32)
    return Interactions(user, movie, rating, users, movies), truth


def test_fold_in_is_the_ridge_regression_on_every_prefix():
    model = handmade()
    movie, rating, offsets = timelines([40, 1, 0, 17])
    predicted = model.fold_in(movie, rating, offsets)
    for first, end in pairwise(offsets):
        for at in range(first, end):
            past = slice(first, at)
            x = np.c_[model.item_factors[movie[past]], np.ones(at - first)].astype(float)
            rest = rating[past] - 3.5 - model.item_bias[movie[past]]
            w = np.linalg.solve(x.T @ x + np.diag([8, 8, 8, 5]), x.T @ rest)
            expected = 3.5 + model.item_bias[movie[at]] + model.item_factors[movie[at]] @ w[:3] + w[3]
            assert predicted[at] == pytest.approx(expected, abs=1e-4)


def test_fold_in_of_bias_alone_by_hand():
    # no factors matter: b_u = Σ(r − μ − b_i) / (n + 5); rests 1.5, −0.5
    model = Factorisation(
        3.0, np.array([0.5, -0.5], np.float32), np.zeros((2, 1), np.float32), None, None, np.array([8.0, 5.0]), (1, 5)
    )
    predicted = model.fold_in(np.array([0, 1, 0]), np.array([5.0, 2.0, 4.0]), np.array([0, 3]))
    assert predicted == pytest.approx([3.5, 2.5 + 1.5 / 6, 3.5 + 1.0 / 7])


def test_empty_history_gives_mean_and_item_bias():
    model = handmade()
    movie, rating, offsets = timelines([3, 5, 2])
    first = offsets[:-1]
    assert model.fold_in(movie, rating, offsets)[first] == pytest.approx(3.5 + model.item_bias[movie[first]])


def test_a_future_event_never_changes_an_earlier_prediction():
    model = handmade()
    movie, rating, offsets = timelines([9, 30, 14])
    before = model.fold_in(movie, rating, offsets)
    for at in (4, 20, 38, 50):
        other_movie, other_rating = movie.copy(), rating.copy()
        other_rating[at], other_movie[at] = 6 - rating[at] + 0.5, (movie[at] + 1) % 12
        after = model.fold_in(other_movie, other_rating, offsets)
        end = offsets[np.searchsorted(offsets, at, side="right")]
        untouched = np.r_[0:at, end : len(movie)]
        assert np.array_equal(after[untouched], before[untouched])
        if at + 1 < end:
            assert not np.array_equal(after[at + 1 : end], before[at + 1 : end])


def test_a_long_timeline_stays_exact_in_float32():
    model = handmade()
    movie, rating, offsets = timelines([3000])
    x = np.c_[model.item_factors[movie[:-1]], np.ones(2999)].astype(float)
    w = np.linalg.solve(x.T @ x + np.diag([8, 8, 8, 5]), x.T @ (rating[:-1] - 3.5 - model.item_bias[movie[:-1]]))
    expected = 3.5 + model.item_bias[movie[-1]] + model.item_factors[movie[-1]] @ w[:3] + w[3]
    assert model.fold_in(movie, rating, offsets)[-1] == pytest.approx(expected, abs=2e-3)


def test_no_timelines_at_all():
    empty = np.array([], int)
    assert len(handmade().fold_in(empty, empty.astype(np.float32), np.array([0]))) == 0


def test_predictions_stay_within_the_known_ratings():
    movie, rating, offsets = timelines([200])
    predicted = handmade(span=(2.0, 4.0)).fold_in(movie, rating, offsets)
    assert (predicted.min(), predicted.max()) == (2.0, 4.0)


def test_predict_by_hand():
    model = handmade()
    expected = 3.5 + model.item_bias[7] + 0.25 + model.item_factors[7, 0] - model.item_factors[7, 2]
    assert model.predict(np.array([0]), np.array([7])) == pytest.approx([expected])


@pytest.mark.parametrize("em", [False, True])
def test_fit_finds_a_world_of_two_factors(em):
    ratings, truth = known()
    model = Factorisation.fit(ratings, factors=2, precision=1.0, bias_precision=0.5, iterations=20, em=em)
    user, movie = (index.ravel() for index in np.indices(truth.shape))
    within = (truth.ravel() > ratings.rating.min()) & (truth.ravel() < ratings.rating.max())
    error = (model.predict(user, movie) - truth.ravel())[within]
    # noise 0.3 on half of all pairs; without factors the error is about 1
    assert np.sqrt((error**2).mean()) < 0.15


def test_fit_ends_where_both_regressions_agree():
    ratings, _ = known(users=30, movies=10)
    model = Factorisation.fit(ratings, factors=2, precision=2.0, bias_precision=1.0, iterations=300)
    for u in range(30):
        mine = ratings.user == u
        x = np.c_[model.item_factors[ratings.movie[mine]], np.ones(mine.sum())].astype(float)
        rest = ratings.rating[mine] - ratings.mean - model.item_bias[ratings.movie[mine]]
        w = np.linalg.solve(x.T @ x + np.diag([2, 2, 1]), x.T @ rest)
        assert np.append(model.user_factors[u], model.user_bias[u]) == pytest.approx(w, abs=1e-3)


def test_uncertain_users_pull_movies_towards_the_mean():
    # one round from the same start, two ratings each: the movies' moment is the same but for the covariance
    ratings, _ = known(users=40, movies=8)
    sure, unsure = (Factorisation.fit(ratings, factors=2, iterations=1, em=u) for u in (False, True))
    user, _movie, d = ratings.user, ratings.movie, 3
    q = np.random.default_rng(0).normal(0, 0.1, (8, 2)).astype(np.float32)
    for movie in range(8):
        gram, moment = np.diag([12.0, 12, 5]), np.zeros(d)
        for u in user[ratings.movie == movie]:
            x = np.c_[q[ratings.movie[user == u]], np.ones((user == u).sum())].astype(float)
            covariance = np.linalg.inv(x.T @ x + np.diag([12, 12, 5]))
            y = np.append(sure.user_factors[u], 1.0)
            rest = ratings.rating[(user == u) & (ratings.movie == movie)][0] - ratings.mean - sure.user_bias[u]
            gram += np.outer(y, y)
            gram[:2, :2] += covariance[:2, :2]
            moment += y * rest
            moment[:2] -= covariance[:2, 2]
        w = np.linalg.solve(gram, moment)
        assert np.append(unsure.item_factors[movie], unsure.item_bias[movie]) == pytest.approx(w, abs=1e-4)


def test_who_and_what_nobody_knows_gets_no_bias_and_no_taste():
    ratings, _ = known(users=30, movies=10)
    wider = Interactions(ratings.user, ratings.movie, ratings.rating, users=31, movies=11)
    for em in (False, True):
        model = Factorisation.fit(wider, factors=2, em=em)
        assert model.predict(np.array([30]), np.array([10])) == pytest.approx([ratings.mean])
        assert model.predict(np.array([30]), np.array([3])) == pytest.approx([ratings.mean + model.item_bias[3]])


@pytest.mark.real_data
def test_fold_in_beats_the_bias_for_visitors_of_movielens_1m(ml_1m):
    """A fifth of the users learned, validation visitors of seed 0 predicted: better than the bias by a clear margin."""
    from bst.baselines.bias import bias_fold_in
    from bst.timelines.arrays import build_timelines

    events = build_timelines(ml_1m)
    order = np.random.default_rng(0).permutation(6040)
    owner = np.repeat(np.arange(6040), events.lengths)

    def of(users):
        at = np.flatnonzero(np.isin(owner, users))
        return events.movie[at], events.rating[at], owner[at], np.append(0, np.cumsum(events.lengths[np.sort(users)]))

    movie, rating, user, _ = of(order[906:1906])
    learned = Interactions(user, movie, rating, 6040, len(ml_1m.movies))
    movie, rating, _, offsets = of(order[604:906])
    plain = bias_fold_in(learned, movie, rating, offsets)
    folded = Factorisation.fit(learned, factors=8, iterations=4).fold_in(movie, rating, offsets)
    plain, folded = (np.sqrt(np.mean((p - rating) ** 2)) for p in (plain, folded))
    assert folded < plain - 0.02
