"""Ranked lists: orders, filters and diversity, on numbers that can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bst.errors import VisitorError
from bst.inference import ranking
from bst.inference.ranking import POPULARITY_BANDS, Filters, Order, RankOptions
from bst.schema import WHOLE_STARS
from bst.scoring.results import Predictions

# ---- popularity


def test_the_popularity_percentile_is_the_share_of_movies_with_fewer_ratings():
    assert ranking.popularity_percentile(np.array([5, 0, 10, 5])).tolist() == [0.25, 0, 0.75, 0.25]
    assert ranking.popularity_percentile(np.array([], int)).tolist() == []


def test_the_upper_end_of_a_range_is_excluded_unless_it_is_the_top():
    shares = np.array([0, 0.25, 0.5, 0.75, 1])
    assert ranking.in_range(shares, (0.25, 0.75)).tolist() == [False, True, True, False, False]
    assert ranking.in_range(shares, (0.75, 1.0)).tolist() == [False, False, False, True, True]


@given(arrays.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 40)))
def test_every_movie_is_in_one_band_and_more_ratings_are_never_less_popular(counts):
    shares = ranking.popularity_percentile(counts)
    bands = np.array([ranking.in_range(shares, span) for span in POPULARITY_BANDS.values()])
    assert (bands.sum(axis=0) == 1).all()
    order = np.argsort(counts)
    assert (np.diff(bands.argmax(axis=0)[order]) >= 0).all()


@pytest.mark.parametrize("popularity", [(0.5, 0.5), (0.8, 0.2), (-0.1, 1), (0, 1.1), (float("nan"), 1)])
def test_an_invalid_range_of_popularity(popularity):
    with pytest.raises(VisitorError, match="popularity goes from a lower to a higher share between 0 and 1"):
        Filters(popularity=popularity)


def test_an_unknown_genre():
    assert Filters(("drama", "SCI-FI")).genres == ("drama", "SCI-FI")
    with pytest.raises(VisitorError, match="unknown genre 'Farce'; choose among: Action, "):
        ranking.genre_columns(("Drama", "Farce"))


# ---- orders

NEVER, RARELY, LIKELY = (np.eye(5)[i] for i in (0, 3, 4))


def predictions() -> Predictions:
    """Four movies: liked with 0, 0.5, 0.2 and 1; next with 0.4, 0.1, 0.4 and 0.1."""
    levels = np.array([[1, 0, 0, 0, 0], [0, 0, 0.5, 0.5, 0], [0.8, 0, 0, 0, 0.2], [0, 0, 0, 0.5, 0.5]])
    like, fame = np.array([0.0, -2, -1, -3]), np.array([0.5, -4, -1, -5])
    return Predictions(levels @ [1, 2, 3, 4, 5], levels, np.array([0.4, 0.1, 0.4, 0.1]), like, fame)


def order(by: Order, weight: float = 0.5, allowed=(True, True, True, True), fame=1.0, counts=None) -> list[int]:
    keys = ranking.sort_keys(
        predictions(), RankOptions(order=by, weight=weight, popularity_weight=fame), WHOLE_STARS, counts
    )
    return ranking.argsort_candidates(keys, np.array(allowed)).tolist()


def test_orders():
    assert order("rating") == [3, 1, 2, 0]  # 4.5, 3.5, 1.8, 1
    assert order("next") == [2, 0, 3, 1]  # equal chances go by rating
    assert order("blend") == [3, 2, 1, 0]  # 0.1, 0.08, 0.05, 0


def test_popularity_counts_from_not_at_all_to_as_predicted():
    assert order("like") == [0, 2, 1, 3]  # 0, −1, −2, −3: the visitor's log-odds
    # less those of anybody: −0.5, 2, 0, 2; equal ones go by rating
    assert order("like", fame=0.0) == [3, 1, 2, 0]
    # less half of them: −0.25, 0, −0.5, −0.5
    assert order("like", fame=0.5) == [1, 0, 3, 2]


@pytest.mark.parametrize("fame", [-0.01, 1.01, float("nan")])
def test_an_invalid_weight_of_popularity(fame):
    with pytest.raises(VisitorError, match="popularity weight goes from 0"):
        RankOptions(order="like", popularity_weight=fame)


def test_few_ratings_count_against_a_movie():
    # a quarter of the scale is 1 star: 1.645 / √(n + 1) is 0.1645 after 99 ratings, and 1.645 after none
    known, unknown = np.array([99, 99, 99, 99]), np.array([99, 99, 99, 0])
    expected = np.array([1, 3.5, 1.8, 4.5])
    np.testing.assert_allclose(ranking.cautious_rating(expected, unknown, WHOLE_STARS), [0.8355, 3.3355, 1.6355, 2.855])
    assert order("rating", counts=known) == [3, 1, 2, 0]
    assert order("rating", counts=unknown) == [1, 3, 2, 0], "4.5 of nobody comes after 3.5 of ninety-nine"


@pytest.mark.parametrize(
    ("tasks", "orders"),
    [
        (("rating", "next", "like"), ("like", "rating", "next", "blend")),
        (("rating", "next"), ("rating", "next", "blend")),
        (("rating", "like"), ("like", "rating")),
        (("rating",), ("rating",)),
    ],
)
def test_the_orders_of_a_model_follow_from_what_it_predicts(tasks, orders):
    assert ranking.orders_of(tasks) == orders


def test_the_weight_of_a_blend_goes_from_liked_to_likely_next():
    assert order("blend", 0.0) == [3, 1, 2, 0]  # 1, 0.5, 0.2, 0
    assert order("blend", 1.0) == order("next")
    # 0.4 ** 0.8 × 0.2 ** 0.2 = 0.348 before 0.1 ** 0.8 × 1 = 0.158 and 0.1 ** 0.8 × 0.5 ** 0.2 = 0.138
    assert order("blend", 0.8) == [2, 3, 1, 0]


def test_half_and_half_is_the_order_of_the_product():
    (blend, _) = ranking.sort_keys(predictions(), RankOptions(order="blend"), WHOLE_STARS)
    np.testing.assert_allclose(blend**2, [0, 0.05, 0.08, 0.1])


def test_keys_of_several_visitors_at_once():
    result = predictions()
    parts = (result.expected, result.distribution, result.watch_next, result.like_logit)
    twice = Predictions(*(np.stack([part, part[::-1]]) for part in parts), np.zeros(4))
    result = replace(result, popularity_logit=np.zeros(4))
    for by in ranking.ORDERS:
        options = RankOptions(order=by, weight=0.3)
        alone = ranking.sort_keys(result, options, WHOLE_STARS)
        for key, both in zip(alone, ranking.sort_keys(twice, options, WHOLE_STARS), strict=True):
            np.testing.assert_allclose(both, [key, key[::-1]])


@pytest.mark.parametrize("by", ["like", "next", "blend"])
def test_a_model_of_ratings_alone_orders_by_rating(by):
    with pytest.raises(VisitorError, match=f"cannot order by '{by}'"):
        ranking.sort_keys(Predictions(np.ones(4)), RankOptions(order=by), WHOLE_STARS)


@pytest.mark.parametrize("by", ["popularity", "", "Next"])
def test_an_unknown_order(by):
    with pytest.raises(VisitorError, match=r"cannot be ordered by .*; choose one of: like, rating, next, blend"):
        RankOptions(order=by)


def test_only_allowed_movies_are_listed_and_ties_keep_the_order_of_the_catalogue():
    assert order("rating", allowed=(True, False, True, False)) == [2, 0]
    assert order("rating", allowed=(False,) * 4) == []
    assert ranking.argsort_candidates([np.array([3.0, 4, 3, 4])], np.ones(4, bool)).tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize("weight", [-0.01, 1.01, float("nan")])
def test_an_invalid_weight(weight):
    with pytest.raises(VisitorError, match="the weight of a blend goes from 0"):
        RankOptions(order="blend", weight=weight)


def test_ranks_in_a_list():
    assert ranking.ranks_of(np.array([4, 0, 2]), 5).tolist() == [2, 0, 3, 0, 1]


# ---- diversity: maximal marginal relevance

EAST, NORTH, WEST = np.array([1.0, 0]), np.array([0, 1.0]), np.array([-1.0, 0])
ROWS = np.array([2, 0, 3, 1])  # best first: two that are the same, one across, one opposite
VECTORS = np.stack([EAST, WEST, EAST, NORTH])


def test_no_diversity_leaves_a_list_as_it_is():
    assert ranking.diversify(ROWS, VECTORS, 0).tolist() == ROWS.tolist()
    assert ranking.diversify(ROWS, VECTORS, 0, 2).tolist() == [2, 0]


def test_a_movie_similar_to_those_above_it_moves_down():
    # d 0.01: 0 has 0.99 × 199/200 − 0.01 × 1 = 0.975, 3 has 0.99 × 198/200 − 0 = 0.980, 1 has 0.99 × 197/200 + 0.01
    # = 0.985 and comes second; then 0 has 0.975, as before, and 3 has 0.980, as it is as far from 1 as from 2
    assert ranking.diversify(ROWS, VECTORS, 0.01).tolist() == [2, 1, 3, 0]
    # d 0.001: 0.994 − 0.001 = 0.993 of 0 is still more than 0.989 of 3 and 0.984 + 0.001 of 1
    assert ranking.diversify(ROWS, VECTORS, 0.001).tolist() == [2, 0, 3, 1]


def test_at_full_diversity_only_difference_counts_after_the_first_movie():
    assert ranking.diversify(ROWS, VECTORS, 1).tolist()[:2] == [2, 1]


def by_definition(rows, vectors, diversity) -> list[int]:
    """Carbonell & Goldstein's rule, word for word."""
    left, chosen = list(range(min(len(rows), ranking.POOL))), []
    while left:

        def marginal(place):
            nearest = max((vectors[rows[place]] @ vectors[rows[other]] for other in chosen), default=-1.0)
            return (1 - diversity) * (1 - place / ranking.POOL) - diversity * nearest

        chosen.append(max(left, key=marginal))
        left.remove(chosen[-1])
    return [int(rows[place]) for place in chosen] + rows[ranking.POOL :].tolist()


@given(st.integers(0, 260), st.sampled_from([0.05, 0.3, 0.5, 0.75, 1.0]), st.integers(0, 5))
def test_a_diverse_list_follows_the_definition_and_a_shorter_one_is_its_beginning(movies, diversity, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(max(movies, 1), 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = rng.permutation(movies)
    whole = ranking.diversify(rows, vectors, diversity)
    assert sorted(whole) == list(range(movies)), "the same movies, each once"
    if movies <= 40:
        assert whole.tolist() == by_definition(rows, vectors, diversity)
    for k in (1, 10, 250):
        assert ranking.diversify(rows, vectors, diversity, k).tolist() == whole[:k].tolist()
    assert whole[ranking.POOL :].tolist() == rows[ranking.POOL :].tolist(), "what comes after the pool stays"


def test_more_diversity_brings_more_kinds_of_movies_to_the_top():
    # the best 40 are of one kind, the next 40 of another, and so on
    vectors = np.repeat(np.eye(5), 40, axis=0)

    def kinds(diversity):
        return len(set(ranking.diversify(np.arange(200), vectors, diversity, 5) // 40))

    # the n-th kind costs (1 − d) × 40 n / 200 of relevance and saves d of similarity: worth it from d = 1/6, 2/7, … on
    assert [kinds(d) for d in (0, 0.1, 0.2, 0.3, 0.4, 0.45)] == [1, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("diversity", [-0.1, 1.5, float("nan")])
def test_an_invalid_diversity(diversity):
    with pytest.raises(VisitorError, match="diversity goes from 0"):
        RankOptions(diversity=diversity)
