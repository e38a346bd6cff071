"""``whatif`` and ``counterfactual``: what they print is what the library says."""

from dataclasses import replace
from pathlib import Path

import pytest

from bst.inference.ranking import POPULARITY_BANDS, Filters, RankOptions
from bst.schema import Event, Visitor
from bst.what_if import Goal, compare, find_counterfactuals
from bst.what_if.edits import Add, Drop, Forget, Move, Rate, SetDemographic, Swap, apply_all

WATCHED = [word for text in ("Story Number 4=5", "130=3", "Story Number 9=4") for word in ("--watched", text)]
VISITOR = Visitor({"sex": "F", "age": 25}, (Event(112, 5), Event(130, 3), Event(127, 4)))
WHO = ["--sex", "F", "--age", 25, *WATCHED]


@pytest.fixture
def bundle(timeline_bundle, data_here) -> Path:
    return timeline_bundle.folder


# ---- whatif


def test_what_moves_as_json(answer, eager, bundle, timeline_recommender):
    said = answer("whatif", "--bundle", bundle, *WHO, "--rate", "Story Number 4=1", "-k", 5)
    made = compare(timeline_recommender, VISITOR, VISITOR.rated(112, 1), 5)
    title = timeline_recommender.catalogue.title
    by_value = ["gains", "losses", "like_gains", "like_losses", "next_gains", "next_losses"]
    assert list(said) == ["bundle", "visitor", "changed", "edits", "sentence", "moves", *by_value]
    assert said["bundle"] == "tiny"
    assert said["edits"] == [f"rated {title(112)} 5 → 1"]
    assert said["sentence"] == made.describe(title)
    assert [event["rating"] for event in said["visitor"]["history"]] == [5, 3, 4]
    assert [event["rating"] for event in said["changed"]["history"]] == [1, 3, 4]
    assert [row["movie_id"] for row in said["moves"]] == made.moves["movie_id"].tolist()
    assert list(said["moves"][0]) == list(made.moves.columns)
    assert [row["rank_b"] for row in said["moves"]][:5] == [1, 2, 3, 4, 5]
    for row, known in zip(said["moves"], made.moves.itertuples(), strict=True):
        assert row["expected_b"] == pytest.approx(known.expected_b, abs=1e-4)
        assert row["next_a"] == pytest.approx(known.next_a, abs=1e-4)
        assert row["like_b"] == pytest.approx(known.like_b, abs=1e-4)
    assert [row["movie_id"] for row in said["losses"]] == made.losses()["movie_id"].tolist()
    assert [row["movie_id"] for row in said["like_gains"]] == made.gains("like")["movie_id"].tolist()


def test_changes_are_made_in_the_order_in_which_they_are_given(answer, eager, bundle):
    changes = ["--add", "Story Number 7=2", "--forget", 1, "--swap", "Story Number 10", "121", "--set", "sex=unknown"]
    changes += ["--set", "occupation=writer", "--set", "age=56", "--move", "Story Number 7=1", "--rate", "121=4"]
    said = answer("whatif", "--bundle", bundle, *WHO, *changes, "--drop", "Story Number 9")
    edits = (
        Add(121, 2),
        Forget(1),
        Swap(130, 121),
        SetDemographic("sex", None),
        SetDemographic("occupation", "writer"),
    )
    edits += (SetDemographic("age", 56), Move(121, 2), Rate(121, 4), Drop(127))
    after = apply_all(VISITOR, edits)
    assert said["changed"]["history"] == [
        {
            "movie_id": event.movie_id,
            "title": f"Story Number {(event.movie_id - 100) // 3} ({1970 + (event.movie_id - 100) // 3})",
            "rating": event.rating,
        }
        for event in after.history
    ]
    assert (said["changed"]["sex"], said["changed"]["age"], said["changed"]["occupation"]) == (None, 56, "writer")
    assert len(said["edits"]) == 9


def test_lists_may_be_ordered_and_filtered(answer, eager, bundle, timeline_recommender):
    options = ["--order", "blend", "--weight", 0.2, "--diversity", 0.5, "--years", "1975-1995", "-k", 4]
    said = answer("whatif", "--bundle", bundle, *WHO, "--drop", 112, *options)
    ranked_by = RankOptions(Filters(years=(1975, 1995)), "blend", 0.2, 0.5)
    made = compare(timeline_recommender, VISITOR, VISITOR.without(112), 4, ranked_by)
    assert [row["movie_id"] for row in said["moves"]] == made.moves["movie_id"].tolist()
    assert [row["movie_id"] for row in said["next_gains"]] == made.gains("next")["movie_id"].tolist()
    # the same options make a list of one visitor
    rows = answer("recommend", "--bundle", bundle, *WHO, *options, "--fame", "Known")["recommendations"]
    filters = Filters(years=(1975, 1995), popularity=POPULARITY_BANDS["Known"])
    known = timeline_recommender.rank(VISITOR, 4, replace(ranked_by, filters=filters))
    assert [row["movie_id"] for row in rows] == [row.movie_id for row in known]


def test_what_moves_as_text(run, eager, bundle, timeline_recommender):
    code, out, _ = run("whatif", "--bundle", bundle, *WHO, "--add", "Story Number 2=5", "-k", 3)
    made = compare(timeline_recommender, VISITOR, VISITOR.watched(106, 5), 3)
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == made.describe(timeline_recommender.catalogue.title)
    assert lines[2].split() == ["A", "→", "B", "expected", "rating", "watched", "and", "liked"]
    first = made.moves.iloc[0]
    assert lines[3].split()[:6] == [
        str(first["rank_a"]), "→", "1", f"{first['expected_a']:.2f}", "→", f"{first['expected_b']:.2f}"
    ]  # fmt: skip
    assert lines[3].endswith(first["title"])
    assert any(line.startswith(("gains most: ", "loses most: ")) for line in lines)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([], "nothing is changed; name a change, such as --rate 'Alien (1979)=2' or --set sex=F"),
        (["--rate", "Story Number 2=5"], "Story Number 2 (1972) is not in the history; give it with --watched"),
        (["--drop", "Story Number 2"], "Story Number 2 (1972) is not in the history; give it with --watched"),
        (["--swap", "112", "106"], "Story Number 2 (1972) is not in the history; give it with --watched"),
        (["--drop", "112", "--rate", "112=3"], "Story Number 4 (1974) is not in the history"),
        (["--rate", "112"], "--rate '112' is not of the form 'TITLE=STARS'"),
        (["--add", "112=3"], "movie 112 is in the history twice"),
        (["--add", "No such film=3"], "no movie is called 'No such film'"),
        (["--rate", "112=2.5"], "Story Number 4 (1974) cannot be rated 2.5"),
        (["--set", "sex"], "--set 'sex' is not of the form NAME=VALUE, such as sex=F; names are sex, age, occupation"),
        (["--set", "name=Bo"], "names are sex, age, occupation"),
        (["--set", "sex=X"], "sex 'X' is unknown; choose one of: F, M"),
        (["--set", "age=26"], "age groups are named by their lowest age: 1, 18, 25"),
        (["--set", "age=old"], "the age group must be a whole number from 1 on, not 'old'"),
        (["--forget", "0"], "--forget must be a whole number from 1 on, not '0'"),
        (["--move", "112=first"], "the position must be a whole number from 1 on, not 'first'"),
        (["--move", "112"], "--move '112' is not of the form 'TITLE=POSITION'"),
        (["--drop", "112", "--weight", "2", "--order", "blend"], "the weight of a blend goes from 0 (liked) to 1"),
        (["--drop", "112", "--diversity", "2"], "diversity goes from 0"),
    ],
)
def test_changes_that_cannot_be(changes, words, refused, eager, bundle):
    assert words in refused("whatif", "--bundle", bundle, *WHO, *changes)


# ---- counterfactual


def test_the_smallest_changes_as_json(answer, eager, bundle, timeline_recommender):
    rows = timeline_recommender.rank(VISITOR, 8)
    asked = ["--movie", rows[-1].movie_id, "--into-top", 5, "--budget", 80, "--results", 2]
    said = answer("counterfactual", "--bundle", bundle, *WHO, *asked)
    made = find_counterfactuals(timeline_recommender, VISITOR, Goal(rows[-1].movie_id, "top", 5, order="like"), 80, 2)
    assert list(said) == [
        "bundle", "visitor", "movie_id", "title", "goal", "expected_rating", "rank", "already", "tried", "found"
    ]  # fmt: skip
    assert said["goal"] == {"kind": "top", "value": 5, "above": True, "order": "like", "popularity_weight": 1.0}
    assert (said["rank"], said["title"], said["already"]) == (8, rows[-1].title, False)
    assert said["tried"] == made.tried
    assert len(said["found"]) == len(made.counterfactuals) > 0
    for told, one in zip(said["found"], made.counterfactuals, strict=True):
        assert (told["rank"], told["size"]) == (one.rank, one.size)
        assert told["edits"] == [edit.describe(VISITOR, timeline_recommender.catalogue.title) for edit in one.edits]
        assert [event["movie_id"] for event in told["changed"]["history"]] == [e.movie_id for e in one.visitor.history]


def test_the_smallest_changes_as_text(run, eager, bundle, timeline_recommender):
    rows = timeline_recommender.rank(VISITOR, 8)
    few = ["--budget", 100, "--results", 1]
    code, out, _ = run("counterfactual", "--bundle", bundle, *WHO, "--movie", rows[7].movie_id, "--into-top", 5, *few)
    assert code == 0
    head, *found = out.splitlines()
    assert head.startswith(f"{rows[7].title} is 8th with {rows[7].expected_rating:.2f} ★; of ")
    assert head.endswith(" changes the smallest that bring it into the top 5:")
    assert len(found) == 1
    code, out, _ = run("counterfactual", "--bundle", bundle, *WHO, "--movie", rows[7].movie_id, "--out-of-top", 5)
    assert out.rstrip() == f"{rows[7].title} is 8th with {rows[7].expected_rating:.2f} ★: there is nothing to change"
    code, out, _ = run("counterfactual", "--bundle", bundle, *WHO, "--movie", rows[7].movie_id, "--below", 1, *few)
    assert code == 0
    assert " changes brings it below 1 ★" in out


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (
            ["--movie", "Story Number 4", "--into-top", 3],
            "Story Number 4 (1974) is in the history, so no list names it",
        ),
        (["--movie", "Story Number 2", "--into-top", 0], "the top 0 cannot be a goal"),
        (["--movie", "Story Number 2", "--above", 6], "6 stars cannot be a goal: ratings go from 1 to 5"),
        (["--movie", "Story Number 2", "--above", 4, "--budget", 0], "--budget must be at least 1, not 0"),
        (["--movie", "Nothing", "--above", 4], "no movie is called 'Nothing'"),
        (["--movie", "Story Number 2"], "one of the arguments --into-top --out-of-top --above --below is required"),
        (["--movie", "Story Number 2", "--above", 4, "--below", 2], "not allowed with"),
        (["--above", 4], "--movie"),
    ],
)
def test_wishes_that_make_no_sense(wishes, words, refused, eager, bundle):
    assert words in refused("counterfactual", "--bundle", bundle, *WHO, *wishes)


@pytest.mark.parametrize("command", ["whatif", "counterfactual"])
def test_each_command_explains_itself(command, run):
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert f"python -m bst {command}" in out
