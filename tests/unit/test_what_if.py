"""Two visitors compared, and one knob turned: worked out by hand on made-up movies, and on real small models."""

from dataclasses import replace

import numpy as np
import pytest

from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.errors import VisitorError
from bst.inference.recommender import Filters, RankOptions
from bst.schema import HALF_STARS, Event, Visitor
from bst.what_if import (
    DemographicSweep,
    HistoryLengthSweep,
    PositionSweep,
    RatingSweep,
    Subject,
    compare,
    demographics,
    sweep,
)
from bst.what_if.edits import Add, Drop, Forget, Rate, Reorder, SetDemographic
from tests.unit import made_up
from tests.unit.made_up import ASH, BAY, COVE, DUNE, ELM, FERN, GATE, HILL, IDS, IRIS, JADE, TITLES, rated, visitor

title = TITLES.get
UNSEEN = {DUNE: 4.4, ELM: 4.0, FERN: 3.5, GATE: 3.0}


def by_ratings(of: Visitor) -> dict[int, float]:
    """Dune depends on Ash, Elm on Bay, Fern on the order of the two, Gate on who they are."""
    ids = [event.movie_id for event in of.history]
    ordered = {ASH, BAY} <= set(ids) and ids.index(ASH) < ids.index(BAY)
    return {
        DUNE: 4.0 + 0.2 * rated(of, ASH),
        ELM: 4.0 + 0.1 * rated(of, BAY),
        FERN: 3.5 + (0.8 if ordered else 0.0),
        GATE: 3.0 + (1.2 if of.demographic("sex") == "F" else 0.0),
        HILL: 3.0,
    }


@pytest.fixture
def recommender():
    return made_up.recommender(by_ratings)


START = visitor((ASH, 5), (BAY, 3))
#                     Dune 4.4, Fern 4.3, Elm 4.0, Gate 3.0, Hill 3.0, Cove 2.07, Iris 2.01, Jade 2.00


# ---- two visitors


def test_nothing_was_changed(recommender):
    result = compare(recommender, START, Visitor(history=START.history))
    assert (result.edits, result.most_moved, result.main_edit) == ((), None, None)
    assert result.describe(title) == "Nothing was changed."
    assert result.first == result.second == recommender.rank(START)
    assert result.gains().empty
    assert result.losses().empty


def test_one_change(recommender):
    result = compare(recommender, START, START.rated(ASH, 1), k=3)
    assert result.edits == (Rate(ASH, 1),)
    assert [row.movie_id for row in result.first] == [DUNE, FERN, ELM]
    # Dune falls to 4 − 0.4
    assert [row.movie_id for row in result.second] == [FERN, ELM, DUNE]
    # 1 / log2(1 + rank): Dune loses 1 − 1/2, Fern gains 1 − 0.63
    assert result.most_moved == DUNE
    assert result.main_edit.share == 1
    assert (
        result.describe(title)
        == "Dune (2000) falls from 1st to 3rd (4.4 → 3.6 ★), because Ash (2000) was rated 1 instead of 5."
    )


def test_the_table_of_moves(recommender):
    result = compare(recommender, START, START.rated(ASH, 1).watched(FERN, 4), k=2)
    table = result.moves
    assert table["movie_id"].tolist() == [ELM, DUNE, FERN]
    assert table["title"].tolist() == [TITLES[ELM], TITLES[DUNE], TITLES[FERN]]
    assert table["rank_a"].tolist() == [3, 1, 2]
    # what is in the history is in no list
    assert table["rank_b"].isna().tolist() == [False, False, True]
    assert table["rank_b"].tolist()[:2] == [1, 2]
    assert table["expected_a"].tolist() == pytest.approx([4.0, 4.4, 4.3])
    assert table["expected_b"].tolist() == pytest.approx([4.0, 3.6, 4.3])
    assert table[["next_a", "next_b"]].isna().all(axis=None)
    # all that is in either list, were it as long as can be: all but Ash and Bay
    assert sorted(result.catalogue["movie_id"]) == [COVE, DUNE, ELM, FERN, GATE, HILL, IRIS, JADE]


def test_gains_and_losses_are_of_movies_that_neither_has_seen(recommender):
    result = compare(recommender, START, START.rated(ASH, 1).watched(ELM, 4).with_demographic("sex", "F"))
    gains, losses = result.gains(), result.losses()
    assert gains["movie_id"].tolist() == [GATE]
    assert gains[["a", "b", "change"]].iloc[0].tolist() == pytest.approx([3.0, 4.2, 1.2])
    assert losses["movie_id"].tolist() == [DUNE]
    assert losses[["a", "b", "change"]].iloc[0].tolist() == pytest.approx([4.4, 3.6, -0.8])
    more = compare(recommender, START, START.rated(ASH, 1).rated(BAY, 1)).losses(k=1)
    assert more["movie_id"].tolist() == [DUNE]


def test_the_cause_is_the_edit_that_does_most_of_it_alone(recommender):
    """Dune falls from 4.4 to 3.6, and what else was changed has nothing to do with it."""
    changed = START.rated(ASH, 1).rated(BAY, 4).watched(JADE, 2).with_demographic("age", 25)
    result = compare(recommender, START, changed, k=3)
    assert result.edits == (SetDemographic("age", 25), Rate(ASH, 1), Rate(BAY, 4), Add(JADE, 2))
    assert (result.most_moved, result.main_edit.edit, result.main_edit.share) == (DUNE, Rate(ASH, 1), 1)
    assert result.describe(title) == (
        "Dune (2000) falls from 1st to 3rd (4.4 → 3.6 ★), mostly because Ash (2000) was rated 1 instead of 5."
    )


def test_changes_that_do_it_only_together():
    """Gate needs Ash and Bay liked: each alone does nothing."""
    recommender = made_up.recommender(
        lambda of: {GATE: 4.0 if rated(of, ASH) > 0 and rated(of, BAY) > 0 else 1.5, HILL: 3.0}
    )
    start = visitor((ASH, 3), (BAY, 3))
    result = compare(recommender, start, start.rated(ASH, 5).rated(BAY, 4))
    assert result.main_edit.share == 0
    assert result.describe(title) == (
        "Gate (2000) rises from 8th to 1st (1.5 → 4.0 ★), because Ash (2000) was rated 5 instead of 3 and "
        "Bay (2000) was rated 4 instead of 3."
    )
    result = compare(
        recommender, start, start.rated(ASH, 5).rated(BAY, 4).with_demographic("sex", "M").with_demographic("age", 18)
    )
    assert result.describe(title) == (
        "Gate (2000) rises from 8th to 1st (1.5 → 4.0 ★), because of many changes together: rated 2 movies and set sex "
        "and age group."
    )


@pytest.mark.parametrize(
    ("b", "words"),
    [
        (
            START.with_demographic("sex", "F"),
            "Gate (2000) rises from 4th to 3rd (3.0 → 4.2 ★), because their sex changed from unknown to female.",
        ),
        (START.without(BAY), "Fern (2000) falls from 2nd to 3rd (4.3 → 3.5 ★), because Bay (2000) was removed."),
        (
            Visitor(history=START.history[::-1]),
            "Fern (2000) falls from 2nd to 3rd (4.3 → 3.5 ★), because Ash (2000) and Bay (2000) changed places.",
        ),
        (
            Visitor(),
            "Fern (2000) falls from 2nd to 3rd (4.3 → 3.5 ★), because both movies were forgotten.",
        ),
        (
            START.watched(DUNE, 2),
            "Fern (2000) rises from 2nd to 1st (still 4.3 ★), because Dune (2000) was added with 2 ★.",
        ),
        (
            START.with_demographic("age", 25),
            "The first 10 stay where they are, although their age group changed from unknown to 25–34.",
        ),
        (
            START.watched(JADE, 1).rated(BAY, 2),
            "The first 5 stay where they are, although Bay (2000) was rated 2 instead of 3 and Jade (2000) was added "
            "with 1 ★.",
        ),
    ],
)
def test_one_sentence_for_each_kind_of_change(b, words, recommender):
    k = 5 if "first 5" in words else 10
    assert compare(recommender, START, b, k).describe(title) == words


def test_the_sentence_is_about_the_movie_that_was_asked_about():
    """Gate is asked about: its stars fall from 4.0 to 3.9, but those of Hill, which was above it, fall to 2."""
    recommender = made_up.recommender(
        lambda of: {GATE: 4.0 + 0.1 * (rated(of, ASH) - 1), HILL: 3.2 + rated(of, ASH), IRIS: 5.0 - rated(of, BAY)}
    )
    start = visitor((ASH, 4), (BAY, 3))
    changed = start.rated(ASH, 3).rated(BAY, 4)
    assert compare(recommender, start, changed).describe(title).startswith("Hill (2000) falls")
    assert compare(recommender, start, changed, subject=Subject(GATE)).describe(title) == (
        "Gate (2000) rises from 3rd to 2nd, mostly because Ash (2000) was rated 3 instead of 4: its own stars fall "
        "(4.0 → 3.9 ★), but other movies lose more."
    )
    assert compare(recommender, start, changed, subject=Subject(GATE, "stars")).describe(title) == (
        "Gate (2000) loses stars (4.0 → 3.9 ★), because Ash (2000) was rated 3 instead of 4 and Bay (2000) was rated 4 "
        "instead of 3."
    )
    # what is in the history has stars, but no rank
    assert compare(recommender, start, changed, subject=Subject(ASH)).describe(title).startswith("Hill (2000) falls")
    assert (
        compare(recommender, start, changed, subject=Subject(ASH, "stars"))
        .describe(title)
        .startswith("Ash (2000) keeps its stars (still ")
    )


def test_many_changes_and_no_move(recommender):
    b = (
        replace(START, history=(*START.history, Event(JADE, 1)))
        .with_demographic("age", 25)
        .with_demographic("occupation", "writer")
    )
    assert compare(recommender, START, b, k=5).describe(title) == (
        "The first 5 stay where they are, although much was changed: added 1 movie and set age group and occupation."
    )


def test_an_order_that_fits_no_other_history(recommender):
    """The new order names only what is left, so it cannot be made alone: what is missing without it counts."""
    a = visitor((BAY, 3), (COVE, 3), (IRIS, 3), (JADE, 3), (HILL, 3), (ASH, 5), (GATE, 3))
    b = visitor((ASH, 5), (HILL, 3), (JADE, 3), (IRIS, 3), (COVE, 3), (BAY, 3))
    result = compare(recommender, a, b)
    assert result.edits == (Drop(GATE), Reorder((ASH, HILL, JADE, IRIS, COVE, BAY)))
    assert result.most_moved == FERN
    assert (result.main_edit.edit, result.main_edit.share) == (result.edits[1], 1)


def test_lists_are_those_that_were_asked_for(recommender):
    comedy = Filters(genres=("Comedy",))
    result = compare(recommender, START, START.with_demographic("sex", "F"), 4, RankOptions(comedy))
    assert result.first == recommender.rank(START, 4, RankOptions(comedy))
    assert {TITLES[i] for i in (DUNE, FERN, HILL, JADE)} == set(result.catalogue["title"])
    assert result.describe(title).startswith("The first 4 stay where they are")
    nothing = compare(
        recommender, START, START.with_demographic("sex", "F"), options=RankOptions(Filters(years=(1900, 1901)))
    )
    assert nothing.describe(title) == "There is no movie left to recommend."
    assert nothing.moves.empty


def test_too_many_changes_to_look_for_the_main_one(recommender):
    a, b = (visitor(*((movie_id, stars) for movie_id in IDS[:9])) for stars in (3, 5))
    result = compare(recommender, a, b, options=RankOptions(Filters(include_seen=True)))
    assert result.main_edit is None
    # Fern has 4.3 stars in both, Dune and Elm rise from 4.0 to 4.4 and 4.2
    assert result.describe(title) == (
        "Dune (2000) rises from 2nd to 1st (4.0 → 4.4 ★), because of many changes together: rated 9 movies."
    )


def test_the_next_movie():
    recommender = made_up.recommender(lambda of: {}, chances=lambda of: {GATE: 1.0 + rated(of, ASH) / 2, HILL: 1.5})
    # chances 10, 31.6 and 7 times 1 of 48.6; after that 100 and 31.6 of 138.6
    result = compare(recommender, visitor((ASH, 3)), visitor((ASH, 5)), 3, RankOptions(order="next"))
    assert result.describe(title) == (
        "Gate (2000) rises from 2nd to 1st (watched next: 20.6 → 72.1%), because Ash (2000) was rated 5 instead of 3."
    )
    gains = result.gains("next", 1)
    assert gains["movie_id"].tolist() == [GATE]
    assert gains["change"].iloc[0] == pytest.approx(0.7213 - 0.2057, abs=1e-3)
    assert HILL in result.losses("next")["movie_id"].tolist()


# ---- knobs


def test_the_rating_of_an_event(recommender):
    result = sweep(recommender, START, [DUNE, ELM], RatingSweep(ASH))
    assert list(result.columns) == ["movie_id", "title", "setting", "place", "current", "expected", "distribution"]
    assert result["movie_id"].tolist() == [DUNE, ELM] * 5
    assert result["title"].tolist() == [TITLES[DUNE], TITLES[ELM]] * 5
    assert result["setting"].tolist() == [f"{stars} ★" for stars in (1, 2, 3, 4, 5) for _ in range(2)]
    assert result["place"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert result["current"].tolist() == [False] * 8 + [True] * 2
    assert result["expected"].tolist()[::2] == pytest.approx([3.6, 3.8, 4.0, 4.2, 4.4])
    assert result["expected"].tolist()[1::2] == pytest.approx([4.0] * 5)
    assert result["distribution"].tolist() == [None] * 10


def test_half_stars():
    recommender = made_up.recommender(by_ratings, levels=HALF_STARS)
    result = sweep(recommender, START, [DUNE], RatingSweep(ASH))
    assert result["setting"].tolist()[:3] == ["0.5 ★", "1 ★", "1.5 ★"]
    assert len(result) == 10


@pytest.mark.parametrize(
    ("part", "labels", "current"),
    [
        ("sex", ["Unknown", "Female", "Male"], 1),
        ("age", ["Unknown", "Under 18", "18–24", "25–34", "35–44", "45–49", "50–55", "56 and over"], 0),
        ("occupation", ["Unknown", "Other", "Academic/educator"], 2),
    ],
)
def test_who_they_are(part, labels, current, recommender):
    result = sweep(
        recommender,
        START.with_demographic("sex", "F").with_demographic(
            "occupation", "other" if current == 1 else "academic/educator"
        ),
        [GATE],
        DemographicSweep(part),
    )
    assert result["setting"].tolist()[: len(labels)] == labels
    assert np.flatnonzero(result["current"]).tolist() == [current]
    if part == "sex":
        assert result["expected"].tolist() == pytest.approx([3.0, 4.2, 3.0])


def test_the_last_events(recommender):
    result = sweep(recommender, START, [DUNE, FERN], HistoryLengthSweep())
    assert result["setting"].tolist() == ["0", "0", "1", "1", "2", "2"]
    # with the newest alone Ash is gone
    assert result["expected"].tolist() == pytest.approx([4.0, 3.5, 4.0, 3.5, 4.4, 4.3])
    assert result["current"].tolist() == [False] * 4 + [True] * 2
    short = made_up.recommender(by_ratings, max_history=1)
    result = sweep(short, START, [DUNE], HistoryLengthSweep())
    assert result["setting"].tolist() == ["0", "1"], "what is not read is not swept"
    assert result["current"].tolist() == [False, True]


def test_the_place_of_an_event(recommender):
    history = visitor((BAY, 3), (COVE, 3), (ASH, 5))
    result = sweep(recommender, history, [FERN], PositionSweep(ASH))
    assert result["setting"].tolist() == ["3", "2", "1"]
    assert result["expected"].tolist() == pytest.approx([4.3, 3.5, 3.5])
    assert result["current"].tolist() == [False, False, True]


@pytest.mark.parametrize("knob", [RatingSweep(HILL), PositionSweep(HILL)])
@pytest.mark.parametrize("history", [START, Visitor()])
def test_a_knob_that_the_visitor_does_not_have(knob, history, recommender):
    with pytest.raises(VisitorError, match="movie 8 is not in the history"):
        sweep(recommender, history, [FERN], knob)
    with pytest.raises(VisitorError, match="a visitor has no 'name'; choose one of: sex, age, occupation"):
        sweep(recommender, history, [FERN], DemographicSweep("name"))


def test_everyone_that_a_visitor_could_be(recommender):
    result = demographics(
        recommender,
        START.with_demographic("sex", "F").with_demographic("age", 25).with_demographic("occupation", "writer"),
        GATE,
    )
    assert len(result) == 294
    assert result[["sex", "age", "occupation"]].drop_duplicates().shape == (294, 3)
    assert result["expected"].tolist() == pytest.approx([4.2] * 147 + [3.0] * 147)
    assert result.loc[result["current"], ["sex", "age", "occupation"]].values.tolist() == [["F", 25, "writer"]]
    assert not demographics(recommender, START, GATE)["current"].any(), "not all is known of them"


# ---- on small models


def test_a_sweep_is_what_is_predicted_one_by_one(timeline_recommender):
    ids = [100, 112, 130]
    someone = Visitor({"sex": "F", "age": 25}, (Event(103, 5), Event(106, 2), Event(109, 4)))
    result = sweep(timeline_recommender, someone, ids, PositionSweep(103))
    for place, at in enumerate((0, 1, 2)):
        expected = timeline_recommender.expected_ratings(someone.moved(103, at), ids)
        rows = result[result["place"] == place]
        assert rows["expected"].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
        assert [sum(levels) for levels in rows["distribution"]] == pytest.approx([1, 1, 1], abs=1e-5)
    everyone = demographics(timeline_recommender, someone, 112)
    row = everyone[
        (everyone["sex"] == SEXES[1]) & (everyone["age"] == AGES[3]) & (everyone["occupation"] == OCCUPATIONS[7])
    ]
    who = Visitor({"sex": SEXES[1], "age": AGES[3], "occupation": OCCUPATIONS[7]}, someone.history)
    assert row["expected"].item() == pytest.approx(timeline_recommender.expected_ratings(who, [112])[0], abs=1e-5)


@pytest.mark.parametrize("order", ["rating", "next", "blend"])
def test_two_lists_of_a_model(order, timeline_recommender):
    a = Visitor({"sex": "F"}, history=(Event(103, 5), Event(106, 2), Event(109, 4)))
    b = Forget(2).apply(a).watched(130, 1)
    options = RankOptions(order=order, weight=0.3, diversity=0.4)
    result = compare(timeline_recommender, a, b, 5, options)
    assert result.first == timeline_recommender.rank(a, 5, options)
    assert result.second == timeline_recommender.rank(b, 5, options)
    ranks = result.moves.set_index("movie_id")
    for side, rows in (("a", result.first), ("b", result.second)):
        for row in rows:
            assert ranks.loc[row.movie_id, f"rank_{side}"] == row.rank
            assert ranks.loc[row.movie_id, f"expected_{side}"] == pytest.approx(row.expected_rating)
            assert ranks.loc[row.movie_id, f"next_{side}"] == pytest.approx(row.watch_next)
    assert result.describe(timeline_recommender.catalogue.title).endswith(".")
