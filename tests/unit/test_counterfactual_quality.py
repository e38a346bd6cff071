"""What searches for counterfactuals find: shares and means by hand, and each change checked in a list of its own."""

import pytest

from bst.schema import Event, Visitor
from bst.what_if.counterfactual import Counterfactual, Goal
from bst.what_if.counterfactual_quality import counterfactual_quality, summarize

IDS = [100 + 3 * i for i in range(30)]
EVENTS = tuple(Event(IDS[i], stars) for i, stars in ((5, 4), (2, 1), (9, 5), (11, 3), (6, 2)))


class Lists:
    """A recommender whose list is always the same ten movies."""

    def rank(self, visitor, k, options):
        from types import SimpleNamespace

        return [SimpleNamespace(movie_id=movie_id) for movie_id in IDS[:k]]


def test_shares_sizes_and_validity_by_hand():
    inside, outside = Goal(IDS[3], "top", 10, True), Goal(IDS[20], "top", 10, True)
    one, other = (Counterfactual((), Visitor(), 4.0, 1, size) for size in (2.0, 5.0))
    # of four visitors one has no such movie, and for one no change was found; the last change does not hold
    found = summarize(Lists(), "into the top", [(inside, one), None, (inside, None), (outside, other)])
    assert found.visitors == 3
    assert found.found.value == pytest.approx(2 / 3, abs=1e-4)
    assert (found.size, found.edits, found.valid) == (3.5, 0.0, 0.5)
    nothing = summarize(Lists(), "into the top", [(inside, None)])
    assert (nothing.found.value, nothing.size, nothing.edits, nothing.valid) == (0.0, None, None, None)


def test_what_is_found_for_a_model_holds(timeline_recommender):
    steps = []
    visitors = [Visitor({"sex": "F"}, history=EVENTS), Visitor({"sex": "M", "age": 25}, history=EVENTS[1:])]
    found = counterfactual_quality(timeline_recommender, visitors, steps.append)
    assert [one.goal for one in found] == ["from rank 15 into the top 10", "from the first rank out of the top 10"]
    assert len(steps) == 4
    for one in found:
        assert one.visitors <= 2
        assert one.valid == (1.0 if one.found.value else None)
    assert counterfactual_quality(timeline_recommender, [], steps.append) == ()
    everything = Visitor(history=tuple(Event(movie_id, 3.0) for movie_id in IDS))
    assert counterfactual_quality(timeline_recommender, [everything], steps.append) == (), "there is no list for them"
