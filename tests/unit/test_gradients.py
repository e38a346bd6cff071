"""Integrated gradients: by hand where the model is simple, and complete where it is not."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bst.errors import VisitorError
from bst.inference.recommender import Recommender
from bst.models.classic.config import ClassicConfig
from bst.models.config import Sizes
from bst.models.weights import weights_of
from bst.schema import WHOLE_STARS, Event, Visitor
from bst.scoring.local_scorer import LocalScorer

IDS = [100 + 3 * i for i in range(30)]
EVENTS = tuple(Event(IDS[i], stars) for i, stars in ((5, 4), (2, 1), (9, 5), (11, 3), (6, 2), (14, 1), (20, 5)))


class Simple(LocalScorer):
    """Stars as a function of three events and the rest, each from 0 to 1, with its gradient."""

    predict = attention_weights = movie_vectors = _predict_pass = None  # integrated gradients ask for none of them

    def __init__(self, stars, gradient):
        self.stars, self.gradient = stars, gradient

    def _gradients(self, visitor, rows, movie, places):
        told = np.array([self.gradient(*[place] * 4) for place in places])
        return np.array([self.stars(*[place] * 4) for place in places]), told[:, :3], told[:, 3]


def attribute(stars, gradient, steps: int):
    return Simple(stars, gradient).integrated_gradients(Visitor(), np.arange(3), 0, steps)


def test_of_a_linear_model_it_is_weight_times_input():
    result = attribute(lambda a, b, c, d: 3 + 0.5 * a - b + 0.25 * d, lambda *_: (0.5, -1, 0, 0.25), steps=1)
    np.testing.assert_allclose(result.event_effects, [0.5, -1, 0])
    assert (result.rest, result.baseline, result.expected) == (0.25, 3, 2.75)


def test_what_two_do_together_they_share():
    """Of a·b each gets ∫ s ds = 1/2; of c³ c gets ∫ 3 s² ds = 1: two nodes are exact up to a cube."""
    result = attribute(lambda a, b, c, d: a * b + c**3, lambda a, b, c, d: (b, a, 3 * c**2, 0), steps=2)
    np.testing.assert_allclose(result.event_effects, [0.5, 0.5, 1])
    assert result.rest == 0


def test_gradient_times_input_is_the_slope_where_all_is_known():
    """Of a·b and c³ at 1: 1, 1 and 3."""
    simple = Simple(lambda a, b, c, d: a * b + c**3, lambda a, b, c, d: (b, a, 3 * c**2, 0))
    assert simple.gradient_times_input(Visitor(), np.arange(3), 0).tolist() == [1, 1, 3]
    for ask in (simple.gradient_times_input, simple.integrated_gradients):
        with pytest.raises(ValueError, match="no tower for task 'next'"):
            ask(Visitor(), np.arange(3), 0, task="next")


def test_a_classic_model_by_hand(tiny_dataset):
    """A network that hears of nothing but who the visitor is, and adds that up."""
    from bst.models.classic.model import build_classic

    config = ClassicConfig("by-hand", heads=1, mlp=(1,), user_id=False, genres=False)
    model = build_classic(config, Sizes(3, 6))
    dense, norm, *_ = model.mlp[0]
    # features: 4 tokens of width 2, then sex (1), age (2), occupation (4)
    kernel = np.zeros((8 + 1 + 2 + 4, 1))
    kernel[8:] = np.array([[2, 0.5, 0, 1, 0, 0, 0]]).T
    dense.kernel.assign(kernel)
    dense.bias.assign([3])
    norm.moving_variance.assign([1 - norm.epsilon])  # leaves its input as it is
    model.head.kernel.assign([[0.5]])
    model.head.bias.assign([1])
    model.profile["sex"].embeddings.assign([[0.25], [-0.25]])
    model.profile["age"].embeddings.assign(np.arange(14).reshape(7, 2) / 10)  # mean 0.6
    model.profile["occupation"].embeddings.assign(np.tile([[0.3, 0, 0, 0]], (21, 1)))
    bundle = SimpleNamespace(name="by-hand", levels=WHOLE_STARS, config=config, dataset="tiny", sizes=Sizes(3, 6))
    recommender = Recommender.load(bundle, tiny_dataset, weights=weights_of(model))
    history = (Event(10, 5), Event(20, 1))
    result = recommender.integrated_gradients(Visitor({"sex": "F", "age": 56}, history), 60)
    # nothing known: 1 + 0.5 (3 + 2 · 0 + 0.5 · 0.6 + 0.3); told: sex 2 · 0.25, and an age of 1.2 instead of 0.6
    assert result.baseline == pytest.approx(1 + 0.5 * 3.6, abs=1e-5)
    assert result.rest == pytest.approx(0.5 * (2 * 0.25 + 0.5 * 0.6), abs=1e-5)
    np.testing.assert_allclose(result.event_effects, [0, 0], atol=1e-6)


def off(result) -> float:
    """By what share of the difference the attributions miss it."""
    difference = result.expected - result.baseline
    return abs(result.event_effects.sum() + result.rest - difference) / max(abs(difference), 0.1)


@pytest.mark.parametrize("events", [0, 1, 4, 7])
@pytest.mark.parametrize("kind", ["timeline_recommender", "small_recommender"])
def test_attributions_add_up_to_the_difference(kind, events, request):
    recommender = request.getfixturevalue(kind)
    visitor = Visitor({"sex": "F", "age": 25, "occupation": "artist"}, EVENTS[:events])
    for movie in (IDS[21], IDS[28]):
        result = recommender.integrated_gradients(visitor, movie)
        assert len(result.event_effects) == len(recommender.read_events(visitor))
        assert result.expected == pytest.approx(recommender.expected_ratings(visitor, [movie])[0], abs=1e-5)
        assert off(result) < 0.01


def test_who_is_unknown_adds_nothing(timeline_recommender):
    assert timeline_recommender.integrated_gradients(Visitor(history=EVENTS), IDS[21]).rest == 0
    nothing = timeline_recommender.integrated_gradients(Visitor(), IDS[21])
    assert (nothing.event_effects.shape, nothing.rest) == ((0,), 0)
    assert nothing.expected == pytest.approx(nothing.baseline, abs=1e-5)


def test_what_speaks_for_a_movie_is_told_from_what_speaks_against_it(timeline_recommender):
    """The 5 stars of one who agrees with most raise what is expected, 1 star for a good movie lowers it."""
    good = tuple(Event(IDS[i], 5) for i in (0, 4, 8))
    result = timeline_recommender.integrated_gradients(Visitor(history=(*good, Event(IDS[12], 1))), IDS[20])
    assert result.event_effects[3] == result.event_effects.min() < 0
    assert result.event_effects[:3].mean() > result.event_effects[3]


def test_the_baseline_is_a_visitor_whose_events_tell_nothing(timeline_recommender):
    """Whatever they are, as long as there are as many of them."""
    some, others = (
        timeline_recommender.integrated_gradients(Visitor({"sex": sex, "age": 25}, history), IDS[21]).baseline
        for sex, history in (("F", EVENTS[:3]), (None, tuple(replace(e, rating=3) for e in EVENTS[3:6])))
    )
    assert some == pytest.approx(others, abs=1e-6)


def test_what_cannot_be_predicted_cannot_be_attributed(small_recommender):
    with pytest.raises(VisitorError, match="no movie 1 "):
        small_recommender.integrated_gradients(Visitor(), 1)


def histories(recommender, dataset, count: int, events: int):
    """The first ``events`` of the timelines of some users, with a movie that they watched later."""
    ratings = dataset.ratings.sort_values(["user", "timestamp"], kind="stable")
    movie_id = recommender.catalogue.movies["movie_id"].to_numpy()
    for _, timeline in list(ratings.groupby("user"))[: count * 20 : 20]:
        rows = timeline.head(events)
        history = tuple(
            Event(int(movie_id[row.movie]), float(row.rating), int(row.timestamp)) for row in rows.itertuples()
        )
        yield Visitor({"sex": "M", "age": 35}, history), int(movie_id[timeline["movie"].iloc[-1]])


@pytest.mark.parametrize("events", [3, 40])
def test_attributions_of_the_demo_bundle_add_up(events, demo_recommender):
    recommender, dataset = demo_recommender
    shares = [off(recommender.integrated_gradients(*asked)) for asked in histories(recommender, dataset, 4, events)]
    assert max(shares) < 0.01


@pytest.fixture(scope="module")
def demo_recommender():
    from bst.datasets import load

    return Recommender.load("demo"), load("demo")


@pytest.mark.real_data
def test_attributions_of_movielens_add_up(ml_1m):
    recommender = Recommender.load("ml-1m")
    shares = [off(recommender.integrated_gradients(*asked)) for asked in histories(recommender, ml_1m, 3, 100)]
    assert max(shares) < 0.01
