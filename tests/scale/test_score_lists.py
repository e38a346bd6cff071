"""Lists of many visitors: those of ``Recommender.rank``, whatever is asked."""

from dataclasses import replace

import numpy as np
import pytest

from bst.errors import VisitorError
from bst.inference import many, ranking
from bst.inference.many import best_by_bound, score_of
from bst.inference.ranking import ORDERS, Filters, RankOptions
from bst.inference.recommender import Recommender
from bst.schema import Event, Visitor
from bst.scoring.scorer import MOST_EVENTS, passes
from tests.scale.audience import visitors_of

K = 10


@pytest.fixture(scope="module")
def visitors(audience, demo_model) -> list[Visitor]:
    return visitors_of(audience, demo_model.bundle, demo_model.max_history)


def assert_as_single(recommender: Recommender, visitors: list[Visitor], options: RankOptions, k: int = K) -> None:
    """The lists are those of ``rank``, and the scores what they are ordered by, to 1e-5."""
    lists = recommender.rank_many(visitors, k, options)
    ids = recommender.catalogue.movies["movie_id"].to_numpy()
    for visitor, rows, scores in zip(visitors, *lists, strict=True):
        single = recommender.rank(visitor, k, options)
        assert ids[rows[rows >= 0]].tolist() == [one.movie_id for one in single]
        key = recommender.sort_keys(recommender.predict(visitor), options)[0][rows[rows >= 0]]
        expected = score_of(key, options) if options.order == "like" else key
        np.testing.assert_allclose(scores[rows >= 0], expected, atol=1e-5)
        assert np.isnan(scores[rows < 0]).all()


@pytest.mark.parametrize("order", ORDERS)
def test_lists_are_those_of_one_by_one(order, demo_model, visitors):
    assert_as_single(demo_model, visitors, RankOptions(order=order))


@pytest.mark.parametrize(
    "options",
    [
        RankOptions(Filters(genres=("Drama", "Comedy"), years=(1960, 1999)), "like"),
        RankOptions(Filters(popularity=(0.0, 0.5)), "rating"),
        RankOptions(order="like", diversity=0.6),
        RankOptions(order="like", popularity_weight=0.3),
        RankOptions(order="blend", weight=0.9, diversity=0.2),
        RankOptions(order="blend", weight=0.0),
        RankOptions(Filters(include_seen=True), "next"),
    ],
    ids=str,
)
def test_options_hold(options, demo_model, visitors):
    assert_as_single(demo_model, [*visitors[:5], visitors[-1]], options, k=7)


def test_what_is_not_certain_is_ordered_one_by_one(demo_model, visitors, monkeypatch):
    monkeypatch.setattr(many, "TOLERANCE", 100.0)  # no two movies are that far apart
    for order in ORDERS:
        assert_as_single(demo_model, visitors[:3], RankOptions(order=order))


def test_a_catalogue_in_two_stages(demo_model, visitors, monkeypatch):
    monkeypatch.setattr(ranking, "MOST_IN_ONE_STAGE", 100)
    monkeypatch.setattr(ranking, "RETRIEVED", 60)
    lists = {order: demo_model.rank_many(visitors[:4], K, RankOptions(order=order)).rows for order in ORDERS}
    for order, rows in lists.items():
        single = [demo_model.ranked_rows(one, RankOptions(order=order), K) for one in visitors[:4]]
        assert rows.tolist() == np.stack(single).tolist()


def test_a_classic_model(audience, demo_model, visitors):
    classic = Recommender.load("demo-compact")
    assert_as_single(classic, visitors[:2], classic.default_options)


def test_who_has_seen_almost_everything_has_a_short_list(demo_model):
    ids = demo_model.catalogue.movies["movie_id"].tolist()
    almost = Visitor(history=(Event(ids[0], 4.0),), seen=frozenset(ids[3:]))
    everything = Visitor(seen=frozenset(ids))
    for order in ORDERS:
        rows = demo_model.rank_many([almost, everything], 5, RankOptions(order=order)).rows
        assert sorted(rows[0].tolist()) == [-1, -1, -1, 1, 2]
        assert rows[1].tolist() == [-1] * 5


def test_nobody_and_nonsense(demo_model):
    assert demo_model.rank_many([], 3).rows.shape == (0, 3)
    with pytest.raises(VisitorError, match="at least one movie"):
        demo_model.rank_many([Visitor()], 0)
    with pytest.raises(VisitorError, match="no movie -1"):
        demo_model.rank_many([Visitor(history=(Event(-1, 5.0),))], 3)


def test_a_list_is_the_beginning_of_a_longer_one(demo_model, visitors):
    for order in ORDERS:
        options = RankOptions(order=order)
        whole = demo_model.ranked_rows(visitors[0], options)
        assert demo_model.ranked_rows(visitors[0], options, 7).tolist() == whole[:7].tolist()


def test_times_are_read(demo_model, visitors):
    def without_times(visitor: Visitor) -> Visitor:
        return replace(visitor, history=tuple(replace(event, timestamp=None) for event in visitor.history))

    assert_as_single(demo_model, [without_times(one) for one in visitors[:3]], RankOptions(order="next"))


def test_only_what_can_be_among_the_best_is_evaluated():
    bound = np.array([9.0, 8.0, 7.0, 6.0, 2.0, 1.0])
    keys = {10: 3.0, 11: 7.5, 12: 7.0, 13: 0.5, 14: 2.0, 15: 1.0}
    asked: list[int] = []

    def evaluate(rows):
        asked.extend(rows.tolist())
        return np.array([keys[row] for row in rows.tolist()])

    many_before, many.FIRST_RATED = many.FIRST_RATED, 1
    try:
        best = best_by_bound(np.array([*keys]), bound, evaluate, 1)
    finally:
        many.FIRST_RATED = many_before
    # 7.5 is found among the first two; no bound from 7.0 on can reach it
    assert (best.rows.tolist(), best.keys.tolist(), best.sure) == ([11], [7.5], True)
    assert asked == [10, 11]


def test_a_pass_holds_what_fits_a_cache():
    lengths = np.array([300] * 20 + [1] * 100 + [0])
    groups = passes(lengths, 1)
    assert sorted(np.concatenate(groups).tolist()) == list(range(121))
    assert all(len(group) == 1 or len(group) * lengths[group].max() <= MOST_EVENTS for group in groups)
    assert len(passes([5000], 1)) == 1, "one visitor at least"
