"""Fold-in with a prior by demographics and a bias that drifts, against Gaussians conditioned by hand."""

import numpy as np
import pytest

from bst.baselines.drift import DRIFT, Drift
from bst.baselines.factorisation import Factorisation
from bst.baselines.user_prior import UserPrior

NO_DRIFT = Drift(0, 0, 0, 0)
SIZES = {"sex": 2, "age": 3}


def factor_model(factors: int = 3, movies: int = 12, users: int = 40) -> Factorisation:
    rng = np.random.default_rng(5)
    return Factorisation(
        mean=3.5,
        item_bias=rng.normal(0, 0.5, movies).astype(np.float32),
        item_factors=rng.normal(0, 1, (movies, factors)).astype(np.float32),
        user_bias=rng.normal(0.2, 0.3, users).astype(np.float32),
        user_factors=rng.normal(0, 0.5, (users, factors)).astype(np.float32),
        prior=np.array([8.0] * factors + [5.0], np.float32),
        span=(1, 5),
    )


def user_prior(drift: Drift, width: int = 4) -> UserPrior:
    rng = np.random.default_rng(6)
    shifts = {name: rng.normal(0, 0.3, (size, width)) for name, size in SIZES.items()}
    return UserPrior(rng.normal(0, 0.3, width), shifts, drift)


def timelines(lengths):
    rng = np.random.default_rng(0)
    events = sum(lengths)
    return rng.integers(0, 12, events), rng.integers(1, 6, events).astype(float), np.append(0, np.cumsum(lengths))


def test_a_drifting_bias_by_hand():
    """One movie without factors, rated 5 and again: the bias has variance 1/4, and drifts by 0.5 over 2 events.

    The two ratings share 1/4 + 0.5 / e, where each has 1/4 + 0.5 + 1 with its noise.
    """
    model = Factorisation(3.0, np.zeros(1), np.zeros((1, 1)), None, None, np.array([1.0, 4.0]), (1, 5))
    prior = UserPrior(np.zeros(2), {}, Drift(0, 0, 0.5, 1.0))
    prediction, variance = prior.fold_in(model, np.array([0, 0]), np.array([5.0, 4.0]), np.array([0, 2]), {})
    share = (0.25 + 0.5 / np.e) / 1.75
    assert prediction == pytest.approx([3, 3 + 2 * share])
    assert variance == pytest.approx([0.75, 0.75 - share * (0.25 + 0.5 / np.e)])


def test_without_drift_and_mean_it_is_the_fold_in_of_the_factor_model():
    model, (movie, rating, offsets) = factor_model(), timelines([30, 1, 0, 9])
    prior = UserPrior(np.zeros(4), {}, NO_DRIFT)
    folded = prior.fold_in(model, movie, rating, offsets, {})
    expected = model.fold_in_with_variance(movie, rating.astype(np.float32), offsets)
    np.testing.assert_allclose(folded, expected, atol=1e-4)


def test_each_event_is_a_gaussian_given_the_ones_before_it():
    model, prior, (movie, rating, offsets) = factor_model(), user_prior(DRIFT), timelines([25])
    known = {"sex": np.array([1]), "age": np.array([-1])}
    prediction, variance = prior.fold_in(model, movie, rating, offsets, known)
    x = np.c_[model.item_factors[movie], np.ones(25)].astype(float)
    mean = 3.5 + model.item_bias[movie] + x @ (prior.mean + prior.shifts["sex"][1])
    apart = np.abs(np.subtract.outer(np.arange(25), np.arange(25)))
    together = x @ np.diag(1 / model.prior) @ x.T + 0.03 * np.exp(-apart / 5) + 0.1 * np.exp(-apart / 100)
    for at in range(25):
        gain = np.linalg.solve(together[:at, :at] + np.eye(at), together[:at, at])
        assert prediction[at] == pytest.approx(mean[at] + gain @ (rating - mean)[:at])
        assert variance[at] == pytest.approx(together[at, at] - gain @ together[:at, at])


def test_what_is_known_of_groups_is_learned_from_their_users():
    """Of 400 users, those of the second sex have a bias that is 0.5 higher, and age says nothing."""
    rng, users = np.random.default_rng(1), np.arange(400)
    demographics = {"sex": users % 2, "age": users // 2 % 3}
    model = factor_model(users=400)
    bias = (rng.normal(0, 0.1, 400) + 0.5 * demographics["sex"]).astype(np.float32)
    model = Factorisation(**{**vars(model), "user_bias": bias})
    prior = UserPrior.fit(model, users, demographics, SIZES)
    assert prior.mean[-1] == pytest.approx(0.25, abs=0.02)
    assert prior.shifts["sex"][:, -1] == pytest.approx([-0.25, 0.25], abs=0.05)
    assert np.abs(prior.shifts["age"][:, -1]).max() < 0.03
    for name, table in prior.shifts.items():  # who is unknown is like the mean user
        np.testing.assert_allclose(table[demographics[name]].mean(axis=0), 0, atol=1e-9)
    # a user who is not in the fit has no say in it
    others = UserPrior.fit(
        Factorisation(**{**vars(model), "user_bias": np.append(bias[:-1], 9)}), users[:-1], demographics, SIZES
    )
    np.testing.assert_allclose(others.mean[-1], prior.mean[-1], atol=0.01)


def test_whitened_noise_is_independent():
    whitening = DRIFT.whitening(40)
    apart = np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    covariance = np.eye(40) + DRIFT.covariance(apart)
    np.testing.assert_allclose(whitening @ covariance @ whitening.T, np.eye(40), atol=1e-12)
    assert (np.triu(whitening, 1) == 0).all(), "no event says anything of the ones before it"
    np.testing.assert_allclose(DRIFT.whitening(25), whitening[:25, :25], atol=1e-12)
    np.testing.assert_array_equal(NO_DRIFT.whitening(5), np.eye(5))


@pytest.mark.real_data
def test_it_beats_the_plain_fold_in_for_visitors_of_movielens_1m(ml_1m):
    from bst.models.config import Sizes
    from bst.timelines.splits import TRAIN, VALIDATION, prepare

    split = prepare(ml_1m, "visitor", 0)
    train, labels = split.role == TRAIN, split.role == VALIDATION
    model = Factorisation.fit(split.ratings(train), factors=8, iterations=4)
    demographics = {name: ml_1m.users[name].cat.codes.to_numpy() for name in Sizes(1, 1).demographics}
    prior = UserPrior.fit(model, np.unique(split.user[train]), demographics, Sizes(1, 1).demographics)
    users, lengths = np.unique(split.user[labels], return_counts=True)
    ratings = split.timelines.movie[labels], split.timelines.rating[labels], np.append(0, np.cumsum(lengths))

    def rmse(prior: UserPrior, known: bool) -> float:
        codes = {name: np.where(known, values[users], -1) for name, values in demographics.items()}
        return np.sqrt(np.mean((prior.fold_in(model, *ratings, codes)[0] - ratings[1]) ** 2))

    nothing = UserPrior(np.zeros(9), prior.shifts, NO_DRIFT)
    assert rmse(prior, True) < rmse(prior, False) < rmse(nothing, False) - 0.003
