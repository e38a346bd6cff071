"""Attention as it is shown: the model's own weights, by event."""

import numpy as np
import pytest

from bst.errors import VisitorError
from bst.explanation import attention
from bst.schema import Event, Visitor

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
    assert looks.between.shape == (3, read + 1, read + 1)
    np.testing.assert_allclose(looks.to_events.sum(axis=1) + looks.to_rest, 1, atol=1e-6)
    np.testing.assert_allclose(looks.between.sum(axis=2), 1, atol=1e-6)
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
