"""What a timeline model starts from: means by hand, singular vectors by definition, and a fold-in without peeking."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bst.baselines.bias import Interactions
from bst.baselines.factorisation import Factorisation
from bst.models.config import Sizes
from bst.models.registry import prepare
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.schema import item_features
from bst.timelines.arrays import build_timelines
from bst.timelines.segments import Segments
from bst.timelines.splits import TEST, TRAIN, EvaluationSplit

TOWER = TowerConfig(width=8, layers=1)
CONFIG = TimelineConfig("small", TOWER, TOWER, TOWER, train_length=10, max_history=12, factors=4)


def same_weights(left, right) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


# ---- what is set before training


def test_what_is_known_before_training_by_hand(tiny_dataset):
    from bst.models.timeline.initialisation import initialise, start_vectors
    from bst.models.timeline.model import build_timeline

    role = np.repeat(np.array([TRAIN, TRAIN, TEST], np.int8), [3, 5, 6])
    split = EvaluationSplit(tiny_dataset, build_timelines(tiny_dataset), "visitor", 0, role)
    model = build_timeline(CONFIG, Sizes(3, 6), 5)
    noise = {tower: tower.movie.embeddings.numpy() for tower in (model.next, model.like)}
    initialise(model, split, 7)
    # users 0 and 1 gave movies 0 … 4: 5 and 1, 4 and 2, 3 and 3, 4, 5; nobody but user 2 saw movie 5
    mu = 27 / 8
    mean = mu + np.array([(6 - 2 * mu) / 12, (6 - 2 * mu) / 12, (6 - 2 * mu) / 12, (4 - mu) / 11, (5 - mu) / 11, 0])
    for tower in (model.rating, model.next, model.like):
        np.testing.assert_allclose(tower.mean_rating, mean, rtol=1e-6)
        assert tower.stars.numpy().tolist() == [1, 2, 3, 4, 5]
        np.testing.assert_array_equal(tower.item_features, item_features(tiny_dataset.movies))
    np.testing.assert_allclose(model.rating.bias, mean - mu, atol=1e-6)
    fame = np.log([3, 3, 3, 2, 2, 1])
    np.testing.assert_allclose(model.next.popularity, fame - fame.mean(), atol=1e-6)
    # of the two users one or none liked a movie: the log-odds of 1.5 or 0.5 to what is left of 3
    liked = np.log([1.5 / 1.5, 1.5 / 1.5, 0.5 / 2.5, 1.5 / 1.5, 1.5 / 1.5, 0.5 / 2.5])
    np.testing.assert_allclose(model.like.base_popularity[0], liked, atol=1e-6)
    # after one event: user 0, who knows movie 2, likes 0 and 1; user 1, who knows movie 0, likes 3 and 4
    later = np.log([1.5 / 0.5, 1.5 / 1.5, 0.5 / 1.5, 1.5 / 1.5, 1.5 / 1.5, 0.5 / 2.5])
    np.testing.assert_allclose(model.like.base_popularity[1], later, atol=1e-6)
    assert not np.any(model.like.popularity)
    vectors = start_vectors(split.ratings(role == TRAIN), mean, 8, 7)
    np.testing.assert_allclose(model.rating.movie.embeddings, vectors, atol=1e-6)
    for tower, values in noise.items():
        np.testing.assert_array_equal(tower.movie.embeddings, values)


def test_each_tower_can_start_alone(tiny_dataset):
    from bst.models.timeline.initialisation import initialise
    from bst.models.timeline.model import build_timeline

    split = prepare(tiny_dataset, CONFIG, "last", 0)
    for name in ("rating", "next", "like"):
        model = build_timeline(CONFIG.with_tasks([name]), Sizes(3, 6), 5)
        initialise(model, split, 0)
        assert list(model.towers) == [name]
        assert model.towers[name].mean_rating.numpy().min() > 2


# ---- start vectors


def ratings(users: int = 12, movies: int = 9, seed: int = 0) -> tuple[Interactions, np.ndarray]:
    rng = np.random.default_rng(seed)
    user, movie = np.nonzero(rng.random((users, movies)) < 0.6)
    known = Interactions(user, movie, rng.integers(1, 6, len(user)).astype(np.float32), users, movies)
    return known, rng.uniform(2, 4, movies)


def leading(matrix: np.ndarray, vectors: int) -> np.ndarray:
    """Products of the leading right singular vectors times √σ, brought to a mean square of 1."""
    _, sigma, right = np.linalg.svd(matrix, full_matrices=False)
    found = right[:vectors].T * np.sqrt(sigma[:vectors])
    return found @ found.T / (found**2).mean()


@pytest.mark.parametrize("width", [4, 5])
def test_start_vectors_by_definition(width):
    from bst.models.timeline.initialisation import start_vectors

    known, mean = ratings()
    residual, watched = np.zeros((2, 12, 9))
    residual[known.user, known.movie] = known.rating - mean[known.movie]
    watched[known.user, known.movie] = 1
    watched /= np.sqrt((watched.sum(1, keepdims=True) + 1) * (watched.sum(0, keepdims=True) + 5))
    halves = np.stack([leading(residual, width // 2), leading(watched, width - width // 2)], axis=-1)
    vectors = start_vectors(known, mean, width, 3)
    assert vectors.shape == (9, width)
    # a rotation changes no product of two movies' vectors, so they are the sum of the halves'
    products = vectors @ vectors.T
    spread, *_ = np.linalg.lstsq(halves.reshape(-1, 2), products.ravel(), rcond=None)
    np.testing.assert_allclose(halves @ spread, products, atol=1e-8)
    # a spread of 0.1 about the mean of all numbers, so a little more about 0
    assert ((spread >= 0.01) & (spread < 0.02)).all()
    # the rotation is the seed's
    np.testing.assert_array_equal(start_vectors(known, mean, width, 3), vectors)
    assert np.abs(start_vectors(known, mean, width, 4) - vectors).max() > 0.01


@pytest.mark.parametrize("users", [1, 2, 3])
def test_few_users_leave_noise_of_the_same_spread(users):
    from bst.models.timeline.initialisation import start_vectors

    movies = 400
    rng = np.random.default_rng(1)
    user, movie = np.repeat(np.arange(users), movies // 2), np.tile(np.arange(movies // 2), users)
    known = Interactions(user, movie, rng.integers(1, 6, len(user)).astype(np.float32), users, movies)
    vectors = start_vectors(known, np.full(movies, 3.0), 16, 0)
    assert vectors.shape == (movies, 16)
    # of 16 columns at most 2 × (users − 1) are not noise of spread 0.1
    assert np.sqrt((vectors**2).mean()) == pytest.approx(0.1, rel=0.15)


# ---- the factor model


@pytest.fixture(scope="module")
def split(world) -> EvaluationSplit:
    """The small world, where tastes differ along two lines; otherwise no factor would be found."""
    rng = np.random.default_rng(2)
    stars = 3 + rng.normal(0, 1, (40, 2)) @ rng.normal(0, 1, (2, 30))
    stars = np.clip(np.round(stars[world.ratings["user"], world.ratings["movie"]]), 1, 5).astype(np.float32)
    return prepare(replace(world, ratings=world.ratings.assign(rating=stars)), CONFIG, "visitor", 0)


def fold_in(split: EvaluationSplit, seed: int = 0):
    """What training reads of whole timelines, and the factor model that the tower is given."""
    from bst.models.timeline.initialisation import out_of_fold

    given = []
    model = SimpleNamespace(config=CONFIG, rating=SimpleNamespace(set_factors=lambda *parts: given.extend(parts)))
    users = np.arange(40)
    whole = Segments(users * 24, np.full(40, 24), users, np.zeros(40, np.int64))
    known = {name: split.dataset.users[name].cat.codes.to_numpy() for name in Sizes(1, 1).demographics}
    folded = out_of_fold(model, split, seed).fold_in(split.timelines, whole, known)
    return *(part.ravel() for part in folded), *given


def with_rating(split: EvaluationSplit, at: int, stars: float) -> EvaluationSplit:
    rating = split.timelines.rating.copy()
    assert rating[at] != stars
    rating[at] = stars
    return replace(split, timelines=replace(split.timelines, rating=rating))


def test_nobody_is_folded_into_a_model_that_knows_them(split):
    """A last rating is in nobody's past, so a user's own values can change with it only by way of the fit."""
    fold = np.random.default_rng([0, 3]).integers(0, 5, 40)
    user = int(np.flatnonzero(split.role[::24] == TRAIN)[5])
    before, after = fold_in(split), fold_in(with_rating(split, user * 24 + 23, 2.5))
    with_them = fold[split.user] == fold[user]
    assert 24 < with_them.sum() < 800
    for old, new in zip(before[:2], after[:2], strict=True):
        assert old.shape == (960,)
        np.testing.assert_array_equal(new[with_them], old[with_them])
        assert (new[~with_them] != old[~with_them]).mean() > 0.9, "the others' model has learnt something else"
    assert np.abs(after[2].item_factors - before[2].item_factors).max() > 0, "and so has the one that is shipped"


def test_what_nobody_may_learn_from_changes_nothing_of_others(split):
    held_out = int(np.flatnonzero(split.role[::24] == TEST)[0])
    before, after = fold_in(split), fold_in(with_rating(split, held_out * 24 + 3, 1.5))
    others = split.user != held_out
    for old, new in zip(before[:2], after[:2], strict=True):
        np.testing.assert_array_equal(new[others], old[others])
    np.testing.assert_array_equal(after[2].item_factors, before[2].item_factors)
    assert (after[0] != before[0]).sum() > 10, "their own later places see it"


def test_the_shipped_factor_model_has_seen_all_training_ratings(split):
    prediction, variance, shipped, prior = fold_in(split)
    whole = Factorisation.fit_em(split.ratings(split.role == TRAIN), factors=4)
    np.testing.assert_array_equal(shipped.item_factors, whole.item_factors)
    assert (variance > 0).all()
    # a user's first event is the mean and the movie's bias of a model without their fold: near to the shipped one's
    first = np.arange(0, 960, 24)
    movie, users = split.timelines.movie[first], split.dataset.users
    known = sum(
        table[users[name].cat.codes] * (users[name].cat.codes >= 0).to_numpy()[:, None]
        for name, table in prior.shifts.items()
    )
    user = np.einsum("uf,uf->u", np.c_[shipped.item_factors[movie], np.ones(40)], prior.mean + known)
    base = shipped.mean + shipped.item_bias[movie] + user
    np.testing.assert_allclose(prediction[first], base, atol=0.3)
    assert (prediction[first] != base.astype(np.float32)).all()


def test_the_folds_are_those_of_the_seed(split):
    assert not same_weights(fold_in(split, 0)[:2], fold_in(split, 1)[:2])
    assert same_weights(fold_in(split, 1)[:2], fold_in(split, 1)[:2])
