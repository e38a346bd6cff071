"""Why a prediction came out as it did: attention as the model has it, and what leaving out an event changes."""

import numpy as np
import pytest

from bst.errors import VisitorError
from bst.explanation import attention, causes, influence
from bst.schema import Event, Visitor
from bst.scoring import Predictions

IDS = [100 + 3 * i for i in range(30)]
EVENTS = tuple(Event(IDS[i], stars) for i, stars in ((5, 4), (2, 1), (9, 5), (11, 3), (6, 2)))


@pytest.mark.parametrize("events", range(6))
def test_weights_sum_to_one_over_the_events_that_were_read(events, small_recommender):
    visitor = Visitor("F", history=EVENTS[:events])
    seen = attention(small_recommender, visitor, IDS[20])
    read = min(events, 3)
    assert seen.movie_id == IDS[20]
    assert seen.events == EVENTS[events - read : events], "the newest three, oldest first"
    looks = seen.looks
    assert looks.heads == ("Head 1", "Head 2", "Head 3")
    assert looks.rest == "the movie itself"
    assert looks.to_events.shape == (3, read)
    assert looks.between.heads == looks.heads
    assert (looks.between.before, looks.between.after) == ((), ("the movie itself",))
    assert looks.between.weights.shape == (3, read + 1, read + 1)
    np.testing.assert_array_equal(looks.between.weights[:, -1, :-1], looks.to_events)
    np.testing.assert_allclose(looks.to_events.sum(axis=1) + looks.to_rest, 1, atol=1e-6)
    np.testing.assert_allclose(looks.between.weights.sum(axis=2), 1, atol=1e-6)
    assert (looks.to_events > 0).all()


@pytest.mark.parametrize("events", [2, 5])
def test_weights_are_those_of_the_model(events, small_recommender, small_bundle, world):
    """The same pass, asked of the model itself with inputs written out here."""
    visitor = Visitor("M", 56, "writer", EVENTS[:events])
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
    np.testing.assert_allclose(seen.looks.to_events, scores[0, :, 3, 3 - read : 3], atol=1e-6)
    np.testing.assert_allclose(seen.looks.to_rest, scores[0, :, 3, 3], atol=1e-6)
    assert seen.expected_rating == pytest.approx(float(np.clip(rating[0, 0], 1, 5)), abs=1e-5)
    assert seen.expected_rating == pytest.approx(small_recommender.expected_ratings(visitor, [IDS[20]])[0], abs=1e-5)


def test_with_an_empty_history_a_movie_attends_to_itself(small_recommender):
    seen = attention(small_recommender, Visitor(), IDS[0])
    assert seen.events == ()
    assert seen.looks.to_rest.tolist() == [1, 1, 1]
    assert 1 <= seen.expected_rating <= 5


def test_what_cannot_be_predicted_cannot_be_explained(small_recommender):
    with pytest.raises(VisitorError, match="no movie 1 "):
        attention(small_recommender, Visitor(), 1)


# ---- influence


def without(visitor: Visitor, place: int) -> Visitor:
    return Visitor(visitor.sex, visitor.age, visitor.occupation, visitor.history[:place] + visitor.history[place + 1 :])


@pytest.mark.parametrize("kind", ["timeline_recommender", "small_recommender"])
def test_influence_is_what_leaving_out_an_event_takes_away(kind, request):
    recommender = request.getfixturevalue(kind)
    visitor, movies = Visitor("F", 25, None, EVENTS), [IDS[20], IDS[5], IDS[0]]  # one of them seen
    found = influence(recommender, visitor, movies)
    read = len(recommender.read_events(visitor))
    assert found.shape == (3, read)
    before = recommender.expected_ratings(visitor, movies)
    for column, place in enumerate(range(5 - read, 5)):
        after = recommender.expected_ratings(without(visitor, place), movies)
        np.testing.assert_allclose(found[:, column], before - after, atol=2e-5)
    np.testing.assert_array_equal(influence(recommender, visitor, movies, among=[read - 1]), found[:, -1:])


def test_an_event_that_speaks_for_a_movie_has_influence(timeline_recommender):
    """Who gives 5 stars to all good movies is kinder without the one movie that got 1 star."""
    kind = tuple(Event(IDS[i], 5) for i in range(0, 12, 2))
    visitor = Visitor(history=(*kind, Event(IDS[14], 1)))
    (found,) = influence(timeline_recommender, visitor, [IDS[20]])
    assert found[-1] < 0
    assert found[:-1].mean() > found[-1]


def test_nobody_influences_what_is_expected_of_an_empty_history(timeline_recommender):
    assert influence(timeline_recommender, Visitor("M"), [IDS[3], IDS[4]]).shape == (2, 0)
    assert causes(timeline_recommender, Visitor("M"), [IDS[3], IDS[4]]) == [None, None]
    assert causes(timeline_recommender, Visitor(history=EVENTS), []) == []


class Told:
    """A recommender that reads the newest ``horizon`` events, each worth what it is told; movies add their number."""

    def __init__(self, worth: dict[int, float], horizon: int = 1000, near: dict[int, int] | None = None):
        self.worth, self.horizon, self.asked = worth, horizon, 0
        self.embeddings = np.eye(2)[[(near or {}).get(i, 0) for i in range(1000)]]
        self.catalogue = self

    def rows(self, movie_ids):
        return np.array(movie_ids)

    def read_events(self, visitor):
        return visitor.history[-self.horizon :]

    def predict_many(self, visitors, movie_ids):
        self.asked += len(visitors)
        total = [sum(self.worth.get(e.movie_id, 0) for e in visitor.history) for visitor in visitors]
        return Predictions(np.array(total)[:, None] + np.array(movie_ids)[None])


def told(*worth: float) -> Visitor:
    return Visitor(history=tuple(Event(place, 4) for place in range(len(worth))))


def test_the_cause_is_the_event_without_which_most_is_lost():
    worth = (0.2, -0.9, 0.5, 0.1)
    found = causes(Told(dict(enumerate(worth))), told(*worth), [7, 8])
    assert [(cause.event, round(cause.stars, 6)) for cause in found] == [(Event(2, 4), 0.5)] * 2


def test_next_to_nothing_is_no_cause():
    assert causes(Told({0: 0.01, 1: -2.0}), told(0, 0), [7]) == [None]
    assert causes(Told({}), told(0, 0), [7]) == [None]


def test_of_a_long_history_only_what_is_near_is_left_out_one_by_one():
    # 200 events of which those in every tenth place are like movie 900; the others are not
    near = {900: 1} | dict.fromkeys(range(0, 200, 10), 1)
    recommender = Told({10: 0.3, 11: 0.9}, near=near)
    (cause,) = causes(recommender, told(*[0] * 200), [900])
    assert cause.event.movie_id == 10
    assert recommender.asked <= 1 + 20
    # all of a history of 50
    recommender = Told({11: 0.9}, near=near)
    (cause,) = causes(recommender, told(*[0] * 50), [900])
    assert cause.event.movie_id == 11


def test_what_cannot_be_predicted_has_no_influence(small_recommender):
    with pytest.raises(VisitorError, match="no movie 1 "):
        influence(small_recommender, Visitor(history=EVENTS), [1])
