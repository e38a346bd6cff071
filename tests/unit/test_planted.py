"""The demo world's planted causes: the shipped model's influence finds them, and what is drawn and counted is right."""

import numpy as np
import pytest

from bst.datasets import load
from bst.datasets.demo_truth import planted
from bst.explanation import leave_one_out
from bst.explanation.planted import CASES_PER_USER, CLARITY, K, chance, draw_cases, is_demo, kinds, precision
from bst.visitors.replay import RealUsers


def test_precision_counts_causes_among_the_first_three():
    effects = [0.0, 0.4, 0.0, -0.5, 0.1]
    assert precision([5, 4, 3, 2, 1], effects) == pytest.approx(1 / 3)  # places 0, 1, 2
    assert precision([0, 1, 0, 1, 1], effects) == pytest.approx(1)
    assert precision([1, 1, 1, 1, 1], effects) == pytest.approx(1 / 3), "of equals the older ones come first"
    assert precision([5, 4, 3, 2, 1], effects, k=2) == pytest.approx(1 / 2)
    assert chance(effects) == pytest.approx(3 / 5)


@pytest.mark.parametrize(("values", "effects"), [([1, 2], [1, 2]), ([1, 2, 3], [1, 2]), ([], [])])
def test_three_events_are_needed(values, effects):
    with pytest.raises(ValueError, match="3 events or more"):
        precision(values, effects)


def test_movies_of_one_kind_are_moved_alike():
    truth, (first, kind) = planted(), kinds()
    rng = np.random.default_rng(0)
    rows, stars = rng.permutation(len(truth.movies))[:30], rng.integers(1, 6, 30)
    for movie in rng.permutation(len(truth.movies))[:200]:
        whole = truth.contributions(rows, stars, movie)
        np.testing.assert_array_equal(whole, truth.contributions(rows, stars, first[kind[movie]]))


@pytest.fixture(scope="module")
def demo():
    return load("demo")


@pytest.fixture(scope="module")
def shipped(demo):
    from bst.bundles.bundle import open_bundle
    from bst.inference.recommender import Recommender

    bundle = open_bundle("demo")
    return Recommender.load(bundle, demo)


@pytest.fixture(scope="module")
def users(shipped, demo):
    return RealUsers(shipped.bundle, demo)


def test_only_the_demo_world_has_planted_causes(demo, tiny_dataset):
    assert is_demo(demo)
    assert not is_demo(tiny_dataset)


@pytest.mark.parametrize("clarity", CLARITY)
def test_cases_are_as_clear_as_was_asked(clarity, users):
    cases = draw_cases(users, users.held_out[:20], clarity)
    assert 5 <= len(cases) <= 20 * CASES_PER_USER
    end = dict(zip(CLARITY, (*CLARITY[1:], np.inf), strict=True))[clarity]
    movies = users.dataset.movies["movie_id"].tolist()
    for case in cases:
        history = case.visitor.history
        assert clarity <= np.sort(np.abs(case.effects))[-K] < end
        assert case.movie_id not in {event.movie_id for event in history}
        assert all(event.timestamp is None for event in history), "as in the app"
        rows, stars = [movies.index(event.movie_id) for event in history], [event.rating for event in history]
        expected = planted().contributions(rows, stars, movies.index(case.movie_id))
        np.testing.assert_allclose(case.effects, expected)
    again = draw_cases(users, users.held_out[:20], clarity)
    assert [(case.visitor, case.movie_id) for case in again] == [(case.visitor, case.movie_id) for case in cases]


def test_influence_finds_the_planted_causes(shipped, users):
    """The figure that stands on the page, for all held-out users that have clear causes."""
    cases = draw_cases(users, users.held_out)
    assert len(cases) >= 100
    found = [
        precision(np.abs(leave_one_out(shipped, case.visitor, case.movie_id).event_effects.expected), case.effects)
        for case in cases
    ]
    assert np.mean(found) >= 0.75
    assert np.mean([chance(case.effects) for case in cases]) < 0.25, "at random it would be far less"
