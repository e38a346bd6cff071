"""Many visitors at once: the same answers as one by one, from both kinds of model."""

import numpy as np
import pytest

from bst.errors import VisitorError
from bst.schema import AGES, OCCUPATIONS, SEXES, Event, Visitor
from bst.scoring import scorer

IDS = [100 + 3 * i for i in range(30)]
ASKED = [IDS[7], IDS[0], IDS[29], IDS[7]]


def someone(rng: np.random.Generator, events: int) -> Visitor:
    """A visitor of whom little or much is known, some of whose times are known too."""
    who = (rng.choice([None, *values]) for values in (SEXES, AGES, OCCUPATIONS))
    time = [None if rng.random() < 0.5 else 978_300_000 + 1000 * i for i in range(events)]
    movies = rng.permutation(IDS)[:events]
    history = tuple(Event(int(movie), float(rng.integers(1, 6)), time[i]) for i, movie in enumerate(movies))
    return Visitor(*who, history)


@pytest.fixture(params=["timeline", "classic"])
def recommender(request):
    return request.getfixturevalue("timeline_recommender" if request.param == "timeline" else "small_recommender")


@pytest.mark.parametrize("most", [1, 3, 64])
def test_many_are_predicted_as_one_by_one(most, recommender, monkeypatch):
    """Histories of 0 to 30 events, where the models read 12 and 3, in any order and in passes of any size."""
    monkeypatch.setattr(scorer, "MOST_VISITORS", most)
    rng = np.random.default_rng(5)
    visitors = [someone(rng, events) for events in (3, 0, 30, 12, 1, 13, 0, 2)]
    many = recommender.predict_many(visitors, ASKED, watch_next=True)
    columns = [IDS.index(movie) for movie in ASKED]
    for row, visitor in enumerate(visitors):
        made = recommender.predict(visitor)
        np.testing.assert_allclose(many.expected[row], made.expected[columns], atol=1e-5)
        if made.distribution is not None:
            np.testing.assert_allclose(many.distribution[row], made.distribution[columns], atol=1e-5)
            np.testing.assert_allclose(many.watch_next[row], made.watch_next[columns], atol=1e-5)
    if made.distribution is None:
        assert (many.distribution, many.watch_next) == (None, None)
    else:
        assert many.distribution.shape == (8, 4, 5)
        assert (many.watch_next[2] == 0).all(), "who has seen everything watches nothing next"


def test_the_next_movie_costs_extra_and_is_told_on_request_only(timeline_recommender):
    assert timeline_recommender.predict_many([Visitor()], ASKED).watch_next is None


def test_nobody_and_nothing(recommender):
    assert recommender.predict_many([], ASKED, watch_next=True).expected.shape == (0, 4)
    assert recommender.predict_many([Visitor(), Visitor("F")], []).expected.shape == (2, 0)


def test_each_visitor_is_looked_at_before_anything_is_predicted(recommender):
    fine, half = Visitor(), Visitor(history=(Event(IDS[8], 3.5),))
    with pytest.raises(VisitorError, match=r"Story Number 8 \(1978\) cannot be rated 3.5"):
        recommender.predict_many([fine, half], ASKED)
    with pytest.raises(VisitorError, match="no movie 1 "):
        recommender.predict_many([fine, Visitor(history=(Event(1, 3),))], ASKED)
    with pytest.raises(VisitorError, match="no movie 1 "):
        recommender.predict_many([fine], [1])


def test_histories_of_like_length_share_a_pass(monkeypatch):
    monkeypatch.setattr(scorer, "MOST_VISITORS", 2)
    assert [group.tolist() for group in scorer.passes([5, 0, 9, 1, 8], 10)] == [[1, 3], [0, 4], [2]]
    monkeypatch.setattr(scorer, "MOST_CANDIDATES", 100)
    assert [len(group) for group in scorer.passes([1] * 4, 60)] == [1, 1, 1, 1]
    assert [len(group) for group in scorer.passes([1] * 4, 1000)] == [1, 1, 1, 1], "one visitor at least"
