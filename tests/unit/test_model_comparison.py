"""Two models on the same visitor, worked out by hand on made-up movies."""

import pytest

from bst.errors import BundleError
from bst.inference.recommender import Filters, RankOptions
from bst.schema import Visitor
from bst.what_if import compare_models, strongest_reason
from tests.unit import made_up
from tests.unit.made_up import ASH, BAY, DUNE, ELM, FERN, GATE, HILL, rated, visitor

A = visitor((ASH, 5), (BAY, 3))


@pytest.fixture
def first():
    """Dune 4.4, Elm 4.0, Fern 3.5, Gate 3.0; Cove, Hill, Iris and Jade near 2."""
    return made_up.recommender(lambda of: {DUNE: 4.0 + 0.2 * rated(of, ASH), ELM: 4.0, FERN: 3.5, GATE: 3.0})


@pytest.fixture
def second():
    """Elm 4.2, Hill 4.1, Dune 3.9, Gate 1.5; Fern and the others near 2."""
    return made_up.recommender(lambda of: {ELM: 4.2, HILL: 4.1, DUNE: 3.9, GATE: 1.5 - 0.3 * rated(of, BAY)})


def test_what_both_list_and_where_they_disagree(first, second):
    result = compare_models(first, second, A, 3)
    assert [row.movie_id for row in result.first] == [DUNE, ELM, FERN]
    assert [row.movie_id for row in result.second] == [ELM, HILL, DUNE]
    assert result.shared == [DUNE, ELM]
    rows = result.disagreements(3)
    assert rows["movie_id"].tolist() == [HILL, GATE, FERN]
    assert rows["a"].tolist() == pytest.approx([2.02, 3.0, 3.5])
    assert rows["b"].tolist() == pytest.approx([4.1, 1.5, 2.04])
    assert rows["difference"].tolist() == pytest.approx([2.08, -1.5, -1.46])
    assert result.describe() == (
        "Of the 3 movies that each model lists, 2 are on both lists. They differ most about Hill (2000): 2.0 ★ against "
        "4.1 ★"
    )


def test_ranks_of_everything_that_either_lists(first, second):
    listed = compare_models(first, second, A, 3).listed
    assert listed["movie_id"].tolist() == [ELM, HILL, DUNE, FERN]
    assert listed["rank_a"].tolist()[:3] == [2, 6, 1]
    assert listed["rank_b"].tolist()[:3] == [1, 2, 3]


def test_what_was_seen_or_does_not_pass_the_filters_is_in_neither(first, second):
    result = compare_models(first, second, A, 10, RankOptions(Filters(genres=("Comedy",))))
    assert set(result.catalogue["movie_id"]) == {DUNE, FERN, HILL, made_up.JADE}
    nothing = compare_models(first, second, A, 10, RankOptions(Filters(years=(1900, 1901))))
    assert nothing.describe() == "There is no movie left to recommend"
    assert nothing.mean_distance == 0


def test_the_mean_distance_is_over_all_unseen_movies(first, second):
    # Dune .5, Elm .2, Fern 1.46, Gate 1.5, Hill 2.08; Cove, Iris and Jade are the same: 5.74 / 8
    assert compare_models(first, second, A, 3).mean_distance == pytest.approx(5.74 / 8)


def test_a_model_that_predicts_only_ratings_orders_by_them(first):
    like = made_up.recommender(lambda of: {DUNE: 4.0}, chances=lambda of: {GATE: 2.0})
    result = compare_models(like, first, A, 2, RankOptions(order="next"))
    assert (result.first_order, result.second_order, result.same_order) == ("next", "rating", False)
    assert result.first[0].movie_id == GATE
    assert result.second[0].movie_id == DUNE
    # the other way round, too: the options are those of the page, which the first model may not support
    result = compare_models(first, like, A, 2, RankOptions(order="next"))
    assert (result.first_order, result.second_order) == ("rating", "next")
    assert compare_models(first, like, A, 2).same_order


@pytest.mark.parametrize(
    ("stars", "k", "words"),
    [
        ({ELM: 4.5, DUNE: 4.4}, 2, "Of the 2 movies that each model lists, all are on both lists"),
        ({GATE: 4.5, HILL: 4.4}, 2, "Of the 2 movies that each model lists, none is on both lists"),
        ({GATE: 4.5, DUNE: 4.4}, 2, "Of the 2 movies that each model lists, 1 is on both lists"),
        ({DUNE: 4.5}, 1, "Both list the same movie"),
        ({GATE: 4.5}, 1, "Each lists another movie"),
    ],
)
def test_every_number_is_said_in_words(first, stars, k, words):
    assert compare_models(first, made_up.recommender(lambda of: stars), A, k).describe().startswith(words)


def test_models_of_other_movies_are_refused(first, second):
    second.bundle.movies_fingerprint = "others"
    with pytest.raises(BundleError, match="trained on different movies"):
        compare_models(first, second, A)


def test_the_strongest_reason_may_raise_or_lower(first, second):
    reason = strongest_reason(first, A, DUNE)
    assert (reason.event.movie_id, reason.effect) == (ASH, pytest.approx(0.4))
    lowered = strongest_reason(second, visitor((ASH, 5), (BAY, 5)), GATE)
    assert (lowered.event.movie_id, lowered.effect) == (BAY, pytest.approx(-0.5)), "from 1.5, and no lower than 1"


def test_no_reason_without_a_history_or_an_effect(first):
    assert strongest_reason(first, Visitor(), DUNE) is None
    assert strongest_reason(first, A, ELM) is None
