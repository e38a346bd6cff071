"""Edits of a visitor: what each does, how it is told, and that differences lead from one visitor to another."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.errors import VisitorError
from bst.schema import Event, Visitor
from bst.text import ordinal
from bst.what_if.differences import differences
from bst.what_if.edits import (
    Add,
    Drop,
    Forget,
    Move,
    Rate,
    Reorder,
    Retime,
    SetDemographic,
    SetSeen,
    Swap,
    apply_all,
    describe_edits,
    join,
    position_text,
)

TITLES = {1: "Alien (1979)", 2: "Brazil (1985)", 3: "Clue (1985)", 4: "Duel (1971)", 5: "Elf (2003)"}


def visitor(*events, **who) -> Visitor:
    return Visitor(who, history=tuple(Event(*event) for event in events))


THREE = visitor((1, 5), (2, 3), (3, 4), sex="F")


def ids(of: Visitor) -> list[int]:
    return [event.movie_id for event in of.history]


@pytest.mark.parametrize(
    ("edit", "after", "words"),
    [
        (SetDemographic("sex", None), THREE.with_demographic("sex", None), "sex: female → unknown"),
        (SetDemographic("age", 1), THREE.with_demographic("age", 1), "age group: unknown → under 18"),
        (
            SetDemographic("occupation", "K-12 student"),
            THREE.with_demographic("occupation", "K-12 student"),
            "occupation: unknown → K-12 student",
        ),
        (Rate(1, 2), visitor((1, 2), (2, 3), (3, 4), sex="F"), "rated Alien (1979) 5 → 2"),
        (Rate(2, 3.5), visitor((1, 5), (2, 3.5), (3, 4), sex="F"), "rated Brazil (1985) 3 → 3.5"),
        (Add(4, 4), visitor((1, 5), (2, 3), (3, 4), (4, 4), sex="F"), "added Duel (1971), 4 ★"),
        (
            Add(4, 4.5, 0, 9),
            visitor((4, 4.5, 9), (1, 5), (2, 3), (3, 4), sex="F"),
            "added Duel (1971), 4.5 ★, as oldest",
        ),
        (Add(4, 1, 2), visitor((1, 5), (2, 3), (4, 1), (3, 4), sex="F"), "added Duel (1971), 1 ★, as 2nd newest"),
        (Drop(2), visitor((1, 5), (3, 4), sex="F"), "removed Brazil (1985)"),
        (Move(3, 0), visitor((3, 4), (1, 5), (2, 3), sex="F"), "moved Clue (1985) earlier, from newest to oldest"),
        (Move(1, 1), visitor((2, 3), (1, 5), (3, 4), sex="F"), "moved Alien (1979) later, from oldest to 2nd newest"),
        (Move(2, 9), visitor((1, 5), (3, 4), (2, 3), sex="F"), "moved Brazil (1985) later, from 2nd newest to newest"),
        (Swap(1, 3), visitor((3, 4), (2, 3), (1, 5), sex="F"), "swapped Alien (1979) and Clue (1985)"),
        (Forget(1), visitor((2, 3), (3, 4), sex="F"), "forgot the oldest movie, Alien (1979)"),
        (Forget(2), visitor((3, 4), sex="F"), "forgot the 2 oldest movies"),
        (Forget(7), visitor(sex="F"), "forgot all 3 movies"),
        (Reorder((2, 3, 1)), visitor((2, 3), (3, 4), (1, 5), sex="F"), "changed the positions of 3 movies"),
        (Reorder((3, 2, 1)), visitor((3, 4), (2, 3), (1, 5), sex="F"), "reversed the order of all 3 movies"),
        (Retime((None, 7, None)), visitor((1, 5), (2, 3, 7), (3, 4), sex="F"), "changed when 1 movie was watched"),
        (SetSeen(frozenset({4})), THREE.with_seen(4), "marked Duel (1971) as seen"),
        (SetSeen(frozenset({4, 5})), THREE.with_seen(4, 5), "marked 2 movies as seen"),
    ],
)
def test_what_an_edit_does_and_how_it_is_told(edit, after, words):
    assert edit.apply(THREE) == after
    assert edit.describe(THREE, TITLES.get) == words


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Rate(9, 3), "movie 9 is not in the history"),
        (Drop(9), "movie 9 is not in the history"),
        (Move(9, 0), "movie 9 is not in the history"),
        (Swap(1, 9), "movie 9 is not in the history"),
        (Add(2, 4), "movie 2 is in the history twice"),
        (Reorder((1, 2)), "must name each movie of the history once"),
        (Reorder((1, 2, 3, 3)), "must name each movie of the history once"),
        (Retime((1,)), "1 times do not fit a history of 3 movies"),
    ],
)
def test_an_edit_that_does_not_fit(edit, words):
    with pytest.raises(VisitorError, match=words):
        edit.apply(THREE)


@pytest.mark.parametrize(
    ("after", "edits"),
    [
        (THREE, ()),
        (THREE.rated(1, 2), (Rate(1, 2),)),
        (THREE.watched(4, 3), (Add(4, 3),)),
        (THREE.without(1), (Drop(1),)),
        (THREE.moved(1, 1), (Swap(1, 2),)),
        (THREE.moved(1, 2), (Move(1, 2),)),
        (THREE.moved(3, -2), (Move(3, 0),)),
        (replace(THREE, history=THREE.history[::-1]), (Swap(1, 3),)),
        (replace(THREE, history=THREE.history[2:]), (Forget(2),)),
        (Visitor(), (SetDemographic("sex", None), Forget(3))),
        (visitor((2, 3), (4, 1), (1, 4), (5, 2), age=25), (
            SetDemographic("sex", None), SetDemographic("age", 25),
            Drop(3), Rate(1, 4), Swap(1, 2), Add(4, 1, 1), Add(5, 2),
        )),
        (visitor((1, 5, 10), (2, 3, 20), (3, 4), sex="F"), (Retime((10, 20, None)),)),
        (visitor((1, 5), (2, 3), (3, 4), (4, 4, 99), sex="F"), (Add(4, 4, None, 99),)),
        (THREE.with_seen(4, 9), (SetSeen(frozenset({4, 9})),)),
        (THREE.limited(1), (Forget(2), SetSeen(frozenset({1, 2})))),
    ],
)  # fmt: skip
def test_differences_are_few_and_readable(after, edits):
    assert differences(THREE, after) == edits
    assert apply_all(THREE, edits) == after


def test_an_order_is_told_by_the_fewest_moves():
    before = visitor(*((i, 3) for i in range(10)))

    def to(*order):
        return differences(before, visitor(*((i, 3) for i in order)))

    assert to(0, 1, 2, 7, 3, 4, 5, 6, 8, 9) == (Move(7, 3),)
    assert to(1, 2, 3, 4, 5, 6, 7, 8, 9, 0) == (Move(0, 9),)
    assert to(0, 8, 2, 3, 4, 5, 6, 7, 1, 9) == (Swap(1, 8),)
    assert to(9, 1, 2, 0, 3, 4, 5, 6, 7, 8) == (Move(9, 0), Move(0, 3))
    turned = (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
    assert to(*turned) == (Reorder(turned),)


# ---- any two visitors

# a busy machine says nothing of the edits
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ratings, times = st.sampled_from((1.0, 2.5, 5.0)), st.sampled_from((None, None, 10, 20))
histories = st.lists(st.tuples(st.integers(1, 9), ratings, times), unique_by=lambda event: event[0], max_size=9).map(
    lambda events: tuple(Event(*event) for event in events)
)
visitors = st.builds(
    Visitor,
    st.fixed_dictionaries(
        {},
        optional={
            "sex": st.sampled_from(SEXES),
            "age": st.sampled_from(AGES[:2]),
            "occupation": st.sampled_from(OCCUPATIONS[:2]),
        },
    ),
    histories,
    st.frozensets(st.integers(1, 15), max_size=5),
)


@unhurried
@given(visitors, visitors)
def test_differences_lead_from_any_visitor_to_any_other(before, after):
    edits = differences(before, after)
    assert apply_all(before, edits) == after
    assert apply_all(after, differences(after, before)) == before
    # never more than to remove and add everything, and to tell who they are
    assert len(edits) <= 3 + len(before.history) + len(after.history) + 2
    assert (edits == ()) == (before == after)
    assert all(isinstance(edit.describe(before, str), str) for edit in edits[:1])
    assert describe_edits(before, edits, str)


@unhurried
@given(visitors, st.permutations(range(1, 10)))
def test_another_order_is_told_by_order_alone(before, order):
    after = replace(before, history=tuple(sorted(before.history, key=lambda e: order.index(e.movie_id))))
    edits = differences(before, after)
    assert {type(edit) for edit in edits} <= {Move, Swap, Reorder}
    assert len(edits) <= 3
    assert apply_all(before, edits) == after


# ---- words


def test_several_edits_are_told_in_one_sentence():
    edits = [Drop(1), Rate(2, 1)]
    assert describe_edits(THREE, edits, TITLES.get) == "removed Alien (1979) and rated Brazil (1985) 3 → 1"
    # each is told from where the one before it has led
    assert (
        describe_edits(THREE, [Rate(1, 4), Rate(1, 2)], TITLES.get)
        == "rated Alien (1979) 5 → 4 and rated Alien (1979) 4 → 2"
    )
    assert describe_edits(THREE, [], TITLES.get) == "nothing"
    many = [
        SetDemographic("sex", None),
        SetDemographic("age", 25),
        Forget(2),
        Drop(3),
        Add(4, 3),
        Add(5, 3),
        Swap(4, 5),
    ]
    assert (
        describe_edits(THREE, many, TITLES.get)
        == "removed 3 movies, added 2 movies, moved 2 movies and set sex and age group"
    )
    assert describe_edits(THREE, many[:2], TITLES.get, most=1) == "set sex and age group"
    assert describe_edits(THREE, [Rate(1, 1), Rate(2, 1), Rate(3, 1)], TITLES.get) == "rated 3 movies"


def test_places_are_counted_from_the_nearer_end():
    assert [position_text(i, 5) for i in range(5)] == ["oldest", "2nd oldest", "3rd newest", "2nd newest", "newest"]
    assert position_text(0, 1) == "newest"
    numbers = (1, 2, 3, 4, 10, 11, 12, 13, 21, 22, 101, 111, 1003)
    words = "1st 2nd 3rd 4th 10th 11th 12th 13th 21st 22nd 101st 111th 1,003rd"
    assert [ordinal(number) for number in numbers] == words.split()
    assert [join(parts) for parts in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
