"""Attention as the model has it: where a candidate looks, and where events look."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bst.errors import VisitorError
from bst.explanation import attention
from bst.inference.recommender import Recommender
from bst.models.classic.config import ClassicConfig
from bst.models.config import Sizes
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.models.weights import weights_of
from bst.schema import WHOLE_STARS, Event, Visitor

IDS = [100 + 3 * i for i in range(30)]
EVENTS = tuple(Event(IDS[i], stars) for i, stars in ((5, 4), (2, 1), (9, 5), (11, 3), (6, 2)))


@pytest.mark.parametrize("events", range(6))
def test_weights_sum_to_one_over_the_events_that_were_read(events, small_recommender):
    visitor = Visitor({"sex": "F"}, history=EVENTS[:events])
    seen = attention(small_recommender, visitor, IDS[20])
    read = min(events, 3)
    assert seen.movie_id == IDS[20]
    assert seen.events == EVENTS[events - read : events], "the newest three, oldest first"
    attention_weights = seen.weights
    assert attention_weights.heads == ("Head 1", "Head 2", "Head 3")
    assert attention_weights.rest == "the movie itself"
    assert attention_weights.to_events.shape == (3, read)
    assert attention_weights.between.heads == attention_weights.heads
    assert (attention_weights.between.before, attention_weights.between.after) == ((), ("the movie itself",))
    assert attention_weights.between.weights.shape == (3, read + 1, read + 1)
    np.testing.assert_array_equal(attention_weights.between.weights[:, -1, :-1], attention_weights.to_events)
    np.testing.assert_allclose(attention_weights.to_events.sum(axis=1) + attention_weights.to_rest, 1, atol=1e-6)
    np.testing.assert_allclose(attention_weights.between.weights.sum(axis=2), 1, atol=1e-6)
    assert (attention_weights.to_events > 0).all()


@pytest.mark.parametrize("events", [2, 5])
def test_weights_are_those_of_the_model(events, small_recommender, small_bundle, world):
    """The same pass, asked of the model itself with inputs written out here."""
    visitor = Visitor({"sex": "M", "age": 56, "occupation": "writer"}, EVENTS[:events])
    seen = attention(small_recommender, visitor, IDS[20])
    movies, ratings = {2: ([-1, 5, 2], [0, 4, 1]), 5: ([9, 11, 6], [5, 3, 2])}[events]
    inputs = {
        "movies": np.array([movies], np.int32),
        "ratings": np.array([ratings], np.float32),
        "target": np.array([20], np.int32),
        "user": np.array([-1], np.int32),
        "sex": np.array([1], np.int32),
        "age": np.array([6], np.int32),
        "occupation": np.array([20], np.int32),
    }
    rating, scores = small_bundle.load_model(world.movies)(inputs, return_attention_scores=True)
    read = len(seen.events)
    np.testing.assert_allclose(seen.weights.to_events, scores[0, :, 3, 3 - read : 3], atol=1e-6)
    np.testing.assert_allclose(seen.weights.to_rest, scores[0, :, 3, 3], atol=1e-6)
    assert seen.expected_rating == pytest.approx(float(np.clip(rating[0, 0], 1, 5)), abs=1e-5)
    assert seen.expected_rating == pytest.approx(small_recommender.expected_ratings(visitor, [IDS[20]])[0], abs=1e-5)


def test_with_an_empty_history_a_movie_attends_to_itself(small_recommender):
    seen = attention(small_recommender, Visitor(), IDS[0])
    assert seen.events == ()
    assert seen.weights.to_rest == pytest.approx([1, 1, 1], rel=1e-5)
    assert 1 <= seen.expected_rating <= 5


def test_what_cannot_be_predicted_cannot_be_explained(small_recommender):
    with pytest.raises(VisitorError, match="no movie 1 "):
        attention(small_recommender, Visitor(), 1)


# ---- by hand

WEIGHTS = np.array([4.0, 2.0, 1.0])  # of an event 0, 1, and 2 or more places back, before they are made to sum to 1


def of_distance(distances: list[int]) -> np.ndarray:
    """How much is looked at tokens that lie so far back: (tokens,)."""
    weights = WEIGHTS[np.minimum(distances, 2)]
    return weights / weights.sum()


@pytest.fixture(scope="module")
def by_distance(tiny_dataset):
    """A recommender whose every layer looks at nothing but how far back an event lies."""
    from bst.models.timeline.model import build_timeline

    tower = TowerConfig(width=4, heads=1, layers=3)
    config = TimelineConfig("by-distance", tower, replace(tower, epochs=0), train_length=6, max_history=4, factors=1)
    model, rng = build_timeline(config, Sizes(3, 6), 5), np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    for block in (*model.rating.query_blocks, *model.rating.content_blocks):
        block.attention.key.kernel.assign(np.zeros((4, 4)))  # every token has the same key
        further = [np.log(WEIGHTS[min(bucket, 2)]) for bucket in range(block.attention.buckets)]
        block.attention.distance_bias.assign([further])
    model.rating.factor_prior.assign([1, 1])
    model.rating.stars.assign(WHOLE_STARS)
    bundle = SimpleNamespace(
        name="by-distance",
        levels=WHOLE_STARS,
        config=config,
        dataset="tiny",
        dataset_title="Tiny",
        sizes=Sizes(3, 6),
    )
    return Recommender.load(bundle, tiny_dataset, weights=weights_of(model))


@pytest.mark.parametrize("events", range(6))
def test_where_a_candidate_looks_by_hand(events, by_distance):
    history = tuple(Event(movie, 3) for movie in (10, 20, 30, 40, 50)[:events])
    attention_weights = attention(by_distance, Visitor(history=history), 60).weights
    read = min(events, 4)
    # the newest event is 0 places back, the visitor behind the oldest
    expected = of_distance(list(range(read, -1, -1)))
    assert len(attention_weights.heads) == 3
    np.testing.assert_allclose(attention_weights.to_rest, [expected[0]] * 3, atol=1e-6)
    np.testing.assert_allclose(attention_weights.to_events, np.tile(expected[1:], (3, 1)), atol=1e-6)
    if events == 3:
        np.testing.assert_allclose(expected, [1 / 8, 1 / 8, 2 / 8, 4 / 8])


def test_where_events_look_by_hand(by_distance):
    history = tuple(Event(movie, 3) for movie in (10, 20, 30))
    between = attention(by_distance, Visitor(history=history), 60).weights.between
    assert between.heads == ("Layer 1, head 1", "Layer 2, head 1")
    assert (between.before, between.after) == (("who the visitor is",), ())
    expected = [[1, 0, 0, 0], [2 / 6, 4 / 6, 0, 0], [1 / 7, 2 / 7, 4 / 7, 0], [1 / 8, 1 / 8, 2 / 8, 4 / 8]]
    np.testing.assert_allclose(between.weights, [expected] * 2, atol=1e-6)
    assert (between.weights[:, np.triu_indices(4, 1)[0], np.triu_indices(4, 1)[1]] == 0).all(), "exactly nothing"


def test_of_a_single_layer_no_events_look_at_each_other(tiny_dataset, by_distance):
    from bst.models.timeline.model import build_timeline

    tower = TowerConfig(width=4, heads=1, layers=1)
    config = replace(by_distance.bundle.config, rating=tower)
    bundle = SimpleNamespace(**{**vars(by_distance.bundle), "config": config})
    model = build_timeline(config, Sizes(3, 6), 5)
    model.rating.factor_prior.assign([1, 1])
    alone = Recommender.load(bundle, tiny_dataset, weights=weights_of(model))
    assert attention(alone, Visitor(history=(Event(10, 3),)), 60).weights.between is None


@pytest.mark.parametrize("events", [1, 3])
def test_a_classic_model_by_hand(events, tiny_dataset):
    """All keys point the same way, and queries ask for what the target's position alone has: e² against 1."""
    from bst.models.classic.model import build_classic

    config = ClassicConfig("by-hand", heads=1, mlp=(2,), user_id=False, demographics=False, genres=False)
    model = build_classic(config, Sizes(3, 6))  # tokens of width 2
    model.movie.embeddings.assign(np.tile([1.0, 0], (6, 1)))
    model.position.embeddings.assign([[0, 0], [0, 0], [0, 0], [0, 1.0]])
    block = model.block.attention
    block.query.kernel.assign([[0, 0], [0, 1]])
    block.query.bias.assign([0, 0])
    block.key.kernel.assign([[0, 0], [0, 2 * 2**0.5]])  # times 1/√2, the width: a logit of 2 for the target
    block.key.bias.assign([0, 0])
    bundle = SimpleNamespace(name="by-hand", levels=WHOLE_STARS, config=config, dataset="tiny", sizes=Sizes(3, 6))
    recommender = Recommender.load(bundle, tiny_dataset, weights=weights_of(model))
    history = tuple(Event(movie, 4) for movie in (10, 20, 30)[:events])
    attention_weights = attention(recommender, Visitor(history=history), 60).weights
    target, n = np.exp(2), events + 1
    last = np.append(np.ones(events), target) / (events + target)
    np.testing.assert_allclose(attention_weights.between.weights, [[[1 / n] * n] * events + [last.tolist()]], atol=1e-6)
    np.testing.assert_allclose(attention_weights.to_events, [last[:-1]], atol=1e-6)


def test_who_else_is_asked_about_changes_nothing(small_recommender, timeline_recommender):
    """What a batch has beside a history is not seen: neither its padding nor the others."""
    short, long = Visitor({"sex": "F"}, history=EVENTS[:1]), Visitor({"sex": "M"}, history=EVENTS)
    for recommender in (small_recommender, timeline_recommender):
        both = recommender.score_movie([long, short], IDS[20])
        for row, visitor in enumerate((long, short)):
            alone = recommender.score_movie([visitor], IDS[20])
            np.testing.assert_allclose(both.expected[row], alone.expected[0], atol=2e-6)
