"""The demo world's planted causes: the shipped model's influence finds them, and what is drawn and counted is right."""

import numpy as np
import pytest

from bst.datasets import load
from bst.datasets.demo_truth import planted
from bst.explanation.explainers import EXPLAINERS
from bst.explanation.planted import (
    BANDS,
    CASES_PER_USER,
    K,
    chance,
    draw_cases,
    is_demo,
    kinds,
    measure_planted,
    precision,
    second_audience,
)
from bst.visitors.replay import RealUsers

AUDIENCE = 6


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
def audience():
    return second_audience(AUDIENCE)


@pytest.fixture(scope="module")
def users(shipped, audience):
    return RealUsers(shipped.bundle, audience)


def test_only_the_demo_world_has_planted_causes(demo, tiny_dataset):
    assert is_demo(demo)
    assert not is_demo(tiny_dataset)


@pytest.mark.parametrize(("low", "end"), [(0.03, 0.1), (0.1, 0.3), (0.3, np.inf)])
def test_cases_are_of_the_band_that_was_asked_for(low, end, users):
    assert list(BANDS) == pytest.approx([0.03, 0.1, 0.3]), "noticeable, a reason, and three times that"
    (band,) = [band for band in BANDS if band == pytest.approx(low)]
    by_user = draw_cases(users, range(AUDIENCE), band)
    cases = [case for cases in by_user for case in cases]
    assert len(by_user) == AUDIENCE
    assert 5 <= len(cases) <= AUDIENCE * CASES_PER_USER
    movies = users.dataset.movies["movie_id"].tolist()
    for case in cases:
        history = case.visitor.history
        assert band <= np.sort(np.abs(case.effects))[-K] < end + 1e-9
        assert case.movie_id not in {event.movie_id for event in history}
        assert all(event.timestamp is None for event in history), "as in the app"
        rows, stars = [movies.index(event.movie_id) for event in history], [event.rating for event in history]
        expected = planted().contributions(rows, stars, movies.index(case.movie_id))
        np.testing.assert_allclose(case.effects, expected)
    again = [case for cases in draw_cases(users, range(AUDIENCE), band) for case in cases]
    assert [(case.visitor, case.movie_id) for case in again] == [(case.visitor, case.movie_id) for case in cases]


def test_the_second_audience_are_other_people(demo, audience):
    assert is_demo(audience)
    assert len(audience.users) == AUDIENCE
    first, second = (
        data.ratings[data.ratings["user"] < AUDIENCE].groupby("user")["movie"].agg(list).tolist()
        for data in (demo, audience)
    )
    assert not any(a[:20] == b[:20] for a in first for b in second), "none has rated the same movies in the same order"


@pytest.mark.slow
def test_ways_to_explain_find_planted_causes(shipped, audience):
    steps = []
    found = measure_planted(shipped, audience, 0, steps.append)
    assert len(steps) == len(BANDS) * AUDIENCE
    assert (found.k, found.users) == (3, AUDIENCE)
    assert [(band.low, band.high) for band in found.bands] == [(0.03, 0.1), (0.1, 0.3), (0.3, None)]
    for band in found.bands:
        assert band.users <= AUDIENCE
        assert band.users <= band.cases <= AUDIENCE * CASES_PER_USER
        assert list(band.precision) == list(EXPLAINERS)
        assert all(0 <= one.low <= one.value <= one.high <= 1 for one in band.precision.values())
    strong = found.bands[-1].precision
    assert strong["leave_one_out"].value >= 0.6
    assert strong["integrated_gradients"].value >= 0.7
    assert strong["random"].value < 0.25, "at random it would be far less"
