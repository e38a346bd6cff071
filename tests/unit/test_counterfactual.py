"""The smallest change that reaches a goal, where the smallest change is known."""

from itertools import combinations

import numpy as np
import pytest

from bst.errors import VisitorError
from bst.inference.ranking import RankOptions
from bst.schema import HALF_STARS, Event, Visitor
from bst.what_if import Goal, candidates, counterfactual, find_counterfactuals
from bst.what_if.edits import Add, Drop, Rate, Swap, apply_all
from tests.unit import made_up
from tests.unit.made_up import ASH, BAY, COVE, DUNE, ELM, FERN, GATE, HILL, IDS, IRIS, rated, visitor

MIDDLING = visitor((ASH, 3), (BAY, 3), (COVE, 3))


def edits(search) -> list[set]:
    return [set(one.edits) for one in search.counterfactuals]


# ---- single edits


def test_the_fewest_stars_that_do_it():
    """Gate gains 0.4 stars for each star of Ash, and 0.3 for each of Bay."""
    recommender = made_up.recommender(lambda of: {GATE: 3.5 + 0.4 * rated(of, ASH) + 0.3 * rated(of, BAY)})
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 3.85), results=2)
    assert edits(result) == [{Rate(ASH, 4)}, {Rate(BAY, 5)}], (
        "of Ash one star is enough, two of Bay; never more than needed"
    )
    first, second = result.counterfactuals
    assert (first.size, second.size) == (1, 2)
    assert first.visitor == MIDDLING.rated(ASH, 4)
    assert (first.expected, second.expected) == (pytest.approx(3.9), pytest.approx(4.1))
    assert first.rank == 1
    assert (result.already_reached, result.expected, result.rank) == (False, pytest.approx(3.5), 1)


def test_as_many_stars_are_ordered_by_what_they_do():
    recommender = made_up.recommender(lambda of: {GATE: 3.5 + 0.4 * rated(of, ASH) + 0.5 * rated(of, BAY)})
    assert edits(find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 3.8), results=2)) == [
        {Rate(BAY, 4)},
        {Rate(ASH, 4)},
    ]


def test_half_stars_where_there_are():
    recommender = made_up.recommender(lambda of: {GATE: 3.5 + 0.4 * rated(of, ASH)}, levels=HALF_STARS)
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 4), results=1)
    assert edits(result) == [{Rate(ASH, 4.5)}]
    assert result.counterfactuals[0].size == 1.5


def test_an_event_that_is_in_the_way():
    """Whatever its rating, Bay keeps Gate down."""
    recommender = made_up.recommender(lambda of: {GATE: 2 if BAY in {e.movie_id for e in of.history} else 4})
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 3))
    assert edits(result) == [{Drop(BAY)}]
    assert result.counterfactuals[0].size == 3


def test_a_movie_that_is_missing():
    """Only Fern, which is like Gate, helps it, and only if it was liked; Hill hurts it."""
    recommender = made_up.recommender(lambda of: {GATE: 3 + 0.5 * rated(of, FERN) - rated(of, HILL) / 4})
    assert edits(find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 3.6))) == [{Add(FERN, 5)}]
    assert edits(find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 2.6, above=False))) == [
        {Add(FERN, 1)},
        {Add(HILL, 5)},
    ]
    assert edits(find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 3.5))) == [
        {Add(FERN, 5)},
        {Add(HILL, 1)},
    ]


def test_two_that_change_places():
    """Gate counts on Ash being newer than Cove."""

    def stars(of):
        ids = [event.movie_id for event in of.history]
        return {GATE: 4 if ids[-2:] == [BAY, ASH] or ids[:2] == [COVE, ASH] else 2}

    recommender = made_up.recommender(stars)
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 4))
    assert edits(result)[0] == {Swap(ASH, COVE)}
    assert result.counterfactuals[0].size == 2, "each goes two places"


def test_into_the_top_and_out_of_it():
    # Dune 4.5, Elm 4.2, Fern 4.0, Gate 3.9 + 0.2 for each star of Ash
    others = {DUNE: 4.5, ELM: 4.2, FERN: 4.0}
    recommender = made_up.recommender(lambda of: others | {GATE: 3.9 + 0.2 * rated(of, ASH)})
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "top", 3), results=1)
    assert edits(result) == [{Rate(ASH, 4)}]
    assert (result.counterfactuals[0].rank, result.counterfactuals[0].expected) == (3, pytest.approx(4.1))
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "top", 2), results=1)
    assert edits(result) == [{Rate(ASH, 5)}], "4.3 of 4.2"
    # Hill has 2.02 stars
    result = find_counterfactuals(recommender, MIDDLING.rated(ASH, 5), Goal(GATE, "top", 3, above=False), results=1)
    assert edits(result) == [{Rate(ASH, 3)}]
    assert result.counterfactuals[0].rank == 4


def test_a_rival_that_was_removed_from_the_history_comes_back():
    """Ash is better than all others, and in no list as long as it is in the history."""
    recommender = made_up.recommender(lambda of: {ASH: 4.5, GATE: 4.0})
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "top", 1, above=False), results=1)
    assert edits(result) == [{Drop(ASH)}]
    assert result.counterfactuals[0].rank == 2


def test_watching_a_rival_is_a_way_into_the_top():
    recommender = made_up.recommender(lambda of: {HILL: 4.5, GATE: 4.0})
    found = edits(find_counterfactuals(recommender, MIDDLING, Goal(GATE, "top", 1)))
    assert found == [{Add(HILL, 5)}], "with which rating makes no difference, so it is named once"


def test_watching_the_movie_itself_is_no_way_out():
    recommender = made_up.recommender(lambda of: {GATE: 4.0})
    result = find_counterfactuals(recommender, Visitor(), Goal(GATE, "top", 1, above=False))
    assert (result.counterfactuals, result.already_reached) == ((), False)


def test_a_movie_in_the_history_can_have_a_goal_of_stars():
    recommender = made_up.recommender(lambda of: {ASH: 3 + 0.4 * rated(of, BAY)})
    result = find_counterfactuals(recommender, MIDDLING, Goal(ASH, "stars", 3.4), results=1)
    assert edits(result) == [{Rate(BAY, 4)}]
    assert result.counterfactuals[0].rank == 1


def test_events_that_are_not_read_are_left_alone():
    recommender = made_up.recommender(lambda of: {GATE: 3.0}, max_history=2)
    tried = [trial.edits[0] for trial in candidates.single_edits(recommender, MIDDLING, GATE, 2000)]
    assert not {ASH} & {movie for edit in tried for movie in candidates._movies(edit)}
    assert {BAY, COVE} <= {movie for edit in tried for movie in candidates._movies(edit)}


# ---- where nothing is enough


def test_the_nearest_is_named_where_nothing_is_enough():
    # at best Ash rated 5 and Bay rated 1, which give 3.5 + 0.2 + 0.2
    recommender = made_up.recommender(lambda of: {GATE: 3.5 + 0.1 * rated(of, ASH) - 0.1 * rated(of, BAY)})
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 4.5))
    assert result.counterfactuals == ()
    assert set(result.nearest.edits) == {Rate(ASH, 5), Rate(BAY, 1)}
    assert result.nearest.expected == pytest.approx(3.9)
    others = {DUNE: 4.5, ELM: 4.2, FERN: 4.0}
    recommender = made_up.recommender(lambda of: others | {GATE: 3.9 + 0.2 * rated(of, ASH)})
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "top", 1), budget=20)
    assert result.counterfactuals == ()
    assert (result.rank, result.nearest.rank) == (4, 2)


def test_nothing_is_nearest_where_nothing_matters():
    recommender = made_up.recommender(lambda of: {GATE: 4.0})
    assert find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 4.5)).nearest is None


# ---- pairs


def test_two_edits_where_one_is_not_enough():
    """Ash and Bay help by 0.2 a star, so no single one brings the 0.6 that are missing; their last star is too many."""
    recommender = made_up.recommender(lambda of: {GATE: 3.4 + 0.2 * rated(of, ASH) + 0.2 * rated(of, BAY)})
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 3.95), results=1)
    assert result.counterfactuals[0].size == 3
    assert edits(result)[0] in ({Rate(ASH, 5), Rate(BAY, 4)}, {Rate(ASH, 4), Rate(BAY, 5)})
    assert result.counterfactuals[0].expected == pytest.approx(4.0)
    assert apply_all(MIDDLING, result.counterfactuals[0].edits) == result.counterfactuals[0].visitor


def test_no_part_of_a_pair_is_enough_alone():
    recommender = made_up.recommender(
        lambda of: {GATE: 3.4 + 0.3 * rated(of, ASH) + 0.2 * rated(of, BAY) + 0.2 * rated(of, COVE)}
    )
    goal = Goal(GATE, "stars", 3.7)
    result = find_counterfactuals(recommender, MIDDLING, goal, results=4)
    assert edits(result)[:1] == [{Rate(ASH, 4)}]
    assert [len(one.edits) for one in result.counterfactuals] == [1, 1, 1, 2]
    for one in result.counterfactuals:
        for edit in one.edits:
            if len(one.edits) > 1:
                assert recommender.expected_ratings(edit.apply(MIDDLING), [GATE])[0] < 3.7


def test_effects_that_do_not_add_up():
    """Ash and Bay together do less than each of them: then the pair is not said to do it."""
    recommender = made_up.recommender(lambda of: {GATE: 3.0 + max(0.2 * rated(of, ASH), 0.2 * rated(of, BAY))})
    result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 3.5))
    assert result.counterfactuals == ()
    assert result.tried > 50


# ---- the search


def test_the_goal_is_reached_already():
    recommender = made_up.recommender(lambda of: {GATE: 4.0})
    for goal in (Goal(GATE, "stars", 4), Goal(GATE, "top", 1), Goal(HILL, "top", 1, above=False)):
        result = find_counterfactuals(recommender, MIDDLING, goal)
        assert (result.already_reached, result.tried, result.counterfactuals) == (True, 0, ())


def test_nothing_is_found_within_the_budget():
    recommender = made_up.recommender(lambda of: {GATE: 2.0, HILL: 4.0 + 0.1 * rated(of, ASH), DUNE: 3.9, ELM: 3.9})
    for budget in (0, 10, 200):
        result = find_counterfactuals(recommender, MIDDLING, Goal(GATE, "top", 1), budget)
        assert (result.counterfactuals, result.already_reached) == ((), False)
        assert result.tried <= budget
    assert result.tried > 50


def test_progress_is_told_and_can_end_the_search():
    recommender, reports = made_up.recommender(lambda of: {GATE: 2.0 + 0.01 * rated(of, ASH)}), []
    result = find_counterfactuals(
        recommender, MIDDLING, Goal(GATE, "stars", 5), 100, on_progress=lambda *both: reports.append(both)
    )
    assert reports[0] == (0, 100)
    assert reports == sorted(reports)
    assert reports[-1] == (result.tried, 100)

    def stop(tried, budget):
        if tried:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_counterfactuals(recommender, MIDDLING, Goal(GATE, "stars", 5), 100, on_progress=stop)


def test_a_rival_that_nobody_thought_of(monkeypatch):
    """Ash lifts Gate, but Iris still more; only Bay brings Gate to the top."""
    monkeypatch.setattr(counterfactual, "BEYOND", 0)
    monkeypatch.setattr(counterfactual, "PILOTS", 1)

    def stars(of):
        return {
            DUNE: 4.0,
            GATE: 3.5 + 0.4 * rated(of, ASH) + 0.3 * rated(of, BAY),
            IRIS: 3.0 + 0.9 * rated(of, ASH),
        }

    result = find_counterfactuals(made_up.recommender(stars), MIDDLING, Goal(GATE, "top", 1), results=1)
    assert edits(result) == [{Rate(BAY, 5)}]


def test_the_order_that_was_asked_for():
    def chances(of):
        return {HILL: 1.0, GATE: 0.9 + 0.2 * rated(of, ASH)}

    recommender = made_up.recommender(lambda of: {GATE: 3.0 + 0.1 * rated(of, BAY)}, chances=chances)
    assert edits(find_counterfactuals(recommender, MIDDLING, Goal(GATE, "top", 1, order="next"), results=1)) == [
        {Rate(ASH, 4)}
    ]
    # by rating Gate is first already
    assert find_counterfactuals(recommender, MIDDLING, Goal(GATE, "top", 1)).already_reached
    # liked: from 3.5 on, which is rounded to 4
    liked = made_up.recommender(lambda of: {GATE: 3.4 + 0.2 * rated(of, BAY), HILL: 4}, chances=chances)
    result = find_counterfactuals(liked, MIDDLING.rated(ASH, 4), Goal(GATE, "top", 1, order="blend"), results=1)
    assert edits(result) == [{Rate(BAY, 4)}]


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (Goal(ASH, "top", 10), r"Ash \(2000\) is in the history, so no list names it; remove it, or ask for its stars"),
        (Goal(99, "top", 10), "there is no movie 99"),
        (Goal(GATE, "stars", 5.5), "5.5 stars cannot be a goal: ratings go from 1 to 5"),
        (Goal(GATE, "top", 0), "the top 0 cannot be a goal"),
        (Goal(GATE, "top", 2.5), "the top 2.5 cannot be a goal"),
        (Goal(GATE, "fame", 1), "not 'fame'"),
        (Goal(GATE, "top", 1, order="next"), "model made-up cannot order by 'next'; it can by: rating"),
    ],
)
def test_a_goal_that_makes_no_sense(goal, words):
    with pytest.raises(VisitorError, match=words):
        find_counterfactuals(made_up.recommender(lambda of: {}), MIDDLING, goal)


# ---- any world


@pytest.mark.parametrize("seed", range(12))
def test_nothing_smaller_does_it(seed):
    """In made-up worlds with all kinds of effects, against all edits and all pairs of them."""
    rng = np.random.default_rng(seed)
    base = dict(zip(IDS, rng.uniform(2, 4, 10), strict=True))
    effect, place = rng.normal(0, 0.15, (11, 11)), rng.normal(0, 0.1, (5, 11))
    place[3:] = 0  # two movies that are added: in either order

    def stars(of):
        result = {}
        for movie in IDS:
            result[movie] = base[movie] + sum(
                effect[event.movie_id, movie] * (event.rating - 2.5) + place[i, movie] * (event.movie_id % 3)
                for i, event in enumerate(of.history)
            )
        return result

    recommender = made_up.recommender(stars)
    start = visitor(*((int(movie), float(rng.integers(1, 6))) for movie in rng.permutation(IDS)[:3]))
    expected = recommender.expected_ratings(start)
    movie = int(rng.choice([i for i in IDS if i not in {e.movie_id for e in start.history}]))
    goals = [
        Goal(movie, "stars", min(5, expected[movie - 1] + 0.4)),
        Goal(movie, "top", 2),
        Goal(movie, "top", 3, False),
    ]
    for goal in goals:
        result = find_counterfactuals(recommender, start, goal, budget=5000, results=3)
        if result.already_reached:
            continue
        ways = candidates.single_edits(recommender, start, movie, 5000)

        def reaches(*chosen, goal=goal):
            after = apply_all(start, chosen)
            row = next(r for r in recommender.rank(after, None) if r.movie_id == goal.movie_id)
            return goal.reached(row.expected_rating, row.rank)

        def smallest(trials):
            return sorted({t.kind: t.size for t in sorted(trials, key=lambda t: -t.size)}.values())

        alone = [way for way in ways if reaches(*way.edits)]
        rest = [(a, b) for a, b in combinations([w for w in ways if w not in alone], 2) if not a.movies & b.movies]
        both = [
            candidates.EditCandidate((*a.edits, *b.edits), a.size + b.size)
            for a, b in rest
            if reaches(*a.edits, *b.edits)
        ]
        known = [(1, size) for size in smallest(alone)] + [(2, size) for size in smallest(both)]
        assert [(len(one.edits), one.size) for one in result.counterfactuals] == known[:3], goal
        for one in result.counterfactuals:
            assert reaches(*one.edits)
            assert one.visitor == apply_all(start, one.edits)


# ---- on small models


@pytest.mark.parametrize("order", ["rating", "next", "blend"])
def test_what_is_found_is_true_of_a_model(order, timeline_recommender):
    someone = Visitor({"sex": "F"}, history=(Event(103, 5), Event(106, 2), Event(109, 4), Event(112, 3)))
    rows = timeline_recommender.rank(someone, None, RankOptions(order=order))
    for goal in (
        Goal(rows[7].movie_id, "top", 5, order=order),
        Goal(rows[1].movie_id, "top", 3, above=False, order=order),
    ):
        result = find_counterfactuals(timeline_recommender, someone, goal, budget=300, results=3)
        assert not result.already_reached
        assert 0 < result.tried <= 300
        for one in result.counterfactuals:
            rows = timeline_recommender.rank(one.visitor, None, RankOptions(order=order))
            row = next(row for row in rows if row.movie_id == goal.movie_id)
            assert (one.rank, one.expected) == (row.rank, pytest.approx(row.expected_rating))
            assert goal.reached(one.expected, one.rank)
            assert apply_all(someone, one.edits) == one.visitor


def test_a_classic_model_is_searched_too(small_recommender):
    someone = Visitor(history=(Event(103, 5), Event(106, 2), Event(109, 4), Event(112, 3)))
    row = small_recommender.rank(someone, 8)[-1]
    result = find_counterfactuals(
        small_recommender, someone, Goal(row.movie_id, "stars", row.expected_rating + 0.01), budget=200
    )
    for one in result.counterfactuals:
        assert one.expected >= row.expected_rating + 0.01
        assert small_recommender.expected_ratings(one.visitor, [row.movie_id])[0] == pytest.approx(one.expected)
